"""Prepared speech: renders the booth's fixed sentences ahead, so that they sound at once.

Uses the booth's own synthesiser in its own process and the booth's own folder of prepared sentences; a sentence that is
already there and sounds as it should costs nothing. Refuses nothing by content: give it fixed sentences only, never a
resident's. ``make setup-booth`` prepares every fixed sentence of the catalogues; a bench prepares what it hears.
"""

from __future__ import annotations

import array
import asyncio
import sys
import wave
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import click

from hardware.device import DeviceError
from hardware.speech import RATES, SpeechError
from hardware.speech.prepared import Prepared
from hardware.speech.queue import split_sentences
from hardware.speech.synthesiser import DEADLINE_S, READY_WITHIN_S, Clip, Nothing, Synthesise, SynthesiserOptions
from hardware.worker import Worker
from kiosk.text import LANGUAGES, Catalogues
from provisioning.translations import wanted

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "assets" / "speech"
_LOUD_ENOUGH = 300  # root mean square, of 32767
_QUICKEST_S, _SLOWEST_S, _PAUSE_S = 0.03, 0.6, 0.6  # a letter at 100 %; English has the quick ones, Chinese the slow
_EVERY = 8  # samples are looked at: enough to tell speech from silence


@dataclass(frozen=True)
class Rendered:
    """What one run did: files made, files that were there, seconds of speech made."""

    made: int
    found: int
    seconds: float


def fixed_sentences(root: Path = ROOT) -> tuple[tuple[str, str], ...]:
    """Every (text, language) of the catalogues without a place for a value: all that is the same for every resident."""
    catalogues = Catalogues(root / "assets" / "translations")
    ids = sorted(one for one in set().union(*wanted(root).values()) if "{" not in one)
    spoken = [(catalogues.text(language)(one), language) for language in LANGUAGES for one in ids]
    return tuple((text, language) for text, language in spoken if _can_be_said(text))


def prepare(sentences: Iterable[tuple[str, str]], folder: Path, *, rates: Iterable[int] = (100,)) -> Rendered:
    """Render every (text, language) into ``folder`` at each rate (percent).

    Texts of several sentences are cut as the speaker cuts them: the sentence is what is kept. What is there but silent,
    damaged or of an implausible length is made anew. Raises ``DeviceError`` without a voice, and naming a sentence that
    does not come out right.
    """
    return asyncio.run(_prepare(tuple(sentences), folder, tuple(rates)))


async def _prepare(texts: tuple[tuple[str, str], ...], folder: Path, rates: tuple[int, ...]) -> Rendered:
    prepared = Prepared(folder)
    made, found, seconds = 0, 0, 0.0
    worker = Worker("hardware.speech.synthesiser:Synthesiser", SynthesiserOptions(), errors=(SpeechError,))
    await worker.start()
    try:
        await worker.call("ready", Nothing(), within_s=READY_WITHIN_S)
        for text, language in texts:
            for sentence in split_sentences(text, language):
                for rate in rates:
                    path = prepared.path(sentence, language, rate)
                    assert path is not None, "the folder is given"
                    if fault_of(path, sentence, rate) == "":
                        found += 1
                        continue
                    wanted_sound = Synthesise(sentence, language, rate, str(path))
                    clip = await worker.call("synthesise", wanted_sound, reply=Clip, within_s=DEADLINE_S)
                    if not clip.wav:
                        continue
                    if not path.exists():
                        raise SpeechError(
                            "cannot write the prepared sentences", where=str(folder), cure="disk, rights?"
                        )
                    if fault := fault_of(path, sentence, rate):
                        path.unlink()
                        raise SpeechError(f"{language} {sentence!r} came out wrong: {fault}", where=str(folder))
                    made += 1
                    seconds += clip.length_s
    finally:
        await worker.stop()
    return Rendered(made, found, seconds)


def fault_of(path: Path, sentence: str, rate: int) -> str:
    """What is wrong with a prepared sound, as words; "" for one that is audible and of a plausible length."""
    try:
        with wave.open(str(path)) as sound:
            frames, per_second = sound.getnframes(), sound.getframerate()
            samples = array.array("h", sound.readframes(frames))
    except FileNotFoundError:
        return "it is not there"
    except (OSError, EOFError, wave.Error, ValueError):
        return "no whole WAV file"
    seconds, letters = frames / per_second * rate / 100, len(sentence)
    if not _QUICKEST_S * letters <= seconds <= _SLOWEST_S * letters + _PAUSE_S:
        return f"{seconds:.1f} s for {letters} letters"
    some = samples[::_EVERY]
    if not some or sum(one * one for one in some) < _LOUD_ENOUGH**2 * len(some):
        return "too quiet to be heard"
    return ""


def sweep(sentences: Iterable[tuple[str, str]], folder: Path) -> int:
    """Remove what no catalogue says any more, or another voice made; how many files that were."""
    prepared = Prepared(folder)
    kept = {
        prepared.path(sentence, language, rate)
        for text, language in sentences
        for sentence in split_sentences(text, language)
        for rate in RATES
    }
    old = [file for file in folder.glob("*.wav") if file not in kept]
    for file in old:
        file.unlink()
    return len(old)


def _can_be_said(text: str) -> bool:
    """A comma between two labels is in the catalogues too, but nobody says it."""
    return any(letter.isalnum() for letter in text)


def _read(sentences: TextIO) -> list[tuple[str, str]]:
    texts = []
    for number, line in enumerate(sentences, 1):
        language, tab, text = line.rstrip("\n").partition("\t")
        if not tab or language not in LANGUAGES:
            sys.exit(f"speech: line {number} is not 'zh<TAB>text' or 'en<TAB>text'")
        texts.append((text, language))
    return texts


@click.command()
@click.argument("sentences", type=click.File("r", encoding="utf-8"), required=False)
@click.option(
    "--folder", type=click.Path(path_type=Path), default=FOLDER, help="Where they are kept.  [default: assets/speech]"
)
@click.option(
    "--rate", "rates", multiple=True, type=click.IntRange(50, 200), default=(100,), help="Percent; repeatable."
)
def main(sentences: TextIO | None, folder: Path, rates: tuple[int, ...]) -> None:
    """Render SENTENCES (lines of language, TAB, text), or, without, all fixed sentences of the booth."""
    texts = _read(sentences) if sentences else fixed_sentences()
    folder.mkdir(parents=True, exist_ok=True)  # readable for the booth's own account: this holds nobody's visit
    try:
        done = prepare(texts, folder, rates=rates)
    except DeviceError as error:
        sys.exit(f"speech: {error}")
    old = 0 if sentences else sweep(texts, folder)
    size_mb = sum(file.stat().st_size for file in folder.glob("*.wav")) / 1e6
    click.echo(
        f"speech: {done.made} sentences rendered ({done.seconds:.0f} s of sound), {done.found} were there, "
        f"{old} old ones removed; {size_mb:.0f} MB"
    )


if __name__ == "__main__":
    main()

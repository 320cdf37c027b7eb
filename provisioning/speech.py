"""Prepared speech: renders the booth's fixed sentences ahead, so that they sound at once.

Uses the booth's own synthesiser in its own process and the booth's own folder of prepared sentences; a sentence that is
already there costs nothing. Refuses nothing by content: give it fixed sentences only, never a resident's.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import click

from hardware.device import DeviceError
from hardware.speech import SpeechError
from hardware.speech.prepared import Prepared
from hardware.speech.queue import split_sentences
from hardware.speech.synthesiser import DEADLINE_S, READY_WITHIN_S, Clip, Nothing, Synthesise, SynthesiserOptions
from hardware.worker import Worker


@dataclass(frozen=True)
class Rendered:
    """What one run did: files made, files that were there, seconds of speech made."""

    made: int
    found: int
    seconds: float


def prepare(sentences: Iterable[tuple[str, str]], folder: Path, *, rates: Iterable[int] = (100,)) -> Rendered:
    """Render every (text, language) into ``folder`` at each rate (percent). Raises ``DeviceError`` without a voice.

    Texts of several sentences are cut as the speaker cuts them: the sentence is what is kept.
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
                    if prepared.find(sentence, language, rate):
                        found += 1
                        continue
                    wanted = Synthesise(sentence, language, rate, str(prepared.path(sentence, language, rate)))
                    clip = await worker.call("synthesise", wanted, reply=Clip, within_s=DEADLINE_S)
                    if clip.wav and prepared.find(sentence, language, rate) is None:
                        raise SpeechError(
                            "cannot write the prepared sentences", where=str(folder), cure="disk, rights?"
                        )
                    made += bool(clip.wav)
                    seconds += clip.length_s
    finally:
        await worker.stop()
    return Rendered(made, found, seconds)


@click.command()
@click.argument("sentences", type=click.File("r", encoding="utf-8"))
@click.option(
    "--folder", type=click.Path(path_type=Path), required=True, help="The booth's folder of prepared sentences."
)
@click.option(
    "--rate", "rates", multiple=True, type=click.IntRange(50, 200), default=(100,), help="Percent; repeatable."
)
def main(sentences: TextIO, folder: Path, rates: tuple[int, ...]) -> None:
    """Render SENTENCES: lines of language, TAB, text."""
    texts = []
    for number, line in enumerate(sentences, 1):
        language, tab, text = line.rstrip("\n").partition("\t")
        if not tab or language not in ("zh", "en"):
            sys.exit(f"speech: line {number} is not 'zh<TAB>text' or 'en<TAB>text'")
        texts.append((text, language))
    try:
        done = prepare(texts, folder, rates=rates)
    except DeviceError as error:
        sys.exit(f"speech: {error}")
    click.echo(f"speech: {done.made} sentences rendered ({done.seconds:.0f} s of sound), {done.found} were there")


if __name__ == "__main__":
    main()

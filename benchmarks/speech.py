"""How soon the voice begins and how soon it is silent, heard at the other end of its pipe; beside pyttsx3 by itself.

Times are those at which a 20 ms block of samples arrives.
"""

from __future__ import annotations

import array
import asyncio
import os
import statistics
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks.child import ROOT, environment, module, said
from benchmarks.figure import Figure, Options, percentile
from hardware.speech import Utterance
from hardware.speech.sinks import BLOCK_BYTES
from hardware.speech.speaker import Pyttsx3Speaker, SpeakerOptions

NEW_MS, PREPARED_MS, HUSH_MS = 300.0, 100.0, 50.0  # R13, R12
SENTENCE = "请把社会保障卡放在读卡器上，不要拿开，等到听见提示音。"
_LOUD = 200
_WITHIN_S = 10.0


class _Ear:
    """Reads the FIFO as a sound card would, and notes when it was loud."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.loud_s: list[float] = []
        self._file = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self._keeper = os.open(path, os.O_WRONLY | os.O_NONBLOCK)  # no end of file while the player comes and goes
        os.set_blocking(self._file, True)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while (block := os.read(self._file, BLOCK_BYTES)) != b"end":
            now_s = time.monotonic()
            if max(map(abs, array.array("h", block[: len(block) // 2 * 2])), default=0) > _LOUD:
                self.loud_s.append(now_s)

    def close(self) -> None:
        os.write(self._keeper, b"end")
        self._thread.join(2)
        os.close(self._keeper)
        os.close(self._file)


@asynccontextmanager
async def _voice() -> AsyncIterator[tuple[Pyttsx3Speaker, _Ear]]:
    with tempfile.TemporaryDirectory(prefix="booth-voice-") as folder:
        ear = _Ear(Path(folder) / "sound.fifo")
        options = SpeakerOptions(
            f"pipe:{folder}/sound.fifo", str(ROOT / "assets" / "sounds"), f"{folder}/prepared", volume_step=6
        )
        speaker = Pyttsx3Speaker(options)
        try:
            await speaker.start()
            await _first_sound_ms(speaker, ear, Utterance(SENTENCE, "zh", is_fixed=False))  # the voice is loaded
            yield speaker, ear
        finally:
            await speaker.stop()
            ear.close()


async def _first_sound_ms(speaker: Pyttsx3Speaker, ear: _Ear, utterance: Utterance) -> float:
    speaker.hush()
    await asyncio.sleep(0.2)
    began_s = time.monotonic()
    speaker.say(utterance)
    while not (ear.loud_s and ear.loud_s[-1] > began_s):
        if time.monotonic() > began_s + _WITHIN_S * 3:
            raise TimeoutError("nothing was heard")
        await asyncio.sleep(0.002)
    first_s = next(at_s for at_s in ear.loud_s if at_s > began_s)
    return (first_s - began_s) * 1000


def start(options: Options) -> Iterator[Figure]:
    """A sentence nobody prepared, and one that was."""
    count = options.times(20)
    new, prepared = asyncio.run(_starts(count))
    with module("benchmarks.bare_voice", "file", str(count), SENTENCE, env=environment()) as child:
        alone = statistics.median(said(child))
    name = "pyttsx3 by itself into a file, median"
    yield Figure("speech.start", percentile(new, 95), "ms", name, alone, NEW_MS)
    yield Figure("speech.start_prepared", percentile(prepared, 95), "ms", name, alone, PREPARED_MS)


async def _starts(count: int) -> tuple[list[float], list[float]]:
    async with _voice() as (speaker, ear):
        kept = Utterance(SENTENCE, "zh")
        await _first_sound_ms(speaker, ear, kept)  # from now on it is prepared
        new, prepared = [], []
        for number in range(count):
            new.append(await _first_sound_ms(speaker, ear, Utterance(f"{number}，{SENTENCE}", "zh", is_fixed=False)))
            prepared.append(await _first_sound_ms(speaker, ear, kept))
        return new, prepared


def hush(options: Options) -> Iterator[Figure]:
    """The last loud block after a touch; pyttsx3 until its own player is silent."""
    ours = asyncio.run(_hushes(options.times(40)))
    alone = statistics.median(_stop_ms() for _ in range(options.times(3)))
    yield Figure("speech.hush", percentile(ours, 99), "ms", "pyttsx3's own stop() while it plays", alone, HUSH_MS)


def _stop_ms() -> float:
    """pyttsx3 plays through ``aplay``: here one that lasts as long as the sound and needs no sound card."""
    with tempfile.TemporaryDirectory(prefix="booth-aplay-") as folder:
        player = Path(folder) / "aplay"
        player.write_text(
            "#!/bin/sh\n"
            'sleep "$(( ($(stat -c %s "$1") - 44) * 1000 / 44100 ))e-3"\n'  # 44 bytes of header, 44 100 bytes a second
            ': > "$APLAY_ENDED"\n'
        )
        player.chmod(0o755)
        env = environment(PATH=f"{folder}{os.pathsep}{os.environ['PATH']}", APLAY_ENDED=f"{folder}/ended")
        with module("benchmarks.bare_voice", "stop", "1", SENTENCE, env=env) as child:
            return float(said(child)[0])


async def _hushes(count: int) -> list[float]:
    found = []
    async with _voice() as (speaker, ear):
        for number in range(count):
            await _first_sound_ms(speaker, ear, Utterance(SENTENCE, "zh"))
            await asyncio.sleep(0.2 + number % 7 * 0.013)
            began_s = time.monotonic()
            speaker.hush()
            await asyncio.sleep(0.4)
            found.append(max(0.0, ear.loud_s[-1] - began_s) * 1000)
    return found

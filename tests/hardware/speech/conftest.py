"""The other ends of speech's wires: a reader of the pipe, and a speaker that is stopped at the end."""

from __future__ import annotations

import array
import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from hardware.speech import SpeechStatus, Spoken
from hardware.speech.sinks import BLOCK_BYTES
from hardware.speech.speaker import Pyttsx3Speaker, SpeakerOptions
from provisioning.sounds import make_sounds


class PipeReader:
    """Reads raw samples from a FIFO as they come; each block with the time of its arrival."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path
        self.blocks: list[tuple[float, bytes]] = []
        self._file = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self._keeper = os.open(path, os.O_WRONLY | os.O_NONBLOCK)  # no end of file when the player comes and goes
        os.set_blocking(self._file, True)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while (block := os.read(self._file, BLOCK_BYTES)) != b"end":
            self.blocks.append((time.monotonic(), block))

    def loud_since(self, at_s: float) -> int:
        """Count the blocks with sound in them that arrived after ``at_s``."""
        return sum(1 for arrived_s, block in tuple(self.blocks) if arrived_s > at_s and peak(block) > 0)

    def close(self) -> None:
        os.write(self._keeper, b"end")
        self._thread.join(2)
        os.close(self._keeper)
        os.close(self._file)


def peak(block: bytes) -> int:
    return max(map(abs, array.array("h", block)), default=0)


class Listening:
    """A speaker with what it said, and a way to wait for it."""

    def __init__(self, speaker: Pyttsx3Speaker) -> None:
        self.speaker = speaker
        self.spoken: list[Spoken] = []
        self.faults: list[str] = []
        self._news = asyncio.Event()
        speaker.listen(self._heard)
        speaker.watch(self._look)

    def _look(self, status: SpeechStatus) -> None:
        if status.reason:
            self.faults.append(status.reason)
        self._news.set()

    def _heard(self, spoken: Spoken) -> None:
        self.spoken.append(spoken)
        self._news.set()

    @property
    def texts(self) -> list[str]:
        return [spoken.text for spoken in self.spoken]

    async def until(self, holds: Callable[[], bool], within_s: float = 20.0) -> None:
        async with asyncio.timeout(within_s):
            while not holds():
                self._news.clear()
                await self._news.wait()

    async def until_silent(self) -> None:
        await self.until(lambda: not self.speaker.status.is_speaking)


@pytest.fixture
def pipe(tmp_path: Path) -> object:
    reader = PipeReader(tmp_path / "sound.fifo")
    yield reader
    reader.close()


@pytest.fixture
def sounds(tmp_path: Path) -> Path:
    make_sounds(tmp_path / "sounds")
    return tmp_path / "sounds"


@pytest.fixture
async def listening(tmp_path: Path, sounds: Path) -> AsyncIterator[Listening]:
    """A speaker into the null sink, with a folder of prepared sentences at ``tmp_path / "prepared"``."""
    speaker = Pyttsx3Speaker(SpeakerOptions("null", str(sounds), str(tmp_path / "prepared"), rate_percent=200))
    await speaker.start()
    yield Listening(speaker)
    await speaker.stop()

"""The booth's loudspeaker: hears the raw PCM the player writes and keeps the last sentences as WAV.

It does not know words; whoever hears from the booth that a sentence began to sound calls ``begin``. Between sentences
it hears earcons and silence, and keeps neither.
"""

from __future__ import annotations

import asyncio
import io
import os
import time
import wave
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

RATE_HZ = 22050
BYTES_PER_SAMPLE = 2
LONGEST_CLIP_S = 40
CLIPS_KEPT = 60
_QUIET_AFTER_S = 0.8  # longer than any pause inside or between the sentences of one question
_TAIL_S = 0.25  # the player's buffer: sound that belongs to the sentence before may still arrive


@dataclass
class Clip:
    """One sentence as it sounded."""

    number: int
    text: str
    language: str
    is_private: bool
    is_heard: bool
    at_s: float
    pcm: bytearray = field(default_factory=bytearray)

    @property
    def length_s(self) -> float:
        return len(self.pcm) / BYTES_PER_SAMPLE / RATE_HZ

    def wav(self) -> bytes:
        """The sound as a WAV file without the silence at its end."""
        pcm = bytes(self.pcm).rstrip(b"\x00")
        pcm += b"\x00" * (len(pcm) % BYTES_PER_SAMPLE)
        out = io.BytesIO()
        with wave.open(out, "wb") as stream:
            stream.setnchannels(1)
            stream.setsampwidth(BYTES_PER_SAMPLE)
            stream.setframerate(RATE_HZ)
            stream.writeframes(pcm)
        return out.getvalue()


class Loudspeaker:
    """Reads the FIFO. ``on_sound(pcm)`` gets every piece as it comes."""

    def __init__(self, fifo: Path, on_sound: Callable[[bytes], None]) -> None:
        self._fifo = fifo
        self._on_sound = on_sound
        self._descriptor: int | None = None
        self._number = 0
        self.clips: deque[Clip] = deque(maxlen=CLIPS_KEPT)
        self._sounded_s = 0.0

    @property
    def is_sounding(self) -> bool:
        """True while somebody can hear something, and through the short pauses of speech."""
        return time.monotonic() - self._sounded_s < _QUIET_AFTER_S

    def open(self) -> None:
        """Begin to hear. Read-write, so that a player that ends is no end of the file for us."""
        self._descriptor = os.open(self._fifo, os.O_RDWR | os.O_NONBLOCK)
        asyncio.get_running_loop().add_reader(self._descriptor, self._hear)

    def close(self) -> None:
        if self._descriptor is not None:
            asyncio.get_running_loop().remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = None

    def _hear(self) -> None:
        assert self._descriptor is not None
        try:
            pcm = os.read(self._descriptor, 65536)
        except BlockingIOError:
            return
        if pcm.strip(b"\x00"):
            self._sounded_s = time.monotonic()
        if self.clips and len(self.clips[-1].pcm) < LONGEST_CLIP_S * RATE_HZ * BYTES_PER_SAMPLE:
            self.clips[-1].pcm += pcm
        self._on_sound(pcm)

    def begin(self, text: str, language: str, *, is_private: bool, is_heard: bool, at_s: float) -> Clip:
        """A sentence began to sound at ``at_s`` (CLOCK_MONOTONIC): from here on the sound is its own."""
        late_s = max(0.0, min(time.monotonic() - at_s, 2.0) - _TAIL_S)
        late = int(late_s * RATE_HZ) * BYTES_PER_SAMPLE
        self._number += 1
        clip = Clip(self._number, text, language, is_private, is_heard, at_s)
        if late and self.clips and len(self.clips[-1].pcm) > late:
            clip.pcm += self.clips[-1].pcm[-late:]
            del self.clips[-1].pcm[-late:]
        self.clips.append(clip)
        return clip

    def clip(self, number: int) -> Clip | None:
        return next((clip for clip in self.clips if clip.number == number), None)

"""A camera that also plays its stream: RTP within the RTSP connection, with a time that goes on, or stands still."""

from __future__ import annotations

import asyncio
import random
import struct
from dataclasses import dataclass, field

from hardware.network import Credentials
from hardware.network.simulator import VirtualCamera

_TICKS_PER_S = 90_000
_METHODS = ("SETUP", "PLAY", "TEARDOWN")


@dataclass
class FrameFaults:
    """How its pictures misbehave: ``is_frozen``: the same moment over and over; ``sends_none``: nothing comes."""

    is_frozen: bool = False
    sends_none: bool = False
    refuses: str = ""  # the method that it does not have


@dataclass
class _Playing:
    number: int = 0
    ticks: int = 0
    task: asyncio.Task[None] | None = field(default=None)


class PlayingCamera(VirtualCamera):
    """As ``VirtualCamera``; ``pictures`` says how its pictures misbehave. ``per_s``: pictures a second."""

    def __init__(
        self, credentials: Credentials | None = None, host: str = "127.0.0.1", *, per_s: float = 25.0, seed: int = 1
    ) -> None:
        super().__init__(credentials, host)
        self.pictures = FrameFaults()
        self.viewers = 0
        self.per_s = per_s
        self._chance = random.Random(seed)  # noqa: S311 - what its packets are filled with

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        playing = _Playing()
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("utf-8", "replace")
                await asyncio.sleep(self.faults.delay_s)
                if self.faults.hangs_up:
                    return
                if self.faults.is_silent:
                    continue
                writer.write(self._played(head))
                await writer.drain()
                if head.startswith("PLAY ") and playing.task is None:
                    self.viewers += 1
                    playing.task = asyncio.create_task(self._play(writer, playing))
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the viewer went away
        finally:
            if playing.task is not None:
                playing.task.cancel()
            self._writers.discard(writer)
            writer.close()

    def _played(self, head: str) -> bytes:
        """The answer to any method; what is said of DESCRIBE holds for the others, too."""
        answer = self._answer(head)
        method = head.split(" ", 1)[0]
        if method == self.pictures.refuses:
            return answer.replace(b" 200 ", b" 461 ", 1)
        if method not in _METHODS or b" 200 " not in answer.split(b"\r\n", 1)[0]:
            return answer
        lines = [line for line in answer.split(b"\r\n\r\n", 1)[0].split(b"\r\n") if not line.startswith(b"Content-")]
        lines.append(b"Session: 4711;timeout=60")
        return b"\r\n".join([*lines, b"", b""])

    async def _play(self, writer: asyncio.StreamWriter, playing: _Playing) -> None:
        try:
            while True:
                await asyncio.sleep(1 / self.per_s)
                if self.pictures.sends_none or self.faults.is_silent:
                    continue
                if not self.pictures.is_frozen:
                    playing.ticks += int(_TICKS_PER_S / self.per_s)
                for is_last in (False, True):
                    playing.number += 1
                    kind = 96 | (0x80 if is_last else 0)
                    head = struct.pack(">BBHII", 0x80, kind, playing.number & 0xFFFF, playing.ticks & 0xFFFFFFFF, 7)
                    packet = head + self._chance.randbytes(500)
                    writer.write(struct.pack(">cBH", b"$", 0, len(packet)) + packet)
                writer.write(struct.pack(">cBH", b"$", 1, 28) + bytes(28))  # a report between pictures
                await writer.drain()
        except OSError:
            pass

"""A camera that also plays its stream, RTP within the RTSP connection, and gives still pictures by HTTP.

Its time goes on or stands; its pictures are noise of a given brightness, so that nobody is in them.
"""

from __future__ import annotations

import asyncio
import io
import random
import struct
from dataclasses import dataclass, field

from PIL import Image

from hardware.network import Credentials
from hardware.network.simulator import VirtualCamera

_TICKS_PER_S = 90_000
_METHODS = ("SETUP", "PLAY", "TEARDOWN")


@dataclass
class FrameFaults:
    """How its pictures misbehave: ``is_frozen``: the same moment over and over; ``sends_none``: nothing comes."""

    is_frozen: bool = False
    sends_none: bool = False
    brightness: float = 45.0  # % of its still pictures
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
        self.stills = 0
        self._still_port = 0
        self._still_server: asyncio.Server | None = None
        self._last = b""
        self.per_s = per_s
        self._chance = random.Random(seed)  # noqa: S311 - what its packets are filled with

    @property
    def snapshot_url(self) -> str:
        """Of its still pictures."""
        return f"http://{self.host}:{self._still_port}/picture.jpg"

    async def start(self) -> None:
        """Listen, on the ports it had before if any."""
        await super().start()
        self._still_server = await asyncio.start_server(self._give_still, self.host, self._still_port)
        self._still_port = self._still_server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """End; connections break."""
        server, self._still_server = self._still_server, None
        if server is not None:
            server.close()
        await super().stop()

    def still(self) -> bytes:
        """A JPEG; frozen, the last one again."""
        if not (self.pictures.is_frozen and self._last):
            middle = round(self.pictures.brightness * 2.55)
            grey = bytes(min(255, max(0, middle + one % 9 - 4)) for one in self._chance.randbytes(64 * 48))
            file = io.BytesIO()
            Image.frombytes("L", (64, 48), grey).save(file, "JPEG", quality=90)
            self._last = file.getvalue()
        return self._last

    async def _give_still(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("utf-8", "replace")
            await asyncio.sleep(self.faults.delay_s)
            if self.faults.is_silent:
                await reader.read(-1)
                return
            first, *lines = head.split("\r\n")
            given = next((line for line in lines if line.lower().startswith("authorization:")), "")
            status, more, body = "200 OK", "", bytes(100) if self.faults.is_garbage else self.still()
            if self.credentials is not None and not self._knows(first, given):
                status, body = "401 Unauthorized", b""
                more = 'WWW-Authenticate: Digest realm="camera", nonce="5d2a1c"\r\n'
            self.stills += bool(body)
            text = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{more}\r\n"
            writer.write(text.encode() + body)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the other end went away
        finally:
            self._writers.discard(writer)
            writer.close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
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

"""The booth's end of the remote socket, for tests of the bench without a booth: what it was sent, what it sends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from pathlib import Path
from typing import Any

from bench import wire

WIDTH, HEIGHT = 540, 960
TOP, BOTTOM = (200, 40, 40), (40, 160, 60)


def frame_bytes() -> bytes:
    """RGBA, first row at the bottom: the lower half green, the upper half red."""
    half = WIDTH * HEIGHT // 2
    return bytes((*BOTTOM, 255)) * half + bytes((*TOP, 255)) * half


class RemotePeer:
    """Runs in a thread of its own; ``received`` grows, ``send`` may be called from anywhere."""

    def __init__(self, socket: Path) -> None:
        self.received: list[dict[str, Any]] = []
        self._socket = socket
        self._writers: list[asyncio.StreamWriter] = []
        self._loop: asyncio.AbstractEventLoop

    def start(self) -> None:
        """Listen; may be called again after ``stop``, as the next visit process does."""
        self._loop = asyncio.new_event_loop()
        self._stopped = asyncio.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._run(),))
        self._thread.start()
        assert self._ready.wait(10)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(10)
        self._loop.close()
        self._socket.unlink(missing_ok=True)

    def send(self, message: dict[str, Any]) -> None:
        self._loop.call_soon_threadsafe(self._send, message)

    def _send(self, message: dict[str, Any]) -> None:
        for writer in self._writers:
            writer.write(wire.frame(message))

    async def _run(self) -> None:
        server = await asyncio.start_unix_server(self._serve, str(self._socket))
        self._ready.set()
        await self._stopped.wait()
        server.close()
        for writer in self._writers:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
        await asyncio.sleep(0.05)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        hello = {"t": "hello", "width": WIDTH, "height": HEIGHT, "dpi": 102.5, "visit_pid": os.getpid()}
        writer.write(wire.frame(hello))
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                message = await wire.receive(reader)
                self.received.append(message)
                if message["t"] == "frames" and message["on"]:
                    pixels = {"width": WIDTH, "height": HEIGHT, "format": "rgba-bottom-up", "data": frame_bytes()}
                    writer.write(wire.frame({"t": "frame", "seq": 1, **pixels}))
                elif message["t"] == "shot":
                    writer.write(wire.frame({"t": "shot", "id": message["id"], "png": b"\x89PNG of the peer"}))
        self._writers.remove(writer)
        writer.close()

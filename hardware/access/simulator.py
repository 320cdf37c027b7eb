"""A door bus on a pty, for benches and tests: virtual readers at the end of a real wire, paced to its baud rate.

The port is a link in a folder, like those of /dev/serial/by-id: the adapter can be unplugged and come back under
another tty. Use from one event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
import tty
from collections.abc import Iterable
from pathlib import Path

from hardware.access.frames import Deframer
from hardware.access.virtual import Faults, VirtualReader

__all__ = ["Faults", "VirtualDoorBus", "VirtualReader"]

_BITS = 10  # of a character on the line


class VirtualDoorBus:
    """``folder`` gets the link that is the port; without one a folder of its own goes away with ``stop``."""

    def __init__(self, readers: Iterable[VirtualReader], folder: Path | None = None, *, baud: int = 115200) -> None:
        self.readers = {reader.address: reader for reader in readers}
        self.baud = baud
        self.commands = 0  # frames that came from the panel
        self._folder = folder
        self._own: tempfile.TemporaryDirectory[str] | None = None
        self._ends: tuple[int, int] | None = None

    @property
    def port(self) -> str:
        """What a driver opens. Raises RuntimeError before ``start``."""
        if self._folder is None:
            raise RuntimeError("the bus was not started")
        return str(self._folder / "usb-doors-if00")

    async def start(self) -> None:
        """Plug the adapter in."""
        if self._folder is None:
            self._own = tempfile.TemporaryDirectory(prefix="doors-")
            self._folder = Path(self._own.name)
        self.plug()

    async def stop(self) -> None:
        """Pull everything out."""
        self.unplug()
        if self._own is not None:
            self._own.cleanup()
            self._own = self._folder = None

    def plug(self) -> None:
        """Plug the adapter in (again); its port may have another number now."""
        if self._ends is not None:
            return
        self._ends = os.openpty()
        tty.setraw(self._ends[1])
        os.set_blocking(self._ends[0], False)
        path = Path(self.port)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.unlink(missing_ok=True)
        path.symlink_to(os.ttyname(self._ends[1]))
        asyncio.get_running_loop().add_reader(self._ends[0], self._receive, self._ends[0], Deframer())

    def unplug(self) -> None:
        """Pull the adapter out: the port is gone."""
        ends, self._ends = self._ends, None
        if ends is not None:
            Path(self.port).unlink(missing_ok=True)
            asyncio.get_running_loop().remove_reader(ends[0])
            for end in ends:
                os.close(end)

    def reboot(self, address: int) -> None:
        """One reader loses power for a moment."""
        self.readers[address].reboot(asyncio.get_running_loop().time())

    def is_unlocked(self, address: int, output: int = 0) -> bool:
        """Is that reader's relay energised now?"""
        return self.readers[address].output(output, asyncio.get_running_loop().time())

    def _receive(self, end: int, deframer: Deframer) -> None:
        try:
            data = os.read(end, 4096)
        except OSError:
            return
        loop = asyncio.get_running_loop()
        for frame in deframer.feed(data):
            self.commands += 1
            now_s = loop.time()
            reader = self.readers.get(frame.address)
            answer = reader.receive(frame, now_s) if reader is not None else None
            if answer is not None:
                after_s, raw = answer
                line_s = (len(frame.raw) + len(raw)) * _BITS / self.baud
                loop.call_later(after_s + line_s, self._send, end, raw)

    def _send(self, end: int, raw: bytes) -> None:
        if self._ends is not None and end == self._ends[0]:
            with contextlib.suppress(OSError):
                os.write(end, raw)

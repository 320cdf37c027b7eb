"""A SAM module with its card on a pty, for benches and tests: the bytes take as long as on the serial line they are.

The port is a link in a folder of its own, like those of /dev/serial/by-id: the module can be unplugged and come back
under another name. It can be told to misbehave like modules, cards and people do. Knows the module as ``virtual``.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import termios
import tty
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hardware.card_reader.sdt import commands, frames
from hardware.card_reader.sdt.misbehaviour import Misbehaviour, Player
from hardware.card_reader.sdt.virtual import CommandReader, Traits, VirtualSam, VirtualSamCard

__all__ = ["IMMEDIATE", "Misbehaviour", "Pace", "SamOnPty", "Traits", "VirtualSamCard"]

_SPEEDS = {baud: getattr(termios, f"B{baud}") for baud in commands.BAUDS}
_CHUNK_S = 0.002  # bytes are handed over as a port's FIFO does
SWAP_S = 0.5


@dataclass(frozen=True)
class Pace:
    """How fast the line and the module are. ``works_ms``: what the module does before it answers, by command name."""

    baud: int = 115200
    works_ms: Mapping[str, float] = field(
        default_factory=lambda: {"reset": 50.0, "find": 20.0, "select": 60.0, "read_text": 350.0, "read_added": 60.0}
    )


IMMEDIATE = Pace(works_ms={})


class SamOnPty:
    """One module. ``folder`` gets the link that is its port; ``path`` names it. Use from one event loop."""

    def __init__(
        self, folder: Path, *, pace: Pace | None = None, traits: Traits | None = None, name: str = "usb-SAM-if00"
    ) -> None:
        self.folder = folder
        self.pace = pace or Pace()
        self.module = VirtualSam(traits or Traits())
        self._player = Player(self.module)
        self.sent: list[bytes] = []  # bodies of the commands that came, newest last; at most 256
        self._name = name
        self._master: int | None = None
        self._slave: int | None = None
        self._commands: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    @property
    def path(self) -> Path:
        """The port, as a booth's settings name it."""
        return self.folder / self._name

    @property
    def card(self) -> VirtualSamCard | None:
        """The card that lies there, or None."""
        return self.module.card

    async def plug(self, name: str = "") -> None:
        """Plug the module in, under ``name`` or the name it had."""
        if self._master is not None:
            return
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._name = name or self._name
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self._player.power_up()
        self._commands = asyncio.Queue()
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(os.ttyname(self._slave))
        reader = CommandReader()
        asyncio.get_running_loop().add_reader(self._master, self._receive, reader)
        self._task = asyncio.create_task(self._serve())

    async def unplug(self) -> None:
        """Pull its plug: the port is gone."""
        master, slave, task = self._master, self._slave, self._task
        self._master = self._slave = self._task = None
        self.path.unlink(missing_ok=True)
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        if master is not None and slave is not None:
            asyncio.get_running_loop().remove_reader(master)
            os.close(slave)
            os.close(master)

    async def present(self, card: VirtualSamCard, how: Misbehaviour | None = None, *, swap_s: float = SWAP_S) -> None:
        """Lay a card there; one that lies there is taken away first, ``swap_s`` before."""
        if self.card is not None:
            await self.remove()
            await asyncio.sleep(swap_s)
        self._player.play(card, how)

    async def remove(self) -> None:
        """Take the card away; nothing when there is none."""
        self._player.play(None)

    def _receive(self, reader: CommandReader) -> None:
        if self._master is None:
            return
        try:
            data = os.read(self._master, 4096)
        except OSError:
            return
        speed = termios.tcgetattr(self._master)[5]
        if speed != _SPEEDS[self.pace.baud]:
            return  # at another speed it is noise
        for body in reader.feed(data):
            self._commands.put_nowait(body)

    async def _serve(self) -> None:
        while True:
            body = await self._commands.get()
            self.sent = [*self.sent[-255:], body or b""]
            loop = asyncio.get_running_loop()
            size = frames.HEAD_BYTES + 1 + len(body or b"")
            ends_s = loop.time() + self._line_s(size)
            if body is None:
                await self._send(self.module.respond_to_noise(), ends_s)
            else:
                await self._answer(body, ends_s)

    async def _answer(self, body: bytes, came_s: float) -> None:
        how = self._player.choose(body)
        name = next((one.name for one in _COMMANDS if one.code == body), "")
        starts_s = came_s + (self.pace.works_ms.get(name, 0.0) + how.delay_ms) / 1000
        await self._until(starts_s)
        await self._send(self._player.reply(body, how), starts_s)
        self._player.after(how)

    async def _send(self, data: bytes, starts_s: float) -> None:
        chunk = max(1, round(_CHUNK_S / self._line_s(1)))
        for at in range(0, len(data), chunk):
            part = data[at : at + chunk]
            await self._until(starts_s + self._line_s(at + len(part)))
            if self._master is not None:
                with contextlib.suppress(OSError):
                    os.write(self._master, part)

    def _line_s(self, size: int) -> float:
        return size * 10 / self.pace.baud

    @staticmethod
    async def _until(at_s: float) -> None:
        await asyncio.sleep(max(0.0, at_s - asyncio.get_running_loop().time()))


_COMMANDS = (
    commands.RESET, commands.STATUS, commands.NUMBER, commands.FIND, commands.SELECT, commands.READ_TEXT,
    commands.READ_TEXT_AND_FINGERS, commands.READ_ADDED,
)  # fmt: skip

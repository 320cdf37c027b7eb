"""The other end of the wire: a receipt printer on a TCP port that turns ESC/POS into pictures of its paper.

It keeps a real printer's time and habits: paper comes out at ``mm_per_s``, DLE EOT is answered at once (inside a
picture's data too), GS r in its turn, an offline printer prints nothing but goes on answering, one connection at a
time is served. And it can be told to misbehave. Ships with the product, knows nothing of the driver.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from hardware.printer import Paper
from hardware.printer.commands import RealTimeScanner, next_command
from hardware.printer.engine import SLICE_ROWS, Engine
from hardware.printer.paper import PaperRoll

READ_BYTES = 1024


class _BuffersClearedError(Exception):
    """The buffers were cleared while a command was being carried out."""


class PrinterSimulator:
    """A printer that can be operated. ``on_paper(png, number)`` is called on the event loop for every slip.

    Knobs, any time: ``paper`` (Paper.FULL, LOW, OUT), ``out_after_mm``, ``is_cover_open``, ``is_jammed``,
    ``is_mute`` (takes bytes, answers nothing), ``reply_delay_s`` (slow below 1, late above), ``noise`` (bytes before
    every reply), ``has_exit_sensor`` and ``paper_at_exit``, ``mm_per_s`` (0: no pace), ``buffer_bytes``.
    Deeds: ``load_paper()``, ``take_paper()``, ``drop_connection()``, ``unplug()``, ``plug_in()``.
    Seen: ``printed`` (slips), ``moved_mm`` (paper), ``commands`` and ``unknown`` (counters by name), ``is_printing``,
    ``connections``.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        folder: Path | None = None,
        mm_per_s: float = 150.0,
        on_paper: Callable[[bytes, int], None] | None = None,
        *,
        paper_mm: int = 80,
        dpi: int = 203,
        font: str | None = None,
    ) -> None:
        self.host, self.port, self.folder = host, port, folder
        self.mm_per_s = mm_per_s
        self.cut_s = 0.1
        self.out_after_mm: float | None = None
        self.is_mute = False
        self.reply_delay_s = 0.0
        self.noise = b""
        self.has_exit_sensor = False
        self.paper_at_exit = False
        self.buffer_bytes = 64 * 1024
        self.printed = 0
        self.moved_mm = 0.0
        self.connections = 0
        self.is_printing = False
        self.commands: Counter[str] = Counter()
        self.unknown: Counter[str] = Counter()
        self._on_paper = on_paper
        self.roll = PaperRoll(paper_mm, dpi, font)
        self._paper, self._is_cover_open, self._is_jammed = Paper.FULL, False, False
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()
        self._replying: set[asyncio.Task[None]] = set()
        self._engine = Engine(self)
        self._running: asyncio.Task[None] | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._one_at_a_time = asyncio.Lock()
        self._changed = asyncio.Condition()
        self._buffer = bytearray()
        self._clears = 0
        self._epoch = 0
        self._free_s = 0.0  # loop time at which the paper stands still again

    # -- operating it ---------------------------------------------------------------------------------------------

    @property
    def paper(self) -> Paper:
        return self._paper

    @paper.setter
    def paper(self, paper: Paper) -> None:
        if paper not in (Paper.FULL, Paper.LOW, Paper.OUT):
            raise ValueError(f"paper = {paper}: choose FULL, LOW or OUT; a jam is is_jammed")
        self._paper = paper
        self._wake()

    @property
    def is_cover_open(self) -> bool:
        return self._is_cover_open

    @is_cover_open.setter
    def is_cover_open(self, is_open: bool) -> None:
        self._is_cover_open = is_open
        self._wake()

    @property
    def is_jammed(self) -> bool:
        return self._is_jammed

    @is_jammed.setter
    def is_jammed(self, is_jammed: bool) -> None:
        self._is_jammed = is_jammed
        self._wake()

    @property
    def is_offline(self) -> bool:
        return self._is_cover_open or self._is_jammed or self._paper is Paper.OUT

    def load_paper(self) -> None:
        """Put in a new roll; a half-printed slip of the old one is taken out (and shown)."""
        self.out_after_mm = None
        torn = self.roll.tear()
        if torn is not None:
            self._deliver(torn)
            self.paper_at_exit = False
        self.paper = Paper.FULL

    def take_paper(self) -> None:
        """Take the slip from the exit."""
        self.paper_at_exit = False

    def drop_connection(self) -> None:
        """Close the connection from our side, as printers do after idle time."""
        if self._writer is not None:
            self._writer.close()

    async def start(self) -> None:
        """Listen; ``port`` is then the real one."""
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
            taken = [int(file.stem) for file in self.folder.glob("*.png") if file.stem.isdecimal()]
            self.printed = max(taken, default=0)
        self._running = asyncio.create_task(self._run())
        await self.plug_in()

    async def plug_in(self) -> None:
        """Connect the cable: the port listens."""
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, self.host, self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def unplug(self) -> None:
        """Pull the cable: connections end, the port refuses. What was received goes on printing."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        for task in list(self._serving):
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def stop(self) -> None:
        """Switch it off. Idempotent."""
        await self.unplug()
        running, self._running = self._running, None
        tasks = [*self._replying, *([running] if running else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _wake(self) -> None:
        with contextlib.suppress(RuntimeError):  # knobs may be set before there is a loop
            self._keep(asyncio.get_running_loop().create_task(self._notify()))

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._replying.add(task)
        task.add_done_callback(self._replying.discard)

    # -- the interface board: what arrives, what is answered at once ----------------------------------------------

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        try:
            async with self._one_at_a_time:  # the next one waits unanswered, as with most printers
                self._writer = writer
                self.connections += 1
                await self._receive(reader)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._serving.discard(task)
            if self._writer is writer:
                self._writer = None
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _receive(self, reader: asyncio.StreamReader) -> None:
        scanner = RealTimeScanner()
        while data := await reader.read(READ_BYTES):
            forgotten = 0
            for command, end in scanner.feed(data):
                if command[1] == 0x04:
                    self.reply(self._real_time_status(command[2]))
                elif command[1:3] == b"\x14\x08":
                    forgotten = end
                    self._clear()
                    self.reply(b"\x37\x25\x00")
                elif command[1:] == b"\x05\x02" and self._is_jammed:  # recover, after clearing the buffers
                    forgotten = end
                    self._clear()
            async with self._changed:
                while len(self._buffer) >= self.buffer_bytes and not self.is_offline:
                    await self._changed.wait()
                room = self.buffer_bytes - len(self._buffer)
                # Offline and full it goes on reading for the sake of real-time commands, and loses the rest.
                self._buffer += data[forgotten:] if room > 0 else b""
                self._changed.notify_all()

    def _clear(self) -> None:
        self._buffer.clear()
        self._clears += 1
        self._wake()

    def _real_time_status(self, number: int) -> bytes:
        """DLE EOT n, n = 1..4; Epson's bits, and Citizen's presenter sensor (PPU-700, DLE EOT 4 bit 6)."""
        is_out = self._paper is Paper.OUT
        if number == 1:
            bits = self.is_offline << 3
        elif number == 2:
            bits = self._is_cover_open << 2 | is_out << 5 | self._is_jammed << 6
        elif number == 3:
            bits = self._is_jammed << 3
        elif number == 4:
            bits = 0x0C if self._paper is not Paper.FULL else 0
            bits |= 0x20 if is_out else 0
            bits |= 0x40 if (self.paper_at_exit if self.has_exit_sensor else is_out) else 0
        else:
            return b""
        return bytes([0x12 | bits])

    def reply(self, data: bytes) -> None:
        writer = self._writer
        if writer is None or self.is_mute or not data:
            return
        if not self.reply_delay_s:
            self._send(writer, self.noise + data)
        else:
            self._keep(asyncio.create_task(self._reply_late(writer, self.noise + data, self.reply_delay_s)))

    async def _reply_late(self, writer: asyncio.StreamWriter, data: bytes, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        self._send(writer, data)

    def _send(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        if not writer.is_closing():
            writer.write(data)

    # -- the mechanism: see ``engine.Mechanism`` ------------------------------------------------------------------

    async def _run(self) -> None:
        while True:
            self._epoch = self._clears
            try:
                while (command := next_command(self._buffer)) is None:
                    self.is_printing = bool(self._buffer)
                    await self._wait_for_bytes(len(self._buffer) + 1)
                self.is_printing = True
                if not command.name.startswith("DLE"):  # done when it came; an offline printer only passes it by
                    await self._wait_until_online()
                await self.take(command.size)
                (self.commands if command.is_known else self.unknown)[command.name] += 1
                await self._engine.carry_out(command)
            except _BuffersClearedError:
                self._engine.reset()

    async def _wait_for_bytes(self, count: int) -> None:
        async with self._changed:
            while len(self._buffer) < count:
                if self._clears != self._epoch:
                    raise _BuffersClearedError
                await self._changed.wait()
        if self._clears != self._epoch:
            raise _BuffersClearedError

    async def _wait_until_online(self) -> None:
        async with self._changed:
            while self.is_offline:
                if self._clears != self._epoch:
                    raise _BuffersClearedError
                await self._changed.wait()

    async def take(self, count: int) -> bytes:
        await self._wait_for_bytes(count)
        data = bytes(self._buffer[:count])
        del self._buffer[:count]
        async with self._changed:
            self._changed.notify_all()
        return data

    async def advance(self, rows: Image.Image) -> None:
        for top in range(0, rows.height, SLICE_ROWS):
            await self._wait_until_online()
            if self._clears != self._epoch:
                raise _BuffersClearedError
            strip = rows.crop((0, top, rows.width, min(top + SLICE_ROWS, rows.height)))
            self.roll.put(strip)
            length_mm = self.roll.mm(strip.height)
            await self._spend(length_mm / self.mm_per_s if self.mm_per_s > 0 else 0.0)
            self.moved_mm += length_mm
            if self.out_after_mm is not None:
                self.out_after_mm -= length_mm
                if self.out_after_mm <= 0:
                    self.out_after_mm = None
                    self.paper = Paper.OUT

    async def _spend(self, seconds: float) -> None:
        """Let the mechanism work for so long; short sleeps that overrun are made up for by the next."""
        now = asyncio.get_running_loop().time()
        self._free_s = (self._free_s if now - self._free_s < 0.05 else now) + seconds
        await asyncio.sleep(max(0.0, self._free_s - now))

    async def cut(self) -> None:
        await self._wait_until_online()
        await self._spend(self.cut_s if self.mm_per_s > 0 else 0.0)
        self._deliver(self.roll.cut())

    def _deliver(self, png: bytes) -> None:
        self.printed += 1
        self.paper_at_exit = True
        if self.folder is not None:
            (self.folder / f"{self.printed:04d}.png").write_bytes(png)
        if self._on_paper is not None:
            self._on_paper(png, self.printed)

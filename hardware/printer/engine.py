"""What the simulated printer does with each command: characters, pictures, QR codes, feeds and cuts, in their turn.

Knows the meaning of commands and the paper; how bytes arrive, how fast paper moves and what is broken is the
simulator's. Commands that change nothing visible here (margins, code tables, bar code settings) are accepted.

Source: Epson, ESC/POS Command Reference.
"""

from __future__ import annotations

from typing import Protocol

from PIL import Image

from hardware.printer import Paper
from hardware.printer.commands import Command
from hardware.printer.paper import PaperRoll, Style

SLICE_ROWS = 16  # 2 mm: how finely the paper moves, runs out and stops
DRAIN_BYTES = 4096
QR_LEVELS = {48: "l", 49: "m", 50: "q", 51: "h"}


class Mechanism(Protocol):
    """The machine an engine drives."""

    roll: PaperRoll

    @property
    def paper(self) -> Paper: ...

    async def take(self, count: int) -> bytes:
        """Give the next ``count`` bytes of the receive buffer."""
        ...

    async def advance(self, rows: Image.Image) -> None:
        """Print rows; returns when they are above the head, in real time."""
        ...

    async def cut(self) -> None: ...

    def reply(self, data: bytes) -> None: ...


class Engine:
    """Carries out one command after another. State is what ESC @ resets, and the last QR code stored."""

    def __init__(self, mechanism: Mechanism) -> None:
        self._mechanism = mechanism
        self.reset()

    def reset(self) -> None:
        """Forget modes and everything not printed yet."""
        self._style = Style()
        self._line = b""
        self._band: Image.Image | None = None  # bit images of the line being put together
        self._graphic: Image.Image | None = None
        self._qr = b""
        self._qr_dots, self._qr_level = 3, "l"

    async def carry_out(self, command: Command) -> None:
        """Do what ``command`` says; its header was taken, its payload is taken here."""
        name, parameters = command.name, command.parameters
        if name == "GS v 0":
            await self._raster(parameters, command.payload)
        elif name in ("GS ( L", "GS 8 L"):
            await self._store_graphic(await self._payload(command.payload))
        elif name == "GS ( k":
            await self._symbol(await self._payload(command.payload))
        elif name == "ESC *":
            self._columns(parameters, await self._payload(command.payload))
        elif name == "text":
            self._line += parameters
        elif name in ("GS V", "ESC i", "ESC m"):
            await self._cut(parameters)
        elif name in ("GS r", "GS I", "ESC v", "ESC u"):
            self._answer(name, parameters)
        elif name in ("LF", "ESC d", "ESC J"):
            await self._feed(name, parameters)
        else:
            await self._payload(command.payload)
            self._set_mode(name, parameters)

    async def _payload(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:  # a command may be larger than the buffer
            data += await self._mechanism.take(min(DRAIN_BYTES, size - len(data)))
        return bytes(data)

    async def _raster(self, parameters: bytes, payload: int) -> None:
        """GS v 0: prints while it arrives. Bit 0 of m doubles the width, bit 1 the height."""
        mode, columns = parameters[0], int.from_bytes(parameters[1:3], "little")
        rows = payload // columns if columns else 0
        while rows > 0:
            count = min(rows, SLICE_ROWS)
            picture = _picture(await self._mechanism.take(count * columns), columns * 8, count)
            picture = _enlarged(picture, 1 + (mode & 1), 1 + (mode >> 1 & 1))
            await self._mechanism.advance(self._mechanism.roll.aligned(picture, self._style))
            rows -= count

    async def _store_graphic(self, data: bytes) -> None:
        """GS ( L / GS 8 L: function 112 stores a picture, 2 or 50 prints it."""
        if len(data) < 2:
            return
        if data[1] == 112 and len(data) >= 10:
            width, height = int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little")
            columns = (width + 7) // 8
            if len(data) - 10 >= columns * height > 0:
                picture = _picture(data[10 : 10 + columns * height], columns * 8, height).crop((0, 0, width, height))
                self._graphic = _enlarged(picture, data[3], data[4])
        elif data[1] in (2, 50) and self._graphic is not None:
            graphic, self._graphic = self._graphic, None
            await self._mechanism.advance(self._mechanism.roll.aligned(graphic, self._style))

    async def _symbol(self, data: bytes) -> None:
        """GS ( k for QR codes (cn = 49): 67 module size, 69 error correction, 80 store, 81 print."""
        if len(data) < 2 or data[0] != 49:
            return
        function, rest = data[1], data[2:]
        if function == 67 and rest:
            self._qr_dots = min(max(rest[0], 1), 16)
        elif function == 69 and rest:
            self._qr_level = QR_LEVELS.get(rest[0], "l")
        elif function == 80 and rest:
            self._qr = rest[1:]
        elif function == 81 and self._qr:
            roll = self._mechanism.roll
            await self._mechanism.advance(roll.qr(self._qr, self._qr_dots, self._qr_level, self._style))

    def _columns(self, parameters: bytes, data: bytes) -> None:
        """ESC *: a band of 8 or 24 dots, columns from left to right, put beside what is on the line already."""
        deep = 3 if parameters[0] in (32, 33) else 1
        width = len(data) // deep
        if not width:
            return
        band = _picture(data[: width * deep], deep * 8, width).transpose(Image.Transpose.TRANSPOSE)
        band = _enlarged(band, 1 if parameters[0] in (1, 33) else 2, 1 if deep == 3 else 3)
        before = self._band.width if self._band is not None else 0
        joined = Image.new("1", (min(before + band.width, self._mechanism.roll.width_dots), band.height), 1)
        if self._band is not None:
            joined.paste(self._band, (0, 0))
        joined.paste(band, (before, 0))
        self._band = joined

    async def _feed(self, name: str, parameters: bytes) -> None:
        if self._line or self._band is not None:
            await self._print_line()
            if name == "LF":
                return
        dots = self._style.line_dots
        if name == "ESC d":
            dots *= parameters[0]
        elif name == "ESC J":
            dots = parameters[0]
        await self._mechanism.advance(self._mechanism.roll.blank(dots))

    async def _print_line(self) -> None:
        roll, style = self._mechanism.roll, self._style
        line, band = self._line, self._band
        self._line, self._band = b"", None
        if band is not None:
            rows = roll.blank(max(band.height, style.line_dots if not line else 0))
            rows.paste(roll.aligned(band, style), (0, 0))
            await self._mechanism.advance(rows)
        if line:
            await self._mechanism.advance(roll.text(line, style))

    async def _cut(self, parameters: bytes) -> None:
        """GS V m: m = 0, 1 cut here; 65, 66 feed the slip past the knife (and n dots more) first."""
        if self._line or self._band is not None:
            await self._print_line()
        if len(parameters) == 2:
            await self._mechanism.advance(self._mechanism.roll.blank(self._mechanism.roll.cutter_dots + parameters[1]))
        await self._mechanism.cut()

    def _answer(self, name: str, parameters: bytes) -> None:
        if name == "GS I":
            self._mechanism.reply(b"_PAPER SIMULATOR\x00" if parameters[0] in (66, 67) else b"\x02")
        elif name == "ESC u" or parameters[:1] in (b"\x02", b"2"):
            self._mechanism.reply(b"\x00")  # no drawer
        else:
            self._mechanism.reply(b"\x00" if self._mechanism.paper is Paper.FULL else b"\x03")

    def _set_mode(self, name: str, parameters: bytes) -> None:
        style = self._style
        value = parameters[0] if parameters else 0
        if name == "ESC @":
            self.reset()
        elif name == "ESC a":
            style.align = value % 48 if value % 48 < 3 else style.align
        elif name == "ESC E":
            style.is_bold = bool(value & 1)
        elif name == "ESC -":
            style.is_underlined = value % 48 > 0
        elif name == "GS B":
            style.is_inverse = bool(value & 1)
        elif name == "GS !":
            style.width, style.height = (value >> 4 & 7) + 1, (value & 7) + 1
        elif name == "ESC !":
            style.is_bold, style.is_underlined = bool(value & 8), bool(value & 128)
            style.height, style.width = 1 + (value >> 4 & 1), 1 + (value >> 5 & 1)
        elif name in ("ESC 2", "ESC 3"):
            style.line_dots = value if name == "ESC 3" else Style.line_dots
        elif name in ("FS &", "FS ."):
            style.is_chinese = name == "FS &"
        elif name == "HT":
            self._line += b" " * (8 - len(self._line) % 8)


def _picture(data: bytes, width: int, height: int) -> Image.Image:
    """Raster bytes (1 = ink) as a picture (0 = ink)."""
    return Image.frombytes("1", (width, height), bytes(byte ^ 0xFF for byte in data))


def _enlarged(picture: Image.Image, across: int, down: int) -> Image.Image:
    across, down = min(max(across, 1), 2), min(max(down, 1), 3)
    if across == down == 1:
        return picture
    return picture.resize((picture.width * across, picture.height * down), Image.Resampling.NEAREST)

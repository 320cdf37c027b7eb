"""The paper of the simulated printer: rows of dots under the head, a cutter above it, pictures of what fell out.

Prints the printer's own characters and QR codes too. Knows no bytes of ESC/POS and no time; ``simulator`` has those.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import segno
from PIL import Image, ImageDraw, ImageFont, ImageOps

from hardware.printer.messages import PRINTABLE_MM, split_font_path

CUTTER_MM = 12.0  # from the head to the knife: the blank top of every slip
CELL_WIDTH, CELL_HEIGHT = 12, 24  # font A
DEFAULT_LINE_DOTS = 34  # 1/6 inch at 203 dpi


@dataclass
class Style:
    """Modes that ESC @ resets."""

    is_bold: bool = False
    is_underlined: bool = False
    is_inverse: bool = False
    is_chinese: bool = False
    align: int = 0  # 0 left, 1 centre, 2 right
    width: int = 1
    height: int = 1
    line_dots: int = DEFAULT_LINE_DOTS


class PaperRoll:
    """One roll in one printer. Pictures are mode 1, 0 = ink, ``width_dots`` wide."""

    def __init__(self, paper_mm: int = 80, dpi: int = 203, font: str | None = None) -> None:
        self.dpi = dpi
        self.width_dots = round(PRINTABLE_MM[paper_mm] / 25.4 * dpi / 8) * 8
        self.margin_dots = (round(paper_mm / 25.4 * dpi) - self.width_dots) // 2
        self.cutter_dots = round(CUTTER_MM / 25.4 * dpi)
        self._font = font
        self._strips: list[Image.Image] = [self.blank(self.cutter_dots)]

    def blank(self, rows: int) -> Image.Image:
        """White paper."""
        return Image.new("1", (self.width_dots, max(0, rows)), 1)

    def mm(self, rows: int) -> float:
        """Rows as millimetres."""
        return rows * 25.4 / self.dpi

    def put(self, rows: Image.Image) -> None:
        """Print rows below what was printed before."""
        self._strips.append(rows)

    def cut(self) -> bytes:
        """Cut at the knife and give the slip as PNG: paper with its margins. What lies between head and knife stays."""
        whole = self._join()
        at = max(0, whole.height - self.cutter_dots)
        self._strips = [whole.crop((0, at, whole.width, whole.height))]
        return self._png(whole.crop((0, 0, whole.width, at)))

    def tear(self) -> bytes | None:
        """Take everything out, as at a change of roll; PNG of it, or None if it was blank."""
        whole = self._join()
        self._strips = [self.blank(self.cutter_dots)]
        return self._png(whole) if ImageOps.invert(whole.convert("L")).getbbox() else None

    def _join(self) -> Image.Image:
        whole = self.blank(sum(strip.height for strip in self._strips))
        top = 0
        for strip in self._strips:
            whole.paste(strip, (0, top))
            top += strip.height
        return whole

    def _png(self, printed: Image.Image) -> bytes:
        slip = Image.new("1", (self.width_dots + 2 * self.margin_dots, max(1, printed.height)), 1)
        slip.paste(printed, (self.margin_dots, 0))
        data = io.BytesIO()
        slip.save(data, "PNG", dpi=(self.dpi, self.dpi))
        return data.getvalue()

    def aligned(self, picture: Image.Image, style: Style) -> Image.Image:
        """Place a narrower picture on the paper; a wider one loses its right side."""
        rows = self.blank(picture.height)
        spare = max(0, self.width_dots - picture.width)
        rows.paste(picture, ((0, spare // 2, spare)[style.align], 0))
        return rows

    def text(self, line: bytes, style: Style) -> Image.Image:
        """Print one line of characters in the printer's own font (code page 437, or GB 18030 after FS &)."""
        shown = line.decode("gb18030" if style.is_chinese else "cp437", "replace")
        cells = [(character, 1 + (ord(character) > 0x2E7F)) for character in shown]
        columns = max(1, sum(cell for _, cell in cells))
        small = Image.new("1", (columns * CELL_WIDTH, CELL_HEIGHT), 1)
        draw = ImageDraw.Draw(small)
        left = 0
        for character, cell in cells:
            middle = (left + cell * CELL_WIDTH / 2, CELL_HEIGHT - 5)
            draw.text(middle, character, fill=0, font=self._face(), anchor="ms", stroke_width=int(style.is_bold))
            left += cell * CELL_WIDTH
        if style.is_underlined:
            draw.rectangle((0, CELL_HEIGHT - 2, left, CELL_HEIGHT - 1), fill=0)
        if style.is_inverse:
            small = ImageOps.invert(small.convert("L")).convert("1")
        large = small.resize((small.width * style.width, small.height * style.height), Image.Resampling.NEAREST)
        rows = self.blank(max(style.line_dots, large.height))
        rows.paste(self.aligned(large, style), (0, 0))
        return rows

    def _face(self) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
        if self._font is None:
            return ImageFont.load_default(20)
        path, index = split_font_path(self._font)
        return ImageFont.truetype(str(path), 22, index=index, layout_engine=ImageFont.Layout.BASIC)

    def qr(self, data: bytes, module_dots: int, level: str, style: Style) -> Image.Image:
        """Print a QR code; too much data prints nothing, as the printer does."""
        try:
            code = segno.make_qr(data, error=level, boost_error=False)
        except segno.DataOverflowError:
            return self.blank(0)
        modules = [bytearray(row) for row in code.matrix]
        small = Image.new("1", (len(modules), len(modules)), 1)
        small.putdata([0 if dark else 1 for row in modules for dark in row])
        side = len(modules) * module_dots
        return self.aligned(small.resize((side, side), Image.Resampling.NEAREST), style)

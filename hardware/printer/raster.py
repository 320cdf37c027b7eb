"""From a page to dots: wraps and draws its text at the paper's width, one picture for each run of text.

Text is drawn here and not by the printer's own fonts: those lack the Simplified Chinese face and every size but two.
This module knows paper and fonts; it knows neither ESC/POS (beyond one hazard, see ``disarm``) nor the wire.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

from hardware.printer import Line, Page, PrinterError, QrCode, Rule, Weight
from hardware.printer.messages import split_font_path

LINE_PITCH = 1.4  # line to line, in heights of a Chinese character
RULE_MM = 4.0
MAX_LENGTH_MM = 1000.0  # a page longer than this is a mistake, not a receipt
INK_THRESHOLD = 144  # grey above this is paper; a little below white keeps thin strokes of small characters

_CLOSING = "，。、；：？！）》」』】〕〉”’％…·℃,.;:?!)]%"  # never begins a line (GB/T 15834 clause 5.1)
_OPENING = "（《「『【〔〈“‘￥(["  # never ends one
_WIDE = "\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\u2018-\u201d\u2026\u00b7\u2103"
_TOKENS = re.compile(rf"\s+|[{_WIDE}]|[^\s{_WIDE}]+")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


def units(text: str) -> Iterator[str]:
    """Cut one paragraph into pieces between which a line may break: a Chinese character with the marks that cling to
    it, a Latin word, a stretch of white space (as one space)."""
    pending = ""
    for token in _TOKENS.findall(text):
        if token.isspace():
            if pending:
                yield pending
            pending = ""
            yield " "
        elif pending and (token[0] in _CLOSING or pending[-1] in _OPENING):
            pending += token
        else:
            if pending:
                yield pending
            pending = token
    if pending:
        yield pending


class Typesetter:
    """Draws pages for one paper. ``width_dots`` is the printable width; fonts are opened at first use."""

    def __init__(self, width_dots: int, dpi: int, font_regular: str, font_bold: str) -> None:
        self.width_dots = width_dots
        self.dpi = dpi
        self._paths = {Weight.REGULAR: font_regular, Weight.BOLD: font_bold}
        self._font = lru_cache(maxsize=16)(self._open_font)

    def dots(self, mm: float) -> int:
        """Millimetres on paper as dots."""
        return round(mm / 25.4 * self.dpi)

    def parts(self, page: Page) -> list[Image.Image | QrCode]:
        """Give the page as it is sent: one picture (mode 1, 0 = ink) for each run of text, QR codes between them."""
        parts: list[Image.Image | QrCode] = []
        run: list[Line | Rule] = []
        for item in page.items:
            if isinstance(item, QrCode):
                if run:
                    parts.append(self.picture(run))
                parts.append(item)
                run = []
            else:
                run.append(item)
        if run:
            parts.append(self.picture(run))
        return parts

    def picture(self, items: Sequence[Line | Rule]) -> Image.Image:
        """Draw lines and rules below each other: mode 1, 0 = ink, ``width_dots`` wide."""
        rows: list[tuple[Line, str] | None] = []
        for item in items:
            if isinstance(item, Rule):
                rows.append(None)
            else:
                rows.extend((item, text) for text in self.wrap(item))
        heights = [self._pitch(row[0]) if row else self.dots(RULE_MM) for row in rows]
        if sum(heights) > self.dots(MAX_LENGTH_MM):
            raise PrinterError(f"the page is longer than {MAX_LENGTH_MM:g} mm", where="page", cure="shorten its text")
        picture = Image.new("L", (self.width_dots, max(1, sum(heights))), 255)
        draw = ImageDraw.Draw(picture)
        top = 0
        for row, height in zip(rows, heights, strict=True):
            if row is None:
                self._draw_rule(draw, top + height // 2)
            else:
                self._draw_line(draw, row[0], row[1], top, height)
            top += height
        return disarm(picture.point([0] * INK_THRESHOLD + [255] * (256 - INK_THRESHOLD), "1"))

    def wrap(self, line: Line) -> list[str]:
        """Break a paragraph into the lines that fit the paper; an empty one stays one empty line."""
        font = self._font(self._paths[line.weight], self.dots(line.size_mm))
        wrapped: list[str] = []
        for paragraph in line.text.split("\n"):
            current = ""
            for unit in units(_CONTROL.sub("", paragraph)):
                if font.getlength((current + unit).rstrip()) <= self.width_dots:
                    current += unit if current or unit != " " else ""
                    continue
                if current.strip():
                    wrapped.append(current.rstrip())
                current = "" if unit == " " else unit
                while font.getlength(current) > self.width_dots:  # a word longer than the paper is wide
                    fits = next(n for n in range(len(current) - 1, 0, -1) if n == 1 or self._fits(font, current[:n]))
                    wrapped.append(current[:fits])
                    current = current[fits:]
            wrapped.append(current.rstrip())
        return wrapped

    def _fits(self, font: ImageFont.FreeTypeFont, text: str) -> bool:
        return font.getlength(text) <= self.width_dots

    def _pitch(self, line: Line) -> int:
        return round(self.dots(line.size_mm) * LINE_PITCH)

    def _draw_line(self, draw: ImageDraw.ImageDraw, line: Line, text: str, top: int, height: int) -> None:
        font = self._font(self._paths[line.weight], self.dots(line.size_mm))
        _, above, _, below = font.getbbox("国", anchor="ls")
        baseline = top + (height - (below - above)) // 2 - above
        left = (self.width_dots - font.getlength(text)) / 2 if line.align == "centre" else 0
        draw.text((round(left), round(baseline)), text, fill=0, font=font, anchor="ls")

    def _draw_rule(self, draw: ImageDraw.ImageDraw, middle: int) -> None:
        for left in range(0, self.width_dots, 14):
            draw.rectangle((left, middle - 1, left + 7, middle), fill=0)

    def _open_font(self, path: str, size_dots: int) -> ImageFont.FreeTypeFont:
        """Open a face at the size whose 国 is ``size_dots`` high (the em square is some 8 % higher)."""
        file, index = split_font_path(path)
        try:
            large = ImageFont.truetype(str(file), 1000, index=index, layout_engine=ImageFont.Layout.BASIC)
        except OSError as error:
            cure = "install fonts-noto-cjk, or correct font_regular and font_bold"
            raise PrinterError("a font cannot be opened", where=path, cure=cure) from error
        _, above, _, below = large.getbbox("国", anchor="ls")
        return large.font_variant(size=round(size_dots * 1000 / (below - above)))


def disarm(picture: Image.Image) -> Image.Image:
    """Set one more dot wherever the picture's bytes would read as the beginning of a real-time command.

    ESC/POS printers act on DLE EOT, DLE ENQ and DLE DC4 even inside the data of another command (Epson, DLE EOT,
    notes), so a pattern of dots could ask for status, or switch the printer off. ``picture``: mode 1, 0 = ink.
    """
    ink = bytes(byte ^ 0xFF for byte in picture.tobytes())
    safe = re.sub(rb"\x10(?=[\x04\x05\x14])", b"\x18", ink)
    if safe == ink:
        return picture
    return Image.frombytes("1", picture.size, bytes(byte ^ 0xFF for byte in safe))

"""The receipt as it lies in the tray: drawn like paper, in letters that can be read from the chair."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kivy.graphics import Color, Rectangle

from screens.theme import rgba
from screens.widgets.part import Box, Part

if TYPE_CHECKING:
    from kiosk.visit.questions import PaperLine
    from screens.theme import Look

_QR_MM = 27.0  # 25 modules at about 1 mm: a telephone reads it from the chair


class Paper(Part):
    """Lines of a receipt and its QR code, on as many pages as its box needs."""

    zone = "upper"

    def __init__(self, lines: tuple[PaperLine, ...], qr: str, **properties: Any) -> None:
        self.lines, self.qr = lines, qr
        self.page = 0
        self._matrix: list[list[int]] = []
        super().__init__(**properties)

    def natural(self, look: Look, width: float, room: float) -> float:
        return room

    def pages(self, look: Look, width: float, height: float) -> list[list[PaperLine | None]]:
        """Lines page by page; None stands for the QR code."""
        room = height - 2 * self._edge(look)
        inner = self._wide(look, width) - 2 * look.mm(7)
        items: list[PaperLine | None] = [*self.lines, *([None] if self.qr else [])]
        pages: list[list[PaperLine | None]] = [[]]
        used = 0.0
        for item in items:
            high = self._height(look, item, inner)
            if pages[-1] and used + high > room:
                pages.append([])
                used = 0.0
                if item is not None and item.is_rule:
                    continue
            pages[-1].append(item)
            used += high
        return pages

    def draw(self, look: Look) -> None:
        pages = self.pages(look, self.width, self.height)
        page = pages[min(self.page, len(pages) - 1)]
        wide = self._wide(look, self.width)
        inner = wide - 2 * look.mm(7)
        high = min(sum(self._height(look, item, inner) for item in page) + 2 * self._edge(look), self.height)
        x = self.x + (self.width - wide) / 2
        y = self.y + (self.height - high) / 2
        theme = look.theme
        if theme.name == "default":
            self.fill((x + look.mm(2), y - look.mm(1.6), wide - look.mm(4), look.mm(4)), "#D8D2C2")
        self.fill((x, y, wide, high), theme.ink)
        line = max(2.0, look.mm(0.6))
        self.fill((x + line, y + line, wide - 2 * line, high - 2 * line), theme.surface)
        top = y + high - self._edge(look)
        for item in page:
            low = self._height(look, item, inner)
            self._draw_item(look, item, (x + look.mm(7), top - low, inner, low))
            top -= low

    def _draw_item(self, look: Look, item: PaperLine | None, box: Box) -> None:
        theme = look.theme
        if item is None:
            self._draw_qr(look, box)
        elif item.is_rule:
            x, y, width, height = box
            Color(*rgba(theme.ink))
            step = look.mm(2.4)
            for i in range(int(width // step)):
                Rectangle(
                    pos=(x + i * step, y + height / 2),
                    size=(step * 0.6, max(2.0, look.mm(0.5))),
                    texture=look.plates.blank,
                )
        else:
            align = "center" if item.is_centred else "left"
            self.write(
                item.text, box, self._size(look, item), theme.ink, ground=theme.surface, bold=item.is_bold, align=align
            )

    def _draw_qr(self, look: Look, box: Box) -> None:
        import segno  # noqa: PLC0415 - only receipts have one

        if not self._matrix:
            self._matrix = [list(row) for row in segno.make(self.qr, error="m", micro=False).matrix]
        matrix = self._matrix
        x, y, width, height = box
        module = max(int((height - look.mm(3)) // len(matrix)), 1)
        side = module * len(matrix)
        left, bottom = round(x + (width - side) / 2), round(y + (height - look.mm(3) - side) / 2)
        theme = look.theme
        dark, light = (theme.ink, theme.surface) if not theme.is_dark else ("#000000", "#FFFFFF")
        self.fill((left - 2 * module, bottom - 2 * module, side + 4 * module, side + 4 * module), light)
        Color(*rgba(dark))
        for row, modules in enumerate(reversed(matrix)):
            start = None
            for column, is_dark in enumerate([*modules, 0]):
                if is_dark and start is None:
                    start = column
                elif not is_dark and start is not None:
                    Rectangle(
                        pos=(left + start * module, bottom + row * module), size=((column - start) * module, module)
                    )
                    start = None

    def _height(self, look: Look, item: PaperLine | None, inner: float) -> float:
        if item is None:
            return look.mm(_QR_MM + 8)
        if item.is_rule:
            return look.mm(5)
        return self.text_height(look, item.text, self._size(look, item), inner, bold=item.is_bold)

    def _size(self, look: Look, item: PaperLine) -> int:
        return look.primary if item.is_bold and item.is_centred and look.text_size < 2 else look.secondary

    def _wide(self, look: Look, width: float) -> float:
        return width * 0.74 if look.text_size < 2 and look.is_portrait else width

    def _edge(self, look: Look) -> float:
        return look.mm(5)

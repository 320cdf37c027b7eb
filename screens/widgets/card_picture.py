"""A document on its way to the reader: what the hands must do; and how far the reading is once it lies there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kivy.graphics import Color, PopMatrix, PushMatrix, Rotate, SmoothLine

from screens.theme import rgba
from screens.widgets.part import Part
from screens.widgets.sketch import CARD_MM, PAGE_MM, draw_booklet, draw_card

if TYPE_CHECKING:
    from screens.theme import Look

_SIZES_MM = {"card": CARD_MM, "booklet": (PAGE_MM[0] * 1.1, PAGE_MM[1] * 0.8)}
_SMALLEST = 0.42  # of the true size: smaller says nothing


class CardPicture(Part):
    """``ways``: (shape, words) of what may be laid down, one or two; with two each has its words below it."""

    zone = "upper"

    def __init__(self, **properties: Any) -> None:
        self.words = ""
        self.ways: list[tuple[str, str]] = [("card", "")]
        self.is_reading = False
        self.share = 0.0
        self.seen = ""  # whose it seems to be, masked
        super().__init__(**properties)

    def natural(self, look: Look, width: float, room: float) -> float:
        return 0.0

    def draw(self, look: Look) -> None:
        wide = min(look.mm(176), self.width)
        text, seen = self._texts(look, wide - look.mm(12))
        reader_high = self._reader_high(look, text, seen)
        if self.height < reader_high:
            return
        column = self.width / len(self.ways)
        legends = [self.text_height(look, words, look.secondary, column - look.mm(6)) for _, words in self.ways]
        legend = max(legends) if len(self.ways) > 1 and not self.is_reading else 0.0
        room = self.height - reader_high - legend - look.mm(8)
        scale = self._scale(look, room, column)
        drawn = max(look.mm(_SIZES_MM[shape][1]) for shape, _ in self.ways) * scale if scale else 0.0
        sunk = drawn * (0.45 if self.is_reading else 0.08) if len(self.ways) == 1 or self.is_reading else 0.0
        if legend and self.height < reader_high + legend:
            legend = 0.0
        above = legend + (drawn + look.mm(6) if drawn else 0.0) - sunk
        y = self.y + max(self.height - reader_high - above, 0) / 2
        ways = self.ways[:1] if self.is_reading else self.ways
        for number, (shape, words) in enumerate(ways):
            middle = self.x + self.width * (number + 0.5) / len(ways)
            if drawn:
                self._document(look, shape, middle, y + reader_high + legend + look.mm(3) - sunk, scale)
            if legend:
                box = (middle - column / 2 + look.mm(3), y + reader_high + look.mm(2), column - look.mm(6), legend)
                self.write(words, box, look.secondary, look.theme.ink, align="center", balanced=True)
        self._reader(look, (self.center_x - wide / 2, y, wide, reader_high), text, seen)
        if drawn and len(ways) == 1 and not self.is_reading:
            self._arrow(look, self.center_x, y + reader_high + look.mm(1))

    def _texts(self, look: Look, width: float) -> tuple[float, float]:
        """Heights of the words and of the name below the bar: both, the words, or neither, as there is room."""
        text = self.text_height(look, self.words, look.secondary, width)
        seen = self.text_height(look, self.seen, look.primary, width, bold=True) if self.is_reading else 0.0
        for heights in ((text, seen), (text, 0.0)):
            if self._reader_high(look, *heights) <= self.height:
                return heights
        return (0.0, 0.0) if self.is_reading else (text, 0.0)

    def _reader_high(self, look: Look, text: float, seen: float) -> float:
        return max(look.mm(33), text + seen + look.mm(21)) if text else look.mm(14)

    def _scale(self, look: Look, room: float, column: float) -> float:
        """How large the documents are drawn, 1 is their true size; 0 where there is no room for them."""
        scale = 1.0
        for shape, _ in self.ways:
            wide, high = (look.mm(size) for size in _SIZES_MM[shape])
            scale = min(scale, room / (high * 1.06), (column - look.mm(8)) / wide)
        return scale if scale >= _SMALLEST else 0.0

    def _document(self, look: Look, shape: str, middle: float, y: float, scale: float) -> None:
        wide, high = (look.mm(size) * scale for size in _SIZES_MM[shape])
        box = (middle - wide / 2, y, wide, high)
        PushMatrix()
        Rotate(angle=0 if self.is_reading or len(self.ways) > 1 else 4, origin=(middle, y + high / 2))
        (draw_card if shape == "card" else draw_booklet)(self, look, box)
        PopMatrix()

    def _reader(self, look: Look, box: tuple[float, float, float, float], text: float, seen: float) -> None:
        theme = look.theme
        x, y, wide, high = box
        self.fill(box, theme.bar, look.radius)
        if theme.bar == theme.paper:
            self.plate(box, theme.bar, theme.on_bar, look)
        light = theme.human if theme.human != theme.bar else theme.on_bar
        slot = (self.center_x - wide * 0.34, y + high - look.mm(10), wide * 0.68, look.mm(4.6))
        if self.is_reading:  # the slot becomes the bar: a frame, and in it as much as is done
            slot = (slot[0], slot[1] - look.mm(1), slot[2], look.mm(6.6))
            self.plate(slot, theme.bar, theme.on_bar, look, border=max(2.0, look.mm(0.6)), radius=slot[3] / 2)
            edge = look.mm(1.3)
            done = max((slot[2] - 2 * edge) * min(self.share, 1.0), slot[3] - 2 * edge)
            self.fill((slot[0] + edge, slot[1] + edge, done, slot[3] - 2 * edge), light, slot[3] / 2 - edge)
        else:
            self.fill(slot, light, look.mm(2.3))
        room = high - look.mm(15)
        top = y + look.mm(3) + (room + text + seen) / 2
        inner = (x + look.mm(6), wide - look.mm(12))
        if seen:
            self.write(self.seen, (inner[0], top - seen, inner[1], seen), look.primary, theme.on_bar, ground=theme.bar,
                       align="center", bold=True, private=True)  # fmt: skip
        if not text:
            return
        self.write(self.words, (inner[0], top - seen - text, inner[1], text), look.secondary, theme.on_bar,
                   ground=theme.bar, align="center", balanced=True)  # fmt: skip

    def _arrow(self, look: Look, x: float, y: float) -> None:
        theme = look.theme
        arm = look.mm(7)
        for colour, extra in ((theme.surface, look.mm(1.6)), (theme.focus, 0.0)):
            Color(*rgba(colour))
            weight = look.mm(1.6) + extra
            SmoothLine(points=[x, y + arm * 2.2, x, y], width=weight, cap="round")
            SmoothLine(points=[x - arm, y + arm, x, y, x + arm, y + arm], width=weight, cap="round", joint="round")

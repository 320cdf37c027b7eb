"""A card on its way to the reader: what the hands must do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kivy.graphics import Color, PopMatrix, PushMatrix, Rotate, SmoothEllipse, SmoothLine

from screens.theme import rgba
from screens.widgets.part import Part

if TYPE_CHECKING:
    from screens.theme import Look

_WIDE_MM, _HIGH_MM = 85.6, 54.0  # ISO/IEC 7810 ID-1: the card in its true size


class CardPicture(Part):
    """The card in its true size above the reader; lying on it while it is read."""

    zone = "upper"

    def __init__(self, **properties: Any) -> None:
        self.words = ""
        self.is_reading = False
        super().__init__(**properties)

    def natural(self, look: Look, width: float, room: float) -> float:
        return 0.0

    def draw(self, look: Look) -> None:
        theme = look.theme
        wide = min(look.mm(176), self.width)
        text = self.text_height(look, self.words, look.secondary, wide - look.mm(12))
        reader_high = max(look.mm(33), text + look.mm(21))
        card_wide, card_high = look.mm(_WIDE_MM), look.mm(_HIGH_MM)
        sunk = card_high * (0.62 if self.is_reading else 0.10)
        if self.height < reader_high + card_high - sunk + look.mm(6):
            if self.height < reader_high:
                return
            card_high = 0.0
        total = reader_high + max(card_high - sunk + look.mm(5), 0)
        y = self.y + (self.height - total) / 2
        x = self.center_x - wide / 2
        if card_high:
            self._card(look, (self.center_x - card_wide / 2, y + reader_high - sunk, card_wide, card_high))
        reader = (x, y, wide, reader_high)
        self.fill(reader, theme.bar, look.radius)
        if theme.bar == theme.paper:
            self.plate(reader, theme.bar, theme.on_bar, look)
        slot = (self.center_x - wide * 0.34, y + reader_high - look.mm(10), wide * 0.68, look.mm(4.6))
        self.fill(slot, theme.human if theme.human != theme.bar else theme.on_bar, look.mm(2.3))
        words = (x + look.mm(6), y + look.mm(3), wide - look.mm(12), reader_high - look.mm(15))
        self.write(self.words, words, look.secondary, theme.on_bar, ground=theme.bar, align="center", balanced=True)
        if card_high and not self.is_reading:
            self._arrow(look, self.center_x, y + reader_high + look.mm(1))

    def _card(self, look: Look, box: tuple[float, float, float, float]) -> None:
        theme = look.theme
        x, y, width, height = box
        PushMatrix()
        Rotate(angle=0 if self.is_reading else 4, origin=(x + width / 2, y + height / 2))
        self.plate(box, theme.surface, theme.ink, look, radius=look.mm(5))
        unit = width / 100
        photo = (x + 8 * unit, y + height - 40 * unit, 26 * unit, 32 * unit)
        self.plate(photo, theme.sand, theme.ink, look, border=max(2.0, look.mm(0.8)), radius=look.mm(2))
        Color(*rgba(theme.ink))
        SmoothEllipse(pos=(x + 15.5 * unit, y + height - 24 * unit), size=(11 * unit, 11 * unit))
        SmoothEllipse(
            pos=(x + 12 * unit, y + height - 48.5 * unit), size=(18 * unit, 20 * unit), angle_start=-90, angle_end=90
        )
        for line, length in enumerate((44, 34, 40)):
            self.fill(
                (x + 42 * unit, y + height - (16 + line * 11) * unit, length * unit, 4.2 * unit), theme.ink, 2 * unit
            )
        PopMatrix()

    def _arrow(self, look: Look, x: float, y: float) -> None:
        theme = look.theme
        arm = look.mm(7)
        for colour, extra in ((theme.surface, look.mm(1.6)), (theme.focus, 0.0)):
            Color(*rgba(colour))
            weight = look.mm(1.6) + extra
            SmoothLine(points=[x, y + arm * 2.2, x, y], width=weight, cap="round")
            SmoothLine(points=[x - arm, y + arm, x, y, x + arm, y + arm], width=weight, cap="round", joint="round")

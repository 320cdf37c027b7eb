"""A card over the dimmed question, in the lower part of the glass. Only its own buttons can be chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from screens.widgets.button import WordButton
from screens.widgets.caption import Caption
from screens.widgets.frame import controls_in
from screens.widgets.part import Control, Part, inset, stacked_height

if TYPE_CHECKING:
    from screens.theme import Look


class Figure(Part):
    """A large number or a few words beside a sign."""

    def __init__(self, words: str, icon: str = "", **properties: Any) -> None:
        self.words, self.icon = words, icon
        super().__init__(**properties)

    def natural(self, look: Look, width: float, room: float) -> float:
        return look.lettering.pitch(self._size(look))

    def draw(self, look: Look) -> None:
        theme = look.theme
        size = self._size(look)
        side = size * 0.8 if self.icon else 0.0
        if self.icon:
            self.sign(self.icon, (self.x, self.center_y - side / 2, side, side), theme.primary, theme.paper)
        left = side + look.mm(5) if self.icon else 0.0
        box = (self.x + left, self.y, self.width - left, self.height)
        self.write(self.words, box, size, theme.ink, bold=True)

    def close(self) -> None:
        """Nothing to let go of."""

    def _size(self, look: Look) -> int:
        return round(look.title * (1.5 if look.text_size < 2 else 1.0))


class OverlayCard(Part):
    """Title, sentences, perhaps a figure, rows of buttons, and the caption: what is said is also written (R11)."""

    def __init__(self, *, title: str, help: str, look: Look, **properties: Any) -> None:
        self.title, self.help = title, help
        self.figure: Figure | None = None
        self.buttons: list[list[WordButton]] = []
        super().__init__(**properties)
        self.look = look
        self.caption = Caption()
        self._panel = (0.0, 0.0, 0.0, 0.0)

    def build(self) -> None:
        """Take the parts in."""
        for row in self.buttons:
            for button in row:
                self.add_widget(button)
        if self.figure is not None:
            self.add_widget(self.figure)
        self.add_widget(self.caption)

    def natural(self, look: Look, width: float, room: float) -> float:
        return room

    def controls(self) -> list[Control]:
        return controls_in([button for row in self.buttons for button in row])

    def close(self) -> None:
        """Stop counting and turning."""
        self.caption.close()
        if self.figure is not None:
            self.figure.close()

    def arrange(self, look: Look) -> None:
        pad = look.mm(9 if look.text_size < 2 else 6)
        width = look.width - 2 * look.mm(6)
        inner = width - 2 * pad
        x, y = look.mm(6) + pad, look.mm(6) + pad
        low = self.caption.natural(look, inner, 0)
        self.caption.place(look, x, y, inner, low)
        y += low + look.gap
        for row in reversed(self._rows(look)):
            each = (inner - look.gap * (len(row) - 1)) / len(row)
            low = max(button.natural(look, each, 0) for button in row)
            for place, button in enumerate(row):
                button.place(look, x + place * (each + look.gap), y, each, low)
            y += low + look.gap
        heights = self._text_heights(look, inner)
        if self.figure is not None:
            low = self.figure.natural(look, inner, 0)
            self.figure.place(look, x, y + look.mm(3), inner, low)
            y += low + look.mm(8)
        top = y + stacked_height(heights, look.mm(4)) + pad + look.mm(3)
        self._panel = (look.mm(6), look.mm(6), width, top - look.mm(6))

    def _rows(self, look: Look) -> list[list[WordButton]]:
        """As given; on a low panel the lesser buttons share one row."""
        if look.is_portrait or len(self.buttons) < 3:
            return self.buttons
        return [[button for row in self.buttons[:-1] for button in row], self.buttons[-1]]

    def draw(self, look: Look) -> None:
        theme = look.theme
        self.fill((0, 0, look.width, look.height), "#000000", alpha=0.62)
        self.plate(self._panel, theme.paper, theme.ink if not theme.is_dark else theme.on_bar, look)
        pad = look.mm(9 if look.text_size < 2 else 6)
        x, _, width, _ = inset(self._panel, pad)
        top = self._panel[1] + self._panel[3] - pad
        title, sentences = self._text_heights(look, width)
        self.write(self.title, (x, top - title, width, title), look.title, theme.ink, bold=True, balanced=True)
        top -= title + look.mm(4)
        self.write(self.help, (x, top - sentences, width, sentences), look.secondary, theme.quiet)

    def _text_heights(self, look: Look, width: float) -> list[float]:
        title = self.text_height(look, self.title, look.title, width, bold=True, balanced=True)
        return [title, self.text_height(look, self.help, look.secondary, width)]

"""News above a question that does not end it: one sentence over the strip, to be read only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from screens.widgets.part import Part

if TYPE_CHECKING:
    from screens.theme import Look


class Banner(Part):
    """Takes no touch; what lies below can be chosen as before."""

    zone = "upper"

    def __init__(self, words: str, icon: str = "sound", **properties: object) -> None:
        self.words, self.icon = words, icon
        super().__init__(**properties)

    def natural(self, look: Look, width: float, room: float) -> float:
        return self.text_height(look, self.words, self._size(look), self._room(look, width), bold=True) + look.mm(8)

    def draw(self, look: Look) -> None:
        theme = look.theme
        self.fill(self.box, theme.human)
        self.fill((self.x, self.y, self.width, look.border), theme.ink)
        side = self._size(look) * 0.95
        self.sign(self.icon, (self.x + look.margin, self.y + (self.height - side) / 2, side, side), theme.on_human,
                  theme.human)  # fmt: skip
        width = self._room(look, self.width)
        box = (self.x + self.width - look.margin - width, self.y, width, self.height)
        self.write(self.words, box, self._size(look), theme.on_human, ground=theme.human, bold=True)

    def _room(self, look: Look, width: float) -> float:
        return width - 2 * look.margin - self._size(look) * 0.95 - look.mm(5)

    def _size(self, look: Look) -> int:
        """Of large letters the smaller ones, so that the question below stays readable."""
        return look.primary if look.text_size < 2 else look.secondary

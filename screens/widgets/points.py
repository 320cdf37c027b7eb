"""A few sentences, one below the other, each with a sign before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from screens.widgets.part import Part, inset

if TYPE_CHECKING:
    from screens.theme import Look


class Points(Part):
    """For reading only. At most five sentences; each with a rule above it."""

    zone = "upper"

    def __init__(
        self, sentences: tuple[str, ...], icon: str = "ok", icons: tuple[str, ...] = (), **properties: Any
    ) -> None:
        """``icons``: one for each sentence, where they differ."""
        self.sentences = sentences
        self.icons = icons or (icon,) * len(sentences)
        self._size = 0
        super().__init__(**properties)

    def natural(self, look: Look, width: float, room: float) -> float:
        return sum(self._heights(look, width))

    def draw(self, look: Look) -> None:
        theme = look.theme
        self._size = look.primary
        if sum(self._heights(look, self.width)) > self.height:
            self._size = look.secondary  # still 12 mm at the largest size
        heights = self._heights(look, self.width)
        spare = max(self.height - sum(heights), 0)
        top = self.top - min(spare * 0.3, look.mm(30))
        side = self._size * 0.95
        for sentence, icon, high in zip(self.sentences, self.icons, heights, strict=True):
            self.fill((self.x, top - max(2.0, look.mm(0.5)), self.width, max(2.0, look.mm(0.5))), theme.ink)
            left = self._left(look)
            tile = (self.x, top - (high + side * 1.35) / 2, side * 1.35, side * 1.35)
            self.fill(tile, theme.primary, look.mm(3))
            self.sign(icon, inset(tile, side * 0.3), theme.on_primary, theme.primary)
            box = (self.x + left, top - high, self.width - left, high)
            self.write(sentence, box, self._size, theme.ink)
            top -= high
        self.fill((self.x, top, self.width, max(2.0, look.mm(0.5))), theme.ink)

    def _left(self, look: Look) -> float:
        return (self._size or look.primary) * 1.3 + look.mm(5)

    def _heights(self, look: Look, width: float) -> list[float]:
        inner = width - self._left(look)
        pad = look.mm(14 if look.text_size < 2 else 5)
        return [self.text_height(look, s, self._size or look.primary, inner) + pad for s in self.sentences]

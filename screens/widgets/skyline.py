"""The neighbourhood at the horizon: decoration in quiet colours, left out in the high themes. It says nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kivy.graphics import Color, Rectangle, SmoothEllipse

from screens.theme import rgba
from screens.widgets.part import Part

if TYPE_CHECKING:
    from screens.theme import Look

_BLOCKS = (  # left, width, height of houses, in hundredths of the width; lit windows as column, row
    (1, 10, 13, ((1, 2),)),
    (13, 8, 19, ((0, 1), (1, 4))),
    (24, 13, 11, ((2, 1),)),
    (40, 9, 22, ((1, 3), (0, 6))),
    (52, 14, 14, ((0, 2), (3, 1))),
    (70, 8, 18, ((1, 2),)),
    (81, 15, 10, ((2, 0),)),
)
_TREES = ((12, 5), (38.5, 6), (67.5, 7), (79.5, 5), (97.5, 6))


class Skyline(Part):
    """Houses and trees along the bottom edge of its box."""

    zone = "upper"

    def natural(self, look: Look, width: float, room: float) -> float:
        return 0.0

    def draw(self, look: Look) -> None:
        if look.theme.name not in ("default", "calm") or self.height < look.mm(16):
            return
        unit = min(look.width / 100, self.height / 24)
        base = self.y
        for left, width, height, lit in _BLOCKS:
            self._house(look, left * look.width / 100, base, width * look.width / 100, height * unit, lit)
        for centre, size in _TREES:
            self._tree(look, centre * look.width / 100, base, size * unit)

    def _house(
        self, look: Look, x: float, y: float, width: float, height: float, lit: tuple[tuple[int, int], ...]
    ) -> None:
        theme = look.theme
        Color(*rgba(theme.sand))
        Rectangle(pos=(x, y), size=(width, height), texture=look.plates.blank)
        pane = look.mm(3.2)
        step = look.mm(6.4)
        columns = max(int((width - look.mm(3)) / step), 1)
        edge = (width - columns * step + step - pane) / 2
        rows = int((height - look.mm(5)) / step)
        for row in range(rows):
            for column in range(columns):
                is_lit = (column, row) in lit
                Color(*rgba(theme.human if is_lit else theme.paper, 1.0))
                Rectangle(
                    pos=(x + edge + column * step, y + look.mm(4) + row * step),
                    size=(pane, pane),
                    texture=look.plates.blank,
                )

    def _tree(self, look: Look, x: float, y: float, size: float) -> None:
        colour = rgba(look.theme.primary, 0.2 if look.theme.is_dark else 0.16)
        Color(*colour)
        Rectangle(pos=(x - size * 0.05, y), size=(size * 0.1, size * 0.5))
        SmoothEllipse(pos=(x - size * 0.36, y + size * 0.34), size=(size * 0.72, size * 0.78))

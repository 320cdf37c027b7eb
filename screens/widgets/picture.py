"""Pictures: a large sign in a disc. They show what the hands must do, or how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kivy.graphics import Color, SmoothEllipse
from kivy.properties import StringProperty

from screens.theme import rgba
from screens.widgets.part import Part

if TYPE_CHECKING:
    from screens.theme import Look


class Emblem(Part):
    """One sign or two side by side, 74 mm each, centred in the box; ``code`` is written small below."""

    zone = "upper"
    icon = StringProperty("")

    def __init__(self, **properties: Any) -> None:
        self.icons: list[str] = []
        self.code = ""
        super().__init__(**properties)

    def natural(self, look: Look, width: float, room: float) -> float:
        return 0.0

    def draw(self, look: Look) -> None:
        icons = self.icons or [self.icon]
        code_high = look.lettering.pitch(look.secondary) if self.code else 0.0
        gap = look.mm(14)
        room = self.height - code_high
        side = min(look.mm(74), room * 0.86, (self.width - gap * (len(icons) - 1)) / len(icons))
        theme = look.theme
        if self.code:
            self.write(self.code, (self.x, self.y, self.width, code_high), look.secondary, theme.quiet, align="center")
        if side < look.mm(24):
            return
        x = self.center_x - (side * len(icons) + gap * (len(icons) - 1)) / 2
        y = self.y + code_high + (room - side) / 2
        for icon in icons:
            Color(*rgba(theme.primary))
            SmoothEllipse(pos=(x, y), size=(side, side))
            mark = side * 0.5
            self.sign(icon, (x + (side - mark) / 2, y + (side - mark) / 2, mark, mark), theme.on_primary, theme.primary)
            x += side + gap

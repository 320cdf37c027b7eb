"""Something is being done: a sign and a bar whose bright part wanders slowly, or stands still in the calm theme."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

from kivy.clock import Clock
from kivy.graphics import Color, SmoothEllipse
from kivy.properties import StringProperty

from screens.theme import rgba
from screens.widgets.part import Part

if TYPE_CHECKING:
    from screens.theme import Look

STEP_S = 1 / 12
ROUND_S = 4.0


class Busy(Part):
    """Ends with the screen: call ``close``."""

    zone = "upper"
    icon = StringProperty("more_time")

    def __init__(self, **properties: Any) -> None:
        self._event: Any = None
        super().__init__(**properties)

    def natural(self, look: Look, width: float, room: float) -> float:
        return 0.0

    def arrange(self, look: Look) -> None:
        self.close()
        if look.theme.is_moving:
            self._event = Clock.schedule_interval(lambda _dt: self.redraw(), STEP_S)

    def close(self) -> None:
        """Stop moving."""
        if self._event is not None:
            self._event.cancel()
            self._event = None

    def draw(self, look: Look) -> None:
        theme = look.theme
        side = min(look.mm(74), self.height * 0.6)
        wide, high = min(look.mm(130), self.width), look.mm(5)
        low = side + look.mm(16) + high
        if side < look.mm(20):
            side, low = 0.0, high
        y = self.center_y - low / 2
        if side:
            x = self.center_x - side / 2
            Color(*rgba(theme.sand))
            SmoothEllipse(pos=(x, y + low - side), size=(side, side))
            mark = side * 0.5
            self.sign(self.icon, (self.center_x - mark / 2, y + low - side + (side - mark) / 2, mark, mark), theme.ink,
                      theme.sand)  # fmt: skip
        box = (self.center_x - wide / 2, y, wide, high)
        self.plate(box, theme.paper, theme.ink, look, border=max(2.0, look.mm(0.6)), radius=high / 2)
        part = wide * 0.3
        at = 0.5
        if theme.is_moving:
            at = 0.5 - 0.5 * math.cos(2 * math.pi * (time.monotonic() % ROUND_S) / ROUND_S)
        edge = look.mm(1.2)
        inner = wide - 2 * edge
        self.fill((box[0] + edge + (inner - part) * at, y + edge, part, high - 2 * edge), theme.primary, high)

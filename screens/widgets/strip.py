"""The strip at the top: which service, how far, what time it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kivy.graphics import Color, SmoothLine

from screens.theme import rgba
from screens.widgets.part import Part

if TYPE_CHECKING:
    from screens.theme import Look


class Strip(Part):
    """``done`` of ``steps`` are filled bars, the others hollow: never by colour alone (R4)."""

    zone = "frame"

    def __init__(self, *, title: str = "", done: int = 0, steps: int = 0, **properties: Any) -> None:
        self.title, self.done, self.steps = title, done, steps
        self.has_time = True
        super().__init__(**properties)

    def natural(self, look: Look, width: float, room: float) -> float:
        return look.lettering.pitch(look.secondary) + look.mm(9 if look.text_size < 2 else 5)

    def draw(self, look: Look) -> None:
        theme = look.theme
        self.fill(self.box, theme.bar)
        if theme.bar == theme.paper:
            self.fill((self.x, self.y, self.width, look.border), theme.on_bar)
        inner = self.width - 2 * look.margin
        box = (self.x + look.margin, self.y, inner, self.height)
        now = f"{look.now():%H:%M}" if self.has_time else ""
        time_width = look.lettering.width(now, look.secondary) if now else 0.0
        bars = self._bars_width(look)
        room = inner - time_width - bars - look.gap * (2 if bars else 1)
        self.write(now, box, look.secondary, theme.on_bar, ground=theme.bar, align="right")
        title = self._shortened(look, room)
        self.write(title, (box[0], box[1], room + 2, box[3]), look.secondary, theme.on_bar, ground=theme.bar, bold=True)
        if bars:
            self._draw_bars(look, box[0] + inner - time_width - look.gap - bars)

    def _shortened(self, look: Look, room: float) -> str:
        """The title, cut with an ellipsis where it must be."""
        if look.lettering.width(self.title, look.secondary, bold=True) <= room:
            return self.title
        for end in range(len(self.title) - 1, 0, -1):
            short = self.title[:end].rstrip() + "…"
            if look.lettering.width(short, look.secondary, bold=True) <= room:
                return short
        return ""

    def _bars_width(self, look: Look) -> float:
        if look.text_size >= 2 and self.steps:
            return look.lettering.width(self._count, look.secondary)
        return look.mm(9) * self.steps + look.mm(3) * (self.steps - 1) if self.steps else 0.0

    @property
    def _count(self) -> str:
        return f"{self.done}/{self.steps}"

    def _draw_bars(self, look: Look, x: float) -> None:
        theme = look.theme
        if look.text_size >= 2:  # large letters leave no room for bars
            box = (x, self.y, self._bars_width(look) + 2, self.height)
            self.write(self._count, box, look.secondary, theme.human if theme.human != theme.bar else theme.on_bar,
                       ground=theme.bar)  # fmt: skip
            return
        high = look.mm(2.6)
        y = self.y + (self.height - high) / 2
        for step in range(self.steps):
            box = (x + step * look.mm(12), y, look.mm(9), high)
            if step < self.done:
                self.fill(box, theme.human if theme.human != theme.bar else theme.on_bar, high / 2)
            else:
                Color(*rgba(theme.on_bar))
                SmoothLine(rounded_rectangle=(*box, high / 2), width=max(1.0, look.mm(0.3)))

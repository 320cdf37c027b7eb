"""The question in one sentence, then one sentence of help, of trouble, or of what a device is doing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from screens.widgets.part import Part, inset

if TYPE_CHECKING:
    from screens.theme import Look


class Header(Part):
    """``trouble`` takes the place of ``help`` and gets a plate and a sign; ``status`` takes the place of both."""

    zone = "frame"

    def __init__(self, *, title: str = "", help: str = "", trouble: str = "", **properties: Any) -> None:
        self.title, self.help, self.trouble = title, help, trouble
        self.status = ""
        self.is_private = False
        self.is_short = False  # the help sentence is left to the help card: large letters need the room
        super().__init__(**properties)

    def natural(self, look: Look, width: float, room: float) -> float:
        title = self.text_height(look, self.title, look.title, width, bold=True, balanced=True)
        return title + self._second(look, width)

    def _second(self, look: Look, width: float) -> float:
        if self.trouble:
            inner = width - self._sign(look) - look.mm(5)
            text = self.text_height(look, self.trouble, look.secondary, inner, bold=True)
            return text + look.mm(5) + look.mm(4)
        if self.is_short or not (self.help or self.status):
            return 0.0
        lines = max(self.text_height(look, t, look.secondary, width) for t in (self.help, self.status))
        return lines + look.mm(3)

    def draw(self, look: Look) -> None:
        theme = look.theme
        x, y, width, height = self.box
        title = self.text_height(look, self.title, look.title, width, bold=True, balanced=True)
        self.write(self.title, (x, self.top - title, width, title), look.title, theme.ink, bold=True, balanced=True)
        room = height - title
        if self.trouble:
            box = (x, y, width, room - look.mm(4))
            self.fill(box, theme.sand, look.mm(3))
            self.fill((x, y, look.mm(2.5), box[3]), theme.focus, 0)
            sign = self._sign(look)
            side = look.secondary
            place = (x + look.mm(2.5), y + (box[3] - side) / 2, sign, side)
            self.sign("warning", place, theme.ink, theme.sand)
            inner = inset((x + sign, y, width - sign, box[3]), look.mm(2.5))
            self.write(self.trouble, inner, look.secondary, theme.ink, ground=theme.sand, bold=True)
        elif room > 0 and not self.is_short:
            words, bold = (self.status, True) if self.status else (self.help, False)
            box = (x, y, width, room - look.mm(3))
            self.write(words, box, look.secondary, theme.quiet, bold=bold, valign="top", private=self.is_private)

    def say(self, status: str) -> None:
        """Show what a device is doing; "" brings the help back."""
        self.status = status
        self.redraw()

    def _sign(self, look: Look) -> float:
        return look.secondary + look.mm(5)

"""Exactly what is being said, as text (R11). Long sentences are shown in pieces, at about the speed of the voice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kivy.clock import Clock

from screens.widgets.part import Part

if TYPE_CHECKING:
    from screens.theme import Look

_ZH_LETTERS_S = 4.5
_LATIN_LETTERS_S = 14.0


class Caption(Part):
    """Two lines, one where letters are very large. Empty while nothing is said."""

    zone = "frame"

    def __init__(self, **properties: Any) -> None:
        self.text = ""
        self.is_hidden = False
        self._lines: list[str] = []
        self._at = 0
        self._turning: Any = None
        super().__init__(**properties)

    def natural(self, look: Look, width: float, room: float) -> float:
        return look.lettering.pitch(look.secondary) * self._shown(look) + look.mm(5)

    def say(self, text: str) -> None:
        """Show this sentence from its beginning."""
        self.text = text
        self._at = 0
        self._lines = []
        self._stop()
        self.redraw()

    def close(self) -> None:
        """Stop turning; the screen is going."""
        self._stop()

    def draw(self, look: Look) -> None:
        if not self.text or self.is_hidden:
            return
        theme = look.theme
        x, y, width, height = self.box
        self.fill(self.box, theme.sand)
        self.fill((x, y, look.mm(2.5), height), theme.primary)
        sign = look.secondary * 0.9
        self.sign("sound", (x + look.mm(7), y + (height - sign) / 2, sign, sign), theme.ink, theme.sand)
        left = look.mm(7) + sign + look.mm(5)
        room = width - left - look.mm(3)
        if not self._lines:
            self._lines = look.lettering.lines(self.text, look.secondary, room)
        shown = self._lines[self._at : self._at + self._shown(look)]
        box = (x + left, y, room, height)
        self.write("\n".join(shown), box, look.secondary, theme.ink, ground=theme.sand, private=True)
        if self._at + len(shown) < len(self._lines) and self._turning is None:
            self._turning = Clock.schedule_once(self._turn, _speaking_s("".join(shown)))

    def _turn(self, _dt: float) -> None:
        self._turning = None
        self._at += self._shown(self.look) if self.look else 1
        self.redraw()

    def _stop(self) -> None:
        if self._turning is not None:
            self._turning.cancel()
            self._turning = None

    def _shown(self, look: Look) -> int:
        return 2 if look.text_size < 3 else 1


def _speaking_s(text: str) -> float:
    chinese = sum(1 for letter in text if letter >= "\u2e80")
    return chinese / _ZH_LETTERS_S + (len(text) - chinese) / _LATIN_LETTERS_S

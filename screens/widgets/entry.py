"""Where typed characters appear: our own, because Kivy's input keeps what was typed in its caches and undo history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from screens.widgets.part import Part, inset

if TYPE_CHECKING:
    from screens.theme import Look

GROUPS = {"phone": (3, 4, 4), "id_number": (6, 4, 4, 4), "code": (3, 3)}


class Entry(Part):
    """What was typed, grouped as people read it, and a mark where the next character goes. It never blinks."""

    zone = "upper"
    is_needed = True

    def __init__(self, **properties: Any) -> None:
        self.text = ""
        self.composing = ""
        self.unit = ""
        self.kind = ""
        self.is_private = False
        self.most_lines = 1
        super().__init__(**properties)

    def natural(self, look: Look, width: float, room: float) -> float:
        lines = max(self.most_lines, len(self._lines(look, width - 2 * look.mm(8))))
        return max(look.mm(28), look.lettering.pitch(self._size(look)) * lines + look.mm(8))

    def type(self, text: str) -> None:
        """Show this text."""
        self.text = text
        self.redraw()

    def compose(self, letters: str) -> None:
        """Show letters that are not yet a character."""
        self.composing = letters
        self.redraw()

    def draw(self, look: Look) -> None:
        theme = look.theme
        low = min(self.natural(look, self.width, self.height), self.height)
        box = (self.x, self.y, self.width, low)
        self.plate(box, theme.surface, theme.ink, look)
        inner = inset(box, look.mm(3))
        inner = (inner[0] + look.mm(5), inner[1], inner[2] - look.mm(10), inner[3])
        size = self._size(look)
        if self.unit:
            self.write(self.unit, inner, look.secondary, theme.quiet, ground=theme.surface, align="right")
        lines = self._lines(look, inner[2])
        pitch = look.lettering.pitch(size)
        shown = lines[-max(int(inner[3] // pitch), 1) :]
        self.write("\n".join(shown), inner, size, theme.ink, ground=theme.surface, bold=True, private=self.is_private)
        last = look.lettering.width(shown[-1], size, bold=True) if shown[-1] else 0.0
        middle = inner[1] + inner[3] / 2 - pitch * (len(shown) - 1) / 2
        mark = (inner[0] + min(last + look.mm(1.2), inner[2]), middle - size * 0.5, max(3.0, look.mm(1)), size)
        self.fill(mark, theme.focus)

    def _lines(self, look: Look, width: float) -> list[str]:
        return look.lettering.lines(self.grouped, self._size(look), width - look.mm(3), bold=True)

    def _size(self, look: Look) -> int:
        return look.title if self.kind != "text" and look.text_size < 2 else look.primary

    @property
    def grouped(self) -> str:
        """Digits in groups; a date with its words' places."""
        if self.kind == "date":
            return " - ".join(p for p in (self.text[:4], self.text[4:6], self.text[6:8]) if p)
        if self.kind == "text":
            return f"{self.text} {self.composing}" if self.composing else self.text
        groups, at, parts = GROUPS.get(self.kind, ()), 0, []
        for size in groups:
            parts.append(self.text[at : at + size])
            at += size
        parts.append(self.text[at:])
        return " ".join(p for p in parts if p)

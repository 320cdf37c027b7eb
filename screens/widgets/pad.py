"""The digit pad: twelve real buttons, laid out as on a telephone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from screens.widgets.button import Key
from screens.widgets.part import Part

if TYPE_CHECKING:
    from screens.theme import Look


class DigitPad(Part):
    """``on_typed`` carries a digit, "X", "delete" or "clear"."""

    __events__ = ("on_typed",)
    is_flexible = True

    def __init__(self, *, delete: str = "", clear: str = "", has_x: bool = False, **properties: Any) -> None:
        super().__init__(**properties)
        last = Key(id="key.X", text="X", row="pad3") if has_x else Key(id="clear", text=clear, row="pad3", is_word=True)
        rows = [
            [Key(id=f"key.{d}", text=d, row=f"pad{r}") for d in digits]
            for r, digits in enumerate(("123", "456", "789"))
        ]
        rows.append(
            [Key(id="delete", text=delete, row="pad3", is_word=True), Key(id="key.0", text="0", row="pad3"), last]
        )
        self.rows = rows
        for row in rows:
            for key in row:
                key.bind(on_chosen=lambda k: self.dispatch("on_typed", k.control_id.removeprefix("key.")))
                self.add_widget(key)

    def on_typed(self, what: str) -> None:
        """Kivy's default handler."""

    def natural(self, look: Look, width: float, room: float) -> float:
        gap, rows = self._gap(look), len(self._rows(look))
        return min(max(rows * look.key + (rows - 1) * gap, room), rows * look.mm(30) + (rows - 1) * gap)

    def arrange(self, look: Look) -> None:
        gap, rows = self._gap(look), self._rows(look)
        high = (self.height - (len(rows) - 1) * gap) / len(rows)
        for r, row in enumerate(rows):
            wide = (self.width - (len(row) - 1) * gap) / len(row)
            for c, key in enumerate(row):
                key.row = f"pad{r}"
                key.place(look, self.x + c * (wide + gap), self.top - high - r * (high + gap), wide, high)

    def _rows(self, look: Look) -> list[list[Key]]:
        """As on a telephone; with very large letters, or on a low panel, the last row moves to the right side."""
        if look.text_size < 3 and look.is_portrait:
            return self.rows
        one, two, three, (delete, zero, last) = self.rows
        return [[*one, delete], [*two, last], [*three, zero]]

    def controls(self) -> list[Key]:
        """In reading order."""
        return [key for row in (self._rows(self.look) if self.look else self.rows) for key in row]

    def _gap(self, look: Look) -> float:
        return min(look.gap, look.mm(4.2))

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
        rows = [[Key(id=f"key.{d}", text=d, row=f"pad{r}") for d in digits] for r, digits in enumerate(("123", "456", "789"))]
        rows.append([Key(id="delete", text=delete, row="pad3", is_word=True), Key(id="key.0", text="0", row="pad3"), last])
        self.rows = rows
        for row in rows:
            for key in row:
                key.bind(on_chosen=lambda k: self.dispatch("on_typed", k.control_id.removeprefix("key.")))
                self.add_widget(key)

    def on_typed(self, what: str) -> None:
        """Kivy's default handler."""

    def natural(self, look: Look, width: float, room: float) -> float:
        gap = self._gap(look)
        most = 4 * look.mm(30) + 3 * gap
        return min(max(4 * look.key + 3 * gap, room), most)

    def arrange(self, look: Look) -> None:
        gap = self._gap(look)
        high = (self.height - 3 * gap) / 4
        wide = (self.width - 2 * gap) / 3
        for r, row in enumerate(self.rows):
            for c, key in enumerate(row):
                key.place(look, self.x + c * (wide + gap), self.top - high - r * (high + gap), wide, high)

    def _gap(self, look: Look) -> float:
        return min(look.gap, look.mm(4.2))

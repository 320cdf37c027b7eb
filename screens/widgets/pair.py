"""Two lesser choices side by side, or one above the other where letters are large."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from screens.widgets.button import WordButton
from screens.widgets.part import Part

if TYPE_CHECKING:
    from screens.theme import Look


class Pair(Part):
    """``on_picked`` carries the id. Each choice is (id, words, sign)."""

    __events__ = ("on_picked",)

    def __init__(self, choices: list[tuple[str, str, str]], **properties: Any) -> None:
        super().__init__(**properties)
        self.buttons = [WordButton(id=id, text=words, icon=icon) for id, words, icon in choices if words]
        self._icons = {id: icon for id, _, icon in choices}
        for button in self.buttons:
            button.bind(on_chosen=lambda b: self.dispatch("on_picked", b.control_id))
            self.add_widget(button)

    def on_picked(self, answer: str) -> None:
        """Kivy's default handler."""

    def natural(self, look: Look, width: float, room: float) -> float:
        for button in self.buttons:
            button.size_kind = "secondary" if look.text_size >= 2 else "primary"
        self._dress(look, width)
        each = self._each(look, width)
        heights = [b.natural(look, each, 0) for b in self.buttons]
        return max(heights, default=0.0)

    def arrange(self, look: Look) -> None:
        each = self._each(look, self.width)
        for place, button in enumerate(self.buttons):
            button.place(look, self.x + place * (each + look.gap), self.y, each, self.height)

    def _each(self, look: Look, width: float) -> float:
        return (width - look.gap * (len(self.buttons) - 1)) / max(len(self.buttons), 1)

    def _dress(self, look: Look, width: float) -> None:
        """Signs only where they fit beside the words."""
        for button in self.buttons:
            button.icon = self._icons[button.control_id]
            if button.wanted_width(look) > self._each(look, width):
                button.icon = ""

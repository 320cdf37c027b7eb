"""Turning pages: two buttons and "1 / 3" between them. Nothing is ever scrolled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from screens.widgets.button import WordButton
from screens.widgets.part import Part

if TYPE_CHECKING:
    from screens.theme import Look


class Pager(Part):
    """``on_turned`` carries the new page, counted from 0. The last page is followed by the first."""

    __events__ = ("on_turned",)

    def __init__(self, **properties: Any) -> None:
        self.page, self.count = 0, 1
        self.previous = WordButton(id="page.previous", icon="up", row="pager")
        self.next = WordButton(id="page.next", icon="down", row="pager")
        super().__init__(**properties)
        self.previous.bind(on_chosen=lambda *_: self.dispatch("on_turned", (self.page - 1) % self.count))
        self.next.bind(on_chosen=lambda *_: self.dispatch("on_turned", (self.page + 1) % self.count))
        self.next.number = "0"

    def on_turned(self, page: int) -> None:
        """Kivy's default handler."""

    def turn_to(self, page: int, count: int) -> None:
        self.page, self.count = page, count

    def natural(self, look: Look, width: float, room: float) -> float:
        return max(look.key, look.primary * 1.28 + look.mm(4))

    def arrange(self, look: Look) -> None:
        self.clear_widgets()
        text = look.text
        is_narrow = look.text_size >= 2
        self.previous.text, self.next.text = ("", "") if is_narrow else (text("Page back"), text("Next page"))
        self.previous.name, self.next.name = text("Page back"), text("Next page")
        middle = look.lettering.width(self._words, look.primary, bold=True) + 2 * look.mm(5)
        side = (self.width - middle) / 2
        for button, x in ((self.previous, self.x), (self.next, self.x + self.width - side)):
            self.add_widget(button)
            button.place(look, x, self.y, side, self.height)

    @property
    def _words(self) -> str:
        return f"{self.page + 1}/{self.count}"

    def draw(self, look: Look) -> None:
        self.write(self._words, self.box, look.primary, look.theme.ink, bold=True, align="center")

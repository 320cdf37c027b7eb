"""One part of what opens a passport's chip, typed as printed; a drawing shows where that is. Answers what was typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from screens.ask_digits import DigitsScreen
from screens.widgets.entry import Entry
from screens.widgets.key_picture import KeyPicture
from screens.widgets.keyboard import Keyboard

if TYPE_CHECKING:
    from screens.theme import Look

KINDS = {"can": ("code", 6), "birth": ("date", 8), "expiry": ("date", 8), "number": ("document", 22)}


class EnterKeyScreen(DigitsScreen):
    """``EnterKey``."""

    is_private = True

    def build(self) -> None:
        text = self.look.text
        self.kind, self.most = KINDS[self.question.part]
        self.drawing = KeyPicture((self.question.part,))
        self.add_widget(self.drawing)
        if self.kind != "document":
            self.make_pad(self.question.draft)
            return
        self.entry = Entry()
        self.entry.kind, self.entry.is_private = self.kind, True
        self.entry.text = self.kept.get("draft", self.question.draft)
        self.keys = Keyboard(
            mode="document", has_pinyin=False, words={"delete": text("Delete"), "clear": text("Clear")}
        )
        self.keys.bind(
            on_typed=lambda _, what: self.type(what),
            on_delete=lambda *_: self.type("delete"),
            on_clear=lambda *_: self.type("clear"),
        )
        self.add_widget(self.entry)
        self.add_widget(self.keys)

    def type(self, what: str) -> None:
        if self.kind == "document" and len(what) == 1:
            self.entry.type((self.entry.text + what)[: self.most])
            self.echo(what)
        else:
            super().type(what)

    def place_upper(self, look: Look, x: float, bottom: float, width: float, top: float) -> None:
        """The drawing above what is typed."""
        super().place_upper(look, x, bottom, width, top)
        if look.is_portrait:
            bottom += self.entry.natural(look, width, top) + look.mm(4)
        self.drawing.place(look, x, bottom, width, max(top - bottom, 0))

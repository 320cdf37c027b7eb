"""A field of digits: a number, a telephone number, an ID number, a date. Answers with what was typed."""

from __future__ import annotations

from typing import Any

from hardware.keypad import Key
from screens.widgets.choice import Choice
from screens.widgets.entry import Entry
from screens.widgets.frame import QuestionScreen
from screens.widgets.pad import DigitPad


class DigitsScreen(QuestionScreen):
    """Base of screens where digits are typed: entry, pad, and the keypad's digits."""

    kind = ""
    most = 20
    is_private = False

    def make_pad(self, draft: str, *, unit: str = "", has_x: bool = False) -> None:
        """Entry above, pad below."""
        text = self.look.text
        self.entry = Entry()
        self.entry.kind, self.entry.unit, self.entry.is_private = self.kind, unit, self.is_private
        self.entry.text = self.kept.get("draft", draft)
        self.pad = DigitPad(delete=text("Delete"), clear=text("Clear"), has_x=has_x)
        self.pad.bind(on_typed=lambda _, what: self.type(what))
        self.add_widget(self.entry)
        self.add_widget(self.pad)

    def type(self, what: str) -> None:
        """A digit, "X", "delete" or "clear"."""
        typed = self.entry.text
        if what == "delete":
            typed = typed[:-1]
        elif what == "clear":
            typed = ""
        elif len(typed) < self.most and (what != "X" or len(typed) == self.most - 1):
            typed += what
        self.entry.type(typed)
        self.echo(what)

    def echo(self, what: str) -> None:
        """Say the key: aloud only where it gives nothing away (R16)."""
        words = {"delete": self.look.text("Deleted"), "clear": self.look.text("Cleared")}.get(what, what)
        self.say(words, is_private=self.is_private and what not in ("delete", "clear"), instead=self.look.text("Typed"))

    def go_on(self) -> None:
        self.answer(self.entry.text)

    def state(self) -> dict[str, Any]:
        return {"draft": self.entry.text}

    def type_key(self, key: Key) -> bool:
        if key is Key.DELETE:
            self.type("delete")
        elif key.value.isdigit():
            self.type(key.value)
        else:
            return False
        return True

    def set_draft(self, text: str) -> None:
        self.entry.type(text[: self.most])


class AskDigitsScreen(DigitsScreen):
    """``AskField`` of kind number, phone, id_number or date; a known value is offered as a choice."""

    def build(self) -> None:
        question = self.question
        self.kind, self.most, self.is_private = question.kind, question.max_length, question.is_private
        self.make_pad(question.draft, unit=question.unit, has_x=question.kind == "id_number")
        add_shortcuts(self)


def add_shortcuts(screen: QuestionScreen) -> None:
    """The value that is known already, and Skip where the field is optional."""
    prefill = screen.question.prefill
    if prefill is not None:
        known = Choice(id="prefill", text=screen.label("prefill"), note=screen.label("prefill_note"), icon="ok")
        known.is_private = screen.question.is_private
        known.public = screen.look.text("You can use the registered one.")
        known.bind(on_chosen=lambda *_: screen.answer(prefill.value))
        screen.add_widget(known)
    if screen.label("skip"):
        skip = Choice(id="skip", text=screen.label("skip"), icon="next")
        skip.bind(on_chosen=lambda *_: screen.answer(None))
        screen.add_widget(skip)

"""A field of free text: keyboard with pinyin, letters and digits. Answers with what was typed."""

from __future__ import annotations

from typing import Any

from hardware.keypad import Key
from screens.ask_digits import add_shortcuts
from screens.widgets.choice import Choice
from screens.widgets.entry import Entry
from screens.widgets.frame import QuestionScreen
from screens.widgets.keyboard import Keyboard


class AskTextScreen(QuestionScreen):
    """``AskField`` of kind text. Options of the field are ready phrases."""

    def build(self) -> None:
        text, question = self.look.text, self.question
        is_chinese = text.language == "zh"
        self.entry = Entry()
        self.entry.kind, self.entry.is_private, self.entry.most_lines = (
            "text",
            question.is_private,
            2 if self.look.text_size < 2 else 1,
        )
        self.entry.text = self.kept.get("draft", question.draft)
        self.keys = Keyboard(
            mode=self.kept.get("mode", "pinyin" if is_chinese else "letters"), has_pinyin=is_chinese,
            words={
                "delete": text("Delete"), "space": text("Space"), "more": text("More characters"),
                "pinyin": text("Pinyin"), "letters": text("Letters"), "figures": text("Figures"),
            },
        )  # fmt: skip
        self.keys.bind(
            on_typed=lambda _, typed: self._type(typed),
            on_delete=lambda *_: self._set(self.entry.text[:-1], self.look.text("Deleted")),
            on_composed=lambda _, letters: self.entry.compose(letters),
            on_rebuilt=lambda *_: self.controls_changed(),
        )
        self.add_widget(self.entry)
        for option in question.options:
            phrase = Choice(id=option.id, text=option.text)
            phrase.bind(on_chosen=lambda chosen: self._type(chosen.text))
            self.add_widget(phrase)
        self.add_widget(self.keys)
        add_shortcuts(self)

    def go_on(self) -> None:
        if self.keys.composing:
            self.keys.pick(1)
        self.answer(self.entry.text.strip())

    def state(self) -> dict[str, Any]:
        return {"draft": self.entry.text, "mode": self.keys.mode}

    def type_key(self, key: Key) -> bool:
        if key is Key.DELETE:
            self.keys.delete()
        elif key.value.isdigit():
            if not self.keys.pick(int(key.value)):
                self._type(key.value)
        else:
            return False
        return True

    def set_draft(self, text: str) -> None:
        self._set(text[: self.question.max_length], "")

    def _type(self, typed: str) -> None:
        if len(self.entry.text) + len(typed) <= self.question.max_length:
            self._set(self.entry.text + typed, typed)
        else:
            self.say(self.look.text("There is no more room."))

    def _set(self, text: str, said: str) -> None:
        self.entry.type(text)
        if said.strip():
            self.say(said, is_private=self.question.is_private, instead=self.look.text("Typed"))

"""A field with choices: one large row each. Answers with the option's id."""

from __future__ import annotations

from typing import Any

from screens.ask_digits import add_shortcuts
from screens.widgets.choice import Choice, ChoiceList
from screens.widgets.frame import QuestionScreen


class AskChoiceScreen(QuestionScreen):
    """``AskField`` of kind choice."""

    def build(self) -> None:
        rows = []
        for option in self.question.options:
            row = Choice(id=option.id, text=option.text, icon="ok" if option.id == self.question.draft else "")
            row.bind(on_chosen=lambda chosen: self.answer(chosen.control_id))
            rows.append(row)
        self.list = ChoiceList()
        self.list.offer(rows, self.kept.get("page", 0))
        self.add_widget(self.list)
        add_shortcuts(self)

    def state(self) -> dict[str, Any]:
        return {"page": self.list.page}

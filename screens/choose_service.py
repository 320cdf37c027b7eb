"""What would you like to do: the services, one row each."""

from __future__ import annotations

from typing import Any

from kiosk.visit.front_words import not_now
from screens.widgets.choice import Choice, ChoiceList
from screens.widgets.frame import QuestionScreen


class OptionsScreen(QuestionScreen):
    """Base of screens that offer options; choosing one answers, an unavailable one says why it is not."""

    def offer(self, options: tuple[Any, ...]) -> ChoiceList:
        """Rows for ``options``, made from data; on the page where they were before."""
        rows = []
        for option in options:
            row = Choice(
                id=option.id, text=option.text, note=option.note, icon=option.icon,
                reason=not_now(option, self.look.text), is_available=option.is_available,
            )  # fmt: skip
            row.bind(on_chosen=self._choose)
            rows.append(row)
        found = ChoiceList()
        found.offer(rows, self.kept.get("page", 0))
        self.list = found
        return found

    def state(self) -> dict[str, Any]:
        return {"page": self.list.page}

    def _choose(self, row: Choice) -> None:
        if row.is_enabled:
            self.answer(row.control_id)
        else:
            self.say(f"{row.text}. {row.note}")


class ChooseServiceScreen(OptionsScreen):
    """The notice, if any, comes as the help sentence."""

    def build(self) -> None:
        self.add_widget(self.offer(self.question.options))

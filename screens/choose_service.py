"""What would you like to do: the services, one row each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kiosk.visit.front_words import not_now
from kiosk.visit.questions import ChooseService
from screens.widgets.choice import Choice, ChoiceList
from screens.widgets.frame import QuestionScreen

if TYPE_CHECKING:
    from kiosk.visit.questions import Question
    from kiosk.visit.wording import Words


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

    def take(self, question: Question, words: Words) -> bool:
        """What can be done changes while it is looked at: the same rows say so, and a finger on one stays there."""
        look = self.look
        if look is None or not isinstance(question, ChooseService):
            return False
        if [option.id for option in question.options] != [option.id for option in self.question.options]:
            return False
        self.question, self.words = question, words
        self.header.title, self.header.help = words.title, words.help
        for row, option in zip(self.list.choices, question.options, strict=True):
            row.show(option.note, not_now(option, look.text), is_available=option.is_available)
        self.arrange(look)
        return True

"""A field answered by Yes or No. Answers with a bool."""

from __future__ import annotations

from screens.ask_digits import add_shortcuts
from screens.widgets.choice import Choice, ChoiceList
from screens.widgets.frame import QuestionScreen


class AskYesNoScreen(QuestionScreen):
    """``AskField`` of kind yes_no."""

    def build(self) -> None:
        text = self.look.text
        yes, no = Choice(id="yes", text=text("Yes"), icon="ok"), Choice(id="no", text=text("No"), icon="no")
        yes.bind(on_chosen=lambda *_: self.answer(True))
        no.bind(on_chosen=lambda *_: self.answer(False))
        rows = ChoiceList()
        rows.offer([yes, no])
        self.add_widget(rows)
        add_shortcuts(self)

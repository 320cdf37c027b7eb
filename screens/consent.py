"""What is read and for what, in plain sentences. Answers True; refusing is Leave or Back."""

from __future__ import annotations

from screens.widgets.frame import QuestionScreen
from screens.widgets.points import Points


class ConsentScreen(QuestionScreen):
    """``Consent``: one sentence a line, each with a tick."""

    def build(self) -> None:
        self.add_widget(Points(self.question.points))

    def go_on(self) -> None:
        self.answer(True)

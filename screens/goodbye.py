"""All done, nothing kept. Ends by itself; a touch ends it sooner."""

from __future__ import annotations

from screens.widgets.frame import QuestionScreen
from screens.widgets.picture import Emblem


class GoodbyeScreen(QuestionScreen):
    """A tick when the resident was served, else a wave of the hand: the words say which."""

    has_tools = False

    def build(self) -> None:
        emblem = Emblem()
        emblem.icon = "ok" if self.question.outcome in ("served", "nothing_to_do") else "exit"
        self.add_widget(emblem)

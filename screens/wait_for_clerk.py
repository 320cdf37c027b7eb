"""A clerk is looking: how long, and a way out. The clerk answers; the resident may answer "other_way"."""

from __future__ import annotations

from screens.widgets.choice import Choice
from screens.widgets.frame import QuestionScreen


class WaitForClerkScreen(QuestionScreen):
    """``WaitForClerk``."""

    def build(self) -> None:
        row = Choice(id="other_way", text=self.label("other_way"), icon="more")
        row.bind(on_chosen=lambda *_: self.answer("other_way"))
        self.add_widget(row)

    def close(self) -> None:
        super().close()
        self.ids.busy.close()

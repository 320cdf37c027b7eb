"""A card or paper is still there. A device answers when it was taken."""

from __future__ import annotations

from screens.widgets.frame import QuestionScreen
from screens.widgets.picture import Emblem


class TakeBelongingsScreen(QuestionScreen):
    """``TakeBelongings``: a picture of each thing."""

    def build(self) -> None:
        emblem = Emblem()
        signs = [("card", self.question.has_card), ("paper", self.question.has_paper)]
        emblem.icons = [icon for icon, is_there in signs if is_there]
        self.add_widget(emblem)

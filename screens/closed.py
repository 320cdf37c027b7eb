"""Nothing can be done here now: why, where else, whom to call. The tools stay: somebody can be reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

from screens.widgets.frame import QuestionScreen
from screens.widgets.picture import Emblem
from screens.widgets.points import Points

if TYPE_CHECKING:
    from screens.theme import Look

SIGNS = {"battery": "plug", "tamper": "lock"}


class ClosedScreen(QuestionScreen):
    """``question.why`` has a sign; the two sentences below it are the remedy."""

    def build(self) -> None:
        self.emblem = Emblem()
        self.emblem.icon = SIGNS.get(self.question.why, "warning")
        self.points = Points((self.label("where"), self.label("call")), icons=("house", "telephone"))
        self.add_widget(self.emblem)
        self.add_widget(self.points)

    def place_upper(self, look: Look, x: float, bottom: float, width: float, top: float) -> None:
        """The sentences low, where the eye goes after the question; the sign in the room above them."""
        high = min(self.points.natural(look, width, top), top - bottom)
        self.points.place(look, x, bottom, width, high)
        self.emblem.place(look, x, bottom + high + look.gap, width, max(top - bottom - high - look.gap, 0))

"""Something failed: what, why, what to do now. Answers an option's id."""

from __future__ import annotations

from screens.choose_service import OptionsScreen
from screens.widgets.picture import Emblem


class TroubleScreen(OptionsScreen):
    """``Trouble``; the code is small, for the technician, and never without words."""

    def build(self) -> None:
        sign = Emblem()
        sign.icon = "warning"
        sign.code = self.question.code
        self.add_widget(sign)
        self.add_widget(self.offer(self.question.options))

"""Something failed: what, why, what to do now. Answers an option's id."""

from __future__ import annotations

from dataclasses import replace

from screens.choose_service import OptionsScreen
from screens.widgets.picture import Emblem

SIGNS = {"again": "repeat", "other_card": "card", "leave": "exit"}


class TroubleScreen(OptionsScreen):
    """``Trouble``; the code is small, for the technician, and never without words."""

    @property
    def has_leave(self) -> bool:
        return all(option.id != "leave" for option in self.question.options)

    def build(self) -> None:
        sign = Emblem()
        sign.icon = "warning"
        sign.code = self.question.code
        self.add_widget(sign)
        options = [replace(o, icon=o.icon or SIGNS.get(o.id, "next")) for o in self.question.options]
        self.add_widget(self.offer(tuple(options)))

"""How shall we check that it is you: all ways of equal rank. Answers "face", "code" or "clerk"."""

from __future__ import annotations

from screens.choose_service import OptionsScreen


class ChooseWayScreen(OptionsScreen):
    """``ChooseWay``."""

    def build(self) -> None:
        self.add_widget(self.offer(self.question.ways))

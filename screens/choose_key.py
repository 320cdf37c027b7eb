"""Which of the things that open a passport's chip can the resident see on it? Answers "can" or "mrz"."""

from __future__ import annotations

from screens.choose_service import OptionsScreen
from screens.widgets.key_picture import KeyPicture

PARTS = {"can": ("can",), "mrz": ("number", "birth", "expiry")}


class ChooseKeyScreen(OptionsScreen):
    """``ChooseKey``."""

    def build(self) -> None:
        self.add_widget(KeyPicture(*(PARTS[option.id] for option in self.question.options)))
        self.add_widget(self.offer(self.question.options))

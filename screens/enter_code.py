"""The six digits from the telephone. Answers them, or "resend" / "other_way"."""

from __future__ import annotations

from screens.ask_digits import DigitsScreen
from screens.widgets.pair import Pair


class EnterCodeScreen(DigitsScreen):
    """``EnterCode``."""

    kind = "code"
    most = 6

    def build(self) -> None:
        self.make_pad("")
        pair = Pair([("resend", self.label("resend"), "repeat"), ("other_way", self.label("other_way"), "more")])
        pair.bind(on_picked=lambda _, answer: self.answer(answer))
        self.add_widget(pair)

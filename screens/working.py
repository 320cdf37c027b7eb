"""A machine works: the sentence says at what, a quiet bar moves, nothing flashes."""

from __future__ import annotations

from screens.widgets.frame import QuestionScreen

SIGNS = {
    "looking_up": "card", "opening_camera": "camera", "taking_photo": "camera", "sending_code": "phone",
    "submitting": "send", "enquiring": "paper", "printing": "printer",
}  # fmt: skip


class WorkingScreen(QuestionScreen):
    """``Working``. Nothing to choose; the tool bar stays."""

    def build(self) -> None:
        self.ids.busy.icon = SIGNS.get(self.question.what, "more_time")

    def close(self) -> None:
        super().close()
        self.ids.busy.close()

"""Please look at the camera: live preview in a calm oval, coaching below it, and equal ways without one or the other.

While a second person looks on, the picture is covered and it is asked whether they help.
"""

from __future__ import annotations

from screens.widgets.choice import Choice
from screens.widgets.frame import QuestionScreen
from screens.widgets.preview import Preview

_ICONS = {"helper": "帮", "still": "静", "movement": "动", "other_way": "more"}


class MatchFaceScreen(QuestionScreen):
    """``MatchFace``. The matcher answers; the resident may answer by any of the choices."""

    def build(self) -> None:
        look_here = self.look.text("Please look here")
        is_covered = self.question.has_company
        self.preview = Preview("" if is_covered else self.question.preview_ring, is_covered=is_covered)
        self.preview.sign = self.look.text("The camera is on")
        self.preview.words = self.words.title if is_covered else look_here
        self.add_widget(self.preview)
        for answer, icon in _ICONS.items():
            if self.label(answer):
                self.add_widget(self._choice(answer, icon))

    def _choice(self, answer: str, icon: str) -> Choice:
        row = Choice(
            id=answer, text=self.label(answer), name=self.label(answer), note=self.label(f"{answer}_note"),
            icon=icon,
        )  # fmt: skip
        row.bind(on_chosen=lambda *_: self.answer(answer))
        return row

    def status(self, text: str) -> None:
        self.status_text = text
        if not self.question.has_company:
            self.preview.say(text or self.look.text("Please look here"))

    def close(self) -> None:
        super().close()
        self.preview.close()

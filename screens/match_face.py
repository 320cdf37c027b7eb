"""Please look at the camera: live preview in a calm oval, coaching below it, and an equal way without a face."""

from __future__ import annotations

from screens.widgets.choice import Choice
from screens.widgets.frame import QuestionScreen
from screens.widgets.preview import Preview


class MatchFaceScreen(QuestionScreen):
    """``MatchFace``. The matcher answers; the resident may answer "other_way"."""

    def build(self) -> None:
        self.preview = Preview(self.question.preview_ring)
        self.preview.words = self.look.text("Please look here")
        self.add_widget(self.preview)
        row = Choice(id="other_way", text=self.label("other_way"), note=self.label("other_way_note"), icon="more")
        row.bind(on_chosen=lambda *_: self.answer("other_way"))
        self.add_widget(row)

    def status(self, text: str) -> None:
        self.status_text = text
        self.preview.say(text or self.look.text("Please look here"))

    def close(self) -> None:
        super().close()
        self.preview.close()

"""A photo by the booth's camera. Answers "take", then "keep" or "take" again; Skip where it is optional."""

from __future__ import annotations

from screens.ask_digits import add_shortcuts
from screens.widgets.choice import Choice
from screens.widgets.frame import QuestionScreen
from screens.widgets.photo import Photo


class AskPhotoScreen(QuestionScreen):
    """``AskField`` of kind photo."""

    def build(self) -> None:
        self.photo = Photo(self.question.picture)
        self.add_widget(self.photo)
        if self.label("take"):
            again = Choice(id="take", text=self.label("take"), icon="camera")
            again.bind(on_chosen=lambda *_: self.answer("take"))
            self.add_widget(again)
        add_shortcuts(self)

    def go_on(self) -> None:
        self.answer("take" if self.question.picture is None else "keep")

    def close(self) -> None:
        super().close()
        self.photo.close()

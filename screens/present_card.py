"""Please put your card on the reader. A card answers; the resident may answer "no_card"."""

from __future__ import annotations

from screens.widgets.card_picture import CardPicture
from screens.widgets.choice import Choice
from screens.widgets.frame import QuestionScreen


class PresentCardScreen(QuestionScreen):
    """``PresentCard``."""

    def build(self) -> None:
        text = self.look.text
        reading = self.question.is_reading
        self.picture.words = text("Reading, please leave it there") if reading else text("Reader: below, at the light")
        self.picture.is_reading = reading
        if self.label("no_card"):
            row = Choice(id="no_card", text=self.label("no_card"), note=self.label("no_card_note"), icon="more")
            row.bind(on_chosen=lambda *_: self.answer("no_card"))
            self.add_widget(row)

    @property
    def picture(self) -> CardPicture:
        return self.ids.picture.__self__

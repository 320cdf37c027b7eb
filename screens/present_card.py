"""Please put your document on the reader. A document answers; the resident may answer "no_card"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from screens.widgets.card_picture import CardPicture
from screens.widgets.choice import Choice
from screens.widgets.frame import QuestionScreen

if TYPE_CHECKING:
    from kiosk.visit.questions import Question
    from kiosk.visit.wording import Words


class PresentCardScreen(QuestionScreen):
    """``PresentCard``."""

    def build(self) -> None:
        self._fill()
        if self.label("no_card"):
            row = Choice(id="no_card", text=self.label("no_card"), note=self.label("no_card_note"), icon="more")
            row.bind(on_chosen=lambda *_: self.answer("no_card"))
            self.add_widget(row)

    def _fill(self) -> None:
        question, picture = self.question, self.picture
        shapes = [shape for shape in ("card", "booklet") if self.label(shape)]
        picture.ways = [(shape, self.label(shape)) for shape in shapes] or [("card", "")]
        picture.is_reading, picture.share = question.is_reading, question.share
        picture.seen = question.seen_name
        picture.words = self.label("seen") or self.look.text("Reader: below, at the light")

    def take(self, question: Question, words: Words) -> bool:
        """Go on with the bar of the same reading in place: a finger on the glass stays where it is."""
        same = self.question.is_reading and getattr(question, "is_reading", False) and words.help == self.words.help
        if same:
            self.question, self.words = question, words
            self._fill()
            self.picture.redraw()
        return bool(same)

    @property
    def picture(self) -> CardPicture:
        return self.ids.picture.__self__

"""May a clerk see the pictures? Answers True, or False for questions instead."""

from __future__ import annotations

from screens.widgets.frame import QuestionScreen


class SharePicturesScreen(QuestionScreen):
    """``SharePictures``: agreeing is the primary action, being asked instead an equal choice above it."""

    def go_on(self) -> None:
        self.answer(True)

"""Nothing needs to be done: it was done before. Answers None."""

from __future__ import annotations

from screens.widgets.frame import QuestionScreen


class AlreadyDoneScreen(QuestionScreen):
    """``AlreadyDone``: the sentence is the heading."""

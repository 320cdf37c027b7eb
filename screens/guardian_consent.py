"""Under 14: does a guardian agree to the camera. Answers True, or False for another way."""

from __future__ import annotations

from screens.widgets.frame import QuestionScreen


class GuardianConsentScreen(QuestionScreen):
    """``GuardianConsent``: agreeing is the primary action, the other way an equal choice above it."""

    def go_on(self) -> None:
        self.answer(True)

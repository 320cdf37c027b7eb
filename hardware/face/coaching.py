"""What to tell the resident, and when: one short thing at a time, at most every 1.5 s. Pure; has no words itself.

Tells the mask once and then lives with it: who cannot take it off is compared all the same.
"""

from __future__ import annotations

import math

from hardware.face import Coaching

MASK_PATIENCE_S = 4.0  # after asking: time to take it off before covered frames count


class Coach:
    """Spares the resident a flicker of advice: one at a time, at most every 1.5 s, nothing for a single bad frame."""

    EVERY_S = 1.5
    AGAIN_S = 6.0  # an advice that stays unmet is repeated
    BAD_FRAMES = 2

    def __init__(self) -> None:
        self._said: Coaching | None = None
        self._said_at_s = -math.inf
        self._seen: Coaching | None = None
        self._times = 0

    def advise(self, coaching: Coaching, at_s: float) -> Coaching | None:
        """Give what is to be said after a frame judged ``coaching`` at ``at_s``, if anything."""
        self._times = self._times + 1 if coaching is self._seen else 1
        self._seen = coaching
        if self._times < self.BAD_FRAMES and coaching is not Coaching.GOOD:
            return None
        wait_s = self.AGAIN_S if coaching is self._said else self.EVERY_S
        if at_s - self._said_at_s < wait_s:
            return None
        self._said, self._said_at_s = coaching, at_s
        return coaching


class MaskAdvice:
    """Asks once to take the mask off, and waits a little before covered frames count."""

    FRAMES = 3  # in a row: a hand before the mouth is no mask

    def __init__(self) -> None:
        self._in_a_row = 0
        self._asked_s: float | None = None
        self.was_covered = False

    def is_waiting(self, at_s: float) -> bool:
        """Whether it was asked, and the person has time left to do it."""
        return self._asked_s is not None and at_s - self._asked_s < MASK_PATIENCE_S

    def judge(self, is_covered: bool, at_s: float) -> Coaching | None:
        """Give MASK_OFF for a frame that does not count: covered, and the person was not asked or not given time."""
        self._in_a_row = self._in_a_row + 1 if is_covered else 0
        if not is_covered:
            return None
        if self._asked_s is None:
            if self._in_a_row >= self.FRAMES:
                self._asked_s, self.was_covered = at_s, True
            return Coaching.MASK_OFF
        return Coaching.MASK_OFF if self.is_waiting(at_s) else None

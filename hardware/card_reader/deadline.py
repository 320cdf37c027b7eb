"""When a reading is given up, sans-IO: the family's budget, the silence one command may last, the card that left.

Time is what the caller says it is, in seconds of one clock. Knows no card and ends nothing itself.
"""

from __future__ import annotations

import enum
import math

from hardware.card_reader.messages import Pulse

START_WITHIN_S = 5.0  # power-up of a card that does not want to, and a driver that still loads its families
LIFTED_WITHIN_S = 0.4  # the driver's own word usually comes within milliseconds after the daemon noticed
LOST_WITHIN_S = 2.0


class Cause(enum.Enum):
    """Why a reading is given up."""

    SILENT = "silent"
    LIFTED = "lifted"
    LOST = "lost"


class Deadline:
    """One reading's. ``longest_s`` caps the family's budget; None leaves it as it is."""

    def __init__(self, now_s: float, longest_s: float | None = None) -> None:
        self._longest_s = longest_s
        self._ends_s = now_s + (START_WITHIN_S if longest_s is None else longest_s)
        self._silent_s = math.inf
        self._answer_within_s = math.inf
        self._given_up_s = math.inf
        self._family = ""
        self._cause = Cause.SILENT
        self.is_held = False

    def pulse(self, now_s: float, pulse: Pulse) -> None:
        """The driver says it goes on, with which family, or that another program has the card."""
        if self.is_held and not pulse.is_held and self._longest_s is not None:
            self._ends_s = now_s + self._longest_s
        self.is_held = pulse.is_held
        if pulse.family and pulse.family != self._family:
            self._family, self._answer_within_s = pulse.family, pulse.answer_within_s
            if self._longest_s is None:
                self._ends_s = now_s + pulse.budget_s
        self.touch(now_s)

    def touch(self, now_s: float) -> None:
        """A command was answered."""
        self._silent_s = now_s + self._answer_within_s

    def presence(self, now_s: float, *, is_lost: bool, is_lifted: bool) -> None:
        """What the daemon says about the reader and the card that is being read."""
        if not is_lost and not is_lifted:
            self._given_up_s, self._cause = math.inf, Cause.SILENT
        elif self._given_up_s == math.inf:
            self._cause = Cause.LOST if is_lost else Cause.LIFTED
            self._given_up_s = now_s + (LOST_WITHIN_S if is_lost else LIFTED_WITHIN_S)

    def left_s(self, now_s: float) -> float:
        """Seconds until the reading is given up; never less than 0, infinite while another program has the card."""
        ends_s = math.inf if self.is_held else min(self._ends_s, self._silent_s)
        return max(0.0, min(ends_s, self._given_up_s) - now_s)

    def cause(self, now_s: float) -> Cause:
        """Why it is given up, when it is."""
        return self._cause if now_s >= self._given_up_s else Cause.SILENT

"""How much time this resident needs (R21, R22): defaults from the settings, stretched by the resident's own wish."""

from __future__ import annotations

from kiosk.config import Times


class Pace:
    """Patience of one visit."""

    def __init__(self, times: Times) -> None:
        self._times = times
        self._more_s = 0.0

    def give_more_time(self) -> None:
        """ "I need more time" was pressed; may be pressed as often as wished."""
        self._more_s += self._times.more_time_s

    def idle_s(self, *, is_identified: bool, is_aided: bool) -> float:
        """Seconds without input or speech before the alert."""
        if is_aided:
            base = self._times.idle_with_aids_s
        elif is_identified:
            base = self._times.idle_s
        else:
            base = self._times.idle_anonymous_s
        return base + self._more_s

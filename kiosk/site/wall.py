"""Wall time as a label: how far it can be trusted, whether it jumped, and the site's own minute of the day.

Nothing is timed by it. The kernel says whether a time server steers the clock; a jump is found against the monotonic
clock. Reads clocks only through what it is given.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from kiosk.site.journal import Clock

STEP_S = 2.0
STEPPED_FOR_S = 60.0  # labels around a jump cannot be compared
ASK_EVERY_S = 10.0
_TIME_ERROR = 5
_TIMEX_BYTES = 256  # struct timex takes 208 on 64 bit


def is_synchronised() -> bool:
    """The kernel's word (adjtimex(2)): a time server steers this clock."""
    state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    return bool(0 <= state != _TIME_ERROR)


class Wall:
    """``tick`` a few times a second."""

    def __init__(self, now: float, wall_s: float, zone: str, is_synced: Callable[[], bool] = is_synchronised) -> None:
        self._zone = ZoneInfo(zone)
        self._is_synced = is_synced
        self._offset_s = wall_s - now
        self._stepped_until = float("-inf")
        self._asked_at = now
        self._answer = is_synced()
        self.clock: Clock = "synced" if self._answer else "free-running"
        self.minute = 0
        self._set_minute(wall_s)

    def move(self, zone: str) -> None:
        """The site file has another time zone."""
        self._zone = ZoneInfo(zone)

    def tick(self, now: float, wall_s: float) -> tuple[float, float] | None:
        """Let time pass; a jump of more than 2 s gives (what the clock would show, what it shows)."""
        if now - self._asked_at >= ASK_EVERY_S:
            self._asked_at, self._answer = now, self._is_synced()
        expected_s = now + self._offset_s
        step = abs(wall_s - expected_s) > STEP_S
        if step:
            self._stepped_until = now + STEPPED_FOR_S
        self._offset_s = wall_s - now  # small corrections are not added up to a jump
        self.clock = "stepped" if now < self._stepped_until else "synced" if self._answer else "free-running"
        self._set_minute(wall_s)
        return (expected_s, wall_s) if step else None

    def at(self, then: float) -> float:
        """Wall time (Unix seconds) of a moment of the monotonic clock, as the clock is set now."""
        return then + self._offset_s

    def label(self, then: float) -> str:
        """The same as ISO 8601, UTC."""
        return datetime.fromtimestamp(self.at(then), UTC).isoformat(timespec="seconds")

    def _set_minute(self, wall_s: float) -> None:
        local = datetime.fromtimestamp(wall_s, self._zone)
        self.minute = local.hour * 60 + local.minute

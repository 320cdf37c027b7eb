"""Is a device well, declining, or lost? Each is measured against its own past, so that decline is said before loss.

Lost is silence for the promised time *and* at least 5 missed polls; 2 of the last 3 missed is decline only: at 2 % loss
it happens hundreds of times a day. Pure: the caller says what was answered, missed and seen, and when.
"""

from __future__ import annotations

import enum
import math
from array import array
from collections import deque
from dataclasses import dataclass

from kiosk.site.points import Cause

MISSED_POLLS = 5
JUDGED_S = 1.0  # who was judged within this, by an answer, is not looked at again
RECENT = 3
RECENT_MISSED = 2  # of the last 3: declining
GOOD_TO_RETURN = 2
SLOWER = 3.0  # 95th percentile against the device's own of 7 days
BASELINE_DAYS = 7
LEAST_ANSWERS = 200  # before a day says anything about response times
ERROR_WINDOW = 200  # polls
ERROR_RATE = 0.05
REBOOTS = 3  # within a day
CLOCK_WARN_S = 2.0
CLOCK_BAD_S = 60.0
FROZEN_S = 20.0  # without pictures that go on
DARK_PERCENT = 3.0  # of full brightness: a covered lens, or night without light
LEAST_AVAILABILITY = 0.98  # of 24 h
HOUR_S, DAY_S = 3600.0, 86_400.0
_BIN_RATIO = 1.25  # response times are kept in bins this far apart: 0.1 ms .. 1 h in 80
_BINS = 80
_FIRST_BIN_S = 0.0001


class State(enum.Enum):
    UNKNOWN = "unknown"  # nothing heard since the start, and not yet lost
    ONLINE = "online"
    DEGRADED = "degraded"
    LOST = "lost"


class Sign(enum.Enum):
    """Why a device is degraded."""

    MISSES = "misses"
    ERRORS = "errors"
    SLOW = "slow"
    REBOOTS = "reboots"
    CLOCK = "clock"
    CLOCK_BAD = "clock_bad"
    AVAILABILITY = "availability"
    PICTURE_FROZEN = "picture_frozen"
    PICTURE_DARK = "picture_dark"


_NONE: frozenset[Sign] = frozenset()


@dataclass(frozen=True)
class Promise:
    """Within what time a loss is found; ``missed`` is 2 for devices that send heartbeats on a battery."""

    lost_after_s: float
    missed: int = MISSED_POLLS


@dataclass(frozen=True)
class News:
    """The state or its signs changed."""

    before: State
    after: State
    signs: frozenset[Sign]
    at: float
    cause: Cause = Cause.NONE


class Health:
    """Health of one device."""

    def __init__(self, promise: Promise, now: float) -> None:
        self.state = State.UNKNOWN
        self.signs: frozenset[Sign] = frozenset()
        self.cause = Cause.NONE
        self.losses = 0
        self.promise = promise
        self._heard_at = now
        self._missed = 0
        self._good = 0
        self._recent: deque[bool] = deque(maxlen=RECENT)
        self._errors: deque[bool] = deque(maxlen=ERROR_WINDOW)
        self._error_count = 0
        self._times = _Times(now)
        self._uptime: tuple[float, float] | None = None
        self._reboots: deque[float] = deque(maxlen=REBOOTS)
        self._offset_s = 0.0
        self._picture: frozenset[Sign] = frozenset()
        self._presence = _Presence(now)
        self._judged_at = now

    def answered(self, now: float, response_s: float | None = None) -> News | None:
        """A valid answer or heartbeat; ``response_s`` where there was a question."""
        self._heard_at = now
        self._missed = 0
        self._good += 1
        self._note(is_missed=False)
        if response_s is not None:
            self._times.add(response_s, now)
        return self._judge(now)

    def missed(self, now: float, cause: Cause) -> News | None:
        """A poll (or an expected heartbeat) without a valid answer."""
        self._missed += 1
        self._good = 0
        self.cause = cause
        self._note(is_missed=True)
        return self._judge(now)

    @property
    def is_in_doubt(self) -> bool:
        """It missed enough polls to be lost; only the promised time is not over."""
        return self._missed >= self.promise.missed and self.state is not State.LOST

    def uptime(self, now: float, uptime_s: float) -> News | None:
        """The device says how long it runs; going backwards is a reboot."""
        if self._uptime is not None:
            at, before = self._uptime
            if uptime_s + CLOCK_WARN_S < before + 0.5 * (now - at):
                self._reboots.append(now)
        self._uptime = (now, uptime_s)
        return self._judge(now)

    def clock(self, now: float, offset_s: float) -> News | None:
        """The device's clock against ours."""
        self._offset_s = offset_s
        return self._judge(now)

    def picture(self, now: float, *, is_frozen: bool | None = None, is_dark: bool | None = None) -> News | None:
        """What the camera probe saw; None: it did not look for that."""
        for sign, is_so in ((Sign.PICTURE_FROZEN, is_frozen), (Sign.PICTURE_DARK, is_dark)):
            if is_so is not None:
                self._picture = self._picture | {sign} if is_so else self._picture - {sign}
        return self._judge(now)

    def tick(self, now: float) -> News | None:
        """Let time pass."""
        if now - self._judged_at < JUDGED_S and not self.is_in_doubt:
            return None
        return self._judge(now)

    def availability(self, now: float, within_s: float) -> float:
        """Part of the last ``within_s`` seconds (at most 30 days) that the device was not lost, to the hour."""
        return self._presence.share(now, within_s)

    def mean_time_between_losses_s(self, now: float) -> float:
        """Seconds watched for each loss; infinite without one."""
        return (now - self._presence.began) / self.losses if self.losses else math.inf

    @property
    def error_rate(self) -> float:
        """Part of the last 200 polls that failed."""
        return self._error_count / len(self._errors) if self._errors else 0.0

    def _note(self, *, is_missed: bool) -> None:
        self._recent.append(is_missed)
        if len(self._errors) == ERROR_WINDOW:
            self._error_count -= self._errors[0]
        self._errors.append(is_missed)
        self._error_count += is_missed

    def _judge(self, now: float) -> News | None:
        self._judged_at = now
        self._presence.pass_until(now, is_there=self.state is not State.LOST)
        signs = self._found(now)
        is_silent = now - self._heard_at >= self.promise.lost_after_s and self._missed >= self.promise.missed
        if is_silent:
            state = State.LOST
        elif self.state in (State.LOST, State.UNKNOWN) and self._good < GOOD_TO_RETURN:
            state = self.state  # one answer is not a return
        else:
            state = State.DEGRADED if signs else State.ONLINE
        if (state, signs) == (self.state, self.signs):
            return None
        before, self.state, self.signs = self.state, state, signs
        self.losses += state is State.LOST and before is not State.LOST
        if state is State.ONLINE:
            self.cause = Cause.NONE
        return News(before, state, signs, now, self.cause)

    def _found(self, now: float) -> frozenset[Sign]:
        is_spotless = not (self.signs or self._error_count or self._picture or self._reboots or self._offset_s)
        is_steady = now - self._presence.began < DAY_S or self._presence.last_day >= LEAST_AVAILABILITY
        if is_spotless and is_steady and not self._times.is_slow(now):  # nearly all, nearly always
            return _NONE
        signs = set(self._picture)
        if sum(self._recent) >= RECENT_MISSED or (Sign.MISSES in self.signs and self._good < GOOD_TO_RETURN):
            signs.add(Sign.MISSES)
        if len(self._errors) == ERROR_WINDOW and self.error_rate > ERROR_RATE:
            signs.add(Sign.ERRORS)
        if self._times.is_slow(now):
            signs.add(Sign.SLOW)
        if len(self._reboots) == REBOOTS and now - self._reboots[0] < DAY_S:
            signs.add(Sign.REBOOTS)
        if abs(self._offset_s) > CLOCK_BAD_S:
            signs.add(Sign.CLOCK_BAD)
        elif abs(self._offset_s) > CLOCK_WARN_S:
            signs.add(Sign.CLOCK)
        if now - self._presence.began >= DAY_S and self._presence.last_day < LEAST_AVAILABILITY:
            signs.add(Sign.AVAILABILITY)
        return frozenset(signs)


class _Times:
    """Response times in geometric bins: the last hour against the seven days before it."""

    def __init__(self, now: float) -> None:
        self._hour_began, self._day_began = now, now
        self._hour = array("I", bytes(4 * _BINS))
        self._today = array("I", bytes(4 * _BINS))
        self._days: deque[array[int]] = deque(maxlen=BASELINE_DAYS)
        self._baseline_s: float | None = None
        self._is_slow = False
        self._unjudged = 0

    def add(self, response_s: float, now: float) -> None:
        if now - self._day_began >= DAY_S:
            self._day_began = now
            self._days.append(self._today)
            self._today = array("I", bytes(4 * _BINS))
            week = [sum(day[number] for day in self._days) for number in range(_BINS)]
            self._baseline_s = _percentile_95(week) if sum(week) >= LEAST_ANSWERS else None
        if now - self._hour_began >= HOUR_S:
            self._hour_began, self._hour = now, array("I", bytes(4 * _BINS))
        steps = math.log(max(response_s, _FIRST_BIN_S) / _FIRST_BIN_S) / math.log(_BIN_RATIO)
        place = min(_BINS - 1, int(steps))
        self._hour[place] += 1
        if not self._is_slow:
            self._today[place] += 1  # a slow device must not become its own measure
        self._unjudged += 1

    def is_slow(self, now: float) -> bool:
        if self._unjudged >= LEAST_ANSWERS and self._baseline_s is not None and sum(self._hour) >= LEAST_ANSWERS:
            self._unjudged = 0
            self._is_slow = _percentile_95(list(self._hour)) >= SLOWER * self._baseline_s
        return self._is_slow


def _percentile_95(bins: list[int]) -> float:
    """The lower edge of the bin that holds the 95th percentile, in seconds."""
    left = 0.95 * sum(bins)
    for number, count in enumerate(bins):
        left -= count
        if left <= 0:
            return _FIRST_BIN_S * _BIN_RATIO**number
    return _FIRST_BIN_S * _BIN_RATIO**_BINS


class _Presence:
    """Seconds of each of the last 720 hours in which the device was not lost."""

    HOURS = 720

    def __init__(self, now: float) -> None:
        self.began = now
        self._at = now
        self._hours: deque[float] = deque([0.0], maxlen=self.HOURS)
        self._number = 0
        self.last_day = 1.0

    def pass_until(self, now: float, *, is_there: bool) -> None:
        while self._at < now:
            boundary = self.began + (self._number + 1) * HOUR_S
            end = min(now, boundary)
            if is_there:
                self._hours[-1] += end - self._at
            self._at = end
            if end == boundary:
                self._number += 1
                self._hours.append(0.0)
                self.last_day = self.share(end, DAY_S)

    def share(self, now: float, within_s: float) -> float:
        begun = max(0.0, now - (self.began + self._number * HOUR_S))  # of the hour that is not over
        hours = max(1, math.ceil(min(within_s, now - self.began) / HOUR_S))
        kept = list(self._hours)[-hours - (begun == 0) :]
        whole = HOUR_S * (len(kept) - 1) + begun
        return min(1.0, sum(kept) / whole) if whole > 0 else 1.0

"""From a driver's samples to a point: validity, range, rate, flatline, debounce, deadband, chattering, staleness.

The order is fixed: a check never sees what an earlier one refused. Levels are those of QARTOD: a suspect value is
uncertain, a failed one is bad and the last good value stays beside it. Pure: the caller brings samples and time.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from kiosk.site.alarm_states import CHATTER_S, CHATTER_TRANSITIONS
from kiosk.site.points import Cause, LoopBands, Point, Quality, Sample, Value

FLATLINE_SUSPECT = 4  # QARTOD's flat line test: repeats that are suspect ...
FLATLINE_FAIL = 6  # ... and that fail


@dataclass(frozen=True)
class Limits:
    """What a profile says of one point. Times in seconds, values in the point's unit after ``scale`` and ``offset``.

    ``words`` maps raw numbers or words to the words of a state; with ``bands`` a number in ohm becomes a loop's word.
    """

    scale: float = 1.0
    offset: float = 0.0
    words: tuple[tuple[float | str, str], ...] = ()
    bands: LoopBands | None = None
    is_current_loop: bool = False  # raw is mA of a 4-20 mA loop
    fail_below: float = -math.inf
    fail_above: float = math.inf
    suspect_below: float = -math.inf
    suspect_above: float = math.inf
    rate_suspect: float = math.inf  # unit per second
    rate_fail: float = math.inf
    has_flatline: bool = False  # count equal readings (analogue values that always move a little)
    flatline_s: float = math.inf  # or: no movement for so long is suspect
    flatline_within: float = 0.0  # movement up to this is none
    debounce_s: float = 0.0
    deadband: float = 0.0
    average_s: float = 0.0  # 0: none
    is_level_db: bool = False  # average energies, as LAeq does, not figures
    stale_after_s: float = math.inf
    may_chatter: bool = True
    is_event: bool = False  # every good sample is news, also the same word again


@dataclass
class _Chatter:
    """More than 3 transitions in 60 s."""

    seen: deque[float]

    def note(self, now: float) -> None:
        self.seen.append(now)

    def is_on(self, now: float) -> bool:
        while self.seen and now - self.seen[0] > CHATTER_S:
            self.seen.popleft()
        return len(self.seen) > CHATTER_TRANSITIONS


class Conditioner:
    """Turns the samples of one point into its readings. ``take`` and ``tick`` give a Point when there is news."""

    def __init__(self, limits: Limits, start: Point | None = None) -> None:
        self.limits = limits
        self.point = start or Point()
        self.transitions = 0  # since the start, chattering included
        self._last: tuple[float, float] | None = None  # value and time of the last valid number, for the rate
        self._moved: tuple[float, float] | None = None  # value and time of the last movement, for the flatline
        self._repeats = 0
        self._candidate: tuple[str, float] | None = None
        self._window: deque[tuple[float, float]] = deque()  # for the average: amount and time
        self._sum = 0.0
        self._added = 0
        self._chatter = _Chatter(deque())
        self._words = dict(limits.words)
        # What a profile does not ask for is not computed: a site has thousands of points, each read every second.
        self._has_rate = min(limits.rate_suspect, limits.rate_fail) < math.inf
        self._has_flatline = limits.has_flatline or limits.flatline_s < math.inf
        self._is_linear = not (self._words or limits.is_current_loop or limits.bands is not None)

    @property
    def is_waiting(self) -> bool:
        """A debounce runs: ``tick`` soon."""
        return self._candidate is not None

    def take(self, sample: Sample) -> Point | None:
        """Condition one sample; None when value, quality and cause stay as they are."""
        if sample.fault is not Cause.NONE:
            return self._doubt(Quality.BAD, sample.fault, sample.at)
        if self._is_linear and isinstance(sample.raw, float | int) and math.isfinite(sample.raw):
            return self._number(sample.raw * self.limits.scale + self.limits.offset, sample.at)
        value = self._meaning(sample.raw)
        if isinstance(value, Cause):
            return self._doubt(Quality.BAD, value, sample.at)
        if isinstance(value, str):
            return self._word(value, sample.at)
        return self._number(value, sample.at)

    def tick(self, now: float) -> Point | None:
        """Let time pass: staleness, a debounce that has waited long enough, the end of chattering."""
        point = self.point
        is_fresh = point.quality is Quality.BAD or now - point.at <= self.limits.stale_after_s
        if is_fresh and self._candidate is None and point.cause is not Cause.CHATTERING:
            return None
        if point.cause is Cause.NEVER:
            return None
        if self.point.quality is not Quality.BAD and self.point.age_s(now) > self.limits.stale_after_s:
            return self._doubt(Quality.BAD, Cause.STALE, now)
        if self._candidate is not None and now - self._candidate[1] >= self.limits.debounce_s:
            return self._accept(self._candidate[0], self._candidate[1], now)
        if self.point.cause is Cause.CHATTERING and not self._chatter.is_on(now):
            return self._become(self.point.value, Quality.GOOD, Cause.NONE, self.point.at, now)
        return None

    def _meaning(self, raw: float | str | None) -> Value | Cause:
        limits = self.limits
        if self._words:
            return self._words.get(raw, Cause.NOT_A_VALUE) if raw is not None else Cause.NOT_A_VALUE
        if isinstance(raw, str):
            return raw
        if raw is None or not math.isfinite(raw):
            return Cause.NOT_A_VALUE
        if limits.is_current_loop and not 3.6 <= raw <= 21:  # NAMUR NE 43
            return Cause.WIRE_FAULT
        value = raw * limits.scale + limits.offset
        if limits.bands is not None:
            return limits.bands.classify(value).value
        return value

    def _number(self, value: float, at: float) -> Point | None:
        limits = self.limits
        if not limits.fail_below <= value <= limits.fail_above:
            return self._doubt(Quality.BAD, Cause.OUT_OF_RANGE, at)
        level, cause = Quality.GOOD, Cause.NONE
        if not limits.suspect_below <= value <= limits.suspect_above:
            level, cause = Quality.UNCERTAIN, Cause.OUT_OF_RANGE
        rate = self._rate(value, at) if self._has_rate else 0.0
        if rate > limits.rate_fail:
            return self._doubt(Quality.BAD, Cause.RATE, at)
        if rate > limits.rate_suspect:
            level, cause = Quality.UNCERTAIN, Cause.RATE
        flat = self._flatline(value, at) if self._has_flatline else Quality.GOOD
        if flat is Quality.BAD:
            return self._doubt(Quality.BAD, Cause.FLATLINE, at)
        if flat is Quality.UNCERTAIN and level is Quality.GOOD:
            level, cause = flat, Cause.FLATLINE
        shown = self._average(value, at) if limits.average_s > 0 else value
        before = self.point.value
        is_within = isinstance(before, float) and limits.deadband > 0 and abs(shown - before) <= limits.deadband
        return self._become(before if is_within else shown, level, cause, at, at)

    def _rate(self, value: float, at: float) -> float:
        last, self._last = self._last, (value, at)
        if last is None or at <= last[1]:
            return 0.0
        return abs(value - last[0]) / (at - last[1])

    def _flatline(self, value: float, at: float) -> Quality:
        if self._moved is None or abs(value - self._moved[0]) > self.limits.flatline_within:
            self._moved, self._repeats = (value, at), 1
            return Quality.GOOD
        self._repeats += 1
        if self.limits.has_flatline and self._repeats >= FLATLINE_FAIL:
            return Quality.BAD
        is_long = at - self._moved[1] >= self.limits.flatline_s
        is_suspect = is_long or (self.limits.has_flatline and self._repeats >= FLATLINE_SUSPECT)
        return Quality.UNCERTAIN if is_suspect else Quality.GOOD

    def _average(self, value: float, at: float) -> float:
        amount = 10 ** (value / 10) if self.limits.is_level_db else value
        self._window.append((amount, at))
        self._sum += amount
        while at - self._window[0][1] >= self.limits.average_s:
            self._sum -= self._window.popleft()[0]
        self._added += 1
        if self._added % 256 == 0:  # now and then exactly, so that rounding does not add up
            self._sum = math.fsum(one for one, _ in self._window)
        mean = self._sum / len(self._window)
        return 10 * math.log10(mean) if self.limits.is_level_db else mean

    def _word(self, word: str, at: float) -> Point | None:
        if word == self.point.value or self.point.value is None or self.limits.debounce_s <= 0:
            return self._accept(word, at, at)
        if self._candidate is None or self._candidate[0] != word:
            self._candidate = (word, at)
            return None
        if at - self._candidate[1] < self.limits.debounce_s:
            return None
        return self._accept(word, at, at)

    def _accept(self, word: str, confirmed_at: float, now: float) -> Point | None:
        self._candidate = None
        if self.point.value is not None and word != self.point.value:
            self.transitions += 1
            self._chatter.note(now)
        if self.limits.may_chatter and self._chatter.is_on(now):
            return self._become(word, Quality.UNCERTAIN, Cause.CHATTERING, confirmed_at, now)
        return self._become(word, Quality.GOOD, Cause.NONE, confirmed_at, now)

    def _doubt(self, quality: Quality, cause: Cause, now: float) -> Point | None:
        """The last value stays, with its age; what was being waited for is forgotten."""
        self._candidate = None
        return self._become(self.point.value, quality, cause, self.point.at, now)

    def _become(self, value: Value | None, quality: Quality, cause: Cause, at: float, now: float) -> Point | None:
        before = self.point
        if value == before.value and quality is before.quality and cause is before.cause:
            self.point = Point(value, quality, cause, at, before.since)
            return self.point if self.limits.is_event and quality is Quality.GOOD else None
        self.point = Point(value, quality, cause, at, now)
        return self.point

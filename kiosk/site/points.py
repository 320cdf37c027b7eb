"""What the watch knows of one measured or controlled value: the value, its quality, its age and the cause of doubt.

A value without its quality is how a dead contact stays "closed" for ever; so nobody gets one without the other. Knows
no device, no wire and no alarm.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

import msgspec

Value = float | str  # numbers in the profile's unit; states, loops and events as the profile's words


class Quality(enum.Enum):
    GOOD = "good"
    UNCERTAIN = "uncertain"
    BAD = "bad"


class Cause(enum.Enum):
    """Why a quality is not good. The next seven are drivers' words (``Sample.fault``), the rest is ours."""

    NONE = ""
    TIMEOUT = "timeout"  # no answer within the deadline
    GARBAGE = "garbage"  # CRC, length, function or unit wrong
    REFUSED = "refused"  # the device answered with an error
    BUSY = "busy"  # it is there and asks for time
    AUTH = "auth"  # wrong key or password
    GONE = "gone"  # connection or port is not there
    MISCONFIGURED = "misconfigured"  # the device has no such point
    UNREACHABLE_PARENT = "unreachable_parent"
    NEVER = "never"  # nothing was received yet
    STALE = "stale"  # the last good value is too old
    NOT_A_VALUE = "not_a_value"  # not a finite number, or a word the profile does not have
    WIRE_FAULT = "wire_fault"  # a 4-20 mA loop below 3.6 or above 21 mA
    OUT_OF_RANGE = "out_of_range"
    RATE = "rate"
    FLATLINE = "flatline"
    CHATTERING = "chattering"


class Loop(enum.Enum):
    """The five states of a supervised loop with a resistor R at its last device; never folded into two."""

    SHORT = "short"
    NORMAL = "normal"
    ALARM = "alarm"
    OPEN = "open"  # cut
    ODD = "odd"  # earth, or somebody's fingers in it: anything between the bands


class Sample(msgspec.Struct, frozen=True):
    """One answer or event as a driver hands it over. ``raw`` is meaningless when ``fault`` is set."""

    raw: float | str | None
    at: float
    fault: Cause = Cause.NONE


class Point(msgspec.Struct, frozen=True):
    """``at``: when the value was last confirmed; ``since``: when it (or its quality) last changed."""

    value: Value | None = None
    quality: Quality = Quality.BAD
    cause: Cause = Cause.NEVER
    at: float = 0.0
    since: float = 0.0

    def age_s(self, now: float) -> float:
        """Seconds since the value was last confirmed by its device."""
        return now - self.at

    def is_same(self, other: Point) -> bool:
        """Nothing to tell anybody: value, quality and cause are the same."""
        return self.value == other.value and self.quality is other.quality and self.cause is other.cause

    def after(self, value: Value | None, quality: Quality, cause: Cause, at: float, now: float) -> Point:
        """The next reading; ``since`` moves only when there is something to tell."""
        is_same = value == self.value and quality is self.quality and cause is self.cause
        return Point(value, quality, cause, at, self.since if is_same else now)

    def needs_exercise(self, now: float, within_s: float) -> bool:
        """A sensor that never changed for so long should be tried by hand: it may be dead and look well."""
        return self.quality is Quality.GOOD and now - self.since >= within_s


@dataclass(frozen=True)
class LoopBands:
    """Resistance bands of a loop with R in rest and 2R in alarm.

    The bands are +-15 % around R and 2R, so 2 200 ohm gives 1 870..2 530 and 3 740..5 060.
    """

    r_ohm: float
    short_below_ohm: float
    open_above_ohm: float
    tolerance: float = 0.15

    def classify(self, ohm: float) -> Loop:
        if ohm < self.short_below_ohm:
            return Loop.SHORT
        if ohm > self.open_above_ohm:
            return Loop.OPEN
        for centre, state in ((self.r_ohm, Loop.NORMAL), (2 * self.r_ohm, Loop.ALARM)):
            if centre * (1 - self.tolerance) <= ohm <= centre * (1 + self.tolerance):
                return state
        return Loop.ODD

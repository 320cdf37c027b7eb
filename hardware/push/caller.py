"""What one device told, from call to call: its points, its clock, and which events were told before or come late.

Pure: fields and times in, values out. Names, plates and pictures end here: only what a point names goes on, and a
private text only as the word that ``PushPoint.turn`` makes of it.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import os
import re
from collections import OrderedDict
from datetime import datetime, tzinfo

from hardware.field import FieldError, Value
from hardware.push import Fields, PushDevice, PushPoint, Scalar

LATE_S = 30.0  # an event that is older when it comes moves nothing any more
REPEAT_S = 600.0  # devices send again until they are answered
REPEAT_UNDATED_S = 3.0  # two events that cannot be told apart
MOST_EVENTS = 512
MISSES_TO_FORGET = 5  # what a lost device said last is no state any more
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,15})?")
_LONGEST_TEXT = 64


class Caller:
    """One device. ``pending``: why its last calls counted for nothing. ``due_s``: when it has missed its heartbeat."""

    def __init__(self, device: PushDevice, now_s: float) -> None:
        self.device = device
        self.pending: FieldError | None = None
        self.due_s = now_s + device.every_s + device.answer_s
        self.warned_s = -math.inf
        self._states: dict[str, Value] = {}
        self._beat: tuple[float, float] | None = None  # our monotonic time and the device's time of a heartbeat
        self._events: OrderedDict[bytes, float] = OrderedDict()
        self._key = os.urandom(32)
        self._misses = 0

    def heard(self) -> tuple[str, ...]:
        """Points that say whether it calls; "" (the device as a whole) when it has none."""
        return tuple(one.name for one in self.device.points if one.kind == "heard") or ("",)

    def missed(self) -> dict[str, Value]:
        """A heartbeat did not come; what is told of that."""
        self.pending = None
        self.due_s += self.device.every_s
        self._misses += 1
        if self._misses >= MISSES_TO_FORGET:
            self._states.clear()
            self._beat = None
        is_gone = self._misses == MISSES_TO_FORGET
        return {one.name: False for one in self.device.points if one.kind == "heard" and is_gone}

    def take(self, fields: Fields, now_s: float, wall_s: float) -> dict[str, Value]:
        """A body that was proven and read: the points it tells."""
        self.pending, self._misses = None, 0
        self.due_s = now_s + self.device.every_s + self.device.answer_s
        theirs_s = when(fields.get(self.device.time_path), self.device.zone)
        has_event = any(one.kind == "event" and _happens(one, fields) for one in self.device.points)
        if not has_event and theirs_s is not None:
            self._beat = (now_s, theirs_s)
        is_late = self._is_late(theirs_s, now_s, wall_s)
        told: dict[str, Value] = {}
        for one in self.device.points:
            value = self._value(one, fields, now_s, wall_s, is_late=is_late)
            if value is not None:
                told[one.name] = value
        return told

    def _value(self, one: PushPoint, fields: Fields, now_s: float, wall_s: float, *, is_late: bool) -> Value | None:
        if one.kind == "heard":
            return True
        if one.kind == "clock":
            return None if self._beat is None or self._beat[0] != now_s else self._beat[1] - wall_s
        found = fields.get(one.path)
        if one.kind == "state":
            if found is not None:
                self._states[one.name] = raw(found)
            return self._states.get(one.name)
        if one.kind == "reading":
            return None if found is None else raw(found)
        if found is None or not _happens(one, fields) or self._was_told(one, fields, now_s):
            return None
        if one.turn is not None:
            return one.turn(str(fields.get(one.private, "")), is_late)
        return raw(found)

    def _is_late(self, theirs_s: float | None, now_s: float, wall_s: float) -> bool:
        """By the device's own clock since its last heartbeat, so that no clock needs to be right; else by ours."""
        if not self.device.time_path:
            return False
        if theirs_s is None:
            return True  # it cannot be told
        if self._beat is not None:
            return (now_s - self._beat[0]) - (theirs_s - self._beat[1]) > LATE_S
        return wall_s - theirs_s > LATE_S

    def _was_told(self, one: PushPoint, fields: Fields, now_s: float) -> bool:
        """The same event again; remembered as a keyed hash, because what makes it the same is private."""
        marks: list[object] = [fields.get(one.id_path)] if one.id_path and one.id_path in fields else []
        when_ = fields.get(self.device.time_path)
        if not marks and when_ is not None:
            marks = [when_, fields.get(one.path), fields.get(one.private)]
        for_s = REPEAT_S if marks else REPEAT_UNDATED_S
        text = repr((one.name, marks or sorted(fields.items())))
        mark = hmac.digest(self._key, text.encode("utf-8", "replace"), hashlib.sha256)
        until_s = self._events.pop(mark, -math.inf)
        self._events[mark] = max(until_s, now_s + for_s) if now_s >= until_s else until_s
        while len(self._events) > MOST_EVENTS:
            self._events.popitem(last=False)
        return now_s < until_s


def _happens(one: PushPoint, fields: Fields) -> bool:
    found = fields.get(one.path)
    return found is not None and (not one.raws or _text(found) in one.raws)


def raw(value: Scalar) -> Value:
    """A field as the watch compares it: numbers and truth values where a text reads as one."""
    if not isinstance(value, str):
        return value
    if value.lower() in ("true", "false"):
        return value.lower() == "true"
    if _NUMBER.fullmatch(value):
        number = float(value)
        return int(number) if number.is_integer() else number
    return value[:_LONGEST_TEXT]


def _text(value: Scalar | None) -> str:
    """As a profile writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


def when(value: Scalar | None, zone: tzinfo) -> float | None:
    """Unix time of a date and time; None for what is none."""
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, (int, float)) or _NUMBER.fullmatch(value):
        number = float(value)
        seconds = number / 1000 if number > 1e11 else number
        return seconds if 1e8 < seconds < 1e11 else None
    try:
        found = datetime.fromisoformat(value)
        return (found if found.tzinfo is not None else found.replace(tzinfo=zone)).timestamp()
    except (ValueError, OverflowError, OSError):
        return None

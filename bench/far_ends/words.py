"""A point as a person at the bench names it: words and units, and what that is on the wire.

Profiles say what raw values mean; this reads them the other way round. Knows no wire.
"""

from __future__ import annotations

import math
from typing import Any

from hardware.field import Value
from kiosk.site.points import Loop
from kiosk.site.schema import PointSpec

RAW_ANY = (-1e6, 1e6)


class NoSuchValue(Exception):
    """The point cannot have this value; the text says which it can."""


def raw_of(spec: PointSpec, said: Any) -> Value:
    """What the wire tells for ``said``: a word of the profile, or a number in the point's unit."""
    if spec.kind == "loop" and spec.r_ohm is not None:
        ohms = loop_ohms(spec)
        if said not in ohms:
            raise NoSuchValue(f"{said!r}; there are: {', '.join(ohms)}")
        return ohms[said]
    if spec.kind == "number":
        low, high = spec.range or RAW_ANY
        if isinstance(said, bool) or not isinstance(said, (int, float)) or not low <= said <= high:
            raise NoSuchValue(f"{said!r}; give a number from {low:g} to {high:g} {spec.unit}".rstrip())
        return (said - spec.offset) / spec.scale
    raws = {word: raw for raw, word in spec.words.items()}
    if said not in raws:
        raise NoSuchValue(f"{said!r}; there are: {', '.join(raws)}")
    return raw_value(raws[said])


def said_of(spec: PointSpec, raw: Value | None) -> str | float | None:
    """What a raw value means: a word, or a number in the point's unit; None for nothing yet."""
    if raw is None:
        return None
    if spec.kind == "loop" and spec.r_ohm is not None:
        return min(loop_ohms(spec).items(), key=lambda pair: abs(math.log(pair[1] / max(float(raw), 1.0))))[0]
    if spec.kind == "number":
        return round(float(raw) * spec.scale + spec.offset, 2)
    return next((word for key, word in spec.words.items() if raw_value(key) == raw), str(raw))


def raw_value(key: str) -> Value:
    """The value that a key of ``words`` stands for: numbers and truth values where it reads as one."""
    if key in ("true", "false"):
        return key == "true"
    try:
        number = float(key)
    except ValueError:
        return key
    return int(number) if number.is_integer() else number


def loop_ohms(spec: PointSpec) -> dict[str, float]:
    """A resistance in the middle of each of a supervised loop's five states."""
    r_ohm = spec.r_ohm or 0.0
    return {
        Loop.NORMAL.value: r_ohm,
        Loop.ALARM.value: 2 * r_ohm,
        Loop.OPEN.value: 3 * spec.open_above_ohm,
        Loop.SHORT.value: spec.short_below_ohm / 4,
        Loop.ODD.value: 1.5 * r_ohm,
    }


def choices(spec: PointSpec) -> list[str]:
    """The words a person may choose; empty for numbers."""
    if spec.kind == "loop" and spec.r_ohm is not None:
        return list(loop_ohms(spec))
    return list(spec.words.values())


def span(spec: PointSpec) -> tuple[float, float]:
    """What a slider offers: the plausible part of a number's range."""
    low, high = spec.suspect or spec.range or (0.0, 100.0)
    return max(low, -100.0), min(high, 1000.0)

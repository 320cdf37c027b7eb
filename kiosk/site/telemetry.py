"""Which readings reach the journal, and when: states soon and each, numbers as their newest now and then. Pure.

Private points never do; a flood of states is thinned to the newest of each point.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kiosk.site.points import Point, Quality
from kiosk.site.schema import PointSpec
from kiosk.site.seen import reading

STATES_S = 1.0
NUMBERS_S = 10.0
MOST_STATES = 2000  # in one second; more of them are thinned
ROW_POINTS = 200
BITE = 1000  # numbers at one tick: those of a large site leave over the next ticks, none of which may be long


class Telemetry:
    """``take`` each change, ``rows`` at every tick."""

    def __init__(self, now: float) -> None:
        self._states: list[tuple[str, Point]] = []
        self._numbers: dict[str, Point] = {}
        self._leaving: list[tuple[str, Point]] = []
        self._states_at = self._numbers_at = now

    def take(self, spec: PointSpec, reference: str, point: Point) -> bool:
        """Note a change; True for what is a row of its own: an event."""
        if spec.is_private:
            return False
        if spec.kind == "event":
            return point.quality is not Quality.BAD
        is_soon = isinstance(point.value, str) or point.quality is Quality.BAD
        if is_soon and len(self._states) < MOST_STATES:
            self._states.append((reference, point))
        else:
            self._numbers[reference] = point
        return False

    def rows(self, spec_of: Callable[[str], PointSpec | None], now: float) -> list[dict[str, Any]]:
        """Bodies of the rows that are due; points that the site file has no more are left out."""
        due: list[tuple[str, Point]] = []
        if self._states and now - self._states_at >= STATES_S:
            self._states_at = now
            due, self._states = self._states, []
        if self._numbers and now - self._numbers_at >= NUMBERS_S:
            self._numbers_at = now
            self._leaving += reversed(self._numbers.items())
            self._numbers = {}
        for _ in range(min(BITE, len(self._leaving))):
            due.append(self._leaving.pop())
        found = [(spec, name, point) for name, point in due if (spec := spec_of(name)) is not None]
        return [
            {"points": [reading(*one) for one in found[at : at + ROW_POINTS]]}
            for at in range(0, len(found), ROW_POINTS)
        ]

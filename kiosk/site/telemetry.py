"""Which readings reach the journal, and when: states soon and each, numbers as their newest now and then. Pure.

Private points never do; a flood of states is thinned to the newest of each point.
"""

from __future__ import annotations

from typing import Any

from kiosk.site.plan import Plan
from kiosk.site.points import Point, Quality
from kiosk.site.seen import event_body, reading

STATES_S = 1.0
NUMBERS_S = 10.0
MOST_STATES = 2000  # in one second; more of them are thinned
ROW_POINTS = 200


class Telemetry:
    """``take`` each change, ``rows`` at every tick."""

    def __init__(self, now: float) -> None:
        self._states: list[tuple[str, Point]] = []
        self._numbers: dict[str, Point] = {}
        self._states_at = self._numbers_at = now

    def take(self, plan: Plan, reference: str, point: Point) -> dict[str, Any] | None:
        """Note a change; the body of a row for what is a row of its own: an event."""
        spec = plan.point(reference)
        if spec.is_private:
            return None
        if spec.kind == "event":
            return event_body(plan, reference, point) if point.quality is not Quality.BAD else None
        is_soon = isinstance(point.value, str) or point.quality is Quality.BAD
        if is_soon and len(self._states) < MOST_STATES:
            self._states.append((reference, point))
        else:
            self._numbers[reference] = point
        return None

    def rows(self, plan: Plan, now: float) -> list[dict[str, Any]]:
        """Bodies of the rows that are due."""
        due: list[tuple[str, Point]] = []
        if self._states and now - self._states_at >= STATES_S:
            self._states_at = now
            due, self._states = self._states, []
        if self._numbers and now - self._numbers_at >= NUMBERS_S:
            self._numbers_at = now
            due, self._numbers = [*due, *self._numbers.items()], {}
        return [
            {
                "points": [
                    reading(plan, name, point) for name, point in due[at : at + ROW_POINTS] if _is_there(plan, name)
                ]
            }
            for at in range(0, len(due), ROW_POINTS)
        ]


def _is_there(plan: Plan, reference: str) -> bool:
    device, _, point = reference.partition(".")
    return device in plan.devices and point in plan.profile(device).points

"""The focus: one linear path through everything that can be chosen, for six keys or for two (R9).

With many controls, rows become single stops that are entered by Select, so that nothing is more than 15 moves away.
Knows ids and rows, no widget and no key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

MOST_MOVES = 15
LAST_GROUPED = "actions"  # Back, Leave and the primary action stay single stops as long as possible


class Stop(Protocol):
    control_id: str
    row: str


T = TypeVar("T", bound=Stop)


@dataclass(frozen=True)
class Selected(Generic[T]):
    """What Select meant: ``control`` is to be chosen; or None, and the focus moved (into a row, or to the start)."""

    control: T | None


class FocusPath(Generic[T]):
    """Where the focus is. ``focused`` is one control, a row of them, or nothing."""

    def __init__(self) -> None:
        self._controls: list[T] = []
        self._id = ""
        self._is_inside = False

    def follow(self, controls: Sequence[T], keep: str = "") -> None:
        """Other controls are on the glass; the focus stays on the one with the id ``keep`` or the present one."""
        wanted = keep or self._id
        self._controls = list(controls)
        if wanted not in {c.control_id for c in controls}:
            self._id, self._is_inside = "", False
        else:
            self._id = wanted

    @property
    def id(self) -> str:
        return self._id

    @property
    def focused(self) -> list[T]:
        if not self._id:
            return []
        if self._is_inside:
            return [c for c in self._controls if c.control_id == self._id]
        return next((stop for stop in self._stops() if self._id in {c.control_id for c in stop}), [])

    def move(self, step: int) -> list[T]:
        """One stop on (+1) or back (-1), round and round; past the end of a row the row is left."""
        stops = self._stops()
        if not stops:
            return []
        if self._is_inside:
            row = self._row_of(self._id)
            at = [c.control_id for c in row].index(self._id) + step
            if 0 <= at < len(row):
                self._id = row[at].control_id
                return self.focused
            self._is_inside = False
        here = next((i for i, stop in enumerate(stops) if self._id in {c.control_id for c in stop}), None)
        there = (0 if step > 0 else len(stops) - 1) if here is None else (here + step) % len(stops)
        self._id = stops[there][0].control_id
        return self.focused

    def select(self) -> Selected[T]:
        focused = self.focused
        if not focused:
            self.move(+1)
            return Selected(None)
        if len(focused) > 1:
            self._is_inside = True
            self._id = focused[0].control_id
            return Selected(None)
        return Selected(focused[0])

    def clear(self) -> None:
        self._id, self._is_inside = "", False

    def _stops(self) -> list[list[T]]:
        """Single controls; where that is too long a way rows of keys and tools, then the row of actions too."""
        stops = [[c] for c in self._controls]
        for grouped in (None, LAST_GROUPED):
            if _farthest(stops) <= MOST_MOVES:
                break
            stops = []
            for control in self._controls:
                is_grouped = control.row and (grouped or control.row != LAST_GROUPED)
                if is_grouped and stops and stops[-1][0].row == control.row:
                    stops[-1].append(control)
                else:
                    stops.append([control])
        return stops

    def _row_of(self, control_id: str) -> list[T]:
        return next(stop for stop in self._stops() if control_id in {c.control_id for c in stop})


def _farthest(stops: Sequence[Sequence[object]]) -> int:
    """Moves to the control that is farthest from the start."""
    return max((place + len(stop) for place, stop in enumerate(stops)), default=0)

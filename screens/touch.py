"""One finger: acts on release, sliding off cancels, other fingers and double strikes are ignored (R6-R8).

Pure rules, so that ten thousand taps can be tried without a window. Knows boxes, no widget.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

SLIP_MM = 2.0  # a finger may roll this far over the edge: half of the least gap
STRIKE_S = 0.3  # EN 301 549 5.8: a second touch at the same place within this is the first one's echo
STRIKE_MM = 10.0  # half of the least target


class Target(Protocol):
    @property
    def box(self) -> tuple[float, float, float, float]: ...

    def press(self, is_pressed: bool) -> None: ...

    def choose(self) -> None: ...


class Finger:
    """Follows the first finger from down to up; ``find`` gives the target at a place, ``miss`` hears of none.

    ``release`` shows the target unpressed after it was chosen.
    """

    def __init__(
        self, find: Callable[[float, float], Target | None], miss: Callable[[], None], now: Callable[[], float],
        pixels_a_mm: float, release: Callable[[Target], None] = lambda target: target.press(False),
    ) -> None:  # fmt: skip
        self._find, self._miss, self._now = find, miss, now
        self._release = release
        self._slip = SLIP_MM * pixels_a_mm
        self._near = STRIKE_MM * pixels_a_mm
        self._finger: object = None
        self._target: Target | None = None
        self._down = (0.0, 0.0)
        self._last: tuple[float, float, float] | None = None  # x, y, time of the last release that did something

    def down(self, finger: object, x: float, y: float) -> None:
        if self._finger is not None:
            return
        self._finger = finger
        self._down = (x, y)
        if self._is_echo(x, y):
            return
        self._target = self._find(x, y)
        if self._target is None:
            self._miss()
        else:
            self._target.press(True)

    def move(self, finger: object, x: float, y: float) -> None:
        if finger != self._finger or self._target is None:
            return
        left, bottom, width, height = self._target.box
        is_on = -self._slip <= x - left <= width + self._slip and -self._slip <= y - bottom <= height + self._slip
        if not is_on:
            self._target.press(False)
            self._target = None

    def up(self, finger: object, x: float, y: float) -> None:
        if finger != self._finger:
            return
        self.move(finger, x, y)
        target, self._target, self._finger = self._target, None, None
        if target is not None:
            self._last = (*self._down, self._now())
            target.choose()
            self._release(target)

    def holds(self, target: Target) -> bool:
        """Is the finger on this one?"""
        return self._target is target

    def let_go(self) -> None:
        """Another screen is there: what is under the finger now was not meant."""
        if self._target is not None:
            self._target.press(False)
        self._target = None

    def _is_echo(self, x: float, y: float) -> bool:
        if self._last is None:
            return False
        last_x, last_y, at = self._last
        return self._now() - at < STRIKE_S and math.hypot(x - last_x, y - last_y) <= self._near

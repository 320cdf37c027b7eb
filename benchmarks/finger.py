"""A finger for a Kivy window, as a touch panel's driver is one: a thread that hands touches to Kivy's input loop.

A touch made on the event loop itself would not wait for the loop, a resident's does. Runs inside the measured window's
process, the booth's or a bare one. Knows no screen. Times are CLOCK_MONOTONIC seconds.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from kivy.base import EventLoop
from kivy.input.motionevent import MotionEvent
from kivy.input.provider import MotionEventProvider

WITHIN_S = 10.0


class _Touch(MotionEvent):
    def depack(self, args: dict[str, float]) -> None:
        self.sx, self.sy = args["x"], args["y"]
        self.profile = ["pos"]
        super().depack(args)


class Finger(MotionEventProvider):
    """``down`` and ``up`` are called in a thread of their own; ``drawn`` in the window's, when a frame is complete."""

    def __init__(self) -> None:
        super().__init__("finger", "")
        self._numbers = itertools.count(1)
        self._waiting: deque[tuple[str, _Touch]] = deque()
        self._touch: _Touch | None = None
        self._is_seen: Callable[[], bool] = lambda: True
        self._is_dispatched = False
        self._drawn_s = 0.0
        self._done = threading.Event()
        EventLoop.add_input_provider(self)

    def update(self, dispatch_fn: Callable[[str, Any], None]) -> None:
        """Kivy asks for input."""
        while self._waiting:
            dispatch_fn(*self._waiting.popleft())
            self._is_dispatched = True

    def drawn(self) -> None:
        """A frame was drawn completely; does it show what is waited for?"""
        if self._is_dispatched and not self._done.is_set() and self._is_seen():
            self._drawn_s = time.monotonic()
            self._done.set()

    def down(self, x: float, y: float) -> float:
        """Touch there (window pixels from the bottom left); milliseconds until the next frame was complete."""
        window = EventLoop.window
        spot = {"x": x / max(window.width - 1, 1), "y": y / max(window.height - 1, 1)}
        self._touch = _Touch("finger", next(self._numbers), spot, is_touch=True, type_id="touch")
        return self._send("begin", lambda: True)

    def up(self, is_seen: Callable[[], bool] = lambda: True) -> float:
        """Lift it; milliseconds until a frame was complete for which ``is_seen()`` held."""
        return self._send("end", is_seen)

    def _send(self, phase: str, is_seen: Callable[[], bool]) -> float:
        assert self._touch is not None
        self._is_dispatched = False
        self._is_seen = is_seen
        self._done.clear()
        began_s = time.monotonic()
        self._waiting.append((phase, self._touch))
        if not self._done.wait(WITHIN_S):
            raise TimeoutError(f"no changed frame within {WITHIN_S:g} s after a touch ({phase})")
        return (self._drawn_s - began_s) * 1000

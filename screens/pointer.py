"""A finger that is not there: touches of the bench take the same way through Kivy as those of the panel."""

from __future__ import annotations

import itertools
from typing import Any

_PHASES = {"down": "begin", "move": "update", "up": "end"}


class Pointer:
    """One finger at a time, in window pixels from the bottom left."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._touch: Any = None

    def touch(self, phase: str, x: float, y: float) -> None:
        """``phase``: "down", "move" or "up". Raises ``ValueError`` for another."""
        from kivy.base import EventLoop  # noqa: PLC0415 - Kivy comes after its preparation
        from kivy.input.motionevent import MotionEvent  # noqa: PLC0415

        if phase not in _PHASES:
            raise ValueError(f"phase {phase!r} is none of {', '.join(_PHASES)}")
        window = EventLoop.window
        spot = {"x": x / max(window.width - 1, 1), "y": y / max(window.height - 1, 1)}
        if phase == "down":

            class Touch(MotionEvent):
                def depack(self, args: dict[str, float]) -> None:
                    self.sx, self.sy = args["x"], args["y"]
                    self.profile = ["pos"]
                    super().depack(args)

            self._touch = Touch("remote", next(self._numbers), spot, is_touch=True, type_id="touch")
        elif self._touch is None:
            return
        else:
            self._touch.move(spot)
        EventLoop.post_dispatch_input(_PHASES[phase], self._touch)
        if phase == "up":
            self._touch = None

    def lift(self) -> None:
        """Whoever held the finger is gone: slide it off the glass, which chooses nothing."""
        if self._touch is not None:
            self.touch("move", -1000.0, -1000.0)
            self.touch("up", -1000.0, -1000.0)

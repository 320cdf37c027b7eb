"""Pairs the pictures of two cameras by their stamps: a head that moves between them would look like another shape.

Reads two frame rings, one a camera. Stamps are those of the capture (``at_s`` in the ring, CLOCK_MONOTONIC of one
computer); when a picture *arrived* proves nothing. Knows no face and no calibration; opens no camera.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from hardware.face.stereo import Picture
from hardware.ring import FrameRing

APART_MAX_S = 0.020
_KEPT = 2  # of each camera: the newest, and the one before it while its partner is under way


@dataclass(frozen=True, eq=False)
class Shot:
    """One camera's picture and when it was taken."""

    frame: Picture
    at_s: float


@dataclass(frozen=True, eq=False)
class Pair:
    """Two pictures of one moment."""

    left: Shot
    right: Shot

    @property
    def apart_s(self) -> float:
        """Between the two."""
        return abs(self.left.at_s - self.right.at_s)

    def zero(self) -> None:
        """Overwrite both pictures, as soon as they were looked at."""
        self.left.frame.fill(0)
        self.right.frame.fill(0)


class StereoSource:
    """Two rings. ``newest`` is to be called more often than pictures come. The rings stay the caller's."""

    def __init__(self, left: FrameRing, right: FrameRing, *, apart_max_s: float = APART_MAX_S) -> None:
        self._rings = (left, right)
        self._after = [0, 0]
        self._shots: tuple[deque[Shot], deque[Shot]] = (deque(), deque())
        self._apart_max_s = apart_max_s
        self.unpaired = 0  # pictures dropped without a partner; rises steadily when the cameras run out of step

    def newest(self) -> Pair | None:
        """Give the newest pair that was not given yet, or None. The pictures are copies and the caller's to zero."""
        for side, ring in enumerate(self._rings):
            found = ring.newest(self._after[side])
            if found is not None:
                self._after[side] = found[0]
                self._keep(side, Shot(found[2], found[1]))
        pairs = [Pair(left, right) for left in self._shots[0] for right in self._shots[1]]
        near = [pair for pair in pairs if pair.apart_s <= self._apart_max_s]
        if not near:
            return None
        best = max(near, key=lambda pair: (pair.left.at_s + pair.right.at_s, -pair.apart_s))
        for side, shot in enumerate((best.left, best.right)):
            for older in [one for one in self._shots[side] if one.at_s < shot.at_s]:
                self._drop(side, older)
            self._shots[side].remove(shot)
        return best

    def skip(self) -> None:
        """Forget what was taken until now: it does not count for the attempt that begins."""
        for side, ring in enumerate(self._rings):
            found = ring.newest(self._after[side])
            self._after[side] = found[0] if found else self._after[side]
        self.forget()

    def forget(self) -> None:
        """Zero and drop the pictures that wait for a partner."""
        for shots in self._shots:
            for shot in shots:
                shot.frame.fill(0)
            shots.clear()

    def _keep(self, side: int, shot: Shot) -> None:
        shots = self._shots[side]
        if shots and shot.at_s <= shots[-1].at_s:  # the camera began anew: its clock is not to be trusted backwards
            self.forget()
        shots.append(shot)
        while len(shots) > _KEPT:
            self._drop(side, shots[0])

    def _drop(self, side: int, shot: Shot) -> None:
        self._shots[side].remove(shot)
        shot.frame.fill(0)
        self.unpaired += 1

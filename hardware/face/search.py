"""Where to look for faces: around the last one, at full sharpness, and now and then everywhere.

A detector sees a picture shrunk to its own size; a part around the face keeps the points sharp, whether somebody is
tall, small or sits, and nobody has to move for it. The whole frame is searched every other time, for company. Knows
no person: boxes and points.
"""

from __future__ import annotations

import math

import msgspec

from hardware.face.engines import FaceEngine, Picture
from hardware.face.gates import Face

Window = tuple[float, float, float, float]  # left, top, right, bottom as shares of the frame

_AROUND = 2.6  # sides of the part searched, in longer sides of the face
_LEAST_PX = 320
_WHOLE_EVERY = 2
_FACE_SHARE = 0.42  # of the preview's height that a face shall fill
_CLOSEST = 0.4  # never shows less of the frame
_STILL_SHARE = 0.08  # a smaller change does not move the preview
_EVERY_S = 0.25


class Found(msgspec.Struct, frozen=True):
    """``faces``: those found; ``is_whole``: whether the whole frame was searched."""

    faces: list[Face]
    is_whole: bool


class Search:
    """Follows one person from frame to frame."""

    def __init__(self, engine: FaceEngine) -> None:
        self._engine = engine
        self._count = 0
        self._last: Face | None = None

    def find(self, frame: Picture) -> Found:
        """Find faces. Raises ``FaceError`` for what is no picture."""
        self._count += 1
        if self._last is not None and self._count % _WHOLE_EVERY:
            near = self._near(frame, self._last)
            if near:
                self._last = max(near, key=lambda face: face.area)
                return Found(near, False)
        faces = self._engine.detect(frame)
        first = max(faces, key=lambda face: face.area, default=None)
        if first is not None:  # points found in a shrunk frame lie elsewhere: it would look like motion
            near = [face for face in self._near(frame, first) if _holds(first, face)]
            if near:
                others = [face for face in faces if face is not first]
                first = max(near, key=lambda face: face.area)
                faces = [first, *others]
        self._last = first
        if len(faces) > 1:
            self._count = 0  # look at everything again: company is told after two whole frames
            self._last = None
        return Found(faces, True)

    def _near(self, frame: Picture, face: Face) -> list[Face]:
        height, width = frame.shape[:2]
        left, top, right, bottom = face.box
        side = min(max(_LEAST_PX, _AROUND * max(right - left, bottom - top)), max(height, width))
        x = int(min(max(0, (left + right - side) / 2), max(0, width - side)))
        y = int(min(max(0, (top + bottom - side) / 2), max(0, height - side)))
        part = frame[y : y + int(side), x : x + int(side)].copy()
        if min(part.shape[:2]) < _LEAST_PX // 2:
            return []
        try:
            return [_moved(one, x, y) for one in self._engine.detect(part)]
        finally:
            part.fill(0)


class Framing:
    """Which part of the frame the preview should show, so that the face fills it."""

    def __init__(self) -> None:
        self._shown: Window = (0.0, 0.0, 1.0, 1.0)
        self._told_s = -math.inf

    def update(self, face: Face | None, width_px: int, height_px: int, at_s: float) -> Window | None:
        """Give a new window, or None while the old one is good enough."""
        wanted = (0.0, 0.0, 1.0, 1.0) if face is None else _window(face, width_px, height_px)
        moved = max(abs(one - other) for one, other in zip(wanted, self._shown, strict=True))
        if at_s - self._told_s < _EVERY_S or moved < _STILL_SHARE:
            return None
        self._shown, self._told_s = wanted, at_s
        return wanted


def _holds(around: Face, face: Face) -> bool:
    left, top, right, bottom = around.box
    return left <= face.centre[0] <= right and top <= face.centre[1] <= bottom


def _window(face: Face, width_px: int, height_px: int) -> Window:
    _left, top, _right, bottom = face.box
    share = min(1.0, max(_CLOSEST, (bottom - top) / _FACE_SHARE / height_px))
    x, y = face.centre[0] / width_px, face.centre[1] / height_px
    left, top = (min(1 - share, max(0.0, middle - share / 2)) for middle in (x, y))
    return left, top, left + share, top + share


def _moved(face: Face, x: int, y: int) -> Face:
    left, top, right, bottom = face.box
    a, b, c, d, e = ((px + x, py + y) for px, py in face.points)
    return Face((left + x, top + y, right + x, bottom + y), (a, b, c, d, e), face.score)

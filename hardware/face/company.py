"""Shoulder guard: is a second person close enough to read along? Faces in, a change of answer out. Pure.

Quick to say yes (two frames in a row, so that one false find masks nothing), slow to say no (a second without), because
a screen that flickers between masked and readable shows everything. Whoever is farther than about twice the resident's
distance is a passer-by.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from hardware.face.gates import Face

AREA_SHARE = 0.2  # of the nearest face's area, from which another one is company
SCORE = 0.6  # of the detector; a pattern on a coat scores less
_FRAMES = 2
_GONE_S = 1.0
_OVERLAP = 0.3  # two finds of one face


class CompanyGuard:
    """Watches one attempt."""

    def __init__(self) -> None:
        self._in_a_row = 0
        self._seen_s = -math.inf
        self.is_there = False

    def update(self, faces: Sequence[Face], at_s: float) -> bool | None:
        """Take all faces of one whole frame; True when company came, False when it left, None for no change."""
        if has_company(faces):
            self._in_a_row += 1
            self._seen_s = at_s
            if self._in_a_row >= _FRAMES and not self.is_there:
                self.is_there = True
                return True
            return None
        self._in_a_row = 0
        if self.is_there and at_s - self._seen_s >= _GONE_S:
            self.is_there = False
            return False
        return None


def has_company(faces: Sequence[Face]) -> bool:
    """Say whether a second person is in view."""
    if len(faces) < 2:
        return False
    nearest = max(faces, key=lambda face: face.area)
    return any(
        face.score >= SCORE and face.area >= AREA_SHARE * nearest.area and not _is_same(face, nearest)
        for face in faces
        if face is not nearest
    )


def _is_same(one: Face, other: Face) -> bool:
    left, top = max(one.box[0], other.box[0]), max(one.box[1], other.box[1])
    right, bottom = min(one.box[2], other.box[2]), min(one.box[3], other.box[3])
    return max(0.0, right - left) * max(0.0, bottom - top) > _OVERLAP * min(one.area, other.area)

"""One small movement, drawn by lot, and whether a rigid head made it: five points in, a verdict out. Pure.

A head's nose stands some 25 mm before eyes and mouth, so when it turns or nods the nose runs ahead of them; a flat
picture that is turned stays a plane: one homography carries all five points. What is measured is therefore the nose's
distance from where the homography of the other four points puts it (``Parallax``), in eye distances: about 0.16 for
18 degrees, 0.02 for a plane (0.09 where detectors err most). Coming closer gives only 0.017, less than detectors err:
it is never the only movement that counts. Knows no pixels, no model, no clock; words of ISO/IEC 30107-3.
"""

from __future__ import annotations

import enum
import math
import statistics
from collections import deque
from collections.abc import Collection, Iterable
from random import Random

import msgspec
import numpy as np
from numpy.typing import NDArray

from hardware.face import Coaching, Liveness
from hardware.face.gates import Face, pose_of

MOVEMENTS = (Coaching.TURN_LEFT, Coaching.TURN_RIGHT, Coaching.NOD, Coaching.COME_CLOSER)
TURNS = frozenset({Coaching.TURN_LEFT, Coaching.TURN_RIGHT})
SHOWS_DEPTH = frozenset({Coaching.TURN_LEFT, Coaching.TURN_RIGHT, Coaching.NOD})
# YuNet puts the nose 0.03-0.07 lower where a head nods by 16 degrees, SCRFD 0.2.
UNSEEN = {"yunet": frozenset({Coaching.NOD})}
MOST_DRAWS = 3
_TURN_PARALLAX = 0.13  # least, to the asked side; 18 degrees. A sheet turned by 32 degrees: 0.09 (95th percentile)
_TURN_YAW = 0.10  # the nose off the middle of the eyes, beyond where it was at first
_NOD_PARALLAX = 0.15  # between its highest and its lowest
_NOD_PITCH = 0.13
_GROWTH = 1.22
_STRAIGHT = 0.07  # parallax below which a head is back where it was
_STRAIGHT_FRAMES = 2
_HELD_FRAMES = 3  # a verdict needs as many frames in a row
_TILTED = 0.07  # change of eye distance : face height, from which a plane was turned
_FLAT_PARALLAX = 0.05
_FLAT_FRAMES = 8
_FLAT_SHARE = 0.8

Points = NDArray[np.float64]  # 5 x 2


class Step(enum.Enum):
    """What became of one movement so far."""

    WAITING = "waiting"
    DONE = "done"
    OTHER_WAY = "other_way"  # left instead of right: people do that, and so do films made beforehand


class Parallax(msgspec.Struct, frozen=True):
    """One frame against the first look: all in eye distances, but ``growth``, times as large."""

    across: float
    down: float
    yaw: float
    pitch: float
    growth: float
    aspect: float  # change of eye distance : face height, as a share

    @property
    def size(self) -> float:
        """Of the nose's way from the plane."""
        return math.hypot(self.across, self.down)


class FirstLook:
    """How the face was before it was asked to move: the mean of some straight frames."""

    def __init__(self, faces: Iterable[Face]) -> None:
        """Raises ``ValueError`` without faces."""
        all_faces = tuple(faces)
        if not all_faces:
            raise ValueError("a first look needs at least one face")
        self._points: Points = np.mean([_upright(face) for face in all_faces], axis=0)
        self._eyes_px = statistics.median(face.eye_distance_px for face in all_faces)
        poses = [pose_of(face) for face in all_faces]
        self._yaw = statistics.median(pose.yaw_share for pose in poses)
        self._pitch = statistics.median(pose.pitch_share for pose in poses)
        self._aspect = _aspect(self._points)

    def parallax(self, face: Face) -> Parallax | None:
        """Compare ``face`` with it; None for points no head can have."""
        now = _upright(face)
        carried = _carry(self._points, now)
        if carried is None:
            return None
        pose = pose_of(face)
        way = now[2] - carried
        values = (
            *(float(way[0]), float(way[1]), pose.yaw_share - self._yaw, pose.pitch_share - self._pitch),
            *(face.eye_distance_px / max(self._eyes_px, 1e-6), _aspect(now) / self._aspect - 1),
        )
        return Parallax(*values) if all(math.isfinite(value) for value in values) else None


class Challenge:
    """The movements asked of one person. ``rng``: the lot; a ``SystemRandom`` outside of tests.

    ``unseen``: movements that the detector does not follow; nobody is asked for what cannot be seen.
    """

    def __init__(self, first: FirstLook, rng: Random, *, unseen: Collection[Coaching] = ()) -> None:
        self._first = first
        self._rng = rng
        self._seen = tuple(one for one in MOVEMENTS if one not in unseen)
        self._drawn: list[Coaching] = []
        self._recent: deque[Parallax] = deque(maxlen=_HELD_FRAMES)
        self._highest, self._lowest = -math.inf, math.inf
        self._pitch_highest, self._pitch_lowest = -math.inf, math.inf
        self._tilted = self._flat = self._straight = 0
        self.draw()

    @property
    def movement(self) -> Coaching:
        """What is asked now."""
        return self._drawn[-1]

    @property
    def can_draw(self) -> bool:
        """Whether another movement may still be asked."""
        return len(self._drawn) < MOST_DRAWS

    @property
    def is_flat(self) -> bool:
        """Whether what was turned before the camera is a plane: an attack presentation."""
        return self._flat >= _FLAT_FRAMES and self._flat >= _FLAT_SHARE * self._tilted

    def draw(self) -> Coaching:
        """Draw the next movement: another than the last, and after the first a turn, which every detector sees."""
        left = [one for one in self._seen if one not in self._drawn[-1:]]
        if self._drawn:
            left = [one for one in left if one in TURNS]
        self._drawn.append(self._rng.choice(left))
        self._recent.clear()
        self._straight = 0
        self._highest = self._pitch_highest = -math.inf
        self._lowest = self._pitch_lowest = math.inf
        return self.movement

    def update(self, face: Face) -> Step:
        """Take the next frame's face."""
        found = self._first.parallax(face)
        if found is None:
            return Step.WAITING
        if abs(found.aspect) >= _TILTED:
            self._tilted += 1
            self._flat += found.size < _FLAT_PARALLAX
        if self._straight < _STRAIGHT_FRAMES:  # a movement begins where the last one ended
            self._straight = self._straight + 1 if found.size < _STRAIGHT else 0
            return Step.WAITING
        self._recent.append(found)
        if len(self._recent) < _HELD_FRAMES:
            return Step.WAITING
        across = statistics.median(one.across for one in self._recent)
        yaw = statistics.median(one.yaw for one in self._recent)
        if self.movement is Coaching.COME_CLOSER:
            return Step.DONE if min(one.growth for one in self._recent) >= _GROWTH else Step.WAITING
        if self.movement is Coaching.NOD:
            return self._nod(across, yaw)
        side = 1 if self.movement is Coaching.TURN_LEFT else -1  # the picture is not mirrored: own left is its right
        return _turned(side * across, side * yaw)

    def _nod(self, across: float, yaw: float) -> Step:
        if _turned(abs(across), abs(yaw)) is Step.DONE:
            return Step.OTHER_WAY
        down = statistics.median(one.down for one in self._recent)
        pitch = statistics.median(one.pitch for one in self._recent)
        self._highest, self._lowest = max(self._highest, down), min(self._lowest, down)
        self._pitch_highest, self._pitch_lowest = max(self._pitch_highest, pitch), min(self._pitch_lowest, pitch)
        is_deep = self._highest - self._lowest >= _NOD_PARALLAX
        agrees = self._pitch_highest - self._pitch_lowest >= _NOD_PITCH
        return Step.DONE if is_deep and agrees else Step.WAITING

    def verdict(self, *, has_shown_depth: bool) -> tuple[Liveness, str]:
        """Judge the whole challenge, at its end: liveness and reason code ("" when live)."""
        if has_shown_depth:  # what was shown no plane can show
            return Liveness.LIVE, ""
        return (Liveness.NOT_LIVE, "flat") if self.is_flat else (Liveness.UNSURE, "challenge_unmet")


def _turned(across: float, yaw: float) -> Step:
    """Judge a turn whose asked side is positive: parallax and pose must tell the same."""
    if across >= _TURN_PARALLAX and yaw >= _TURN_YAW:
        return Step.DONE
    if across <= -_TURN_PARALLAX and yaw <= -_TURN_YAW:
        return Step.OTHER_WAY
    return Step.WAITING


def _upright(face: Face) -> Points:
    """Give the points in eye distances around the middle of the eyes, the eyes' line level."""
    points = np.asarray(face.points, np.float64)
    axis = points[1] - points[0]
    length = max(float(np.hypot(*axis)), 1e-6)
    cos, sin = axis / length
    turn = np.array([[cos, sin], [-sin, cos]])
    return np.asarray((points - (points[0] + points[1]) / 2) @ turn.T / length)


def _aspect(points: Points) -> float:
    """Eye distance (1) over the way from eyes to mouth: shrinks or grows when a plane is turned."""
    return 1 / max(float(np.hypot(*((points[3] + points[4]) / 2))), 1e-3)


def _carry(before: Points, now: Points) -> Points | None:
    """Carry the nose of ``before`` by the homography of eyes and mouth; None where there is none."""
    rows, values = [], []
    for (x, y), (u, v) in zip(before[[0, 1, 3, 4]], now[[0, 1, 3, 4]], strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    try:
        h = np.linalg.solve(np.asarray(rows), np.asarray(values))
    except np.linalg.LinAlgError:
        return None
    x, y = before[2]
    scale = h[6] * x + h[7] * y + 1
    if abs(scale) < 1e-6:
        return None
    return np.asarray([(h[0] * x + h[1] * y + h[2]) / scale, (h[3] * x + h[4] * y + h[5]) / scale])

"""Learn two lenses and how they stand to each other from pictures of a chessboard held before them.

Collects views that teach something (the board seen by both cameras, sharp, still, at another place or tilt than
before) and says what is missing; then calculates, drops views that contradict the others, and refuses a poor result.
Pictures in, a calibration out; opens no camera (see ``provisioning.camera_calibration``). Method: Zhang 2000.
"""

from __future__ import annotations

import datetime
import enum
from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.face.stereo import NoStereoCalibration, Picture
from hardware.face.stereo.calibration import StereoCalibration, fault_of
from hardware.face.stereo.solving import CURE, describe, solve

ENOUGH_VIEWS = 16
_FEWEST_VIEWS = 10
_SQUARE_MIN_PX = 9.0
_EDGE_MAX_PX = 4.5  # width of a black-white edge; wider is out of focus or moving
_SAME_PLACE_SHARE = 0.03  # of the picture's width: views closer together teach nothing new
_STILL_PX = 2.0  # between one pair and the next
_TILT = 0.05  # one edge of the board appears so much longer than the one opposite
_TILTED_VIEWS = 2  # of each direction
_CELLS, _CELLS_SEEN = 3, 5  # the board must have been in 5 of 3x3 parts of each picture
_VIEW_ERROR_PX = 1.0

Corners = NDArray[np.float32]


@dataclass(frozen=True)
class Board:
    """Inner corners across and down (their sum odd: else the board looks the same upside-down) and square size."""

    columns: int = 9
    rows: int = 6
    square_mm: float = 25.0

    def __post_init__(self) -> None:
        if not (3 <= self.columns <= 30 and 3 <= self.rows <= 30) or (self.columns + self.rows) % 2 == 0:
            raise ValueError(f"board {self.columns}x{self.rows}: 3 to 30 inner corners a side, one even and one odd")
        if not 1 <= self.square_mm <= 200:
            raise ValueError(f"squares of {self.square_mm:g} mm: 1 to 200 mm needed")

    @property
    def points(self) -> Corners:
        """Nx3 in mm."""
        across, down = np.meshgrid(np.arange(self.columns), np.arange(self.rows))
        flat = np.column_stack((across.ravel(), down.ravel(), np.zeros(across.size)))
        return np.asarray(flat * self.square_mm, np.float32)


class Advice(enum.Enum):
    """What became of a pair, or what to do next."""

    TAKEN = "taken"
    WRONG_SIZE = "wrong_size"
    SHOW_TO_BOTH = "show_to_both"  # neither camera sees the whole board
    SHOW_TO_LEFT = "show_to_left"  # the left camera does not
    SHOW_TO_RIGHT = "show_to_right"
    NEARER = "nearer"
    HOLD_STILL = "hold_still"
    ELSEWHERE = "elsewhere"  # like a view there is already
    TILT_SIDEWAYS = "tilt_sideways"  # wanted: the board's left or right edge nearer
    TILT_BACK = "tilt_back"  # wanted: its upper or lower edge nearer
    SPREAD = "spread"  # wanted: towards the picture's corners
    MORE = "more"
    ENOUGH = "enough"


@dataclass
class Views:
    """The good views so far. ``offer`` pairs of pictures until ``wanted`` is ENOUGH, then ``calibrate``."""

    board: Board
    size: tuple[int, int] | None = None  # width, height of both pictures
    left: list[Corners] = field(default_factory=list)
    right: list[Corners] = field(default_factory=list)
    _last: Corners | None = None

    def offer(self, left: Picture, right: Picture, *, is_moving: bool = False) -> Advice:
        """Take one pair, or say why not. ``is_moving``: from running cameras, so the board must be held still."""
        height, width = left.shape[:2]
        if left.shape != right.shape or self.size not in (None, (width, height)):
            return Advice.WRONG_SIZE
        found = [find_corners(picture, self.board) for picture in (left, right)]
        before, self._last = self._last, found[0]
        if found[0] is None or found[1] is None:
            both, one = (Advice.SHOW_TO_BOTH, Advice.SHOW_TO_LEFT)
            return both if found[0] is found[1] else one if found[0] is None else Advice.SHOW_TO_RIGHT
        seen_left, seen_right = found[0], _same_way_up(found[0], found[1])
        if min(_square_px(seen, self.board) for seen in (seen_left, seen_right)) < _SQUARE_MIN_PX:
            return Advice.NEARER
        if is_moving and (before is None or float(np.abs(before - seen_left).mean()) > _STILL_PX):
            return Advice.HOLD_STILL
        if any(
            _edge_px(picture, seen, self.board) > _EDGE_MAX_PX
            for picture, seen in ((left, seen_left), (right, seen_right))
        ):
            return Advice.HOLD_STILL
        if any(self._is_like(seen_left, other, width) for other in self.left):
            return Advice.ELSEWHERE
        self.size = (width, height)
        self.left.append(seen_left)
        self.right.append(seen_right)
        return Advice.TAKEN

    @property
    def wanted(self) -> Advice:
        """What kind of view is missing most."""
        sideways = [_tilt(seen, self.board)[0] for seen in self.left]
        back = [_tilt(seen, self.board)[1] for seen in self.left]
        for tilts, advice in ((sideways, Advice.TILT_SIDEWAYS), (back, Advice.TILT_BACK)):
            if min(sum(tilt > _TILT for tilt in tilts), sum(tilt < -_TILT for tilt in tilts)) < _TILTED_VIEWS:
                return advice
        if min(self._cells(self.left), self._cells(self.right)) < _CELLS_SEEN:
            return Advice.SPREAD
        return Advice.MORE if len(self.left) < ENOUGH_VIEWS else Advice.ENOUGH

    def _is_like(self, seen: Corners, other: Corners, width_px: int) -> bool:
        is_near = float(np.abs(seen - other).mean()) < _SAME_PLACE_SHARE * width_px
        tilts = zip(_tilt(seen, self.board), _tilt(other, self.board), strict=True)
        return is_near and all(abs(one - another) < _TILT for one, another in tilts)

    def _cells(self, views: Sequence[Corners]) -> int:
        if not views or self.size is None:
            return 0
        where = np.clip(np.vstack(views) / self.size, 0, 0.999) * _CELLS
        return len({(int(x), int(y)) for x, y in where})

    def calibrate(self, today: datetime.date) -> StereoCalibration:
        """Calculate. Raises ``NoStereoCalibration`` saying what is wrong with the views or the result."""
        if self.size is None or len(self.left) < _FEWEST_VIEWS:
            raise NoStereoCalibration(f"{len(self.left)} good views, {_FEWEST_VIEWS} are needed", cure=CURE)
        if self.wanted in (Advice.TILT_SIDEWAYS, Advice.TILT_BACK, Advice.SPREAD):
            raise NoStereoCalibration(f"the views are too much alike ({self.wanted.value})", cure=CURE)
        keep = np.ones(len(self.left), bool)
        for _ in range(3):
            kept = [
                [view for view, is_kept in zip(side, keep, strict=True) if is_kept] for side in (self.left, self.right)
            ]
            solved = solve(self.board.points, kept[0], kept[1], self.size)
            worst = solved.view_errors.max(axis=1)
            bad = worst > max(_VIEW_ERROR_PX, 3 * float(np.median(worst)))
            if not bad.any():
                break
            keep[np.flatnonzero(keep)[bad]] = False
            if keep.sum() < _FEWEST_VIEWS:
                raise NoStereoCalibration("the views contradict each other", cure=CURE)
        calibration = describe(solved, self.size, int(keep.sum()), today)
        fault = fault_of(calibration)
        if fault:
            raise NoStereoCalibration(fault, cure=CURE)
        return calibration


def find_corners(picture: Picture, board: Board) -> Corners | None:
    """The board's inner corners, Nx2 px row by row, or None when not all of them are seen."""
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    size = (board.columns, board.rows)
    found, corners = cv2.findChessboardCornersSB(grey, size, flags=cv2.CALIB_CB_NORMALIZE_IMAGE)
    return np.asarray(corners, np.float32).reshape(-1, 2) if found else None


def _same_way_up(reference: Corners, corners: Corners) -> Corners:
    """Count ``corners`` from the same end of the board as ``reference``."""
    along = float((reference[-1] - reference[0]) @ (corners[-1] - corners[0]))
    return corners if along > 0 else np.ascontiguousarray(corners[::-1])


def _square_px(corners: Corners, board: Board) -> float:
    grid = corners.reshape(board.rows, board.columns, 2)
    return float(np.linalg.norm(np.diff(grid, axis=1), axis=2).mean())


def _edge_px(picture: Picture, corners: Corners, board: Board) -> float:
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    size = (board.columns, board.rows)
    measured = np.asarray(cv2.estimateChessboardSharpness(grey, size, corners.reshape(-1, 1, 2))[0])
    return float(measured[0])


def _tilt(corners: Corners, board: Board) -> tuple[float, float]:
    """How much longer the first column is than the last, and the first row than the last: logarithms of the ratios."""
    grid = corners.reshape(board.rows, board.columns, 2)
    columns = [float(np.linalg.norm(grid[-1, i] - grid[0, i])) for i in (0, -1)]
    rows = [float(np.linalg.norm(grid[i, -1] - grid[i, 0])) for i in (0, -1)]
    return float(np.log(columns[0] / columns[1])), float(np.log(rows[0] / rows[1]))

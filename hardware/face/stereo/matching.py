"""Find places of the left picture in the right one to a tenth of a pixel, along the rectified rows.

A detector places a point to about one pixel, which at arm's length is 6 mm of depth: too coarse for a nose. Patches
of both pictures say it ten times better, if the right picture is first warped as if everything lay in one plane: then a
sheet of paper shows no shift anywhere, and what shifts stands out of the plane. Knows pixels, no faces.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.face.stereo import Picture
from hardware.face.stereo.calibration import Lens, Matrix

_SMOOTHING_PX = 1.2  # of sensor noise, before patches are compared
_LIKENESS = 0.45  # least correlation of two patches

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Eye:
    """One camera of the rectified pair: its lens, the turn that rectifies it and its 3x3 rectified projection."""

    lens: Lens
    turn: Matrix
    projection: Matrix

    def rectify(self, points: Floats) -> Floats:
        """Nx2 points in px of the captured picture to px of the rectified one."""
        flat = points.reshape(-1, 1, 2)
        moved = cv2.undistortPoints(
            flat, self.lens.matrix, np.array(self.lens.distortion), R=self.turn, P=self.projection
        )
        return np.asarray(moved, np.float64).reshape(-1, 2)

    def sample(self, frame: Picture, place: Matrix, width_px: int, height_px: int) -> NDArray[np.float32]:
        """Take a grey, smoothed patch: ``place`` (3x3) maps its pixels to rectified ones."""
        camera = np.linalg.inv(place) @ self.projection
        across, down = cv2.initUndistortRectifyMap(
            self.lens.matrix, np.array(self.lens.distortion), self.turn, camera, (width_px, height_px), cv2.CV_32FC1
        )
        margin = 2
        left, top = max(0, int(across.min()) - margin), max(0, int(down.min()) - margin)
        right, bottom = int(across.max()) + margin + 2, int(down.max()) + margin + 2
        part = frame[top : max(bottom, top + 1), left : max(right, left + 1)]
        if part.size == 0:
            return np.zeros((height_px, width_px), np.float32)
        grey = cv2.cvtColor(part, cv2.COLOR_BGR2GRAY).astype(np.float32)
        patch = cv2.remap(grey, across - left, down - top, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(cv2.GaussianBlur(patch, (0, 0), _SMOOTHING_PX), np.float32)


def shifts(
    left: NDArray[np.float32],
    right: NDArray[np.float32],
    points: Floats,
    *,
    window_px: int,
    reach_px: int,
    rows_px: int,
) -> Floats:
    """How far (across, down) each of the Nx2 ``points`` of ``left`` is moved in ``right``, in px; NaN where unclear.

    ``window_px``: side of the patches, odd. ``reach_px`` and ``rows_px``: the largest move looked for, to either side.
    """
    found = np.full((len(points), 2), np.nan)
    half = window_px // 2
    height, width = left.shape
    for index, (x, y) in enumerate(np.rint(points).astype(int)):
        top, bottom = y - half - rows_px, y + half + 1 + rows_px
        start, end = x - half - reach_px, x + half + 1 + reach_px
        if top < 0 or start < 0 or bottom > height or end > width:
            continue
        patch = left[y - half : y + half + 1, x - half : x + half + 1]
        scores = cv2.matchTemplate(right[top:bottom, start:end], patch, cv2.TM_CCOEFF_NORMED)
        row, column = divmod(int(np.argmax(scores)), scores.shape[1])
        is_inside = 0 < column < scores.shape[1] - 1 and 0 < row < scores.shape[0] - 1
        if is_inside and scores[row, column] >= _LIKENESS:
            found[index, 0] = column - reach_px + _between(scores[row, column - 1 : column + 2].tolist())
            found[index, 1] = row - rows_px + _between(scores[row - 1 : row + 2, column].tolist())
    return found


def _between(scores: Sequence[float]) -> float:
    """Where the peak of a parabola through three scores lies, from the middle one."""
    before, best, after = scores
    bend = before - 2 * best + after
    return 0.5 * (before - after) / bend if bend < 0 else 0.0

"""From the corners of a chessboard in many views to the calibration of two cameras (OpenCV, after Zhang 2000)."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from hardware.face.stereo import NoStereoCalibration
from hardware.face.stereo.calibration import Matrix, StereoCalibration

CURE = "glue the printed board to something flat and stiff, check its squares with a ruler, take all pictures again"

_STOP = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 60, 1e-7)  # views that fit together need a dozen steps

Corners = NDArray[np.float32]


@dataclass(frozen=True)
class Solution:
    """Left and right: 3x3 matrices, five distortions each; the turn and the way (mm) from left to right."""

    matrices: tuple[Matrix, Matrix]
    distortions: tuple[Matrix, Matrix]
    rotation: Matrix
    translation: Matrix
    rms_px: float
    view_errors: Matrix  # views x 2


def solve(board: Corners, left: Sequence[Corners], right: Sequence[Corners], size: tuple[int, int]) -> Solution:
    """Each camera by itself, then both together, from there: ``board`` Nx3 mm, each view Nx2 px, ``size`` of pictures.

    Raises ``NoStereoCalibration`` when the views allow no solution.
    """
    points = [board] * len(left)
    seen = [[view.reshape(-1, 1, 2) for view in side] for side in (left, right)]
    start: list[tuple[Matrix, Matrix]] = []
    try:
        for views in seen:
            empty = np.zeros((3, 3)), np.zeros((5, 1))
            _rms, matrix, distortion, *_ = cv2.calibrateCamera(points, views, size, *empty, flags=cv2.CALIB_FIX_K3)
            start.append((np.asarray(matrix, np.float64), np.asarray(distortion, np.float64).ravel()[:5]))
        found = cv2.stereoCalibrateExtended(
            points, seen[0], seen[1], *start[0], *start[1], size, np.eye(3), np.zeros((3, 1)),
            flags=cv2.CALIB_USE_INTRINSIC_GUESS | cv2.CALIB_FIX_K3, criteria=_STOP,
        )  # fmt: skip
    except cv2.error as error:
        raise NoStereoCalibration(f"the views give no calibration ({error.err})", cure=CURE) from None
    rms, matrix_left, bend_left, matrix_right, bend_right, rotation, translation, *rest = found
    errors = np.asarray(rest[-1], np.float64).reshape(-1, 2)
    return Solution(
        (np.asarray(matrix_left, np.float64), np.asarray(matrix_right, np.float64)),
        (np.asarray(bend_left, np.float64).ravel()[:5], np.asarray(bend_right, np.float64).ravel()[:5]),
        np.asarray(rotation, np.float64),
        np.asarray(translation, np.float64).ravel(),
        float(rms),
        errors,
    )


def describe(solved: Solution, size: tuple[int, int], views: int, today: datetime.date) -> StereoCalibration:
    """Add the rectification and write it all down; ``fault_of`` says whether it is good enough."""
    (left, right), (bend_left, bend_right) = solved.matrices, solved.distortions
    turn_left, turn_right, project_left, project_right, *_ = cv2.stereoRectify(
        left, bend_left, right, bend_right, size, solved.rotation, solved.translation.reshape(3, 1),
        flags=cv2.CALIB_ZERO_DISPARITY, alpha=-1,
    )  # fmt: skip
    rectification = {
        "rotation_left": np.ravel(turn_left).tolist(),
        "rotation_right": np.ravel(turn_right).tolist(),
        "projection_left": np.ravel(project_left).tolist(),
        "projection_right": np.ravel(project_right).tolist(),
    }
    content = {
        "format": 1,
        "made_on": today,
        "width_px": size[0],
        "height_px": size[1],
        "left": _lens(left, bend_left),
        "right": _lens(right, bend_right),
        "rotation": solved.rotation.ravel().tolist(),
        "translation_mm": solved.translation.tolist(),
        "rectification": rectification,
        "rms_px": round(solved.rms_px, 4),
        "baseline_mm": float(np.linalg.norm(solved.translation)),
        "views": views,
    }
    try:
        return msgspec.convert(content, StereoCalibration)
    except msgspec.ValidationError as error:
        raise NoStereoCalibration(f"the views give nonsense: {error}", cure=CURE) from None


def _lens(matrix: Matrix, bend: Matrix) -> dict[str, object]:
    return {
        "focal_x_px": float(matrix[0, 0]),
        "focal_y_px": float(matrix[1, 1]),
        "centre_x_px": float(matrix[0, 2]),
        "centre_y_px": float(matrix[1, 2]),
        "distortion": bend.tolist(),
    }

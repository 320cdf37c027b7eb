"""Measure a head with two calibrated cameras: how large, how far, and how its nose and cheeks stand to its face.

Five points in both views give a rough plane of eyes and mouth; patches along the rectified rows then say how far the
nose stands out of it and how the cheeks fall away. A picture on a sheet has no nose; on a bent sheet it has none over
the sheet: so the nose is also measured over the curved surface (a quadric, which holds every cylinder) that best fits
eyes, cheeks, brow and mouth. Pure; decides nothing (see ``check``).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from hardware.face.gates import Face
from hardware.face.stereo import Picture
from hardware.face.stereo.calibration import StereoCalibration
from hardware.face.stereo.matching import Eye, Floats, shifts

# Places on a face, to the picture's right in eye distances from the middle of the eyes, downwards in distances from
# the eyes to the mouth.
_AROUND = (
    *((-0.35, -0.4), (0.0, -0.45), (0.35, -0.4)),  # brow
    *((-0.55, 0.3), (0.55, 0.3), (-0.5, 0.6), (0.5, 0.6), (-0.35, 0.8), (0.35, 0.8)),  # cheeks
    *((-0.15, 1.3), (0.15, 1.3), (-0.35, 1.2), (0.35, 1.2)),  # chin
)
_SIDES = ((-0.8, 0.1), (0.8, 0.1), (-0.75, 0.4), (0.75, 0.4), (-0.65, 0.75), (0.65, 0.75))  # where a face falls away
_NOSE = ((0.0, 0.0), (0.0, -0.1), (-0.07, 0.0), (0.07, 0.0))  # relative to the detected tip
_WINDOW_SHARE = 0.22  # of the eye distance
_RELIEF_MM = 60.0  # deepest relief looked for
_FEWEST_AROUND = 10  # matched places that the curved surface needs
_HUBER_MM = 2.0


@dataclass(frozen=True)
class Measures:
    """One pair, or medians of several. Heights are towards the cameras, over the plane of eyes and mouth's corners.

    ``nose_points_mm`` comes from the detector's points alone. ``relief_mm``: the nose over the curved surface;
    ``fall_mm``: how far the sides of the face lie behind the plane; None when too little of it could be matched.
    """

    epipolar_share: float  # rows by which the views disagree, of the eye distance
    distance_mm: float
    eye_distance_mm: float
    nose_points_mm: float
    nose_mm: float
    relief_mm: float | None
    fall_mm: float | None

    @classmethod
    def median(cls, several: Iterable[Measures]) -> Measures:
        """Of each measure by itself; one that most pairs lack is None."""
        pairs = list(several)
        reliefs = [one.relief_mm for one in pairs if one.relief_mm is not None]
        falls = [one.fall_mm for one in pairs if one.fall_mm is not None]
        return cls(
            statistics.median(one.epipolar_share for one in pairs),
            statistics.median(one.distance_mm for one in pairs),
            statistics.median(one.eye_distance_mm for one in pairs),
            statistics.median(one.nose_points_mm for one in pairs),
            statistics.median(one.nose_mm for one in pairs),
            statistics.median(reliefs) if 2 * len(reliefs) > len(pairs) else None,
            statistics.median(falls) if 2 * len(falls) > len(pairs) else None,
        )


class StereoGeometry:
    """Measures pairs of pictures of one calibrated pair of cameras."""

    def __init__(self, calibration: StereoCalibration) -> None:
        parts = calibration.rectification
        left, right = (np.asarray(p).reshape(3, 4) for p in (parts.projection_left, parts.projection_right))
        self._left = Eye(calibration.left, np.asarray(parts.rotation_left).reshape(3, 3), left[:, :3])
        self._right = Eye(calibration.right, np.asarray(parts.rotation_right).reshape(3, 3), right[:, :3])
        self._size = (calibration.height_px, calibration.width_px, 3)
        self._focal_px = float(left[0, 0])
        self._centre = left[:2, 2]
        self._offset_px = float(left[0, 2] - right[0, 2])  # disparity of what is infinitely far
        self._baseline_mm = float(-right[0, 3] / right[0, 0])

    def fits(self, frame: Picture) -> bool:
        """Say whether a picture has the form the calibration was made for."""
        return frame.dtype == np.uint8 and frame.shape == self._size

    def measure(self, left: Picture, face_left: Face, right: Picture, face_right: Face) -> Measures | None:
        """Measure one pair; None when its points lie in no place before the cameras."""
        points = self._left.rectify(np.asarray(face_left.points, np.float64))
        opposite = self._right.rectify(np.asarray(face_right.points, np.float64))
        disparity = points[:, 0] - opposite[:, 0]
        eyes_px = float(np.linalg.norm(points[1] - points[0]))
        if eyes_px < 8 or not np.isfinite(disparity).all() or (disparity - self._offset_px).min() < 1:
            return None
        epipolar = float(np.median(np.abs(points[:, 1] - opposite[:, 1]))) / eyes_px
        rough = self._triangulate(points, disparity)
        corners = [0, 1, 3, 4]
        nose_points = _over_plane(rough[corners], rough[2:3])[0]

        places = self._places(points)
        disparities = self._match(left, right, places, points[corners], disparity[corners], eyes_px, rough)
        known = np.isfinite(disparities)
        disparities[:4] = np.where(known[:4], disparities[:4], disparity[corners])
        solid = self._triangulate(places, np.where(np.isfinite(disparities), disparities, np.nan))
        nose_at = slice(len(places) - len(_NOSE), len(places))
        around = solid[: nose_at.start]
        heights = _over_plane(solid[:4], solid)
        nose_known = heights[nose_at][known[nose_at]]
        nose = float(np.median(nose_known)) if nose_known.size else float(nose_points)
        sides = heights[nose_at.start - len(_SIDES) : nose_at.start]
        sides = sides[np.isfinite(sides)]
        relief = _over_surface(solid[:4], around[known[: nose_at.start]], solid[nose_at][known[nose_at]])
        return Measures(
            epipolar,
            float(np.mean(solid[:2, 2])),
            float(np.linalg.norm(solid[1] - solid[0])),
            float(nose_points),
            nose,
            relief,
            -float(np.mean(sides)) if 2 * sides.size >= len(_SIDES) else None,
        )

    def _places(self, points: Floats) -> Floats:
        """Eyes and mouth as detected, then the places around, at the sides, and on the nose."""
        eyes = (points[0] + points[1]) / 2
        across, down = points[1] - points[0], (points[3] + points[4]) / 2 - eyes
        about = np.array([*_AROUND, *_SIDES])
        nose = np.array(_NOSE)
        return np.vstack(
            (
                points[[0, 1, 3, 4]],
                eyes + about[:, :1] * across + about[:, 1:] * down,
                points[2] + nose[:, :1] * across + nose[:, 1:] * down,
            )
        )

    def _match(
        self, left: Picture, right: Picture, places: Floats, corners: Floats, disparity: Floats, eyes_px: float,
        rough: Floats,
    ) -> Floats:  # fmt: skip
        """Disparities of ``places`` from patches, NaN where unclear."""
        design = np.column_stack((corners, np.ones(4)))
        slope_x, slope_y, level = np.linalg.lstsq(design, disparity, rcond=None)[0]
        window = max(9, int(_WINDOW_SHARE * eyes_px) | 1)
        depth_mm = float(np.mean(rough[:, 2]))
        reach = max(4, math.ceil(float(np.mean(disparity - self._offset_px)) * _RELIEF_MM / depth_mm))
        margin = window // 2 + reach + 3
        start = np.floor(places.min(axis=0)) - margin
        width, height = (np.ceil(places.max(axis=0)) + margin - start + 1).astype(int)
        if max(width, height) > max(self._size) or not abs(slope_x) < 0.5 or not abs(slope_y) < 0.5:
            return np.full(len(places), np.nan)
        shift = np.array([[1, 0, start[0]], [0, 1, start[1]], [0, 0, 1.0]])
        plane = np.array([[1 - slope_x, -slope_y, -level], [0, 1, 0], [0, 0, 1.0]])
        patch_left = self._left.sample(left, shift, int(width), int(height))
        patch_right = self._right.sample(right, plane @ shift, int(width), int(height))
        moved = shifts(patch_left, patch_right, places - start, window_px=window, reach_px=reach)
        return np.asarray(places @ (slope_x, slope_y) + level - moved * (1 - slope_x), np.float64)

    def _triangulate(self, points: Floats, disparity: Floats) -> Floats:
        """Nx3 in mm, in the rectified left camera's frame: to the right, down, away."""
        depth = self._focal_px * self._baseline_mm / (disparity - self._offset_px)
        return np.column_stack(((points - self._centre) * (depth / self._focal_px)[:, None], depth))


def _frame(corners: Floats) -> tuple[Floats, Floats]:
    """Middle and axes (rows: across, down, towards the cameras) of the plane that fits the four ``corners`` best."""
    middle = corners.mean(axis=0)
    normal = np.linalg.svd(corners - middle)[2][2]
    normal = normal if normal @ middle < 0 else -normal
    across = corners[1] - corners[0]
    across -= (across @ normal) * normal
    across /= max(float(np.linalg.norm(across)), 1e-9)
    return middle, np.stack((across, np.cross(across, normal), normal))


def _over_plane(corners: Floats, points: Floats) -> Floats:
    """Signed heights of ``points`` over the plane of the four ``corners``, in mm, towards the cameras."""
    middle, axes = _frame(corners)
    return np.asarray((points - middle) @ axes[2], np.float64)


def _over_surface(corners: Floats, around: Floats, nose: Floats) -> float | None:
    """Height of the nose over the quadric that fits ``around`` best (robustly), None when that is too little."""
    if len(around) < _FEWEST_AROUND or not len(nose):
        return None
    middle, axes = _frame(corners)
    here, there = (around - middle) @ axes.T, (nose - middle) @ axes.T
    design, weights = _terms(here), np.ones(len(here))
    solution: Floats = np.zeros(design.shape[1])
    for _ in range(6):
        root = np.sqrt(weights)
        solution = np.asarray(np.linalg.lstsq(design * root[:, None], here[:, 2] * root, rcond=None)[0], np.float64)
        misfit = np.abs(here[:, 2] - design @ solution)
        weights = np.minimum(1.0, _HUBER_MM / np.maximum(misfit, 1e-6))
    return float(np.median(there[:, 2] - _terms(there) @ solution))


def _terms(points: Floats) -> Floats:
    """Of a quadric over the plane; lengths in units of 50 mm keep the equations well conditioned."""
    x, y = points[:, 0] / 50, points[:, 1] / 50
    return np.column_stack((np.ones_like(x), x, y, x * x, x * y, y * y))

"""Measure a head with two calibrated cameras: how large, how far, and how its nose and cheeks stand to its face.

Five points in both views give a rough plane of eyes and mouth; patches along the rectified rows then say how far the
nose stands out of it, and how brow, cheeks and chin fall away from it. A picture on a sheet has no nose; on a bent or
folded sheet it has none over the sheet: so the nose is also measured over the sheet that fits eyes, brow, cheeks,
mouth and chin best. Pure; decides nothing (see ``check``).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from hardware.face.gates import Face
from hardware.face.stereo import Picture
from hardware.face.stereo.calibration import StereoCalibration
from hardware.face.stereo.matching import Eye, Floats, shifts
from hardware.face.stereo.surface import fit, over_plane, over_sheet, peak

# Places on a face, to the picture's right in eye distances from the middle of the eyes, downwards in distances from
# the eyes to the mouth.
_AROUND = (
    *((-0.35, -0.4), (0.0, -0.45), (0.35, -0.4)),  # brow
    *((-0.55, 0.3), (0.55, 0.3), (-0.5, 0.6), (0.5, 0.6), (-0.35, 0.8), (0.35, 0.8)),  # cheeks
    *((-0.15, 1.3), (0.15, 1.3), (-0.35, 1.2), (0.35, 1.2)),  # chin
)
_SIDES = ((-0.7, 0.1), (0.7, 0.1), (-0.66, 0.4), (0.66, 0.4), (-0.6, 0.75), (0.6, 0.75))  # where a face falls away
_NOSE = tuple((u / 100, v / 100) for u in range(-18, 19, 6) for v in (-20, -10, 0, 10))  # from the detected tip
_COARSE_SHARE = 0.36  # sides of the patches, of the eye distance: to learn the plane,
_WINDOW_SHARE = 0.22  # to measure the face,
_NOSE_WINDOW_SHARE = 0.16  # and the nose, which is narrow
_ROWS_SHARE = 0.04  # rows by which the views may disagree and are still matched
_SLACK_SHARE = 0.06  # of the eye distance, by which the detector's points may be off
_FARTHEST = 2.0  # sides of the picture, within which a detector's points lie
_EYES_PX = 8.0  # closer together there is no face to measure
_STEEPEST = 0.5  # disparity per pixel: a face that is seen from the side
_RELIEF_MM = 60.0  # deepest relief looked for
_FEWEST_PLACES = 10  # matched, to learn how the face is turned
_HUBER_PX = 0.7  # misfits larger than this are taken for faults


@dataclass(frozen=True)
class Measures:
    """One pair, or medians of several. Heights are towards the cameras, over the plane of eyes and mouth's corners.

    ``nose_points_mm`` comes from the detector's points alone: noisy, for comparison. ``relief_mm``: the nose over the
    curved surface. None when too little of the face could be matched.
    """

    epipolar_share: float  # rows by which the views disagree, of the eye distance
    distance_mm: float
    eye_distance_mm: float
    nose_points_mm: float
    nose_mm: float | None
    relief_mm: float | None

    @classmethod
    def median(cls, several: Iterable[Measures]) -> Measures:
        """Of each measure by itself; one that most pairs lack is None."""
        pairs = list(several)
        return cls(
            statistics.median(one.epipolar_share for one in pairs),
            statistics.median(one.distance_mm for one in pairs),
            statistics.median(one.eye_distance_mm for one in pairs),
            statistics.median(one.nose_points_mm for one in pairs),
            _most([one.nose_mm for one in pairs]),
            _most([one.relief_mm for one in pairs]),
        )


def _most(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if 2 * len(known) > len(values) else None


Plane = tuple[float, float, float]


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
        found = np.array((face_left.points, face_right.points), np.float64)
        if not (np.abs(found) < _FARTHEST * max(self._size)).all():  # nor is anything that is not a number
            return None
        points, opposite = self._left.rectify(found[0]), self._right.rectify(found[1])
        disparity = points[:, 0] - opposite[:, 0]
        eyes_px = float(np.linalg.norm(points[1] - points[0]))
        if not eyes_px >= _EYES_PX or not (disparity - self._offset_px).min() >= 1:
            return None
        epipolar = float(np.median(np.abs(points[:, 1] - opposite[:, 1]))) / eyes_px
        rough = self._triangulate(points, disparity)
        corners = [0, 1, 3, 4]
        nose_points = float(over_plane(rough[corners], rough[2:3])[0])

        depth_mm = float(np.median(rough[:, 2]))
        reach = max(4, math.ceil((float(np.median(disparity)) - self._offset_px) * _RELIEF_MM / depth_mm))
        plane, row_px, about = self._turned(left, right, points, opposite, reach, eyes_px)
        nothing = Measures(epipolar, depth_mm, _eyes(rough), nose_points, None, None)
        if plane is None:
            return nothing
        face, nose = _face_places(about), _nose_places(about)
        found = self._search(left, right, face, plane, row_px, _odd(_WINDOW_SHARE * eyes_px), reach, 2)
        solid = self._triangulate(face, found[:, 0])
        if not np.isfinite(solid[:4]).all():
            return nothing
        found = self._search(left, right, nose, plane, row_px, _odd(_NOSE_WINDOW_SHARE * eyes_px), reach, 2)
        there = self._triangulate(nose, found[:, 0])
        there = there[np.isfinite(there[:, 0])]
        return Measures(
            abs(row_px) / eyes_px,
            float(np.mean(solid[:2, 2])),
            _eyes(solid),
            nose_points,
            peak(over_plane(solid[:4], there)),
            over_sheet(solid[:4], solid[np.isfinite(solid[:, 0])], there),
        )

    def _turned(
        self, left: Picture, right: Picture, points: Floats, opposite: Floats, reach_px: int, eyes_px: float
    ) -> tuple[Plane | None, float, Floats]:
        """How the face is turned: the plane its disparities lie in, the rows the views disagree by, better points.

        Looks as if the face were parallel to the cameras. The detector's disparities, some pixels off, only say where
        the search begins; its points of both views together say where on the face to look.
        """
        face = _face_places(points)
        level = (0.0, 0.0, float(np.median(points[:, 0] - opposite[:, 0])))
        slack, rows = math.ceil(_SLACK_SHARE * eyes_px), math.ceil(_ROWS_SHARE * eyes_px) + 1
        window = _odd(_COARSE_SHARE * eyes_px)
        found = self._search(left, right, face, level, 0.0, window, reach_px + slack, rows)
        known = np.isfinite(found[:, 0])
        if known.sum() < _FEWEST_PLACES:
            return None, 0.0, points
        design = np.column_stack((face[known], np.ones(int(known.sum()))))
        slope_x, slope_y, base = (float(part) for part in fit(design, found[known, 0], _HUBER_PX))
        if not max(abs(slope_x), abs(slope_y)) < _STEEPEST:
            return None, 0.0, points
        row_px = float(np.median(found[known, 1]))
        from_right = (opposite[:, 0] + slope_y * opposite[:, 1] + base) / (1 - slope_x)
        moved = np.column_stack((from_right, opposite[:, 1] - row_px)) - points
        better = points + moved / 2
        better[2] = points[2] + moved[[0, 1, 3, 4]].mean(axis=0) / 2  # the nose lies in no plane
        return (slope_x, slope_y, base), row_px, better

    def _search(
        self,
        left: Picture,
        right: Picture,
        places: Floats,
        plane: Plane,
        row_px: float,
        window_px: int,
        reach_px: int,
        rows_px: int,
    ) -> Floats:
        """Disparities of ``places`` and rows they are moved by, Nx2, looked for around ``plane`` and ``row_px``."""
        slope_x, slope_y, base = plane
        margin = window_px // 2 + reach_px + rows_px + 3
        start = np.floor(places.min(axis=0)) - margin
        width, height = (np.ceil(places.max(axis=0)) + margin - start + 1).astype(int)
        if max(width, height) > max(self._size):
            return np.full((len(places), 2), np.nan)
        shift = np.array([[1, 0, start[0]], [0, 1, start[1]], [0, 0, 1.0]])
        onto = np.array([[1 - slope_x, -slope_y, -base], [0, 1, row_px], [0, 0, 1.0]])
        patch_left = self._left.sample(left, shift, int(width), int(height))
        patch_right = self._right.sample(right, onto @ shift, int(width), int(height))
        moved = shifts(patch_left, patch_right, places - start, window_px=window_px, reach_px=reach_px, rows_px=rows_px)
        disparity = places @ (slope_x, slope_y) + base - moved[:, 0] * (1 - slope_x)
        return np.column_stack((disparity, moved[:, 1] + row_px))

    def _triangulate(self, points: Floats, disparity: Floats) -> Floats:
        """Nx3 in mm, in the rectified left camera's frame: to the right, down, away."""
        depth = self._focal_px * self._baseline_mm / (disparity - self._offset_px)
        return np.column_stack(((points - self._centre) * (depth / self._focal_px)[:, None], depth))


def _eyes(solid: Floats) -> float:
    return float(np.linalg.norm(solid[1] - solid[0]))


def _odd(length_px: float) -> int:
    return max(7, int(length_px) | 1)


def _face_places(points: Floats) -> Floats:
    """Eyes and corners of the mouth, then the places around, then those at the sides."""
    eyes = (points[0] + points[1]) / 2
    across, down = points[1] - points[0], (points[3] + points[4]) / 2 - eyes
    about = np.array([*_AROUND, *_SIDES])
    return np.vstack((points[[0, 1, 3, 4]], eyes + about[:, :1] * across + about[:, 1:] * down))


def _nose_places(points: Floats) -> Floats:
    across, down = points[1] - points[0], (points[3] + points[4] - points[0] - points[1]) / 2
    about = np.array(_NOSE)
    return np.asarray(points[2] + about[:, :1] * across + about[:, 1:] * down, np.float64)

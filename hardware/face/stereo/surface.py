"""Planes, and bent or folded sheets, through points in space; how high a nose stands over them. Knows only points."""

from __future__ import annotations

import numpy as np

from hardware.face.stereo.matching import Floats

_FEWEST_AROUND = 12  # points that a sheet needs
_FEWEST_NOSE = 14  # of the places about the tip
_HUBER_MM = 2.0  # misfits larger than this are taken for faults


def fit(design: Floats, found: Floats, scale: float) -> Floats:
    """Least squares in which a misfit larger than ``scale`` weighs no more than its size (Huber's weights)."""
    weights = np.ones(len(found))
    solution: Floats = np.zeros(design.shape[1])
    for _ in range(8):
        root = np.sqrt(weights)
        solution = np.asarray(np.linalg.lstsq(design * root[:, None], found * root, rcond=None)[0], np.float64)
        weights = np.minimum(1.0, scale / np.maximum(np.abs(found - design @ solution), 1e-6))
    return solution


def _frame(corners: Floats) -> tuple[Floats, Floats]:
    """Middle and axes (rows: across, down, towards the cameras) of the plane that fits the four ``corners`` best."""
    middle = corners.mean(axis=0)
    normal = np.linalg.svd(corners - middle)[2][2]
    normal = normal if normal @ middle < 0 else -normal
    across = corners[1] - corners[0]
    across -= (across @ normal) * normal
    across /= max(float(np.linalg.norm(across)), 1e-9)
    return middle, np.stack((across, np.cross(across, normal), normal))


def over_plane(corners: Floats, points: Floats) -> Floats:
    """Signed heights of ``points`` over the plane of the four ``corners``, in mm, towards the cameras."""
    middle, axes = _frame(corners)
    return np.asarray((points - middle) @ axes[2], np.float64)


def over_sheet(corners: Floats, around: Floats, nose: Floats) -> float | None:
    """Height of the nose over the bent or folded sheet that fits ``around`` best, None when that is too little.

    ``corners``: eyes and corners of the mouth, to say what is up. A quadric is near enough to any cylinder; a fold
    along and one across, through the highest place, make it fit a creased picture as well.
    """
    if len(around) < _FEWEST_AROUND or len(nose) < _FEWEST_NOSE:
        return None
    middle, axes = _frame(corners)
    here, there = (around - middle) @ axes.T, (nose - middle) @ axes.T
    ridge = there[np.argsort(there[:, 2])[-4:], :2].mean(axis=0)
    solution = fit(_terms(here, ridge), here[:, 2], _HUBER_MM)
    return peak(there[:, 2] - _terms(there, ridge) @ solution)


def _terms(points: Floats, ridge: Floats) -> Floats:
    """Of a quadric with a fold along and one across through ``ridge``; units of 50 mm keep it well conditioned."""
    x, y = (points / 50)[:, :2].T
    across, down = np.abs(points[:, :2] - ridge).T / 50
    return np.column_stack((np.ones_like(x), x, y, x * x, x * y, y * y, across, down))


def peak(heights: Floats) -> float | None:
    """The tip among the places about it: the fourth of them, as the detector may miss it and some patches are wrong.

    The fourth lowest where a hollow is deeper than a nose is high.
    """
    if heights.size < _FEWEST_NOSE:
        return None
    ordered = np.sort(heights)
    low, high = float(ordered[3]), float(ordered[-4])
    return low if -low > high else high

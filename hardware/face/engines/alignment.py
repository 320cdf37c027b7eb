"""Where a face's five points belong in the 112x112 picture a recogniser wants. Geometry only, knows no model.

The template is the one ArcFace-style recognisers are trained with (Deng et al., CVPR 2019): other places of the eyes
cost accuracy silently.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.face.engines import ALIGNED_PX, Picture
from hardware.face.gates import Face, Point

TEMPLATE = ((38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041))
TILT_DEG = 4.0  # from here on a head is turned upright and looked at again; YuNet sees a third of a tilt of 20 degrees
LOOKS = 3
_LYING_DEG = 75.0  # such a picture is rotated as a whole: not ours to turn
_UPRIGHT_PX = 320  # side of the square in which a tilted head is looked at again
_HEAD_SHARE = 0.45  # of that square, which the face's longer side takes

Affine = NDArray[np.float64]  # 2x3


def similarity(source: Sequence[Point], target: Sequence[Point]) -> Affine:
    """Fit turn, scale and shift from ``source`` to ``target`` by least squares (Umeyama 1991, without reflection)."""
    here = np.array([complex(*point) for point in source])
    there = np.array([complex(*point) for point in target])
    here_mean, there_mean = here.mean(), there.mean()
    spread = float(np.sum(np.abs(here - here_mean) ** 2))
    if spread < 1e-9:  # all points in one place: nothing to fit, the face is shown as it lies there
        factor = complex(1.0)
    else:
        factor = complex(np.sum(np.conj(here - here_mean) * (there - there_mean)) / spread)
    shift = complex(there_mean - factor * here_mean)
    return np.array([[factor.real, -factor.imag, shift.real], [factor.imag, factor.real, shift.imag]])


def cut(frame: Picture, points: Sequence[Point]) -> Picture:
    """Cut a face out: 112x112 BGR, its points in the template's places."""
    fitted = similarity(points, TEMPLATE)
    return np.asarray(cv2.warpAffine(frame, fitted, (ALIGNED_PX, ALIGNED_PX), flags=cv2.INTER_LINEAR), np.uint8)


def is_tilted(roll_deg: float) -> bool:
    """Say whether looking again at the upright head helps."""
    return TILT_DEG <= abs(roll_deg) <= _LYING_DEG


def upright(frame: Picture, face: Face, roll_deg: float) -> tuple[Picture, Affine]:
    """Turn the head upright into a square picture; gives it and the way (2x3) from there back to the frame."""
    left, top, right, bottom = face.box
    scale = _HEAD_SHARE * _UPRIGHT_PX / max(right - left, bottom - top, 1.0)
    turn = math.radians(-roll_deg)
    cos, sin = scale * math.cos(turn), scale * math.sin(turn)
    x, y = face.centre
    middle = _UPRIGHT_PX / 2
    there = np.array([[cos, -sin, middle - cos * x + sin * y], [sin, cos, middle - sin * x - cos * y]])
    turned = cv2.warpAffine(frame, there, (_UPRIGHT_PX, _UPRIGHT_PX), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(turned, np.uint8), np.asarray(cv2.invertAffineTransform(there), np.float64)


def carry(points: Sequence[Point], way: Affine) -> list[Point]:
    """Map points by a 2x3 matrix."""
    moved = np.asarray(points, np.float64) @ way[:, :2].T + way[:, 2]
    return [(float(x), float(y)) for x, y in moved]

"""The passive liveness model: one picture, one vote (ISO/IEC 30107-3). Never more than a vote among others.

Such models swing with the crop and the camera; crop factor, scaling and limits therefore belong to the manifest.
"""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np

from hardware.face import FaceError
from hardware.face.engines import Picture
from hardware.face.engines.runtime import Network, to_tensor
from hardware.face.gates import Face
from hardware.face.manifest import Passive


class PassiveVote:
    """A model with one output a class, of which the softmax is the vote."""

    def __init__(self, path: Path, options: Passive) -> None:
        """Load it. Raises ``NoModelPack``."""
        self._network = Network(path, size_px=options.size_px)
        self._options = options

    def score(self, frame: Picture, face: Face) -> float:
        """Give the probability that ``face`` is no picture of one, 0 to 1. Raises ``FaceError`` for nonsense."""
        o = self._options
        crop = _square(frame, face, o.crop_factor, o.size_px)
        out = self._network.run(to_tensor(crop, o.mean, o.std, o.colour_order))[0].ravel()
        crop.fill(0)
        if not np.isfinite(out).all() or out.size <= o.live_index:
            raise FaceError("the passive model gave no usable vote", where="face engine", cure="install the pack again")
        power = np.exp(out - out.max())
        return float(power[o.live_index] / power.sum())


def _square(frame: Picture, face: Face, factor: float, size_px: int) -> Picture:
    """Cut the square around the face; what lies outside the frame is mirrored, as the models were trained."""
    left, top, right, bottom = face.box
    side = max(2, math.ceil(factor * max(right - left, bottom - top)))
    x, y = round((left + right - side) / 2), round((top + bottom - side) / 2)
    height, width = frame.shape[:2]
    inner = frame[max(y, 0) : max(min(y + side, height), 0), max(x, 0) : max(min(x + side, width), 0)]
    if not inner.size:
        raise FaceError("the face lies outside the frame", where="face engine")
    before_y, before_x = max(-y, 0), max(-x, 0)
    after_y, after_x = side - before_y - inner.shape[0], side - before_x - inner.shape[1]
    if before_y or before_x or after_y or after_x:
        edges = (before_y, after_y, before_x, after_x)
        inner = np.asarray(cv2.copyMakeBorder(inner, *edges, cv2.BORDER_REFLECT_101), np.uint8)
    way = cv2.INTER_AREA if side > size_px else cv2.INTER_LINEAR
    return np.array(cv2.resize(inner, (size_px, size_px), interpolation=way), np.uint8)

"""Is what comes from the camera a picture? Black and frozen ones are recognised here; pure, without a camera.

A camera that hangs may report success and repeat its last frame for ever; a live sensor never gives the same frame
twice, because of its noise.
"""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

from hardware.camera import Picture

IDENTICAL_FRAMES = 5
BLACK_FRAMES = 5
BLACK_GREY = 8.0  # mean grey level (0-255) below which no detector finds a face


class PictureJudge:
    """Looks at frames one after another; keeps a checksum, no pixels."""

    def __init__(self) -> None:
        self._checksum = 0
        self._identical = 0
        self._black = 0

    def judge(self, frame: NDArray[np.uint8]) -> Picture:
        """Say GOOD, BLACK or FROZEN, given the frames before."""
        rows = np.ascontiguousarray(frame[::4])
        checksum = zlib.crc32(rows.data)
        self._identical = self._identical + 1 if checksum == self._checksum else 1
        self._checksum = checksum
        self._black = self._black + 1 if float(rows[:, ::4].mean()) < BLACK_GREY else 0
        if self._black >= BLACK_FRAMES:
            return Picture.BLACK
        if self._identical >= IDENTICAL_FRAMES:
            return Picture.FROZEN
        return Picture.GOOD

"""Which part of a frame the preview shows: it follows a face calmly, so that nobody has to stand elsewhere. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Window = tuple[float, float, float, float]  # left, top, right, bottom as shares of the frame, 0-1

WHOLE: Window = (0.0, 0.0, 1.0, 1.0)
_LEAST_SHARE = 0.2  # a narrower part would be coarse on the screen
_EASE = 0.25  # of the way, each frame


def checked(window: Window) -> Window:
    """Give ``window`` within the frame and not too narrow; the whole frame for nonsense."""
    left, top, right, bottom = (min(1.0, max(0.0, float(edge))) for edge in window)
    if not (right - left >= _LEAST_SHARE and bottom - top >= _LEAST_SHARE):  # NaN as well
        return WHOLE
    return left, top, right, bottom


def eased(shown: Window, wanted: Window) -> Window:
    """Go a part of the way: a preview that jumps makes dizzy."""
    left, top, right, bottom = (now + _EASE * (then - now) for now, then in zip(shown, wanted, strict=True))
    return left, top, right, bottom


def cut(frame: NDArray[np.uint8], window: Window) -> NDArray[np.uint8]:
    """Give this part of ``frame``; a view, no copy."""
    height, width = frame.shape[:2]
    left, right = int(window[0] * width), max(int(window[0] * width) + 2, round(window[2] * width))
    top, bottom = int(window[1] * height), max(int(window[1] * height) + 2, round(window[3] * height))
    return frame[top:bottom, left:right]

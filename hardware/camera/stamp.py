"""When a picture was taken. Two cameras can be paired by that, and by nothing else.

A V4L2 driver stamps a buffer when the exposure ends (UVC: CLOCK_MONOTONIC, as everything here); OpenCV hands it on as
the position in milliseconds. Streams and files carry no stamp that arrives here: theirs is the time of arrival, good
enough to tell a stale picture, no proof that two belong together.
"""

from __future__ import annotations

_OLDEST_S = 1.0  # a stamp further back, or in the future, is of another clock


def taken_at(position_ms: float, arrived_s: float) -> float:
    """Seconds (CLOCK_MONOTONIC) of the exposure by the driver's stamp, of the arrival where the stamp is none."""
    stamped_s = position_ms / 1000
    return stamped_s if 0 <= arrived_s - stamped_s <= _OLDEST_S else arrived_s

"""The newest frame, again and again: from one ring, or in pairs from two. Zeroes each before it gives the next.

A queue of one: frames that came while another was looked at are passed over, so what is judged is what is. Knows no
face.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Protocol

from hardware.face.engines import Picture
from hardware.ring import FrameRing

STALE_S = 0.5  # a frame older than this shows what was, not what is
_POLL_S = 0.005


class Pairs(Protocol):
    """Frames of two cameras taken together; gives the left one as (picture, at_s)."""

    def take(self) -> tuple[Picture, float] | None: ...

    def skip(self) -> None: ...

    def zero(self) -> None: ...

    def close(self) -> None: ...


class Frames:
    """The frames of one attempt. ``current``: the one in work, None between two."""

    def __init__(self, ring: FrameRing, pairs: Pairs | None = None) -> None:
        self._ring = ring
        self._pairs = pairs
        self._after = 0
        self.current: Picture | None = None

    def until(self, deadline_s: float, cancelled: threading.Event) -> Iterator[tuple[Picture, float]]:
        """Give fresh frames as they come; what was taken before the first call does not count."""
        self._skip()
        while not cancelled.is_set() and time.monotonic() < deadline_s:
            found = self._next()
            if found is None:
                cancelled.wait(_POLL_S)
                continue
            self.current, at_s = found
            try:
                if time.monotonic() - at_s <= STALE_S:
                    yield self.current, at_s
            finally:
                self.current.fill(0)
                self.current = None
                if self._pairs is not None:
                    self._pairs.zero()

    def close(self) -> None:
        """Let go of the rings. Idempotent."""
        self._ring.close()
        if self._pairs is not None:
            self._pairs.close()

    def _skip(self) -> None:
        earlier = self._ring.newest()
        if earlier is not None:
            self._after = earlier[0]
            earlier[2].fill(0)
        if self._pairs is not None:
            self._pairs.skip()

    def _next(self) -> tuple[Picture, float] | None:
        if self._pairs is not None:
            return self._pairs.take()
        found = self._ring.newest(self._after)
        if found is None:
            return None
        self._after = found[0]
        return found[2], found[1]

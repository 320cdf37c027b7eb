"""What each source may cost: connections, requests and bytes. Counts only; the time is passed in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from hardware.push import Bounds


@dataclass
class _Bucket:
    """Fills with ``per_s`` up to ``most``; may be overdrawn by what was taken already."""

    per_s: float
    most: float
    left: float
    at_s: float

    def take(self, amount: float, now_s: float) -> float:
        """Take it; how much is missing (0.0: nothing)."""
        self.left = min(self.most, self.left + (now_s - self.at_s) * self.per_s) - amount
        self.at_s = now_s
        return max(0.0, -self.left)

    def may(self, now_s: float) -> bool:
        """Take one if it is there; what is refused is not owed."""
        missing = self.take(1, now_s)
        if missing:
            self.left += 1
        return not missing


class Gate:
    """For a known set of sources; all others share one small allowance and have no bucket, so they cost no memory."""

    def __init__(self, sources: Collection[str], bounds: Bounds, now_s: float) -> None:
        self.bounds = bounds
        self._inside: Counter[str] = Counter(dict.fromkeys([*sources, ""], 0))
        burst = 2 * bounds.per_s
        self._connects = {one: _Bucket(bounds.per_s, burst, burst, now_s) for one in [*sources, ""]}
        self._requests = {one: _Bucket(bounds.per_s, burst, burst, now_s) for one in sources}
        most = 2.0 * bounds.body_bytes
        self._bytes = {one: _Bucket(bounds.bytes_per_s, most, most, now_s) for one in sources}

    def enter(self, source: str, now_s: float) -> bool:
        """May it have one more connection? True counts it; ``leave`` must follow."""
        is_known = source in self._requests
        key, most = (source, self.bounds.connections) if is_known else ("", self.bounds.strangers)
        if self._inside[key] >= most or not self._connects[key].may(now_s):
            return False
        self._inside[key] += 1
        return True

    def leave(self, source: str) -> None:
        """A connection that had entered ended."""
        self._inside[source if source in self._requests else ""] -= 1

    def may_ask(self, source: str, now_s: float) -> bool:
        """One more request of a known source."""
        return self._requests[source].may(now_s)

    def wait_s(self, source: str, size: int, now_s: float) -> float:
        """After ``size`` bytes: how long to read no more of it."""
        bucket = self._bytes[source]
        return bucket.take(size, now_s) / bucket.per_s

"""From the vectors of a few frames to a decision: mean of 3 to 5, two thresholds, and a score too good to be true.

One frame misses three genuine pairs in a hundred, the mean of three fewer than one, at the same threshold; the best of
three would let impostors in instead. Between the thresholds nobody is refused: staff decides. Pure; words of ISO/IEC
2382-37.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hardware.face import Decision
from hardware.face.pack import Thresholds

FEW_FRAMES = 3  # enough for a clear match
ENOUGH_FRAMES = 5  # after so many it is decided either way
SAME_PERSON = 0.5  # least cosine between a frame and those before it: else somebody else stepped in

Vector = NDArray[np.float32]


class Probe:
    """The frames of one attempt. Holds vectors, no pictures; ``forget`` zeroes them."""

    def __init__(self) -> None:
        self._vectors: list[Vector] = []

    @property
    def frames(self) -> int:
        """How many frames count so far."""
        return len(self._vectors)

    def add(self, vector: Vector) -> bool:
        """Take a unit vector; when it shows another person than before, begin anew with it and say False."""
        is_same = not self._vectors or self.likeness(vector) >= SAME_PERSON
        if not is_same:
            self.forget()
        self._vectors.append(vector)
        return is_same

    def likeness(self, vector: Vector) -> float:
        """Cosine between ``vector`` and the mean of the frames; identity must not change within an attempt."""
        return float(self._mean() @ vector)

    def score(self, reference: Vector) -> float:
        """Cosine between the mean of the frames and the reference's unit vector."""
        return float(self._mean() @ reference)

    def forget(self) -> None:
        """Zero and drop all vectors."""
        for vector in self._vectors:
            vector.fill(0.0)
        self._vectors.clear()

    def _mean(self) -> Vector:
        mean = np.mean(self._vectors, axis=0)
        return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-9), np.float32)


def decide(score: float, frames: int, limits: Thresholds) -> tuple[Decision, str] | None:
    """Give the decision and the score's bucket, or None while more frames can help."""
    if frames < FEW_FRAMES:
        return None
    if score >= limits.suspicious:  # more alike than two pictures of one person: a picture of the portrait itself
        return Decision.UNSURE, "suspicious"
    if score >= limits.accept:
        return Decision.MATCH, "high"
    if frames < ENOUGH_FRAMES:
        return None
    return (Decision.NON_MATCH, "low") if score < limits.reject else (Decision.UNSURE, "middle")

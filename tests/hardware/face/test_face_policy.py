"""Decisions: mean of three to five frames, two thresholds, a score too good to be true, another person in between."""

import numpy as np
import pytest

from hardware.face import Decision
from hardware.face.pack import Thresholds
from hardware.face.policy import ENOUGH_FRAMES, FEW_FRAMES, Probe, decide

LIMITS = Thresholds(accept=0.384, reject=0.25, suspicious=0.95)
RNG = np.random.default_rng(5)


def unit(vector: np.ndarray) -> np.ndarray:
    return (vector / np.linalg.norm(vector)).astype(np.float32)


@pytest.mark.parametrize(
    ("score", "frames", "verdict"),
    [
        (0.9, 2, None),
        (0.384, 3, (Decision.MATCH, "high")),
        (0.95, 3, (Decision.UNSURE, "suspicious")),
        (0.949, 5, (Decision.MATCH, "high")),
        (0.383, 4, None),
        (0.383, 5, (Decision.UNSURE, "middle")),
        (0.25, 5, (Decision.UNSURE, "middle")),
        (0.249, 5, (Decision.NON_MATCH, "low")),
        (0.249, 4, None),
        (-1.0, 5, (Decision.NON_MATCH, "low")),
    ],
)
def test_decide(score, frames, verdict):
    assert decide(score, frames, LIMITS) == verdict


def test_the_mean_scores_better_than_its_frames():
    reference = unit(RNG.normal(size=512))
    probe, singles = Probe(), []
    for _ in range(ENOUGH_FRAMES):
        vector = unit(reference + 0.04 * RNG.normal(size=512))
        singles.append(float(vector @ reference))
        probe.add(vector)
    assert probe.frames == ENOUGH_FRAMES
    assert probe.score(reference) > max(singles)


def test_somebody_else_stepping_in_begins_anew():
    one, other = unit(RNG.normal(size=512)), unit(RNG.normal(size=512))
    probe = Probe()
    for _ in range(FEW_FRAMES - 1):
        probe.add(one.copy())
    probe.add(other.copy())
    assert probe.frames == 1
    assert probe.score(other) == pytest.approx(1, abs=1e-5)


def test_forget_leaves_only_zeros():
    vector, probe = unit(RNG.normal(size=512)), Probe()
    probe.add(vector)
    probe.forget()
    assert probe.frames == 0
    assert not vector.any()

"""Error rates of a comparison and what a number of trials can say about them (ISO/IEC 19795-1). Pure functions.

A rate that was never seen to fail is not zero: with no error in n trials it may be 3/n. So each rate carries exact
bounds, and a threshold for a rate that the trials cannot show is refused, not estimated. Knows no face: scores only.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hardware.face.calibration import Curve, Point, Rate

CONFIDENCE = 0.95
_STEPS = 200
_STEPS_A_UNIT = 10_000.0  # of a threshold: finer is noise

Scores = NDArray[np.float32]


class TooFewTrials(Exception):
    """The trials cannot show a rate so low. ``needed``: how many could."""

    def __init__(self, what: str, rate: float, trials: int) -> None:
        self.needed = math.ceil(3 / rate)
        least = f"{3 / trials:.2g}" if trials else "nothing"
        super().__init__(
            f"{what} of {rate:g} cannot be shown with {trials} comparisons: without a single error they support"
            f" {least} (rule of three); at least {self.needed} are needed"
        )


def rule_of_three(trials: int) -> float:
    """Upper bound at 95 % for a rate of which no error was seen in ``trials`` (Hanley and Lippman-Hand 1983)."""
    return min(1.0, 3 / trials) if trials > 0 else 1.0


def clopper_pearson(errors: int, trials: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Exact two-sided bounds of a rate (Clopper and Pearson 1934). Raises ``ValueError`` for counts that cannot be."""
    _check(errors, trials)
    tail = (1 - confidence) / 2
    low = 0.0 if errors == 0 else _solve(lambda p: _beta_share(errors, trials - errors + 1, p), tail)
    high = 1.0 if errors == trials else _solve(lambda p: _beta_share(errors + 1, trials - errors, p), 1 - tail)
    return low, high


def upper_bound(errors: int, trials: int, confidence: float = CONFIDENCE) -> float:
    """Exact one-sided upper bound of a rate: with no error and 95 % it is what the rule of three approximates."""
    _check(errors, trials)
    return 1.0 if errors == trials else _solve(lambda p: _beta_share(errors + 1, trials - errors, p), confidence)


def rate(errors: int, trials: int) -> Rate:
    """Make a rate with its bounds."""
    return Rate(errors, trials, *(float(f"{bound:.4g}") for bound in clopper_pearson(errors, trials)))


def point(genuine: Scores, impostor: Scores, threshold: float) -> Point:
    """Give both error rates at ``threshold``; from it up a comparison is a match."""
    false_matches = int(np.count_nonzero(impostor >= threshold))
    false_non_matches = int(np.count_nonzero(genuine < threshold))
    return Point(threshold, rate(false_matches, impostor.size), rate(false_non_matches, genuine.size))


def error_curves(genuine: Scores, impostor: Scores, thresholds: Scores) -> tuple[Scores, Scores]:
    """Give FMR and FNMR at each of ``thresholds``."""
    low, high = np.sort(impostor), np.sort(genuine)
    fmr = 1 - np.searchsorted(low, thresholds, side="left") / max(low.size, 1)
    fnmr = np.searchsorted(high, thresholds, side="left") / max(high.size, 1)
    return fmr.astype(np.float32), fnmr.astype(np.float32)


def equal_error_rate(genuine: Scores, impostor: Scores) -> tuple[float, float]:
    """Give the rate at which both errors are alike (mean of the nearest two) and its threshold."""
    every = np.unique(np.concatenate([genuine, impostor]))
    fmr, fnmr = error_curves(genuine, impostor, every)
    best = int(np.argmin(np.abs(fmr - fnmr)))
    return float(fmr[best] + fnmr[best]) / 2, float(every[best])


def best_accuracy(genuine: Scores, impostor: Scores) -> tuple[float, float]:
    """Give the share of right decisions at the best threshold (in-sample: too good by nature) and that threshold."""
    every = np.unique(np.concatenate([genuine, impostor]))
    fmr, fnmr = error_curves(genuine, impostor, every)
    right = (1 - fnmr) * genuine.size + (1 - fmr) * impostor.size
    best = int(np.argmax(right))
    return float(right[best]) / (genuine.size + impostor.size), float(every[best])


def accept_threshold(impostor: Scores, fmr: float) -> float:
    """Choose the lowest threshold of which the FMR's upper bound at 95 % is at most ``fmr``.

    Raises ``TooFewTrials`` where not even a threshold above all scores could show it.
    """
    if impostor.size * fmr < 3:
        raise TooFewTrials("a false match rate", fmr, impostor.size)
    allowed = _most(lambda errors: upper_bound(errors, impostor.size) <= fmr, impostor.size)
    descending = np.sort(impostor)[::-1]
    return _above(float(descending[allowed])) if allowed < impostor.size else -1.0


def reject_threshold(genuine: Scores, fnmr: float) -> float:
    """Choose the highest threshold below which at most ``fnmr`` of the genuine comparisons fell.

    Raises ``TooFewTrials`` as ``accept_threshold`` does.
    """
    if genuine.size * fnmr < 3:
        raise TooFewTrials("a false non-match rate", fnmr, genuine.size)
    allowed = int(genuine.size * fnmr)
    return math.floor(float(np.sort(genuine)[allowed]) * _STEPS_A_UNIT) / _STEPS_A_UNIT


def curve(genuine: Scores, impostor: Scores, frames: int, thresholds: tuple[float, ...]) -> Curve:
    """Sum up: the equal error rate, the chosen thresholds, and the threshold of each power of ten of the FMR."""
    ordered = np.sort(impostor)[::-1]
    tens = (int(impostor.size / 10**power) for power in range(1, 7))
    wanted = {_above(float(ordered[count])) for count in tens if 0 < count < impostor.size} | set(thresholds)
    eer, _at = equal_error_rate(genuine, impostor)
    points = tuple(point(genuine, impostor, threshold) for threshold in sorted(wanted))
    return Curve(frames, genuine.size, impostor.size, float(f"{eer:.4g}"), points)


def _above(score: float) -> float:
    return (math.floor(score * _STEPS_A_UNIT) + 1) / _STEPS_A_UNIT


def _check(errors: int, trials: int) -> None:
    if not 0 <= errors <= trials or trials < 1:
        raise ValueError(f"{errors} errors of {trials} trials")


def _most(holds: Callable[[int], bool], most: int) -> int:
    """The largest whole number from 0 to ``most`` for which ``holds``; it holds for 0, and for none above a limit."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low


def _solve(rising: Callable[[float], float], wanted: float) -> float:
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if rising(middle) < wanted else (low, middle)
    return (low + high) / 2


def _beta_share(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function I_x(a, b), by its continued fraction (DLMF 8.17.22)."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )  # fmt: skip
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(a, b, x) / a
    return 1 - front * _fraction(b, a, 1 - x) / b


def _fraction(a: float, b: float, x: float) -> float:
    """Evaluate from the front (modified Lentz)."""
    tiny = 1e-300
    c, d = 1.0, 1 / _not_zero(1 - (a + b) * x / (a + 1), tiny)
    value = d
    for m in range(1, 10_000):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _not_zero(1 + term * d, tiny)
            c = _not_zero(1 + term / c, tiny)
            value *= d * c
        if abs(d * c - 1) < 1e-14:
            break
    return value


def _not_zero(number: float, tiny: float) -> float:
    return number if abs(number) > tiny else tiny

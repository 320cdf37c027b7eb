"""One measured figure, its reference and its goal; how they are printed. Knows no benchmark."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """``visits``, ``verifications``: of the growth benchmarks. ``rounds``: repetitions, 1.0 = as many as are steady.

    ``seed``: another one draws other people and other attempts than those that limits were set on.
    """

    visits: int = 100
    rounds: float = 1.0
    verifications: int = 200
    seed: int = 0

    def times(self, usual: int, least: int = 3) -> int:
        """``usual`` repetitions, scaled by ``rounds``."""
        return max(least, round(usual * self.rounds))


class Unavailable(Exception):
    """This machine lacks what the benchmark needs; the text names it and the cure."""


@dataclass(frozen=True)
class Figure:
    """``value`` beside ``reference_value`` (same unit); a goal is the most that the value, the ratio or both may be,
    or the least that the value may be."""

    name: str
    value: float
    unit: str
    reference: str
    reference_value: float | None = None
    at_most: float | None = None
    at_most_times: float | None = None
    at_least: float | None = None

    @property
    def ratio(self) -> float | None:
        """Value / reference."""
        return self.value / self.reference_value if self.reference_value else None

    @property
    def goal(self) -> str | None:
        """In words; None where none is set."""
        parts = []
        if self.at_most is not None:
            parts.append(f"<= {self.at_most:g} {self.unit}")
        if self.at_least is not None:
            parts.append(f">= {self.at_least:g} {self.unit}")
        if self.at_most_times is not None:
            parts.append(f"<= {self.at_most_times:g} x reference")
        return " and ".join(parts) or None

    @property
    def ok(self) -> bool | None:
        """Whether the goal is reached; None where none is set."""
        if self.goal is None:
            return None
        is_ok = (self.at_most is None or self.value <= self.at_most) and (
            self.at_least is None or self.value >= self.at_least
        )
        if self.at_most_times is not None:
            is_ok = is_ok and self.ratio is not None and self.ratio <= self.at_most_times
        return is_ok

    def as_json(self) -> str:
        """One line."""
        return json.dumps(
            {
                "name": self.name,
                "value": rounded(self.value),
                "unit": self.unit,
                "reference": self.reference,
                "reference_value": rounded(self.reference_value),
                "ratio": rounded(self.ratio),
                "goal": self.goal,
                "ok": self.ok,
            },
            ensure_ascii=False,
        )


def rounded(number: float | None) -> float | None:
    """Three significant digits, four from 1 000 on: more is noise."""
    if number is None or number == 0 or not math.isfinite(number):
        return number
    digits = 3 if abs(number) < 1000 else 4
    return round(number, digits - 1 - math.floor(math.log10(abs(number))))


def table(figures: Iterable[Figure]) -> str:
    """All figures in columns."""
    rows = [("name", "value", "reference", "ratio", "goal", "")]
    for one in figures:
        of = "" if one.reference_value is None else f"{rounded(one.reference_value):g} {one.unit} "
        ratio = "" if one.ratio is None else f"{rounded(one.ratio):g}"
        mark = {True: "ok", False: "MISSED", None: ""}[one.ok]
        rows.append(
            (one.name, f"{rounded(one.value):g} {one.unit}", f"{of}{one.reference}", ratio, one.goal or "", mark)
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that ``percent`` of all do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]


def slope(values: Sequence[float]) -> float:
    """Growth a step: the median of the slopes between all pairs (Theil-Sen), which a single jump does not move."""
    pairs = [(values[j] - values[i]) / (j - i) for i in range(len(values)) for j in range(i + 1, len(values))]
    return statistics.median(pairs) if pairs else 0.0

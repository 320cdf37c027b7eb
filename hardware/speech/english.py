"""Figures in an English sentence, written so that the English voice reads them as people do.

A figure that names something is read digit by digit, a date in words. Pure text to text.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def _spell(figures: str, groups: tuple[int, ...] = ()) -> str:
    parts, place = [], 0
    for size in groups:
        parts.append(figures[place : place + size])
        place += size
    parts.append(figures[place:])
    return ", ".join(" ".join(part) for part in parts if part)


def _spell_name(figures: str) -> str:
    return _spell(figures, {6: (3,), 7: (3,), 8: (4,), 11: (3, 4), 15: (6, 6), 18: (6, 8)}.get(len(figures), ()))


def _date(found: re.Match[str]) -> str:
    year, month, day = found.groups()
    if not 1 <= int(month) <= 12:
        return found[0]
    return (f"{int(day)} " if day else "") + f"{_MONTHS[int(month) - 1]} {year}"


_RULES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (
        re.compile(r"(?<![\dA-Za-z])(\d{2,})[*•●]{2,}(\d{0,4}[Xx]?)"),
        lambda m: f"{_spell(m[1])}, the middle left out, {_spell(m[2].upper())}",
    ),
    (re.compile(r"(?<![\dA-Za-z])\d{17}[\dXx](?![\dA-Za-z])"), lambda m: _spell(m[0].upper(), (6, 8))),
    (
        re.compile(r"(?<!\d)(1[3-9]\d)[ -]?(\d{4})[ -]?(\d{4})(?!\d)"),
        lambda m: ", ".join(" ".join(part) for part in m.groups()),
    ),
    (
        re.compile(r"(?<![A-Za-z\d-])(?=[A-Z\d-]*[A-Z])(?=[A-Z\d-]*\d)[A-Z\d]+(?:-[A-Z\d]+)*"),
        lambda m: ", ".join(" ".join(part) for part in m[0].split("-")),
    ),
    (re.compile(r"(?<!\d)((?:19|20)\d\d)[-/.](\d{1,2})(?:[-/.](\d{1,2}))?(?!\d)"), _date),
    (re.compile(r"¥\s*(\d[\d,]*(?:\.\d+)?)"), lambda m: f"{m[1]} yuan"),
    (re.compile(r"(?<![\d.,])(?:\d{5,}|0\d+)(?!\d|[.,]\d)"), lambda m: _spell_name(m[0])),
)


def write_out_english(text: str) -> str:
    """Give back ``text`` with dates in words and digit strings set apart."""
    for pattern, reading in _RULES:
        text = pattern.sub(reading, text)
    return text

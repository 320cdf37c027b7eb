"""Draws the error curves of a calibration: FMR and FNMR over the threshold, as a PNG. Knows numbers only."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from hardware.face.manifest import Thresholds
from hardware.face.statistics import Scores, error_curves, rule_of_three
from provisioning.face_calibration import Scored

WIDTH_PX, HEIGHT_PX = 1200, 800
_LEFT, _TOP, _RIGHT, _BOTTOM = 110, 70, 40, 90  # margins, in px
_FMR, _FNMR, _GRID, _INK = "#b3261e", "#1a5fb4", "#d8d8d8", "#202020"
_TITLE_PX, _TEXT_PX = 24, 18

Place = tuple[float, float]


def draw(scored: list[Scored], limits: Thresholds, title: str, path: Path) -> None:
    """Write the curves of each kind of comparison (single: thick, fused: thin) into ``path``. Raises ``OSError``."""
    canvas = Image.new("RGB", (WIDTH_PX, HEIGHT_PX), "white")
    pen = ImageDraw.Draw(canvas)
    drawn = [one for one in scored if one.genuine.size and one.impostor.size]
    every = np.concatenate([np.concatenate([one.genuine, one.impostor]) for one in drawn])
    low, high = float(every.min()) - 0.02, float(every.max()) + 0.02
    most = max(max(one.genuine.size, one.impostor.size) for one in drawn)
    decades = max(2, math.ceil(math.log10(most)))
    axes = _Axes(low, high, decades)
    _grid(pen, axes, title)
    thresholds = np.linspace(low, high, 600, dtype=np.float32)
    for number, one in enumerate(drawn):
        width = 5 if number == 0 else 2
        fmr, fnmr = error_curves(one.genuine, one.impostor, thresholds)
        for rates, colour, trials in ((fmr, _FMR, one.impostor.size), (fnmr, _FNMR, one.genuine.size)):
            _line(pen, axes, thresholds, rates, colour, width)
            bound = axes.place(0.0, rule_of_three(trials))[1]
            pen.line([(_LEFT, bound), (_LEFT + 26, bound)], colour, width)
        what = "single pictures" if one.frames == 1 else f"{one.frames} pictures fused"
        _legend(pen, number, what, one, width)
    for name, threshold, aside in (("reject", limits.reject, -128), ("accept", limits.accept, 6)):
        x = axes.place(threshold, 1.0)[0]
        pen.line([(x, _TOP), (x, HEIGHT_PX - _BOTTOM)], _INK, 2)
        pen.text((x + aside, _TOP + 6), f"{name} {threshold:.3f}", _INK, font=_font(_TEXT_PX))
    canvas.save(path, "PNG", optimize=True)


class _Axes:
    def __init__(self, low: float, high: float, decades: int) -> None:
        self.low, self.high, self.decades = low, high, decades

    def place(self, threshold: float, rate: float) -> Place:
        """Where a point lies: thresholds to the right, rates down by powers of ten."""
        across = (threshold - self.low) / (self.high - self.low)
        down = min(1.0, -math.log10(max(rate, 10.0**-self.decades)) / self.decades)
        return (
            _LEFT + across * (WIDTH_PX - _LEFT - _RIGHT),
            _TOP + down * (HEIGHT_PX - _TOP - _BOTTOM),
        )


def _grid(pen: ImageDraw.ImageDraw, axes: _Axes, title: str) -> None:
    pen.text((_LEFT, 22), title, _INK, font=_font(_TITLE_PX))
    for power in range(axes.decades + 1):
        y = axes.place(axes.low, 10.0**-power)[1]
        pen.line([(_LEFT, y), (WIDTH_PX - _RIGHT, y)], _GRID, 1)
        pen.text((20, y - 10), f"{100 * 10.0**-power:g} %", _INK, font=_font(_TEXT_PX))
    for tenth in range(math.ceil(axes.low * 10), math.floor(axes.high * 10) + 1):
        x = axes.place(tenth / 10, 1.0)[0]
        pen.line([(x, _TOP), (x, HEIGHT_PX - _BOTTOM)], _GRID, 1)
        pen.text((x - 14, HEIGHT_PX - _BOTTOM + 10), f"{tenth / 10:.1f}", _INK, font=_font(_TEXT_PX))
    foot = "comparison score; ticks at the left: the least rate that so many comparisons can show (rule of three)"
    pen.text((_LEFT, HEIGHT_PX - 42), foot, _INK, font=_font(_TEXT_PX))


def _line(pen: ImageDraw.ImageDraw, axes: _Axes, at: Scores, rates: Scores, colour: str, width: int) -> None:
    shown = [axes.place(float(x), float(y)) for x, y in zip(at, rates, strict=True) if y > 0]
    if len(shown) > 1:
        pen.line(shown, colour, width, joint="curve")


def _legend(pen: ImageDraw.ImageDraw, number: int, what: str, one: Scored, width: int) -> None:
    y = HEIGHT_PX - _BOTTOM - 70 - 64 * number
    for row, (name, colour, trials) in enumerate((("FMR", _FMR, one.impostor.size), ("FNMR", _FNMR, one.genuine.size))):
        pen.line([(_LEFT + 40, y + 26 * row), (_LEFT + 90, y + 26 * row)], colour, width)
        text = f"{name}, {what}, {trials} comparisons"
        pen.text((_LEFT + 100, y + 26 * row - 10), text, _INK, font=_font(_TEXT_PX))


def _font(size_px: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size_px)

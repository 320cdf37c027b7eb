"""What can stand before the simulated pair of cameras: a head, a print, bent or folded prints, a hollow mask.

All of it synthetic: a photograph laid over a height map. The head is a mean shape of a few bumps, made here; it is no
scan of anybody and no claim about how real attacks look (ISO/IEC 30107-3 wants real ones). Lengths in mm; x to the
picture's right, y down, z towards the cameras, the origin in the middle of eyes and mouth.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.face.gates import Face
from hardware.face.stereo import Picture

HALF_WIDTH_MM, HALF_HEIGHT_MM = 105, 135  # of everything that is shown
TEXELS_PER_MM = 2
_PAPER = 235

Heights = NDArray[np.float32]


@dataclass(frozen=True)
class Portrait:
    """A photograph scaled to life: ``texture`` (2 px a mm) and where the five points lie in it, in mm."""

    texture: Picture
    points: NDArray[np.float64]


@dataclass(frozen=True)
class Solid:
    """A surface: heights (1 px a mm), colours (2 px a mm), and how much of it is there (0-1, as the colours)."""

    heights: Heights
    colours: Picture
    cover: NDArray[np.float32]

    @property
    def extent_mm(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of what is there."""
        columns, rows = np.flatnonzero(self.cover.any(axis=0)), np.flatnonzero(self.cover.any(axis=1))
        if not columns.size:
            return (0.0, 0.0, 0.0, 0.0)
        x, y = columns / TEXELS_PER_MM - HALF_WIDTH_MM, rows / TEXELS_PER_MM - HALF_HEIGHT_MM
        return (float(x[0]), float(y[0]), float(x[-1]), float(y[-1]))

    @property
    def mirrored(self) -> Solid:
        """Hollow where it stood out: the inside of a mask."""
        return Solid(-self.heights, self.colours, self.cover)


@dataclass(frozen=True)
class Build:
    """Of one head: half its width, how far the tip of the nose stands out of the plane of eyes and mouth."""

    half_width_mm: float = 75.0
    nose_mm: float = 30.0


def portrait(photograph: Picture, face: Face, eye_distance_mm: float = 62.0) -> Portrait:
    """Turn a near-frontal photograph upright and scale it to ``eye_distance_mm``."""
    points = np.asarray(face.points, np.float64)
    eyes, mouth = points[:2].mean(axis=0), points[3:].mean(axis=0)
    across = points[1] - points[0]
    middle = (eyes + mouth) / 2
    scale = eye_distance_mm / float(np.hypot(*across))
    roll = math.atan2(across[1], across[0])
    turn = scale * np.array([[math.cos(roll), math.sin(roll)], [-math.sin(roll), math.cos(roll)]])
    upright = (points - middle) @ turn.T
    place = np.column_stack((TEXELS_PER_MM * turn, [0.0, 0.0]))
    place[:, 2] = np.array([HALF_WIDTH_MM, HALF_HEIGHT_MM]) * TEXELS_PER_MM - place[:, :2] @ middle
    size = (2 * HALF_WIDTH_MM * TEXELS_PER_MM + 1, 2 * HALF_HEIGHT_MM * TEXELS_PER_MM + 1)
    texture = cv2.warpAffine(photograph, place, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return Portrait(np.asarray(texture, np.uint8), upright)


def head(shown: Portrait, build: Build | None = None) -> Solid:
    """A head with the portrait's face: skull, eye sockets, nose, lips and chin under the photograph's own points."""
    build = build or Build()
    x, y = _grid()
    points = shown.points
    corners = points[[0, 1, 3, 4]]
    centre_x = float(corners[:, 0].mean())

    def skull(at_x: Heights, at_y: Heights) -> Heights:
        left = 1 - np.abs((at_x - centre_x) / build.half_width_mm) ** 2.4 - np.abs((at_y + 12) / 118) ** 2.4
        return np.asarray(90 * np.sqrt(np.maximum(left, 0.02)), np.float32)

    def bump(at: NDArray[np.float64], wide_mm: float, high_mm: float) -> Heights:
        return np.asarray(np.exp(-0.5 * (((x - at[0]) / wide_mm) ** 2 + ((y - at[1]) / high_mm) ** 2)), np.float32)

    mouth = points[3:].mean(axis=0)
    heights = skull(x, y)
    for eye in points[:2]:
        heights = heights - 5 * bump(eye, 13, 9)
    heights = heights + 4 * bump(mouth, 17, 8) + 5 * bump(mouth + np.array([0, 36]), 18, 12)
    heights = heights - np.float32(np.mean([_at(heights, corner) for corner in corners]))
    tip, bridge_y = points[2], float(points[:2, 1].mean()) - 4
    along = np.clip((y - bridge_y) / (tip[1] - bridge_y), 0, 1)
    below = np.exp(-0.5 * (np.maximum(y - tip[1], 0) / 5) ** 2)
    above = np.exp(-0.5 * (np.maximum(bridge_y - y, 0) / 6) ** 2)
    middle = points[:2, 0].mean() * (1 - along) + tip[0] * along
    nose = (0.25 + 0.75 * along**1.3) * below * above * np.exp(-0.5 * ((x - middle) / (6 + 4 * along)) ** 2)
    heights = heights + (build.nose_mm - _at(heights, tip)) * np.asarray(nose, np.float32)
    outline = 1 - np.abs((x - centre_x) / build.half_width_mm) ** 2.4 - np.abs((y + 12) / 118) ** 2.4
    cover = np.clip(outline * 12, 0, 1).astype(np.float32)
    fine = cv2.resize(cover, (shown.texture.shape[1], shown.texture.shape[0]), interpolation=cv2.INTER_LINEAR)
    return Solid(np.asarray(heights, np.float32), shown.texture, np.asarray(fine, np.float32))


def sheet(shown: Portrait) -> Solid:
    """The portrait printed life-size on stiff paper, or on a screen of that size."""
    return _printed(shown, np.zeros_like(_grid()[0]), lambda x: x)


def bent(shown: Portrait, radius_mm: float, axis_deg: float = 0.0) -> Solid:
    """The print bent round an upright cylinder of ``radius_mm``, its axis tilted by ``axis_deg`` in the picture."""
    reach = 0.95 * radius_mm

    def height(x: Heights) -> Heights:
        inside = np.clip(x, -reach, reach)
        return np.asarray(np.sqrt(radius_mm**2 - inside**2) - radius_mm, np.float32)

    def arc(x: Heights) -> Heights:
        return np.asarray(radius_mm * np.arcsin(np.clip(x, -reach, reach) / radius_mm), np.float32)

    x, y = _grid()
    tilt = math.radians(axis_deg)
    across = np.asarray(x * math.cos(tilt) + y * math.sin(tilt), np.float32)
    cover = (np.abs(across) < reach).astype(np.float32)
    return _printed(shown, height(across), arc, tilt, cover)


def folded(shown: Portrait, slope_deg: float) -> Solid:
    """The print with one upright fold through the nose, both halves going back by ``slope_deg``."""
    slope = math.radians(slope_deg)
    x, _y = _grid()
    ridge = float(shown.points[2, 0])
    heights = np.asarray(-np.abs(x - ridge) * math.tan(slope), np.float32)
    return _printed(shown, heights, lambda x: ridge + (x - ridge) / math.cos(slope))


def _printed(
    shown: Portrait,
    heights: Heights,
    arc: Callable[[Heights], Heights],
    tilt: float = 0.0,
    cover: Heights | None = None,
) -> Solid:
    """Lay the portrait on ``heights``: ``arc`` says which of its places, across the axis, lies over which x."""
    x, y = _grid(TEXELS_PER_MM)
    across = np.asarray(x * math.cos(tilt) + y * math.sin(tilt), np.float32)
    along = np.asarray(y * math.cos(tilt) - x * math.sin(tilt), np.float32)
    over = arc(across)
    map_x = (over * math.cos(tilt) - along * math.sin(tilt) + HALF_WIDTH_MM) * TEXELS_PER_MM
    map_y = (over * math.sin(tilt) + along * math.cos(tilt) + HALF_HEIGHT_MM) * TEXELS_PER_MM
    colours = cv2.remap(
        shown.texture,
        np.asarray(map_x, np.float32),
        np.asarray(map_y, np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(_PAPER, _PAPER, _PAPER),
    )
    whole = np.ones_like(x) if cover is None else cv2.resize(cover, (x.shape[1], x.shape[0]))
    return Solid(heights, np.asarray(colours, np.uint8), np.asarray(whole, np.float32))


def _grid(per_mm: int = 1) -> tuple[Heights, Heights]:
    x = np.linspace(-HALF_WIDTH_MM, HALF_WIDTH_MM, 2 * HALF_WIDTH_MM * per_mm + 1, dtype=np.float32)
    y = np.linspace(-HALF_HEIGHT_MM, HALF_HEIGHT_MM, 2 * HALF_HEIGHT_MM * per_mm + 1, dtype=np.float32)
    across, down = np.meshgrid(x, y)
    return across, down


def _at(heights: Heights, point: NDArray[np.float64]) -> float:
    column = int(np.clip(round(float(point[0])) + HALF_WIDTH_MM, 0, heights.shape[1] - 1))
    row = int(np.clip(round(float(point[1])) + HALF_HEIGHT_MM, 0, heights.shape[0] - 1))
    return float(heights[row, column])

"""What the simulated camera sees: a photograph before a plain wall, with the noise and the sway of the real world.

A still photograph streamed as it is would trip the product's own rules (frozen picture, too similar to the reference),
so every frame is a little different: seeded sensor noise, a slow sway. Pure pictures in, pictures out; no network.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

WIDTH_PX, HEIGHT_PX = 1280, 720
_EYE_DISTANCE_PX = 96.0  # a resident 60 cm before a camera with a 70 degree lens
_EYE_LINE_PX = 300.0
_FACE_CROP_PX = 320  # square pictures up to this side come from face collections: the face in the middle
_NOISE_MARGIN_PX = 64
_NOISE_SIGMA = 3.0  # grey levels, of a small indoor sensor

Picture = NDArray[np.uint8]
Eyes = tuple[float, float, float, float]  # x, y of the eye on the picture's left, then of the one on its right, in px


@dataclass
class Subject:
    """Somebody before the camera. Without ``eyes`` the photograph is taken as a portrait, the head near its top."""

    photograph: Picture
    eyes: Eyes | None = None


@dataclass
class Scene:
    """Who stands where, and what is wrong with the camera. Change the fields between frames."""

    subject: Subject | None = None
    second: Subject | None = None
    looks_away: bool = False
    is_black: bool = False
    seed: int = 1
    _rng: np.random.Generator = field(init=False, repr=False)
    _noise: NDArray[np.int16] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._rng = np.random.default_rng(self.seed)
        size = (HEIGHT_PX + _NOISE_MARGIN_PX, WIDTH_PX + _NOISE_MARGIN_PX, 3)
        self._noise = np.round(self._rng.normal(0, _NOISE_SIGMA, size)).astype(np.int16)

    def compose(self) -> Picture:
        """Draw the scene without noise and motion, 1280x720 BGR."""
        if self.is_black:
            return np.zeros((HEIGHT_PX, WIDTH_PX, 3), np.uint8)
        canvas = _wall()
        if self.subject is not None and self.second is not None:
            _place(canvas, self.subject, WIDTH_PX * 0.27, WIDTH_PX // 2 - 40, self.looks_away)
            _place(canvas, self.second, WIDTH_PX * 0.73, WIDTH_PX // 2 - 40, False)
        elif self.subject is not None:
            _place(canvas, self.subject, WIDTH_PX / 2, 1000, self.looks_away)
        return canvas

    def frame(self, composed: Picture, at_s: float) -> Picture:
        """Give ``composed`` its sway at ``at_s`` seconds and fresh noise."""
        scale = 1 + 0.006 * math.sin(2 * math.pi * at_s / 9.1)
        dx = 8 * math.sin(2 * math.pi * at_s / 7.3) + WIDTH_PX / 2 * (1 - scale)
        dy = 5 * math.sin(2 * math.pi * at_s / 5.3) + HEIGHT_PX / 2 * (1 - scale)
        move = np.array([[scale, 0, dx], [0, scale, dy]], np.float64)
        swayed = cv2.warpAffine(composed, move, (WIDTH_PX, HEIGHT_PX), borderMode=cv2.BORDER_REPLICATE)
        top, left = self._rng.integers(0, _NOISE_MARGIN_PX, 2)
        noise = self._noise[top : top + HEIGHT_PX, left : left + WIDTH_PX]
        return np.asarray(cv2.add(swayed, noise, dtype=cv2.CV_8U), np.uint8)


def decode(photograph: bytes) -> Picture:
    """Decode JPEG or PNG bytes to BGR. Raises ``ValueError`` for anything else."""
    picture = cv2.imdecode(np.frombuffer(photograph, np.uint8), cv2.IMREAD_COLOR) if photograph else None
    if picture is None:
        raise ValueError("the photograph is no picture that can be read; give JPEG or PNG bytes")
    return np.asarray(picture, np.uint8)


def _wall() -> Picture:
    """Draw a plain wall, lighter at the top left as under a ceiling lamp."""
    across = np.linspace(0, 1, WIDTH_PX)[None, :]
    down = np.linspace(0, 1, HEIGHT_PX)[:, None]
    light = 196 - 26 * across - 34 * down
    return np.stack([light * 0.97, light, light * 1.01], axis=2).astype(np.uint8)


def _place(canvas: Picture, subject: Subject, centre_px: float, width_px: int, is_turned: bool) -> None:
    """Paint ``subject`` with the face around ``centre_px``, at most ``width_px`` wide."""
    height, width = subject.photograph.shape[:2]
    eyes = subject.eyes
    if eyes is None and height == width <= _FACE_CROP_PX:
        eyes = (0.41 * width, 0.45 * height, 0.59 * width, 0.45 * height)
    if eyes is not None:
        left_x, left_y, right_x, right_y = eyes
        scale = _EYE_DISTANCE_PX / max(math.hypot(right_x - left_x, right_y - left_y), 1.0)
        middle = ((left_x + right_x) / 2, (left_y + right_y) / 2)
    else:
        scale = 1.5 * HEIGHT_PX / height
        middle = (width / 2, _EYE_LINE_PX / scale)
    turn_deg = 50.0 if is_turned else 0.0
    move = np.asarray(cv2.getRotationMatrix2D(middle, turn_deg, scale), np.float64)
    move[0, 2] += centre_px - middle[0]
    move[1, 2] += _EYE_LINE_PX - middle[1]
    size = (WIDTH_PX, HEIGHT_PX)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    if scale < 0.5:  # warpAffine does not average over pixels it skips
        small = cv2.resize(subject.photograph, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        move[:, :2] *= 1 / scale
        source, how = small, cv2.INTER_LINEAR
    else:
        source = subject.photograph
    painted = cv2.warpAffine(source, move, size, flags=how)
    mask = cv2.warpAffine(np.full(source.shape[:2], 255, np.uint8), move, size)
    outside = np.ones(WIDTH_PX, bool)
    outside[int(max(0, centre_px - width_px / 2)) : int(min(WIDTH_PX, centre_px + width_px / 2))] = False
    mask[:, outside] = 0
    if is_turned:
        painted = cv2.GaussianBlur(painted, (0, 0), 6)
    soft = cv2.GaussianBlur(cv2.erode(mask, np.ones((61, 61), np.uint8)), (0, 0), 12)[..., None] / 255.0
    np.copyto(canvas, (painted * soft + canvas * (1 - soft)).astype(np.uint8))

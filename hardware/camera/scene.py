"""What the simulated camera sees: a photograph before a plain wall, with the noise and the sway of the real world.

A still photograph streamed as it is would trip the product's own rules (frozen picture, too similar to the reference),
so every frame is a little different: seeded sensor noise, a slow sway. The person can turn, nod and come closer
(``relief``), be a flat print in somebody's hand, wear a mask, be tall or small. Pictures in, pictures out; no network.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.camera.relief import Pose, tilt_print, turn_head

WIDTH_PX, HEIGHT_PX = 1280, 720
EYE_DISTANCE_PX = 96.0  # a resident 60 cm before a camera with a 70 degree lens
_EYE_LINE_SHARE = 300 / 720  # of the picture's height
_UPRIGHT_PX_A_M = 1030.0  # of an upright camera at 1.4 m that sees eyes from 0.9 to 1.9 m
_CAMERA_HEIGHT_M = 1.4
_UPRIGHT_EYE_DISTANCE_PX = 0.063 * _UPRIGHT_PX_A_M
_FACE_CROP_PX = 320  # square pictures up to this side come from face collections: the face in the middle
_NOISE_MARGIN_PX = 64
_NOISE_SIGMA = 3.0  # grey levels, of a small indoor sensor
_MASK_BGR = (196, 168, 120)  # surgical blue
_TURNS = {90: cv2.ROTATE_90_COUNTERCLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_CLOCKWISE}

Picture = NDArray[np.uint8]
Eyes = tuple[float, float, float, float]  # x, y of the eye on the picture's left, then of the one on its right, in px


@dataclass(frozen=True, eq=False)
class Subject:
    """Somebody before the camera. Without ``eyes`` the photograph is taken as a portrait, the head near its top."""

    photograph: Picture
    eyes: Eyes | None = None


@dataclass(frozen=True)
class View:
    """Who stands where, and how the camera hangs. ``mounted_deg``: turned clockwise; at 90 and 270 it sees upright.

    ``eye_height_m`` places the eyes in an upright camera's picture. ``is_print``: a photograph on paper, not a person.
    """

    subject: Subject | None = None
    second: Subject | None = None
    looks_away: bool = False
    is_black: bool = False
    has_mask: bool = False
    is_print: bool = False
    light: float = 1.0
    mounted_deg: int = 0
    eye_height_m: float | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the scene as the camera's sensor would show it upright, in px."""
        return (HEIGHT_PX, WIDTH_PX) if self.mounted_deg in (90, 270) else (WIDTH_PX, HEIGHT_PX)

    @property
    def middle(self) -> tuple[float, float]:
        """Where the first person's eyes are, in px of the upright scene."""
        width, height = self.size
        across = width * (0.27 if self.second is not None else 0.5)
        if self.eye_height_m is None:
            return across, height * _EYE_LINE_SHARE
        return across, height / 2 + (_CAMERA_HEIGHT_M - self.eye_height_m) * _UPRIGHT_PX_A_M

    @property
    def eye_distance_px(self) -> float:
        """Of the first person."""
        return EYE_DISTANCE_PX if self.eye_height_m is None else _UPRIGHT_EYE_DISTANCE_PX


@dataclass
class Scene:
    """Draws views."""

    seed: int = 1
    _rng: np.random.Generator = field(init=False, repr=False)
    _noise: NDArray[np.int16] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._rng = np.random.default_rng(self.seed)
        size = (HEIGHT_PX + _NOISE_MARGIN_PX, WIDTH_PX + _NOISE_MARGIN_PX, 3)
        self._noise = np.round(self._rng.normal(0, _NOISE_SIGMA, size)).astype(np.int16)

    def compose(self, view: View) -> Picture:
        """Draw the upright scene without noise and motion, BGR."""
        width, height = view.size
        if view.is_black:
            return np.zeros((height, width, 3), np.uint8)
        canvas = _wall(width, height)
        if view.subject is not None:
            room = 1000 if view.second is None else width // 2 - 40
            _place(canvas, view.subject, view.middle, view.eye_distance_px, room, is_turned=view.looks_away)
            if view.has_mask:
                _mask(canvas, view.middle, view.eye_distance_px)
        if view.subject is not None and view.second is not None:
            _place(canvas, view.second, (width * 0.73, view.middle[1]), view.eye_distance_px, width // 2 - 40)
        if view.light != 1.0:
            np.copyto(canvas, np.clip(canvas * view.light, 0, 255).astype(np.uint8))
        return canvas

    def frame(self, view: View, composed: Picture, at_s: float, pose: Pose | None = None) -> Picture:
        """Give ``composed`` a pose, its sway at ``at_s`` seconds and fresh noise; turned as the camera hangs."""
        if view.is_black:
            return composed
        width, height = view.size
        pose = pose or Pose()
        picture = composed
        if view.subject is not None and not replace(pose, nearer=1.0).is_straight:
            turn = tilt_print if view.is_print else turn_head
            picture = turn(composed, view.middle, view.eye_distance_px, pose)
        scale = pose.nearer * (1 + 0.006 * math.sin(2 * math.pi * at_s / 9.1))
        dx = 8 * math.sin(2 * math.pi * at_s / 7.3) + view.middle[0] * (1 - scale)
        dy = 5 * math.sin(2 * math.pi * at_s / 5.3) + view.middle[1] * (1 - scale)
        move = np.array([[scale, 0, dx], [0, scale, dy]], np.float64)
        swayed = cv2.warpAffine(picture, move, (width, height), borderMode=cv2.BORDER_REPLICATE)
        top, left = self._rng.integers(0, _NOISE_MARGIN_PX, 2)
        sheet = self._noise if width > height else self._noise.swapaxes(0, 1)
        noise = sheet[top : top + height, left : left + width]
        seen = np.asarray(cv2.add(swayed, noise, dtype=cv2.CV_8U), np.uint8)
        turn_code = _TURNS.get(view.mounted_deg)
        return seen if turn_code is None else np.asarray(cv2.rotate(seen, turn_code), np.uint8)


def decode(photograph: bytes) -> Picture:
    """Decode JPEG or PNG bytes to BGR. Raises ``ValueError`` for anything else."""
    picture = cv2.imdecode(np.frombuffer(photograph, np.uint8), cv2.IMREAD_COLOR) if photograph else None
    if picture is None:
        raise ValueError("the photograph is no picture that can be read; give JPEG or PNG bytes")
    return np.asarray(picture, np.uint8)


def _wall(width: int, height: int) -> Picture:
    """Draw a plain wall, lighter at the top left as under a ceiling lamp."""
    across = np.linspace(0, 1, width)[None, :]
    down = np.linspace(0, 1, height)[:, None]
    light = 196 - 26 * across - 34 * down
    return np.stack([light * 0.97, light, light * 1.01], axis=2).astype(np.uint8)


def _mask(canvas: Picture, middle: tuple[float, float], eyes_px: float) -> None:
    """Draw a surgical mask from the nose to below the chin."""
    shape = np.array([[-0.95, 0.45], [0, 0.3], [0.95, 0.45], [0.8, 1.35], [0, 1.85], [-0.8, 1.35]])
    corners = np.round(shape * eyes_px + np.asarray(middle)).astype(np.int32)
    cv2.fillPoly(canvas, [corners], _MASK_BGR)
    for fold in (0.75, 1.05):
        left, right = (int(middle[0] + side * 0.85 * eyes_px) for side in (-1, 1))
        y = int(middle[1] + fold * eyes_px)
        cv2.line(canvas, (left, y), (right, y), tuple(int(level * 0.88) for level in _MASK_BGR), 2)


def _place(
    canvas: Picture,
    subject: Subject,
    middle: tuple[float, float],
    eyes_px: float,
    room_px: int,
    *,
    is_turned: bool = False,
) -> None:
    """Paint ``subject`` with the eyes around ``middle``, at most ``room_px`` wide."""
    canvas_height, canvas_width = canvas.shape[:2]
    height, width = subject.photograph.shape[:2]
    eyes = subject.eyes
    if eyes is None and height == width <= _FACE_CROP_PX:
        eyes = (0.41 * width, 0.45 * height, 0.59 * width, 0.45 * height)
    if eyes is not None:
        left_x, left_y, right_x, right_y = eyes
        scale = eyes_px / max(math.hypot(right_x - left_x, right_y - left_y), 1.0)
        between = ((left_x + right_x) / 2, (left_y + right_y) / 2)
    else:
        scale = 1.5 * HEIGHT_PX / height * eyes_px / EYE_DISTANCE_PX
        between = (width / 2, HEIGHT_PX * _EYE_LINE_SHARE / (1.5 * HEIGHT_PX / height))
    turn_deg = 50.0 if is_turned else 0.0
    move = np.asarray(cv2.getRotationMatrix2D(between, turn_deg, scale), np.float64)
    move[0, 2] += middle[0] - between[0]
    move[1, 2] += middle[1] - between[1]
    size = (canvas_width, canvas_height)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    if scale < 0.5:  # warpAffine does not average over pixels it skips
        small = cv2.resize(subject.photograph, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        move[:, :2] *= 1 / scale
        source, how = small, cv2.INTER_LINEAR
    else:
        source = subject.photograph
    painted = cv2.warpAffine(source, move, size, flags=how)
    mask = cv2.warpAffine(np.full(source.shape[:2], 255, np.uint8), move, size)
    outside = np.ones(canvas_width, bool)
    outside[int(max(0, middle[0] - room_px / 2)) : int(min(canvas_width, middle[0] + room_px / 2))] = False
    mask[:, outside] = 0
    if is_turned:
        painted = cv2.GaussianBlur(painted, (0, 0), 6)
    soft = cv2.GaussianBlur(cv2.erode(mask, np.ones((61, 61), np.uint8)), (0, 0), 12)[..., None] / 255.0
    np.copyto(canvas, (painted * soft + canvas * (1 - soft)).astype(np.uint8))

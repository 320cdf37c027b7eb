"""A photograph that can turn its head: the face as a relief of a mean head, turned and seen in perspective.

Synthetic, and labelled so wherever figures come from it: it gives the parallax of a rigid head (a nose some 23 mm
before the eyes), not the look of a living face. A flat ``print`` of the same photograph has none of that parallax.
Pure numpy and OpenCV; units are eye distances around the middle of the eyes, x right, y down, z towards the camera.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

_DISTANCE = 9.5  # of the camera: 60 cm in eye distances of 63 mm
_NECK_DEPTH, _NECK_HEIGHT = -1.4, 0.6  # what a head turns about
_GRID_PX = 4  # the map is smooth: every fourth pixel is enough
_STEPS = 12  # of the fixed-point iteration; converges up to 30 degrees

Picture = NDArray[np.uint8]
Grid = NDArray[np.float64]


@dataclass(frozen=True)
class Pose:
    """How a head is held. ``yaw_deg`` > 0: to the person's own left; ``pitch_deg`` > 0: chin down."""

    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    nearer: float = 1.0  # times as large as at first

    @property
    def is_straight(self) -> bool:
        """Nothing to draw anew."""
        return not (self.yaw_deg or self.pitch_deg) and self.nearer == 1.0


def turn_head(picture: Picture, middle: tuple[float, float], eye_distance_px: float, pose: Pose) -> Picture:
    """Turn the head whose eyes are around ``middle`` (px), as a rigid relief; shoulders and wall stay."""
    height, width = picture.shape[:2]
    across = (np.arange(0, width, _GRID_PX) + (_GRID_PX - 1) / 2 - middle[0]) / eye_distance_px
    down = (np.arange(0, height, _GRID_PX) + (_GRID_PX - 1) / 2 - middle[1]) / eye_distance_px
    x, y = (np.asarray(grid) for grid in np.meshgrid(across, down))
    from_x, from_y = x.copy(), y.copy()
    share = _share(x, y)
    for _ in range(_STEPS):
        depth = _depth(from_x, from_y)
        turned, straight = _seen(from_x, from_y, depth, pose), _seen(from_x, from_y, depth, Pose())
        from_x, from_y = x - share * (turned[0] - straight[0]), y - share * (turned[1] - straight[1])
    size = (width, height)
    map_x = cv2.resize((from_x * eye_distance_px + middle[0]).astype(np.float32), size)
    map_y = cv2.resize((from_y * eye_distance_px + middle[1]).astype(np.float32), size)
    return np.asarray(cv2.remap(picture, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def tilt_print(picture: Picture, middle: tuple[float, float], eye_distance_px: float, pose: Pose) -> Picture:
    """Turn the whole picture as a flat sheet about ``middle``: what a printed photograph does in a hand."""
    height, width = picture.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    x = (corners[:, 0] - middle[0]) / eye_distance_px
    y = (corners[:, 1] - middle[1]) / eye_distance_px
    yaw, pitch = math.radians(pose.yaw_deg), math.radians(pose.pitch_deg)
    turned_x, depth = x * math.cos(yaw), -x * math.sin(yaw)
    turned_y, depth = y * math.cos(pitch) + depth * math.sin(pitch), depth * math.cos(pitch) - y * math.sin(pitch)
    scale = _DISTANCE / (_DISTANCE - depth)
    moved = np.stack([turned_x * scale, turned_y * scale], axis=1) * eye_distance_px + np.asarray(middle)
    move = cv2.getPerspectiveTransform(corners.astype(np.float32), moved.astype(np.float32))
    return np.asarray(cv2.warpPerspective(picture, move, (width, height), borderValue=(120, 120, 120)), np.uint8)


def _depth(x: Grid, y: Grid) -> Grid:
    """Depth of a mean head: an ellipsoid with a nose; 0 at the eyes."""
    head = 1.45 * np.sqrt(np.maximum(0.02, 1 - (x / 1.35) ** 2 - ((y - 0.35) / 1.9) ** 2))
    at_the_eyes = 1.45 * math.sqrt(1 - (0.5 / 1.35) ** 2 - (0.35 / 1.9) ** 2)
    bridge = np.clip((y + 0.05) / 0.67, 0, 1) * np.clip((0.92 - y) / 0.25, 0, 1)
    return np.asarray(head - at_the_eyes + 0.36 * np.exp(-((x / 0.24) ** 2)) * bridge)


def _seen(x: Grid, y: Grid, z: Grid, pose: Pose) -> tuple[Grid, Grid]:
    """Project a turned point."""
    yaw, pitch = math.radians(pose.yaw_deg), math.radians(pose.pitch_deg)
    before_neck, below = z - _NECK_DEPTH, y - _NECK_HEIGHT
    turned_x = x * math.cos(yaw) + before_neck * math.sin(yaw)
    depth = before_neck * math.cos(yaw) - x * math.sin(yaw)
    turned_y = below * math.cos(pitch) + depth * math.sin(pitch)
    depth = depth * math.cos(pitch) - below * math.sin(pitch)
    scale = _DISTANCE / (_DISTANCE - depth - _NECK_DEPTH)
    return np.asarray(turned_x * scale), np.asarray(turned_y * scale + _NECK_HEIGHT)


def _share(x: Grid, y: Grid) -> Grid:
    """How much of the turn a point takes part in: the head wholly, the shoulders not at all."""
    away = np.sqrt((x / 1.3) ** 2 + ((y - 0.3) / 1.75) ** 2)
    t = np.clip((1.75 - away) / 0.75, 0, 1)
    return np.asarray(t * t * (3 - 2 * t))

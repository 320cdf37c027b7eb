"""Two simulated cameras before one solid: what each of them sees, with the noise of a small sensor.

The other end of the wire of a binocular camera, for bench, benchmark and tests: true perspective, hidden parts hidden,
and nothing but pictures handed on. The cameras are ideal and stand side by side; their calibration is known exactly.
"""

from __future__ import annotations

import datetime
import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.face.stereo import Picture
from hardware.face.stereo.calibration import Lens, Rectification, StereoCalibration
from hardware.face.stereo.shapes import HALF_HEIGHT_MM, HALF_WIDTH_MM, TEXELS_PER_MM, Solid

NOISE_SIGMA = 3.0  # grey levels
_STEP_MM = 3.0  # between two looks for the surface along a ray
_NOISE_MARGIN_PX = 48

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Pose:
    """Where a solid stands, seen from the left camera (mm: right, down, away) and how it is turned (degrees)."""

    x_mm: float = 0.0
    y_mm: float = 0.0
    distance_mm: float = 500.0
    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    roll_deg: float = 0.0

    @property
    def turn(self) -> Floats:
        """3x3: columns are the solid's axes (right, down, towards the cameras) in the camera's frame."""
        yaw, pitch, roll = (math.radians(angle) for angle in (self.yaw_deg, self.pitch_deg, self.roll_deg))
        about_y = np.array([[math.cos(yaw), 0, math.sin(yaw)], [0, 1, 0], [-math.sin(yaw), 0, math.cos(yaw)]])
        about_x = np.array([[1, 0, 0], [0, math.cos(pitch), -math.sin(pitch)], [0, math.sin(pitch), math.cos(pitch)]])
        about_z = np.array([[math.cos(roll), -math.sin(roll), 0], [math.sin(roll), math.cos(roll), 0], [0, 0, 1]])
        return np.asarray(about_y @ about_x @ about_z @ np.diag([1.0, 1.0, -1.0]), np.float64)


@dataclass(frozen=True)
class Pairing:
    """The two cameras: picture size, focal length, distance of the lenses."""

    width_px: int = 1280
    height_px: int = 720
    focal_px: float = 680.0
    baseline_mm: float = 60.0

    @property
    def calibration(self) -> StereoCalibration:
        """What a perfect calibration of them would say."""
        centre = ((self.width_px - 1) / 2, (self.height_px - 1) / 2)
        lens = Lens(self.focal_px, self.focal_px, *centre, (0.0, 0.0, 0.0, 0.0, 0.0))
        straight = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
        rows = (0.0, self.focal_px, centre[1], 0.0, 0.0, 0.0, 1.0, 0.0)
        left = (self.focal_px, 0.0, centre[0], 0.0, *rows)
        right = (self.focal_px, 0.0, centre[0], -self.focal_px * self.baseline_mm, *rows)
        return StereoCalibration(
            1,
            datetime.date(2000, 1, 1),
            self.width_px,
            self.height_px,
            lens,
            lens,
            straight,
            (-self.baseline_mm, 0.0, 0.0),
            Rectification(straight, straight, left, right),
            0.0,
            self.baseline_mm,
            1,
        )


class StereoScene:
    """Draws a solid as both cameras see it. Seeded: the same calls give the same pictures."""

    def __init__(self, cameras: Pairing | None = None, *, seed: int = 1) -> None:
        self.cameras = cameras or Pairing()
        self._rng = np.random.default_rng(seed)
        size = (self.cameras.height_px + _NOISE_MARGIN_PX, self.cameras.width_px + _NOISE_MARGIN_PX, 3)
        self._noise = np.rint(self._rng.normal(0, NOISE_SIGMA, size)).astype(np.int8)
        self._wall = self._paint_wall()

    def shoot(self, solid: Solid | None, pose: Pose) -> tuple[Picture, Picture]:
        """One picture of each camera, left and right, taken at the same moment; None: nobody is there."""
        return self.look(solid, pose, 0.0), self.look(solid, pose, self.cameras.baseline_mm)

    def look(self, solid: Solid | None, pose: Pose, camera_x_mm: float) -> Picture:
        """One picture of a camera that stands ``camera_x_mm`` to the right of the left one."""
        return self.expose(self.draw(solid, pose, camera_x_mm))

    def draw(self, solid: Solid | None, pose: Pose, camera_x_mm: float) -> Picture:
        """What such a camera would see without noise."""
        picture = self._wall.copy()
        if solid is not None:
            self._draw(picture, solid, pose, camera_x_mm)
        return picture

    def expose(self, picture: Picture) -> Picture:
        """Add fresh noise."""
        top, left = self._rng.integers(0, _NOISE_MARGIN_PX, 2)
        height, width = picture.shape[:2]
        noise = self._noise[top : top + height, left : left + width]
        return np.asarray(cv2.add(picture, noise, dtype=cv2.CV_8U), np.uint8)

    def _draw(self, picture: Picture, solid: Solid, pose: Pose, camera_x_mm: float) -> None:
        turn = pose.turn
        origin = np.array([pose.x_mm - camera_x_mm, pose.y_mm, pose.distance_mm])  # of the solid, from this camera
        place = self._bounds(solid, turn, origin)
        if place is None:
            return
        left, top, right, bottom = place
        focal, cameras = self.cameras.focal_px, self.cameras
        columns = (np.arange(left, right, dtype=np.float32) - (cameras.width_px - 1) / 2) / focal
        rows = (np.arange(top, bottom, dtype=np.float32) - (cameras.height_px - 1) / 2) / focal
        ray_x, ray_y = np.meshgrid(columns, rows)
        eye = (-origin @ turn).astype(np.float32)  # the camera, in the solid's frame
        ray = [
            np.float32(turn[0, i]) * ray_x + np.float32(turn[1, i]) * ray_y + np.float32(turn[2, i]) for i in range(3)
        ]
        x_mm, y_mm, is_hit = _meet(solid.heights, eye, ray)
        map_x = (x_mm + HALF_WIDTH_MM) * TEXELS_PER_MM
        map_y = (y_mm + HALF_HEIGHT_MM) * TEXELS_PER_MM
        seen = cv2.remap(solid.colours, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        cover = cv2.remap(solid.cover, map_x, map_y, cv2.INTER_LINEAR) * is_hit
        share = cover[..., None]
        part = picture[top:bottom, left:right]
        np.copyto(part, (seen * share + part * (1 - share)).astype(np.uint8))

    def _bounds(self, solid: Solid, turn: Floats, origin: Floats) -> tuple[int, int, int, int] | None:
        """Part of the picture that can show the solid: left, top, right, bottom."""
        depths = (float(solid.heights.min()), float(solid.heights.max()))
        west, north, east, south = solid.extent_mm
        corners = np.array([(x, y, z) for x in (west, east) for y in (north, south) for z in depths])
        there = corners @ turn.T + origin
        if there[:, 2].min() < 50:
            return None
        cameras = self.cameras
        columns = there[:, 0] / there[:, 2] * cameras.focal_px + cameras.width_px / 2
        rows = there[:, 1] / there[:, 2] * cameras.focal_px + cameras.height_px / 2
        left, right = max(0, int(columns.min()) - 1), min(cameras.width_px, int(columns.max()) + 2)
        top, bottom = max(0, int(rows.min()) - 1), min(cameras.height_px, int(rows.max()) + 2)
        return (left, top, right, bottom) if left < right and top < bottom else None

    def _paint_wall(self) -> Picture:
        across = np.linspace(0, 1, self.cameras.width_px)[None, :]
        down = np.linspace(0, 1, self.cameras.height_px)[:, None]
        light = 190 - 24 * across - 30 * down
        return np.stack([light * 0.97, light, light * 1.01], axis=2).astype(np.uint8)


def _meet(
    heights: NDArray[np.float32], eye: NDArray[np.float32], ray: list[NDArray[np.float32]]
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Where rays from ``eye`` first meet the surface: x and y in mm, and 1 where they do at all."""
    low, high = float(heights.min()), float(heights.max())
    across, down = ray[0] / ray[2], ray[1] / ray[2]  # of x and y for each mm of height
    steps = max(1, math.ceil((high - low) / _STEP_MM))
    level = np.full(across.shape, high, np.float32)
    over = np.full(across.shape, 1e-3, np.float32)  # how high the ray was over the surface, one step before
    is_open = np.ones(across.shape, bool)
    for step in range(steps + 1):
        z = np.float32(high - (high - low) * step / steps)
        x, y = eye[0] + (z - eye[2]) * across, eye[1] + (z - eye[2]) * down
        under = z - _sample(heights, x, y)
        hit = is_open & (under <= 0)
        if hit.any():
            back = np.float32((high - low) / steps) * (-under[hit]) / np.maximum(over[hit] - under[hit], 1e-6)
            level[hit] = z + (back if step else 0.0)
            is_open &= ~hit
        over = under
    x, y = eye[0] + (level - eye[2]) * across, eye[1] + (level - eye[2]) * down
    inside = ~is_open & (np.abs(x) <= HALF_WIDTH_MM) & (np.abs(y) <= HALF_HEIGHT_MM)
    return x.astype(np.float32), y.astype(np.float32), inside.astype(np.float32)


def _sample(heights: NDArray[np.float32], x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float32]:
    found = cv2.remap(heights, x + HALF_WIDTH_MM, y + HALF_HEIGHT_MM, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found, np.float32)

"""Somebody before two cameras without any photograph: noise for a skin, and the five points where they truly are."""

from collections.abc import Iterator
from functools import cache

import cv2
import numpy as np

from hardware.face.gates import Face
from hardware.face.stereo import View
from hardware.face.stereo.scene import Pairing, Pose, StereoScene
from hardware.face.stereo.shapes import HALF_HEIGHT_MM, HALF_WIDTH_MM, TEXELS_PER_MM, Portrait, Solid

FIVE_MM = ((-31.0, -33.0), (31.0, -33.0), (0.0, 3.0), (-25.0, 33.0), (25.0, 33.0))
CAMERAS = Pairing(640, 480)
STRAIGHT = Pose(x_mm=30.0)


@cache
def skin(eye_distance_mm: float = 62.0) -> Portrait:
    """Structure of several sizes, as skin has it, and a face's five points."""
    rng = np.random.default_rng(7)
    size = (2 * HALF_HEIGHT_MM * TEXELS_PER_MM + 1, 2 * HALF_WIDTH_MM * TEXELS_PER_MM + 1)
    grey = 140.0 + sum(cv2.GaussianBlur(rng.normal(0, 30 * blur, size), (0, 0), blur) for blur in (2.0, 5.0, 12.0))
    texture = cv2.cvtColor(np.clip(grey, 0, 255).astype(np.uint8), cv2.COLOR_GRAY2BGR)
    return Portrait(texture, np.array(FIVE_MM) * eye_distance_mm / 62)


def face_at(solid: Solid, shown: Portrait, pose: Pose, camera_x_mm: float, cameras: Pairing, rng=None) -> Face:
    """The five points as a camera sees them; with ``rng`` a pixel off, as a detector's are."""
    rows, columns = (
        np.rint(shown.points[:, i] + half).astype(int) for i, half in ((1, HALF_HEIGHT_MM), (0, HALF_WIDTH_MM))
    )
    solid_points = np.column_stack((shown.points, solid.heights[rows, columns]))
    there = solid_points @ pose.turn.T + [pose.x_mm - camera_x_mm, pose.y_mm, pose.distance_mm]
    centre = np.array([(cameras.width_px - 1) / 2, (cameras.height_px - 1) / 2])
    seen = there[:, :2] / there[:, 2:] * cameras.focal_px + centre
    if rng is not None:
        seen = seen + rng.normal(0, 1.0, seen.shape)
    (left, top), (right, bottom) = seen.min(axis=0) - 40, seen.max(axis=0) + 50
    points = tuple((float(x), float(y)) for x, y in seen)
    return Face((left, top, right, bottom), points, 0.9)


def sitting(
    solid: Solid, shown: Portrait, pose: Pose = STRAIGHT, *, cameras: Pairing = CAMERAS, pairs: int = 5
) -> Iterator[tuple[View, View]]:
    """So many pairs of views."""
    scene, rng = StereoScene(cameras), np.random.default_rng(5)
    drawn = [scene.draw(solid, pose, side * cameras.baseline_mm) for side in (0, 1)]
    for number in range(pairs):
        pictures = [scene.expose(picture) for picture in drawn]
        yield tuple(
            View(picture, [face_at(solid, shown, pose, side * cameras.baseline_mm, cameras, rng)], 0.1 * number)
            for side, picture in enumerate(pictures)
        )

"""Faces as five points of a rigid head, or of a flat sheet, turned before a camera: for tests that need no pixels."""

from __future__ import annotations

import math

import numpy as np

from hardware.face.gates import Face

HEAD = np.array([[-0.5, 0, 0], [0.5, 0, 0], [0, 0.62, 0.4], [-0.4, 1.1, 0.1], [0.4, 1.1, 0.1]])  # eye distances
SHEET = HEAD * [1, 1, 0]
_DISTANCE, _NECK = 9.5, -1.4


def turned(shape=HEAD, yaw_deg=0.0, pitch_deg=0.0, nearer=1.0, roll_deg=0.0, eyes_px=100.0, noise_px=0.0, rng=None):
    """The face of ``shape``; ``yaw_deg`` > 0 to the person's own left, ``pitch_deg`` > 0 chin down."""
    yaw, pitch, roll = (math.radians(angle) for angle in (yaw_deg, pitch_deg, roll_deg))
    x, y, z = shape[:, 0], shape[:, 1] - 0.6, shape[:, 2] - _NECK
    x, z = x * math.cos(yaw) + z * math.sin(yaw), z * math.cos(yaw) - x * math.sin(yaw)
    y, z = y * math.cos(pitch) + z * math.sin(pitch), z * math.cos(pitch) - y * math.sin(pitch)
    scale = _DISTANCE / nearer / (_DISTANCE / nearer - z - _NECK) * nearer * eyes_px
    flat = np.stack([x * scale, y * scale], axis=1)
    spin = np.array([[math.cos(roll), -math.sin(roll)], [math.sin(roll), math.cos(roll)]])
    points = flat @ spin.T + [640, 360]
    if rng is not None:
        points = points + rng.normal(0, noise_px, points.shape)
    left, top = points.min(axis=0) - 0.5 * eyes_px
    right, bottom = points.max(axis=0) + 0.6 * eyes_px
    return Face((left, top, right, bottom), tuple((float(a), float(b)) for a, b in points), 0.9)

"""A simulated binocular camera: two stamped streams of pictures, written into the frame rings of a booth.

Stands where the two camera drivers write, so that pairing, measuring and deciding run as in the booth. Shows a head, a
print, or nobody, and can be told to misbehave. Draws when something changes; every frame has its own noise and sway.
"""

from __future__ import annotations

import math
import threading
import time

import cv2
import numpy as np

from hardware.face.stereo import Picture
from hardware.face.stereo.calibration import StereoCalibration
from hardware.face.stereo.scene import Pairing, Pose, StereoScene
from hardware.face.stereo.shapes import Solid
from hardware.ring import FrameRing

_JOIN_S = 5.0


class StereoSimulator(threading.Thread):
    """Writes pairs into two rings from ``start`` to ``end``. The rings stay the caller's.

    Knobs, to be changed at any time: ``apart_s`` (the right picture is taken so much later), ``is_right_stalled`` (the
    right camera sends nothing more).
    """

    def __init__(
        self, left: FrameRing, right: FrameRing, *, cameras: Pairing | None = None, fps: float = 15.0, seed: int = 1
    ) -> None:
        super().__init__(name="stereo-simulator", daemon=True)
        self._rings = (left, right)
        self._scene = StereoScene(cameras, seed=seed)
        self._fps = fps
        self._ending = threading.Event()
        self._lock = threading.Lock()
        self._drawn = self._draw(None, Pose())
        self.apart_s = 0.0
        self.is_right_stalled = False

    @property
    def calibration(self) -> StereoCalibration:
        """Of the two simulated cameras, exact."""
        return self._scene.cameras.calibration

    def show(self, solid: Solid | None, pose: Pose | None = None) -> None:
        """Put something before the cameras, None: nobody. Without a pose in the middle between them, 0.5 m away."""
        drawn = self._draw(solid, pose or Pose(x_mm=self._scene.cameras.baseline_mm / 2))
        with self._lock:
            self._drawn = drawn

    def run(self) -> None:
        """Write pairs until told to end."""
        while not self._ending.is_set():
            at_s = time.monotonic()
            with self._lock:
                drawn = self._drawn
            dx, dy = 3 * math.sin(2 * math.pi * at_s / 7.3), 2 * math.sin(2 * math.pi * at_s / 5.3)
            for side, picture in enumerate(drawn):
                if side == 0 or not self.is_right_stalled:
                    frame = self._scene.expose(_moved(picture, dx, dy))
                    self._rings[side].write(frame, at_s + side * self.apart_s)
            self._ending.wait(max(0.0, 1 / self._fps - (time.monotonic() - at_s)))

    def end(self) -> None:
        """Stop writing; idempotent."""
        self._ending.set()
        if self.is_alive():
            self.join(_JOIN_S)

    def _draw(self, solid: Solid | None, pose: Pose) -> tuple[Picture, Picture]:
        scene = self._scene
        return scene.draw(solid, pose, 0.0), scene.draw(solid, pose, scene.cameras.baseline_mm)


def _moved(picture: Picture, dx_px: float, dy_px: float) -> Picture:
    """Both cameras stand on one stand: what sways, sways in both pictures alike."""
    move = np.array([[1, 0, dx_px], [0, 1, dy_px]], np.float64)
    size = (picture.shape[1], picture.shape[0])
    return np.asarray(cv2.warpAffine(picture, move, size, borderMode=cv2.BORDER_REPLICATE), np.uint8)

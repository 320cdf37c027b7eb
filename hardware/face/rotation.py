"""Does the camera hang the wrong way round? Turns a frame and looks again; keeps nothing.

Detectors find upside-down faces with high scores, and no recogniser matches them: without this the resident would be
refused for what a fitter did. Asked only when nothing else goes, because it costs three detections. A person who leans
or lies is not a rotated camera: only quarter turns, only a clearly better face, only twice in a row.
"""

from __future__ import annotations

import cv2
import numpy as np

from hardware.face import Coaching
from hardware.face.engines import FaceEngine, Picture
from hardware.face.gates import Face, check_place, choose

_TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
_BETTER = 0.05  # of the detector's score, over the face as the camera gives it


class RotationProbe:
    """Suspicion of one attempt. ``turn_deg``: clockwise, what would set the picture right; 0 while nothing is sure."""

    AGAIN_S = 0.5
    TWICE = 2

    def __init__(self, engine: FaceEngine) -> None:
        self._engine = engine
        self._last_s = -self.AGAIN_S
        self._votes: dict[int, int] = {}
        self.turn_deg = 0

    @property
    def is_suspected(self) -> bool:
        """Whether the last look found a better face in a turned picture."""
        return bool(self._votes)

    def look(self, frame: Picture, as_it_is: Face | None, at_s: float, *, at_once: bool = False) -> int:
        """Probe ``frame``, in which ``as_it_is`` was found; gives ``turn_deg``. Cheap when asked again too soon."""
        if at_s - self._last_s < self.AGAIN_S and not at_once:
            return self.turn_deg
        self._last_s = at_s
        found = self._upright(frame, as_it_is)
        if not found:
            self._votes.clear()
            return 0
        self._votes[found] = self._votes.get(found, 0) + 1
        if self._votes[found] >= self.TWICE:
            self.turn_deg = found
        return self.turn_deg

    def _upright(self, frame: Picture, as_it_is: Face | None) -> int:
        """Give the turn in which a face is clearly better and stands as a face should, 0 for none."""
        gates = self._engine.pack.manifest.gates
        least = max(gates.detection_score, (as_it_is.score if as_it_is else 0.0) + _BETTER)
        for turn_deg, code in _TURNS.items():
            turned = np.asarray(cv2.rotate(frame, code), np.uint8)
            height, width = turned.shape[:2]
            face = choose(self._engine.detect(turned), width, gates)
            turned.fill(0)
            if isinstance(face, Coaching) or face.score < least:
                continue
            if check_place(face, width, height, gates) is None:
                return turn_deg
        return 0

"""The second camera's part of an attempt: pairs of pictures in, the vote of two views out. Measures in ``stereo``."""

from __future__ import annotations

from pathlib import Path

from hardware.face import Liveness
from hardware.face.engines import FaceEngine, Picture, Vector
from hardware.face.gates import Face
from hardware.face.liveness import Vote
from hardware.face.sight import Sight
from hardware.face.stereo import View
from hardware.face.stereo.calibration import load
from hardware.face.stereo.check import StereoCheck
from hardware.face.stereo.pairing import Pair, StereoSource
from hardware.ring import FrameRing, RingError


class SecondView:
    """Two rings and their calibration; gives the left picture to whoever compares, keeps the right one to itself."""

    def __init__(self, engine: FaceEngine, left: str, right: str, calibration: Path) -> None:
        """Raises ``NoStereoCalibration``, ``RingError``."""
        self._engine = engine
        self._pair: Pair | None = None
        self._check = StereoCheck(load(calibration))
        self._rings = [FrameRing.attach(left)]
        try:
            self._rings.append(FrameRing.attach(right))
        except RingError:
            self.close()
            raise
        self._source = StereoSource(*self._rings)

    def take(self) -> tuple[Picture, float] | None:
        """Give the left picture of the newest pair and when it was taken, or None."""
        self._pair = self._source.newest()
        return None if self._pair is None else (self._pair.left.frame, self._pair.left.at_s)

    def skip(self) -> None:
        """Forget what was taken until now."""
        self._source.skip()

    def zero(self) -> None:
        """Zero the pair in work."""
        pair, self._pair = self._pair, None
        if pair is not None:
            pair.zero()

    def look(self, sight: Sight) -> None:
        """Compare both views of the frame in work."""
        pair = self._pair
        if pair is None:
            return
        faces = self._engine.detect(pair.right.frame)
        vector = None
        if faces and sight.vector is not None:
            vector = self._embed(pair.right.frame, faces)
        left = View(pair.left.frame, sight.found.faces, pair.left.at_s, sight.vector)
        self._check.update(left, View(pair.right.frame, faces, pair.right.at_s, vector))

    def _embed(self, frame: Picture, faces: list[Face]) -> Vector:
        aligned = self._engine.align(frame, max(faces, key=lambda face: face.area))
        try:
            return self._engine.embed(aligned)
        finally:
            aligned.fill(0)

    def vote(self) -> Vote:
        """What all pairs of this person say."""
        vote = self._check.vote
        reason = "stereo_" + vote.reasons[0].value if vote.liveness is not Liveness.LIVE and vote.reasons else ""
        return Vote(vote.liveness, reason)

    def forget(self) -> None:
        """Begin anew with another person."""
        self._check.forget()

    def close(self) -> None:
        """Zero what waits for a partner, let go of the rings. Idempotent."""
        self.zero()
        if len(self._rings) > 1:
            self._source.forget()
        for ring in self._rings:
            ring.close()
        self._rings.clear()

"""One frame, looked at: who is there, may it be compared, and if not, what should the resident do?

Puts engine, gates and occlusion together; decides nothing about identity or life. Pictures of a person live as long as
the call; the vector of a face lives as long as the attempt.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import msgspec

from hardware.face import Coaching
from hardware.face.coaching import MaskAdvice
from hardware.face.engines import FaceEngine, Picture, Vector
from hardware.face.gates import Face, check_light, check_motion, check_place, choose, is_dark
from hardware.face.occlusion import is_covered
from hardware.face.search import Found, Search

_LEAST_SCORE = 0.5  # of the detector, while the head moves: turned heads score lower


class Sight(msgspec.Struct, frozen=True):
    """What a frame, taken at ``at_s``, shows. ``coaching`` is GOOD when it may be compared; then there is a vector.

    ``face``: the person before the camera, wherever they look. ``found``: everybody.
    """

    at_s: float
    coaching: Coaching
    found: Found
    face: Face | None = None
    vector: Vector | None = None
    live_score: float | None = None


class Eye:
    """Looks at one attempt's frames, in their order. ``is_moving``: the head was asked to move, so any pose will do."""

    def __init__(self, engine: FaceEngine) -> None:
        self._engine = engine
        self._search = Search(engine)
        self._before: Face | None = None
        self.mask = MaskAdvice()
        self.is_moving = False

    def look(self, frame: Picture, at_s: float) -> Sight:
        """Judge one frame. Raises ``FaceError`` for what is no picture."""
        gates = self._engine.pack.manifest.gates
        height, width = frame.shape[:2]
        before, self._before = self._before, None
        if frame.size == 0 or is_dark(float(frame[::8, ::8].mean())):
            return Sight(at_s, Coaching.MORE_LIGHT, Found([], False))
        found = self._search.find(frame)
        face = choose(found.faces, width, gates)
        if isinstance(face, Coaching):
            return Sight(at_s, face, found)
        if self.is_moving:
            return self._moving(frame, at_s, found, face)
        unmet = check_place(face, width, height, gates)
        if unmet is not None:
            return Sight(at_s, self._covered(frame, face, at_s) or unmet, found, face)
        self._before = face
        with self._aligned(frame, face) as aligned:
            unmet = check_light(self._engine.measure(aligned), gates) or check_motion(face, before, gates)
            if unmet is Coaching.HOLD_STILL and self.mask.is_waiting(at_s):
                unmet = Coaching.MASK_OFF  # nobody takes a mask off without moving: one thing is asked at a time
            unmet = unmet or self.mask.judge(is_covered(aligned), at_s)
            if unmet is not None:
                return Sight(at_s, unmet, found, face)
            vector = self._engine.embed(aligned)
        return Sight(at_s, Coaching.GOOD, found, face, vector, self._engine.live_score(frame, face))

    def _moving(self, frame: Picture, at_s: float, found: Found, face: Face) -> Sight:
        if face.score < _LEAST_SCORE:
            return Sight(at_s, Coaching.LOOK_HERE, found)
        with self._aligned(frame, face) as aligned:
            return Sight(at_s, Coaching.GOOD, found, face, self._engine.embed(aligned))

    def _covered(self, frame: Picture, face: Face, at_s: float) -> Coaching | None:
        """A mask lowers the detector's score: ask about it before asking to look here for ever."""
        gates = self._engine.pack.manifest.gates
        height, width = frame.shape[:2]
        looks_here = msgspec.structs.replace(face, score=max(face.score, gates.detection_score))
        if face.score < _LEAST_SCORE or check_place(looks_here, width, height, gates) is not None:
            return None
        with self._aligned(frame, face) as aligned:
            if check_light(self._engine.measure(aligned), gates) is not None:
                return None
            return self.mask.judge(is_covered(aligned), at_s)

    @contextlib.contextmanager
    def _aligned(self, frame: Picture, face: Face) -> Iterator[Picture]:
        aligned = self._engine.align(frame, face)
        try:
            yield aligned
        finally:
            aligned.fill(0)

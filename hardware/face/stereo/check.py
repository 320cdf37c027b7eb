"""From pairs of pictures to a vote: the rules, their limits, and the median over several pairs.

One pair is noisy, five are not: every measure is judged by its median over the last pairs. Refuses to decide from
fewer than five. How a pair is measured: ``geometry``.
"""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Sequence

import msgspec

from hardware.face import Liveness
from hardware.face.gates import Face
from hardware.face.stereo import Reason, StereoVote, View
from hardware.face.stereo.calibration import StereoCalibration
from hardware.face.stereo.geometry import Measures, StereoGeometry


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a head measures. Shares are of the eye distance, unless they say otherwise."""

    apart_max_s: float = 0.020  # between the two pictures of a pair
    second_face_share: float = 0.4  # of the largest face's area
    same_person: float = 0.6  # least cosine between the views
    epipolar_max_share: float = 0.02
    distance_min_mm: float = 300.0
    distance_max_mm: float = 1000.0
    eye_distance_min_mm: float = 52.0
    eye_distance_max_mm: float = 74.0
    eye_slack_mm: float = 6.0  # by which a detector's eyes may be off, to either side
    nose_live_mm: float = 14.0  # from here a nose
    nose_flat_mm: float = 8.0  # below, a sheet; the other way round, a hollow mask
    relief_live_mm: float = 5.0  # the nose over the bent or folded sheet that fits eyes, mouth, brow and cheeks best
    relief_bent_mm: float = 3.5  # below, such a sheet
    pairs: int = 5  # fewest that decide
    memory: int = 9  # pairs that count


class StereoCheck:
    """The vote of one attempt. Not for several threads."""

    def __init__(self, calibration: StereoCalibration, limits: Limits | None = None) -> None:
        self._geometry = StereoGeometry(calibration)
        self._limits = limits or Limits()
        self._seen: deque[Measures] = deque(maxlen=self._limits.memory)
        self._likeness: deque[float] = deque(maxlen=self._limits.memory)
        self._last_s = float("-inf")

    @property
    def vote(self) -> StereoVote:
        """What all good pairs so far say."""
        reasons = self._judge()
        attacks = [reason for reason in reasons if reason in _ATTACKS]
        verdict = Liveness.NOT_LIVE if attacks else Liveness.UNSURE if reasons else Liveness.LIVE
        return StereoVote(verdict, tuple(attacks or reasons), len(self._seen))

    @property
    def measures(self) -> Measures | None:
        """Medians of the pairs so far. They stay in the worker's memory; benchmarks read them."""
        return Measures.median(self._seen) if self._seen else None

    def update(self, left: View, right: View) -> StereoVote:
        """Take one pair; gives the vote of all pairs since ``forget``.

        A pair that cannot be measured does not count: the vote then carries its reason and is UNSURE, unless the
        pairs before it were decisive against a live person.
        """
        unusable = self._take(left, right)
        vote = self.vote
        if unusable is None or vote.liveness is Liveness.NOT_LIVE:
            return vote
        return StereoVote(Liveness.UNSURE, (unusable,), vote.pairs)

    def forget(self) -> None:
        """Begin anew: another attempt, or another person."""
        self._seen.clear()
        self._likeness.clear()

    def _take(self, left: View, right: View) -> Reason | None:
        limits = self._limits
        if not abs(left.at_s - right.at_s) <= limits.apart_max_s or min(left.at_s, right.at_s) <= self._last_s:
            return Reason.NOT_PAIRED
        self._last_s = max(left.at_s, right.at_s)
        if not (self._geometry.fits(left.frame) and self._geometry.fits(right.frame)):
            return Reason.WRONG_SIZE
        faces = [_only(view.faces, limits.second_face_share) for view in (left, right)]
        for face in faces:
            if isinstance(face, Reason):
                return face
        face_left, face_right = (face for face in faces if isinstance(face, Face))
        if left.embedding is not None and right.embedding is not None:
            self._likeness.append(float(left.embedding @ right.embedding))
        measures = self._geometry.measure(left.frame, face_left, right.frame, face_right)
        if measures is None:
            return Reason.MISALIGNED
        if measures.distance_mm < limits.distance_min_mm:
            return Reason.TOO_NEAR
        if measures.distance_mm > limits.distance_max_mm:
            return Reason.TOO_FAR
        self._seen.append(measures)
        return None

    def _judge(self) -> list[Reason]:
        limits = self._limits
        reasons: list[Reason] = []
        if len(self._likeness) >= limits.pairs and statistics.median(self._likeness) < limits.same_person:
            reasons.append(Reason.NOT_SAME_PERSON)
        if len(self._seen) < limits.pairs:
            return [*reasons, Reason.TOO_FEW]
        found = Measures.median(self._seen)
        least_mm, most_mm = (
            limits.eye_distance_min_mm - limits.eye_slack_mm,
            limits.eye_distance_max_mm + limits.eye_slack_mm,
        )
        if not least_mm <= found.eye_distance_mm <= most_mm:
            reasons.append(Reason.EYE_DISTANCE)
        if found.epipolar_share > limits.epipolar_max_share:
            reasons.append(Reason.MISALIGNED)
        shape = self._judge_shape(found)
        return [*reasons, shape] if shape else reasons

    def _judge_shape(self, found: Measures) -> Reason | None:
        limits, nose_mm, relief_mm = self._limits, found.nose_mm, found.relief_mm
        if nose_mm is None or relief_mm is None:
            return Reason.UNCLEAR
        if nose_mm <= -limits.nose_flat_mm:
            return Reason.CONCAVE
        if nose_mm < limits.nose_flat_mm:
            return Reason.FLAT
        if relief_mm < limits.relief_bent_mm:
            return Reason.BENT
        is_head = nose_mm >= limits.nose_live_mm and relief_mm >= limits.relief_live_mm
        return None if is_head else Reason.UNCLEAR


_ATTACKS = frozenset({Reason.NOT_SAME_PERSON, Reason.EYE_DISTANCE, Reason.CONCAVE, Reason.FLAT, Reason.BENT})


def _only(faces: Sequence[Face], share: float) -> Face | Reason:
    """Give the one face of a view, or why there is not exactly one."""
    ordered = sorted(faces, key=lambda face: face.area, reverse=True)
    if not ordered:
        return Reason.NO_FACE
    if len(ordered) > 1 and ordered[1].area >= share * ordered[0].area:
        return Reason.MORE_THAN_ONE
    return ordered[0]

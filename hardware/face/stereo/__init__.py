"""Two cameras, one face: is there a head before them, or something flat, bent or hollow that shows one?

One vote of the presentation attack detection (words: ISO/IEC 30107-3), for booths with a calibrated pair of cameras.
Pictures, points and stamps in; a vote with reason codes out. Opens no camera, asks no clock, keeps no picture: the
measures of the last few pairs are all it remembers, and ``forget`` drops them.

In the face worker::

    check = StereoCheck(calibration.load(path))            # hardware.face.stereo.check / .calibration
    pair = source.newest()                                 # hardware.face.stereo.pairing: StereoSource(left, right)
    vote = check.update(View(left, faces_left, at_s, embedding_left), View(right, faces_right, at_s, embedding_right))
    if vote.liveness is Liveness.LIVE: ...                 # NOT_LIVE, or UNSURE until enough pairs agree
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hardware.face import FaceError, Liveness
from hardware.face.gates import Face

Picture = NDArray[np.uint8]
Vector = NDArray[np.float32]


class NoStereoCalibration(FaceError):
    """The calibration of the two cameras is missing, damaged or too poor to measure with."""

    retryable = False


class Reason(enum.Enum):
    """Why a vote is not LIVE; for audit and coaching. The first six are about one pair, the rest about several."""

    NOT_PAIRED = "not_paired"  # the two pictures were taken too far apart in time, or were seen before
    WRONG_SIZE = "wrong_size"  # pictures of another size than the calibration was made for
    NO_FACE = "no_face"  # in one view at least
    MORE_THAN_ONE = "more_than_one"  # a second face of similar size in one view
    TOO_NEAR = "too_near"
    TOO_FAR = "too_far"
    MISALIGNED = "misaligned"  # the views do not fit each other: a lens was moved, or two different pictures are shown
    TOO_FEW = "too_few"  # more pairs are needed
    NOT_SAME_PERSON = "not_same_person"  # the two views show different people
    EYE_DISTANCE = "eye_distance"  # no human head has this size: a small or a large picture
    FLAT = "flat"  # the nose lies in the plane of eyes and mouth
    CONCAVE = "concave"  # the nose lies behind it: a hollow mask
    BENT = "bent"  # the nose stands out no more than a bent sheet does
    UNCLEAR = "unclear"  # between flat and a face, or too little of the cheeks could be matched


@dataclass(frozen=True)
class View:
    """What one camera saw: the picture (BGR, uint8, HxWx3, as captured), the faces found in it and its stamp.

    ``embedding``: unit vector of the largest face, where one was computed. Points are in px of ``frame``.
    """

    frame: Picture
    faces: Sequence[Face]
    at_s: float
    embedding: Vector | None = None


@dataclass(frozen=True)
class StereoVote:
    """``pairs``: how many good pairs the vote rests on. ``reasons`` is empty when LIVE."""

    liveness: Liveness
    reasons: tuple[Reason, ...]
    pairs: int


__all__ = ["NoStereoCalibration", "Picture", "Reason", "StereoVote", "Vector", "View"]

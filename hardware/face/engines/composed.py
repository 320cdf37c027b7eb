"""An engine put together from a detector, a recogniser and, where the pack has one, a passive liveness model.

All engines do the same around their models: they check and shrink frames, align, normalise, refuse what is no number.
So it is written once, and two engines differ only where their models do.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from hardware.face import FaceError, PortraitUnusable
from hardware.face.engines import ALIGNED_PX, Picture, Vector, alignment, pictures, self_test
from hardware.face.engines.detectors import Finds
from hardware.face.engines.passive import PassiveVote
from hardware.face.engines.recognisers import Recognises
from hardware.face.gates import Face, Light, Point, pose_of
from hardware.face.pack import Pack

_WHITE_GREY = 250
_PORTRAIT_BORDER_SHARE = 0.4  # documents are cropped tightly; detectors want some air
_PORTRAIT_EYES_PX = 20.0
_SMALL_PORTRAIT_PX = 240  # shorter than this a portrait is looked at enlarged, too
_ROLL_MAX_DEG = 60.0  # a portrait on its side or upside-down is found, and never matches
_BETTER_TURNED = 0.05  # of the detector's score
_SEEN_AGAIN_SHARE = 0.8  # of the first look's score: else the first look's points are kept


class ComposedEngine:
    """Implements ``FaceEngine``."""

    def __init__(self, pack: Pack, detector: Finds, recogniser: Recognises, passive: PassiveVote | None = None) -> None:
        self._pack = pack
        self._detector = detector
        self._recogniser = recogniser
        self._passive = passive

    @property
    def pack(self) -> Pack:
        """The pack it runs."""
        return self._pack

    def detect(self, frame: Picture) -> list[Face]:
        """Find faces; see the front door."""
        frame = pictures.check_frame(frame)
        small, scale = pictures.shrunk(frame, self._pack.manifest.detection.size_px)
        found = self._detector.find(small)
        return found if scale == 1 else [_scaled(face, 1 / scale) for face in found]

    def align(self, frame: Picture, face: Face) -> Picture:
        """Cut out upright; see the front door."""
        return alignment.cut(frame, self._points_upright(frame, face))

    def _points_upright(self, frame: Picture, face: Face) -> tuple[Point, Point, Point, Point, Point]:
        """Turn a tilted head by its eyes' line and look again: detectors place the points of a tilted head badly.

        And they see too little of the tilt, so that one turn does not always do.
        """
        points = face.points
        roll_deg = turn_deg = pose_of(face).roll_deg
        for _ in range(alignment.LOOKS):
            if not alignment.is_tilted(turn_deg):
                break
            turned, back = alignment.upright(frame, face, roll_deg)
            seen = _nearest_to_centre(self._detector.find(turned), turned.shape[0])
            turned.fill(0)
            if seen is None or seen.score < _SEEN_AGAIN_SHARE * face.score:
                break
            first, second, nose, left, right = alignment.carry(seen.points, back)
            points = (first, second, nose, left, right)
            turn_deg = pose_of(seen).roll_deg
            roll_deg += turn_deg
        return points

    def measure(self, aligned: Picture) -> Light:
        """Measure light and sharpness of an aligned face."""
        grey = cv2.cvtColor(aligned, cv2.COLOR_BGR2GRAY)
        sharpness = float(np.var(np.asarray(cv2.Laplacian(grey, cv2.CV_32F))))
        return Light(float(np.mean(grey)), float(np.mean(np.asarray(grey) >= _WHITE_GREY)), sharpness)

    def embed(self, aligned: Picture) -> Vector:
        """Turn an aligned face into a unit vector; see the front door."""
        if aligned.dtype != np.uint8 or aligned.shape != (ALIGNED_PX, ALIGNED_PX, 3):
            raise FaceError(f"{aligned.shape} {aligned.dtype} is no aligned face", where="face engine")
        vector = self._recogniser.vector(aligned).ravel()
        length = float(np.linalg.norm(vector))
        expected = self._pack.manifest.recognition.dimensions
        if vector.size != expected:
            raise FaceError(f"the model gave {vector.size} numbers instead of {expected}", where="face engine")
        if not np.isfinite(vector).all() or not np.isfinite(length) or length < 1e-6:
            raise FaceError("the model gave no numbers", where="face engine", cure="install the pack again")
        return np.asarray(vector / length, np.float32)

    def embed_portrait(self, portrait: bytes) -> Vector:
        """Turn an encoded portrait into a unit vector; see the front door."""
        framed, face = self.find_portrait(portrait)
        if abs(pose_of(face).roll_deg) > _ROLL_MAX_DEG or self._looks_better_turned(framed, face.score):
            raise PortraitUnusable("the portrait is turned or upside-down", where="face")
        aligned = self.align(framed, face)
        vector = self.embed(aligned)
        framed.fill(0)
        aligned.fill(0)
        return vector

    def find_portrait(self, portrait: bytes) -> tuple[Picture, Face]:
        """Decode a portrait and find its one face, upright or not. Raises ``PortraitUnusable``."""
        picture = pictures.decode(portrait)
        shortest = min(picture.shape[:2])
        faces: list[Face] = []
        framed = picture
        for zoom in (2, 1) if shortest < _SMALL_PORTRAIT_PX else (1,):
            framed, border_px = _framed(picture, zoom)
            faces = _apart(self.detect(framed), framed, border_px)
            if faces:
                break
        picture.fill(0)
        rivals = self._pack.manifest.gates.second_face_share
        if not faces or (len(faces) > 1 and faces[1].area >= rivals * faces[0].area):
            raise PortraitUnusable(f"the portrait shows {len(faces)} faces instead of one", where="face")
        if faces[0].eye_distance_px < _PORTRAIT_EYES_PX:
            raise PortraitUnusable("the face on the portrait is too small", where="face")
        return framed, faces[0]

    def _looks_better_turned(self, framed: Picture, score: float) -> bool:
        """Say whether a portrait lies: detectors find such faces, and place their points as if they stood upright."""
        for turn in (cv2.ROTATE_180, cv2.ROTATE_90_CLOCKWISE, cv2.ROTATE_90_COUNTERCLOCKWISE):
            turned = np.asarray(cv2.rotate(framed, turn), np.uint8)
            found = self.detect(turned)
            turned.fill(0)
            if found and found[0].score > score + _BETTER_TURNED:
                return True
        return False

    def live_score(self, frame: Picture, face: Face) -> float | None:
        """The passive model's vote; see the front door."""
        return None if self._passive is None else self._passive.score(frame, face)

    def self_test(self) -> None:
        """Compute what the manifest promises; see the front door."""
        self_test.check(self)


def _nearest_to_centre(faces: list[Face], side_px: int) -> Face | None:
    middle = (side_px / 2, side_px / 2)
    return min(faces, key=lambda face: math.dist(face.centre, middle), default=None)


def _framed(picture: Picture, zoom: int) -> tuple[Picture, int]:
    """Enlarge and border a portrait; gives the border's width, too."""
    enlarged = picture if zoom == 1 else cv2.resize(picture, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC)
    border = int(_PORTRAIT_BORDER_SHARE * max(enlarged.shape[:2]))
    edges = (border, border, border, border)
    return np.array(cv2.copyMakeBorder(enlarged, *edges, cv2.BORDER_REPLICATE), np.uint8), border


def _apart(faces: list[Face], framed: Picture, border_px: int) -> list[Face]:
    """Sort by size and leave out what is no further face: streaks in the border, the same head seen twice."""
    height, width = framed.shape[:2]
    kept: list[Face] = []
    for face in sorted(faces, key=lambda one: one.area, reverse=True):
        x, y = face.centre
        is_in_border = not (border_px <= x <= width - border_px and border_px <= y <= height - border_px)
        is_seen = any(left <= x <= right and top <= y <= bottom for left, top, right, bottom in (k.box for k in kept))
        if not is_in_border and not is_seen:
            kept.append(face)
    return kept


def _scaled(face: Face, factor: float) -> Face:
    left, top, right, bottom = face.box
    first, second, nose, mouth_left, mouth_right = ((x * factor, y * factor) for x, y in face.points)
    box = (left * factor, top * factor, right * factor, bottom * factor)
    return Face(box, (first, second, nose, mouth_left, mouth_right), face.score)

"""Detect, align, embed: the ``insightface`` package on a local model pack, on one core. Runs in the face worker only.

``insightface`` downloads models it does not find and guesses an input's scaling from the graph; so it is given a
folder whose files were hashed, and the manifest's scaling is set over its guess. A wrong pre-processing still "runs"
(colours swapped: slightly worse; unscaled: 35 % errors): therefore ``self_test``. Knows pictures, no people.
"""

from __future__ import annotations

import base64
import warnings
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
from insightface.app import FaceAnalysis
from insightface.utils import face_align
from numpy.typing import NDArray

from hardware.face import FaceError, NoModelPack, PortraitUnusable
from hardware.face.gates import Face, Light
from hardware.face.pack import Pack

_ALIGNED_PX = 112
_WHITE_GREY = 250
_PORTRAIT_BYTES = 4 * 1024 * 1024
_PORTRAIT_SIDES_PX = (96, 4096)  # shortest, longest
_PORTRAIT_BORDER_SHARE = 0.2  # documents are cropped tightly; detectors want some air
_PORTRAIT_EYES_PX = 20.0
SELF_TEST_PORTRAIT = Path(__file__).with_name("selftest.jpg")  # NASA's photograph of an astronaut, public domain

Picture = NDArray[np.uint8]
Vector = NDArray[np.float32]


class InsightFaceEngine:
    """One loaded pack. Not for several threads."""

    def __init__(self, pack: Pack) -> None:
        """Load the weights. Raises ``NoModelPack`` when they are no models of the kind the manifest says."""
        cv2.setNumThreads(1)
        self.pack = pack
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        detection, recognition = pack.manifest.detection, pack.manifest.recognition
        try:
            models = FaceAnalysis(
                name=str(pack.folder),
                allowed_modules=["detection", "recognition"],
                providers=["CPUExecutionProvider"],
                sess_options=options,
            )
            models.prepare(ctx_id=-1, det_thresh=detection.score, det_size=(detection.size_px, detection.size_px))
            self._detector = models.models["detection"]
            self._recogniser = models.models["recognition"]
        except Exception as error:  # whatever the package, the runtime or protobuf raise for a file they cannot use
            raise NoModelPack(
                f"the engine cannot load this pack ({type(error).__name__})",
                where=str(pack.folder),
                cure="install the pack again, or one made for the insightface engine",
            ) from None
        self._detector.input_mean, self._detector.input_std = detection.mean, detection.std
        self._recogniser.input_mean, self._recogniser.input_std = recognition.mean, recognition.std

    def detect(self, frame: Picture) -> list[Face]:
        """Find faces in a BGR frame, uint8 HxWx3. Raises ``FaceError`` for anything else."""
        if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3 or min(frame.shape[:2]) < 16:
            raise FaceError(f"frame {frame.shape} {frame.dtype} is not uint8 HxWx3", where="face engine")
        boxes, points = self._detector.detect(frame)
        return [
            Face(
                (float(box[0]), float(box[1]), float(box[2]), float(box[3])),
                (_point(five[0]), _point(five[1]), _point(five[2]), _point(five[3]), _point(five[4])),
                float(box[4]),
            )
            for box, five in zip(boxes, points if points is not None else [], strict=True)
        ]

    def align(self, frame: Picture, face: Face) -> Picture:
        """Cut ``face`` out upright, 112x112 BGR."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # scikit-image's estimate(), called by insightface
            crop = face_align.norm_crop(frame, np.asarray(face.points, np.float32), image_size=_ALIGNED_PX)
        return np.asarray(crop, np.uint8)

    def live_score(self, frame: Picture, face: Face) -> float | None:
        """No passive model in these packs."""
        return None

    def measure(self, aligned: Picture) -> Light:
        """Measure light and sharpness of an aligned face."""
        grey = cv2.cvtColor(aligned, cv2.COLOR_BGR2GRAY)
        sharpness = float(np.var(np.asarray(cv2.Laplacian(grey, cv2.CV_32F))))
        return Light(float(np.mean(grey)), float(np.mean(np.asarray(grey) >= _WHITE_GREY)), sharpness)

    def embed(self, aligned: Picture) -> Vector:
        """Turn an aligned face into a unit vector, float32. Raises ``FaceError`` when the model gives nonsense."""
        vector = np.asarray(self._recogniser.get_feat(aligned), np.float32).ravel()
        length = float(np.linalg.norm(vector))
        if vector.size != self.pack.manifest.recognition.dimensions or not np.isfinite(vector).all() or length < 1e-6:
            raise FaceError("the model gave no usable vector", where="face engine", cure="install the pack again")
        return np.asarray(vector / length, np.float32)

    def embed_portrait(self, portrait: bytes) -> Vector:
        """Turn an encoded portrait into a unit vector. Raises ``PortraitUnusable`` saying what is wrong with it."""
        if not portrait or len(portrait) > _PORTRAIT_BYTES:
            raise PortraitUnusable(f"portrait of {len(portrait)} bytes", where="face", cure="another way is offered")
        decoded = cv2.imdecode(np.frombuffer(portrait, np.uint8), cv2.IMREAD_COLOR)
        shortest, longest = _PORTRAIT_SIDES_PX
        if decoded is None or min(decoded.shape[:2]) < shortest or max(decoded.shape[:2]) > longest:
            raise PortraitUnusable("the portrait is no readable picture of 102x126 px or more", where="face")
        picture = np.asarray(decoded, np.uint8)
        border = int(_PORTRAIT_BORDER_SHARE * max(picture.shape[:2]))
        framed = np.asarray(cv2.copyMakeBorder(picture, border, border, border, border, cv2.BORDER_REPLICATE), np.uint8)
        faces = sorted(self.detect(framed), key=lambda face: face.area, reverse=True)
        rivals = self.pack.manifest.gates.second_face_share
        if not faces or (len(faces) > 1 and faces[1].area >= rivals * faces[0].area):
            raise PortraitUnusable(f"the portrait shows {len(faces)} faces instead of one", where="face")
        if faces[0].eye_distance_px < _PORTRAIT_EYES_PX:
            raise PortraitUnusable("the face on the portrait is too small", where="face")
        vector = self.embed(self.align(framed, faces[0]))
        picture.fill(0)
        framed.fill(0)
        return vector

    def self_test(self) -> None:
        """Compare with the vector the manifest promises. Raises ``NoModelPack``: then nobody may be compared."""
        promise = self.pack.manifest.self_test
        expected = np.frombuffer(base64.b64decode(promise.embedding), "<f2").astype(np.float32)
        reason = ""
        try:
            vector = self.embed_portrait(SELF_TEST_PORTRAIT.read_bytes())
            if expected.size != vector.size:
                reason = f"{vector.size} instead of {expected.size} dimensions"
            elif not (agreement := float(vector @ expected / np.linalg.norm(expected))) >= promise.agreement:
                reason = f"agreement {agreement:.3f} instead of {promise.agreement:g}"
        except FaceError as error:
            reason = error.message
        if reason:
            raise NoModelPack(
                f"the self-test failed: {reason}",
                where=str(self.pack.folder),
                cure="weights, colour order, scaling or runtime are wrong; install pack and software again",
            )


def _point(pair: NDArray[np.float32]) -> tuple[float, float]:
    return (float(pair[0]), float(pair[1]))

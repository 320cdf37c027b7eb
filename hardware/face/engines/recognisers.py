"""The recognisers: SFace through OpenCV, any 112x112 model through ONNX Runtime, and insightface's.

Each turns an aligned face (112x112 BGR) into numbers as the model gives them. Knows no portrait and no threshold.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np

from hardware.face import FaceError
from hardware.face.engines import ALIGNED_PX, Picture, Vector
from hardware.face.engines.runtime import Network, to_tensor, unloadable
from hardware.face.manifest import Recogniser


class Recognises(Protocol):
    """A recogniser."""

    def vector(self, aligned: Picture) -> Vector:
        """The model's output, of any length and sense: the caller checks it. Raises ``FaceError``."""
        ...


class SFace:
    """``cv2.FaceRecognizerSF``: RGB as it is given, for SFace 0..255; other models get their scaling before."""

    def __init__(self, path: Path, options: Recogniser) -> None:
        """Load it. Raises ``NoModelPack``."""
        if options.size_px != ALIGNED_PX:
            raise unloadable(path, f"OpenCV's recogniser takes {ALIGNED_PX} px, the manifest says {options.size_px}")
        try:
            self._model = cv2.FaceRecognizerSF.create(str(path), "")
            self._model.feature(_fitted(np.zeros((ALIGNED_PX, ALIGNED_PX, 3), np.uint8), options))
        except cv2.error as error:
            raise unloadable(path, f"no recogniser of {options.size_px} px ({error.err or 'OpenCV'})") from None
        self._options = options
        self._is_plain = (options.mean, options.std) == (0.0, 1.0)

    def vector(self, aligned: Picture) -> Vector:
        """Run it."""
        picture = _fitted(aligned, self._options)
        if self._options.colour_order == "bgr":  # OpenCV swaps; a model for BGR wants it swapped back
            picture = np.ascontiguousarray(picture[:, :, ::-1])
        scaled = picture if self._is_plain else (picture.astype(np.float32) - self._options.mean) / self._options.std
        try:
            return np.array(self._model.feature(scaled), np.float32)  # a copy: OpenCV reuses its own
        except cv2.error:
            raise FaceError("the recogniser failed", where="face engine") from None


class OnnxRecogniser:
    """Any recogniser of aligned faces in ONNX."""

    def __init__(self, path: Path, options: Recogniser) -> None:
        """Load it. Raises ``NoModelPack``."""
        self._network = Network(path, size_px=options.size_px)
        self._options = options

    def vector(self, aligned: Picture) -> Vector:
        """Run it."""
        o = self._options
        return self._network.run(to_tensor(_fitted(aligned, o), o.mean, o.std, o.colour_order))[0]


class InsightFaceRecogniser:
    """The recogniser of ``insightface.app.FaceAnalysis``; the manifest's scaling goes before its guess."""

    def __init__(self, model: Any, options: Recogniser) -> None:
        model.input_mean, model.input_std = options.mean, options.std
        self._model = model
        self._options = options

    def vector(self, aligned: Picture) -> Vector:
        """Run it; insightface swaps BGR to RGB."""
        picture = _fitted(aligned, self._options)
        if self._options.colour_order == "bgr":
            picture = np.ascontiguousarray(picture[:, :, ::-1])
        try:
            return np.asarray(self._model.get_feat(picture), np.float32)
        except Exception as error:  # the runtime's own kinds
            raise FaceError(f"the recogniser failed ({type(error).__name__})", where="face engine") from None


def _fitted(aligned: Picture, options: Recogniser) -> Picture:
    side = options.size_px
    return aligned if aligned.shape[0] == side else np.asarray(cv2.resize(aligned, (side, side)), np.uint8)

"""The detectors: YuNet through OpenCV, SCRFD through ONNX Runtime, SCRFD through insightface.

Each finds faces in a picture that is already of a fitting size. Knows no alignment and no person.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.face.engines import Picture
from hardware.face.engines.runtime import Network, to_tensor, unloadable
from hardware.face.gates import Face
from hardware.face.manifest import Detector

_OVERLAP = 0.3  # boxes that share more (intersection over union) are the same face
_FACES = 64  # a crowd is a crowd
_STRIDES = (8, 16, 32)

Floats = NDArray[np.float32]


class Finds(Protocol):
    """A detector."""

    def find(self, picture: Picture) -> list[Face]:
        """Find faces, best score first; places in px of ``picture``."""
        ...


class YuNet:
    """``cv2.FaceDetectorYN``."""

    def __init__(self, path: Path, options: Detector) -> None:
        """Load it. Raises ``NoModelPack``."""
        try:
            self._detector = cv2.FaceDetectorYN.create(str(path), "", (320, 320), options.score, _OVERLAP, 500)
            self._detector.detect(np.zeros((320, 320, 3), np.uint8))  # other models load, and fail here
        except cv2.error as error:
            raise unloadable(path, f"no YuNet ({error.err or 'OpenCV'})") from None
        self._size = (320, 320)

    def find(self, picture: Picture) -> list[Face]:
        """Find faces. The input size must be the picture's, or OpenCV raises."""
        size = (picture.shape[1], picture.shape[0])
        if size != self._size:
            self._detector.setInputSize(size)
            self._size = size
        _, found = self._detector.detect(picture)
        if found is None:  # nobody
            return []
        rows = np.asarray(found, np.float32)
        boxes = np.column_stack([rows[:, :2], rows[:, :2] + rows[:, 2:4]])
        return as_faces(boxes, rows[:, 4:14].reshape(-1, 5, 2), rows[:, 14])


class Scrfd:
    """SCRFD (Guo et al., ICLR 2022) with five points, run by ONNX Runtime alone: nine outputs, two anchors a cell."""

    def __init__(self, path: Path, options: Detector) -> None:
        """Load it. Raises ``NoModelPack``."""
        self._network = Network(path, size_px=None)
        if len(self._network.outputs) != 9:
            raise unloadable(path, f"{len(self._network.outputs)} outputs; SCRFD with five points has 9")
        self._options = options
        side = options.size_px // _STRIDES[-1] * _STRIDES[-1]
        self._side = max(side, _STRIDES[-1])
        self._centres = {stride: _anchor_centres(self._side, stride) for stride in _STRIDES}

    def find(self, picture: Picture) -> list[Face]:
        """Find faces in the picture, set into the model's square at the top left."""
        height, width = picture.shape[:2]
        scale = self._side / max(height, width)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        square = np.zeros((self._side, self._side, 3), np.uint8)
        square[: size[1], : size[0]] = picture if scale == 1 else cv2.resize(picture, size)
        out = self._network.run(to_tensor(square, self._options.mean, self._options.std, "rgb"))
        boxes, points, scores = [], [], []
        for index, stride in enumerate(_STRIDES):
            score = out[index].reshape(-1)
            wanted = np.flatnonzero(score >= self._options.score)
            centre = self._centres[stride][wanted]
            reach = out[index + 3].reshape(-1, 4)[wanted] * stride  # to left, top, right, bottom
            boxes.append(np.column_stack([centre - reach[:, :2], centre + reach[:, 2:]]))
            points.append(centre[:, None, :] + out[index + 6].reshape(-1, 5, 2)[wanted] * stride)
            scores.append(score[wanted])
        box, five, score = np.concatenate(boxes) / scale, np.concatenate(points) / scale, np.concatenate(scores)
        sides = np.column_stack([box[:, :2], box[:, 2:] - box[:, :2]])
        kept = cv2.dnn.NMSBoxes(sides.tolist(), score.tolist(), self._options.score, _OVERLAP, top_k=_FACES)
        chosen = np.asarray(kept, np.int64).reshape(-1)
        return as_faces(box[chosen], five[chosen], score[chosen])


class InsightFaceScrfd:
    """The detector of ``insightface.app.FaceAnalysis``."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def find(self, picture: Picture) -> list[Face]:
        """Find faces."""
        boxes, points = self._model.detect(picture)
        if points is None or not len(boxes):
            return []
        return as_faces(boxes[:, :4], points, boxes[:, 4])


def as_faces(boxes: Floats, points: Floats, scores: Floats) -> list[Face]:
    """Make faces of N boxes (left, top, right, bottom), N x 5 points and N scores, best first, the finite ones."""
    usable = np.isfinite(boxes).all(axis=1) & np.isfinite(points).all(axis=(1, 2)) & np.isfinite(scores)
    order = [int(row) for row in np.argsort(-scores, kind="stable") if usable[row]][:_FACES]
    return [
        Face(
            (float(boxes[row, 0]), float(boxes[row, 1]), float(boxes[row, 2]), float(boxes[row, 3])),
            (_point(points[row, 0]), _point(points[row, 1]), _point(points[row, 2]), _point(points[row, 3]),
             _point(points[row, 4])),
            float(scores[row]),
        )
        for row in order
    ]  # fmt: skip


def _point(pair: Floats) -> tuple[float, float]:
    return (float(pair[0]), float(pair[1]))


def _anchor_centres(side_px: int, stride: int) -> Floats:
    cells = np.arange(0, side_px, stride, dtype=np.float32)
    grid = np.stack(np.meshgrid(cells, cells), axis=-1).reshape(-1, 2)
    return np.asarray(np.repeat(grid, 2, axis=0), np.float32)  # two anchors in each cell

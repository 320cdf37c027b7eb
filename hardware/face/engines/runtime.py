"""ONNX Runtime and OpenCV as the booth runs them: one core, no spinning, no noise. Knows no face.

Two threads gain nothing on two cores, and spinning threads keep a core busy after every run.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from hardware.face import FaceError, NoModelPack

PROVIDERS = ["CPUExecutionProvider"]

Tensor = NDArray[np.float32]


def quiet_opencv() -> None:
    """Keep OpenCV to one thread and to itself."""
    cv2.setNumThreads(1)
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


def session_options() -> onnxruntime.SessionOptions:
    """Make the options of every session here."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def unloadable(path: Path, reason: str) -> NoModelPack:
    """Word the refusal of a file that is no model of the kind its manifest says."""
    return NoModelPack(f"the engine cannot use this model: {reason}", where=str(path), cure="install the pack again")


class Network:
    """One model: a picture-shaped tensor in, tensors out."""

    def __init__(self, path: Path, *, size_px: int | None) -> None:
        """Load it. Raises ``NoModelPack`` when it is no model, or its input is no colour picture of ``size_px``."""
        try:
            self._session = onnxruntime.InferenceSession(str(path), session_options(), providers=PROVIDERS)
        except Exception as error:  # whatever the runtime or protobuf raise for a file they cannot use
            raise unloadable(path, type(error).__name__) from None
        self._path = path
        self._input = self._session.get_inputs()[0]
        self.outputs = [output.name for output in self._session.get_outputs()]
        shape = self._input.shape
        fixed = [side for side in shape[2:] if isinstance(side, int)]
        if len(shape) != 4 or shape[1] != 3 or (size_px is not None and any(side != size_px for side in fixed)):
            raise unloadable(path, f"input {shape} is no colour picture of the size in the manifest ({size_px} px)")

    def run(self, tensor: Tensor) -> list[Tensor]:
        """Run it. Raises ``FaceError`` when the runtime does."""
        try:
            return [np.asarray(out, np.float32) for out in self._session.run(self.outputs, {self._input.name: tensor})]
        except Exception as error:  # the runtime's own kinds
            raise FaceError(f"the model failed ({type(error).__name__})", where=self._path.name) from None


def to_tensor(picture: NDArray[np.uint8], mean: float, std: float, colour_order: str) -> Tensor:
    """Turn a BGR picture into a 1x3xHxW tensor of (x - mean) / std in the model's colour order."""
    is_rgb = colour_order == "rgb"
    size = (picture.shape[1], picture.shape[0])
    blob = cv2.dnn.blobFromImage(picture, 1.0 / std, size, (mean, mean, mean), swapRB=is_rgb)
    return np.asarray(blob, np.float32)

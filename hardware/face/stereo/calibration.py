"""The calibration of a pair of cameras: a file, loaded strictly, refused when it is too poor to measure with.

Made by ``booth face cameras calibrate`` (see ``chessboard``). Says what the two lenses are and how they stand to each
other; knows no face. Conventions are OpenCV's: pixels with the origin at the picture's top left, the left camera's
frame for the rotation and translation to the right one, millimetres.
"""

from __future__ import annotations

import datetime
import math
import os
import tempfile
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

from hardware.face.stereo import NoStereoCalibration

RMS_MAX_PX = 0.5  # past it the disparity's error is no longer that of the pixels
_FILE_BYTES = 64 * 1024
_CURE = "calibrate again: booth face cameras calibrate"

Matrix = NDArray[np.float64]
Nine = tuple[float, float, float, float, float, float, float, float, float]
Twelve = tuple[float, float, float, float, float, float, float, float, float, float, float, float]
_Positive = Annotated[float, msgspec.Meta(gt=0)]
_Side = Annotated[int, msgspec.Meta(ge=160, le=7680)]


class Lens(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One camera: focal lengths and principal point in px; distortion k1, k2, p1, p2, k3."""

    focal_x_px: _Positive
    focal_y_px: _Positive
    centre_x_px: float
    centre_y_px: float
    distortion: tuple[float, float, float, float, float]

    @property
    def matrix(self) -> Matrix:
        """3x3."""
        return np.array([[self.focal_x_px, 0, self.centre_x_px], [0, self.focal_y_px, self.centre_y_px], [0, 0, 1.0]])


class Rectification(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What turns both pictures so that a point lies on the same row of both (``cv2.stereoRectify``), row by row."""

    rotation_left: Nine
    rotation_right: Nine
    projection_left: Twelve
    projection_right: Twelve


class StereoCalibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of the file. ``left`` is the camera whose picture shows things further to the right."""

    format: Annotated[int, msgspec.Meta(ge=1, le=1)]
    made_on: datetime.date
    width_px: _Side
    height_px: _Side
    left: Lens
    right: Lens
    rotation: Nine
    translation_mm: tuple[float, float, float]
    rectification: Rectification
    rms_px: Annotated[float, msgspec.Meta(ge=0)]
    baseline_mm: _Positive
    views: Annotated[int, msgspec.Meta(ge=1)]

    @property
    def focal_px(self) -> float:
        """Of both pictures once they are rectified."""
        return self.rectification.projection_left[0]


def load(path: Path) -> StereoCalibration:
    """Read and check a calibration. Raises ``NoStereoCalibration`` naming file, fault and cure."""
    try:
        if path.stat().st_size > _FILE_BYTES:
            raise NoStereoCalibration(f"larger than {_FILE_BYTES} bytes", where=str(path), cure=_CURE)
        found = msgspec.json.decode(path.read_bytes(), type=StereoCalibration)
    except OSError as error:
        raise NoStereoCalibration(f"cannot be read ({error.strerror})", where=str(path), cure=_CURE) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NoStereoCalibration(f"not a calibration: {error}", where=str(path), cure=_CURE) from None
    fault = fault_of(found)
    if fault:
        raise NoStereoCalibration(fault, where=str(path), cure=_CURE)
    return found


def save(calibration: StereoCalibration, path: Path) -> None:
    """Write atomically. Raises ``NoStereoCalibration`` for one that ``load`` would refuse; ``path`` stays as it was."""
    fault = fault_of(calibration)
    if fault:
        raise NoStereoCalibration(fault, where=str(path), cure=_CURE)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, fresh = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(calibration), indent=2) + b"\n")
            file.flush()
            os.fchmod(file.fileno(), 0o644)
            os.fsync(file.fileno())
        os.replace(fresh, path)
    except BaseException:
        Path(fresh).unlink(missing_ok=True)
        raise


def fault_of(found: StereoCalibration) -> str:
    """Say what contradicts itself or is too poor, "" for a usable calibration."""
    numbers = [*found.rotation, *found.translation_mm, found.rms_px, found.baseline_mm, found.focal_px]
    for lens in (found.left, found.right):
        numbers += [lens.focal_x_px, lens.focal_y_px, lens.centre_x_px, lens.centre_y_px, *lens.distortion]
    parts = found.rectification
    numbers += [*parts.rotation_left, *parts.rotation_right, *parts.projection_left, *parts.projection_right]
    if not all(math.isfinite(number) for number in numbers):
        return "a number is not finite"
    if found.rms_px > RMS_MAX_PX:
        return f"its error is {found.rms_px:.2f} px RMS, more than {RMS_MAX_PX:g} px"
    if any(not _is_rotation(nine) for nine in (found.rotation, parts.rotation_left, parts.rotation_right)):
        return "a rotation is none"
    x_mm, y_mm, z_mm = found.translation_mm
    if abs(math.hypot(x_mm, y_mm, z_mm) - found.baseline_mm) > 0.01 * found.baseline_mm:
        return "baseline and translation contradict each other"
    if abs(x_mm) < 2 * math.hypot(y_mm, z_mm):
        return "the cameras do not stand side by side"
    if x_mm > 0:
        return "the cameras are swapped: left is right"
    reach = -parts.projection_right[3]
    if found.focal_px <= 0 or abs(reach - found.focal_px * found.baseline_mm) > 0.01 * abs(reach):
        return "rectification and baseline contradict each other"
    return ""


def _is_rotation(nine: Nine) -> bool:
    turn = np.asarray(nine).reshape(3, 3)
    return bool(np.allclose(turn @ turn.T, np.eye(3), atol=1e-4) and np.linalg.det(turn) > 0)

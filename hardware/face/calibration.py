"""The calibration of a pack at a site: thresholds measured with the site's own pairs, tied to what they were made with.

Lies as ``calibration.json`` in the pack's folder and goes before the manifest's thresholds. One that was made with
other weights or another scaling is refused, never ignored: a booth that silently fell back to a guess would be the
worse surprise. Holds counts and rates, no score and no name of anybody.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import msgspec

from hardware.face import NoModelPack
from hardware.face.manifest import Manifest, Thresholds

CALIBRATION = "calibration.json"
_BYTES = 1 << 20


class Rate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An error rate: ``errors`` of ``trials``, and its exact bounds at 95 % (Clopper-Pearson)."""

    errors: int
    trials: int
    low: float
    high: float


class Point(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One point of the curves: at ``threshold``, the false match and the false non-match rate (ISO/IEC 19795-1)."""

    threshold: float
    fmr: Rate
    fnmr: Rate


class Curve(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one kind of comparison gave. ``frames``: pictures fused into a probe, 1 for single ones."""

    frames: int
    genuine: int
    impostor: int
    equal_error_rate: float
    points: tuple[Point, ...]


class Calibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of ``calibration.json``. ``scoring``: of the manifest; ``made_on``: ISO date."""

    pack: str
    scoring: str
    recogniser_sha256: str
    made_on: str
    wanted_fmr: float
    thresholds: Thresholds
    curves: tuple[Curve, ...]


def read_calibration(folder: Path, manifest: Manifest) -> Calibration | None:
    """Read the calibration of the pack in ``folder``, None where there is none.

    Raises ``NoModelPack`` for one that cannot be read or belongs to another pack.
    """
    path = folder / CALIBRATION
    try:
        with path.open("rb") as file:
            data = file.read(_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise NoModelPack(f"cannot be read ({error.strerror})", where=str(path), cure="check its rights") from None
    cure = "calibrate again (`booth face calibrate`), or remove this file"
    try:
        found = msgspec.json.decode(data, type=Calibration)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise NoModelPack(f"not a calibration: {error}", where=str(path), cure=cure) from None
    if found.scoring != manifest.scoring:
        raise NoModelPack("this calibration was made with other weights or settings", where=str(path), cure=cure)
    limits = found.thresholds
    if not -1 <= limits.reject <= limits.accept < limits.suspicious <= 1:
        raise NoModelPack("thresholds: reject <= accept < suspicious needed", where=str(path), cure=cure)
    return found


def write_calibration(path: Path, calibration: Calibration) -> None:
    """Write durably: the file is the old one or the new one, whatever happens. Raises ``OSError``."""
    data = msgspec.json.format(msgspec.json.encode(calibration), indent=1)
    write_durably(path, data)


def write_durably(path: Path, data: bytes) -> None:
    """Replace ``path`` by ``data`` at once and for good. Raises ``OSError``."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            os.fchmod(file.fileno(), 0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

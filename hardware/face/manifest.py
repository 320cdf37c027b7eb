"""What ``manifest.toml`` of a model pack says, checked. Knows no engine and no weights; reads one text file.

A recipe is a manifest whose files may still be anywhere: loose in a folder, or at the addresses it names.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import itertools
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

from hardware.face import NoModelPack
from hardware.face.gates import Gates

MANIFEST = "manifest.toml"
_MANIFEST_BYTES = 64 * 1024
_HEX = frozenset("0123456789abcdef")

ColourOrder = Literal["rgb", "bgr"]


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class Identification(_Strict, frozen=True):
    """What the pack is, and where it may run: a ``laboratory`` pack never before the public."""

    name: str
    version: str
    engine: Literal["insightface", "opencv", "onnx"]
    licence: str
    permitted_use: Literal["public", "laboratory"]


class Detector(_Strict, frozen=True):
    """Finds faces and five points. ``size_px``: longest side it looks at; ``mean``, ``std``: of its input, for SCRFD.

    YuNet takes BGR as it is, SCRFD normalised RGB: their colour order is part of their kind.
    """

    file: str
    sha256: str
    size_px: int
    mean: float
    std: float
    score: float  # faces below it are not even looked at
    kind: Literal["scrfd", "yunet"] = "scrfd"
    url: str = ""  # where a recipe gets it
    size_bytes: int = 0  # 0: not said


class Recogniser(_Strict, frozen=True):
    """Turns an aligned face of ``size_px`` squared into a vector of ``dimensions``."""

    file: str
    sha256: str
    dimensions: int
    mean: float
    std: float
    colour_order: ColourOrder = "rgb"
    size_px: int = 112
    url: str = ""
    size_bytes: int = 0


class Passive(_Strict, frozen=True):
    """Votes whether a face is alive (ISO/IEC 30107-3), from a square crop of ``crop_factor`` x the face's longer side.

    The vote is the softmax of the outputs at ``live_index``: from ``live`` up for, below ``not_live`` against.
    """

    file: str
    sha256: str
    size_px: int
    crop_factor: float
    mean: float
    std: float
    live_index: int
    live: float
    not_live: float
    colour_order: ColourOrder = "rgb"
    url: str = ""
    size_bytes: int = 0


class Thresholds(_Strict, frozen=True):
    """Cosine scores: from ``accept`` up a match, below ``reject`` none, from ``suspicious`` up too good to be true."""

    accept: float
    reject: float
    suspicious: float


class SelfTest(_Strict, frozen=True):
    """What the weights must give for the portrait that ships beside this module. Wrong ones still "run".

    ``embedding``: base64 of float16, little endian; "" where the weights could not be run when the recipe was made:
    the first installation then measures it. ``agreement``: the least cosine with it. ``same_min``: least cosine of the
    portrait with itself mirrored and darkened; ``different_max``: most cosine with what is no upright face.
    ``detection_score``, ``live_score``: within 0.03 and 0.02 of these; None: not checked.
    """

    agreement: float
    embedding: str = ""
    same_min: float = 0.5
    different_max: float = 0.4
    detection_score: float | None = None
    live_score: float | None = None


class Manifest(_Strict, frozen=True):
    """All of ``manifest.toml``."""

    pack: Identification
    detection: Detector
    recognition: Recogniser
    thresholds: Thresholds
    gates: Gates
    self_test: SelfTest
    liveness: Passive | None = None

    @property
    def parts(self) -> tuple[Detector | Recogniser | Passive, ...]:
        """The models, each with a file."""
        return (self.detection, self.recognition, *([self.liveness] if self.liveness else []))

    @property
    def scoring(self) -> str:
        """SHA-256 over everything a comparison score depends on: thresholds are worth nothing with another one."""
        found, makes = self.detection, self.recognition
        counted = (
            *(self.pack.engine, found.kind, found.sha256, found.size_px, found.mean, found.std),
            *(makes.sha256, makes.dimensions, makes.mean, makes.std, makes.colour_order, makes.size_px),
        )
        return hashlib.sha256(msgspec.json.encode(counted)).hexdigest()


def read_manifest(path: Path) -> Manifest:
    """Read a manifest or a recipe; the files it names are not looked at. Raises ``NoModelPack``."""
    try:
        if path.stat().st_size > _MANIFEST_BYTES:
            raise NoModelPack(f"larger than {_MANIFEST_BYTES} bytes", where=str(path), cure="this is no manifest")
        manifest = msgspec.convert(tomllib.loads(path.read_text("utf-8")), Manifest)
    except OSError as error:
        cure = "a pack is a folder with manifest.toml and its weights; see `booth models install`"
        raise NoModelPack(f"cannot be read ({error.strerror})", where=str(path), cure=cure) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise NoModelPack(f"not a manifest: {error}", where=str(path), cure="install the pack again") from None
    wrong = next(itertools.chain(_wrong_files(manifest), _wrong_models(manifest), _wrong_figures(manifest)), "")
    if wrong:
        raise NoModelPack(wrong, where=str(path), cure="correct the manifest, or install the pack again")
    return manifest


def _wrong_files(manifest: Manifest) -> Iterator[str]:
    name = manifest.pack.name
    if not name or len(name) > 64 or name != name.strip(".") or not all(c.isalnum() or c in "-_." for c in name):
        yield f"pack.name: {name[:64]!r} is not made of letters, digits, '-', '_' and '.'"
    for part in manifest.parts:
        if Path(part.file).name != part.file or not part.file.endswith(".onnx"):
            yield f"{part.file!r} is not the name of an .onnx file"
        if len(part.sha256) != 64 or not set(part.sha256) <= _HEX:
            yield f"{part.file}: sha256 is not 64 hexadecimal digits in lower case"
    if len({part.file for part in manifest.parts}) < len(manifest.parts):
        yield "two models name the same file"


def _wrong_models(manifest: Manifest) -> Iterator[str]:
    engine, found, alive = manifest.pack.engine, manifest.detection, manifest.liveness
    for part in manifest.parts:
        if not 16 <= part.size_px <= 4096 or not part.std > 0:
            yield f"{part.file}: size_px of 16 to 4096 and std of more than 0 expected"
    if engine != "onnx" and found.kind != {"insightface": "scrfd", "opencv": "yunet"}[engine]:
        yield f"detection.kind: the {engine} engine does not run {found.kind}"
    if alive and not (alive.not_live <= alive.live and 1 <= alive.crop_factor <= 4 and alive.live_index >= 0):
        yield "liveness: not_live <= live, crop_factor 1 to 4 and live_index >= 0 needed"


def _wrong_figures(manifest: Manifest) -> Iterator[str]:
    limits = manifest.thresholds
    if not -1 <= limits.reject <= limits.accept < limits.suspicious <= 1:
        yield "thresholds: reject <= accept < suspicious needed; calibrate it"
    try:
        vector = base64.b64decode(manifest.self_test.embedding, validate=True)
    except binascii.Error:
        vector = b"?"
    if vector and len(vector) != 2 * manifest.recognition.dimensions:
        yield f"self_test.embedding is not base64 of {manifest.recognition.dimensions} float16"

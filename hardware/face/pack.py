"""A model pack: one folder with ``manifest.toml`` and the weights it names. The product ships no weights.

The manifest says which engine runs them, what the files must hash to, under which licence they may be used, and the
thresholds and quality gates that were calibrated for them: a threshold is worth nothing with other weights. ``load``
believes nothing it has not hashed. ``assemble`` makes a pack from a recipe (the manifest alone, shipped in ``packs/``)
and a folder in which the weights lie loose. Knows no engine: it reads, compares and copies.

    python -m hardware.face.pack assemble hardware/face/packs/lab-edgeface.toml MODELS_FOLDER PACK_FOLDER
    python -m hardware.face.pack check PACK_FOLDER [--laboratory]
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import shutil
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Literal

import msgspec

from hardware.face import NoModelPack
from hardware.face.gates import Gates

MANIFEST = "manifest.toml"
_MANIFEST_BYTES = 64 * 1024
_MODEL_BYTES = 512 * 1024 * 1024


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class Identification(_Strict, frozen=True):
    """What the pack is, and where it may run: a ``laboratory`` pack never before the public."""

    name: str
    version: str
    engine: Literal["insightface"]
    licence: str
    permitted_use: Literal["public", "laboratory"]


class Detector(_Strict, frozen=True):
    """Finds faces and five points. ``size_px``: side of the square it looks at; ``mean``, ``std``: of its input."""

    file: str
    sha256: str
    size_px: int
    mean: float
    std: float
    score: float  # faces below it are not even looked at


class Recogniser(_Strict, frozen=True):
    """Turns an aligned face of 112x112 px into a vector of ``dimensions``."""

    file: str
    sha256: str
    dimensions: int
    mean: float
    std: float


class Thresholds(_Strict, frozen=True):
    """Cosine scores: from ``accept`` up a match, below ``reject`` none, from ``suspicious`` up too good to be true."""

    accept: float
    reject: float
    suspicious: float


class SelfTest(_Strict, frozen=True):
    """The vector these weights give for the portrait that ships beside this module: base64 of float16, little endian.

    ``agreement``: the least cosine. Wrong colours, wrong scaling and a broken runtime all still "run".
    """

    embedding: str
    agreement: float


class Manifest(_Strict, frozen=True):
    """All of ``manifest.toml``."""

    pack: Identification
    detection: Detector
    recognition: Recogniser
    thresholds: Thresholds
    gates: Gates
    self_test: SelfTest


class Pack(msgspec.Struct, frozen=True):
    """A pack that was found whole."""

    folder: Path
    manifest: Manifest

    @property
    def model(self) -> str:
        """Name and version, for the status and the audit."""
        return f"{self.manifest.pack.name} {self.manifest.pack.version}"


def load(folder: Path | None, *, is_laboratory: bool = False) -> Pack:
    """Read and verify a pack. Raises ``NoModelPack`` naming the file and the cure."""
    if folder is None:
        raise NoModelPack("no model pack is configured", where="face", cure="set the model pack's folder in booth.toml")
    if not folder.is_dir():
        raise NoModelPack("the model pack's folder does not exist", where=str(folder), cure="install the pack there")
    manifest = read_manifest(folder / MANIFEST)
    if manifest.pack.permitted_use == "laboratory" and not is_laboratory:
        raise NoModelPack(
            f"{manifest.pack.name} may be used in a laboratory only ({manifest.pack.licence})",
            where=str(folder),
            cure="install a pack whose licence allows public use",
        )
    parts = (manifest.detection, manifest.recognition)
    for part in parts:
        _verify(folder / part.file, part.sha256)
    for other in folder.glob("*.onnx"):  # the engine takes what it finds in the folder
        if other.name not in {part.file for part in parts}:
            raise NoModelPack("weights that the manifest does not name", where=str(other), cure="remove this file")
    return Pack(folder, manifest)


def read_manifest(path: Path) -> Manifest:
    """Read a manifest or a recipe; the files it names are not looked at. Raises ``NoModelPack``."""
    try:
        if path.stat().st_size > _MANIFEST_BYTES:
            raise NoModelPack(f"larger than {_MANIFEST_BYTES} bytes", where=str(path), cure="this is no manifest")
        manifest = msgspec.convert(tomllib.loads(path.read_text("utf-8")), Manifest)
    except OSError as error:
        cure = "a pack is a folder with manifest.toml and its weights; make one with hardware.face.pack assemble"
        raise NoModelPack(f"cannot be read ({error.strerror})", where=str(path), cure=cure) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise NoModelPack(f"not a manifest: {error}", where=str(path), cure="install the pack again") from None
    for part in (manifest.detection, manifest.recognition):
        if Path(part.file).name != part.file or not part.file.endswith(".onnx"):
            raise NoModelPack(f"{part.file!r} is not the name of an .onnx file", where=str(path), cure="correct it")
    limits = manifest.thresholds
    if not -1 <= limits.reject <= limits.accept < limits.suspicious <= 1:
        raise NoModelPack("thresholds: reject <= accept < suspicious needed", where=str(path), cure="calibrate it")
    return manifest


def _verify(path: Path, sha256: str) -> None:
    try:
        if path.stat().st_size > _MODEL_BYTES:
            raise NoModelPack("too large for a model", where=str(path), cure="install the pack again")
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise NoModelPack(
            f"the weights cannot be read ({error.strerror})", where=str(path), cure="install the pack again"
        ) from None
    if found != sha256:
        raise NoModelPack(
            f"the weights were altered or are others: sha256 {found[:12]}... instead of {sha256[:12]}...",
            where=str(path),
            cure="install the pack again",
        )


def assemble(recipe: Path, models_folder: Path, target: Path) -> Path:
    """Make a pack in ``target`` from a recipe and loose weights, verified before and copied; gives back ``target``.

    A pack that is already there and whole is left alone. Raises ``NoModelPack`` for weights that are missing or
    others; ``target`` is then as before.
    """
    manifest = read_manifest(recipe)
    with contextlib.suppress(NoModelPack):
        if load(target, is_laboratory=True).manifest == manifest:
            return target
    parts = (manifest.detection, manifest.recognition)
    for part in parts:
        _verify(models_folder / part.file, part.sha256)
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        for part in parts:
            shutil.copyfile(models_folder / part.file, fresh / part.file)
        shutil.copyfile(recipe, fresh / MANIFEST)
        if target.exists():
            shutil.rmtree(target)
        fresh.rename(target)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    load(target, is_laboratory=True)
    return target


def main() -> None:
    """Entry of the command; a refusal is one line and exit status 1."""
    parser = argparse.ArgumentParser(description="Make or check a model pack.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    making = verbs.add_parser("assemble", help="from a recipe and a folder of weights")
    for name in ("recipe", "models_folder", "target"):
        making.add_argument(name, type=Path)
    checking = verbs.add_parser("check", help="is this pack whole, and may it run here?")
    checking.add_argument("folder", type=Path)
    checking.add_argument("--laboratory", action="store_true")
    given = parser.parse_args()
    try:
        if given.verb == "assemble":
            assemble(given.recipe, given.models_folder, given.target)
        else:
            load(given.folder, is_laboratory=given.laboratory)
    except NoModelPack as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()

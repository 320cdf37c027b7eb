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
from pathlib import Path

import msgspec

from hardware.face import NoModelPack
from hardware.face.calibration import read_calibration
from hardware.face.manifest import MANIFEST, Manifest, Thresholds, read_manifest

__all__ = [
    "MANIFEST", "MEASURED", "MODEL_BYTES", "Manifest", "Measured", "Pack", "Thresholds",
    "assemble", "check_use", "load", "read_manifest", "verify",
]  # fmt: skip

MEASURED = "self_test.json"  # what the weights gave when they were installed, where the recipe could not know it
MODEL_BYTES = 512 * 1024 * 1024


class Measured(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of ``self_test.json``: the embedding of the self-test's portrait, tied to what made it."""

    scoring: str
    embedding: str


class Pack(msgspec.Struct, frozen=True):
    """A pack that was found whole. Its manifest's thresholds are the site's, where the site has calibrated it."""

    folder: Path
    manifest: Manifest
    calibrated_on: str = ""  # ISO date; "" for the thresholds it came with

    @property
    def model(self) -> str:
        """Name and version, for the status and the audit."""
        return f"{self.manifest.pack.name} {self.manifest.pack.version}"

    @property
    def sha256(self) -> str:
        """Of everything that decides: weights, gates and thresholds, for the audit."""
        return hashlib.sha256(msgspec.json.encode(self.manifest)).hexdigest()


def load(folder: Path | None, *, is_laboratory: bool = False, is_calibrating: bool = False) -> Pack:
    """Read and verify a pack. Raises ``NoModelPack`` naming the file and the cure.

    ``is_calibrating``: an earlier calibration is not looked at.
    """
    if folder is None:
        raise NoModelPack("no model pack is configured", where="face", cure="set the model pack's folder in booth.toml")
    if not folder.is_dir():
        raise NoModelPack("the model pack's folder does not exist", where=str(folder), cure="install the pack there")
    manifest = read_manifest(folder / MANIFEST)
    check_use(manifest, folder, is_laboratory=is_laboratory)
    for part in manifest.parts:
        verify(folder / part.file, part.sha256)
    for other in folder.glob("*.onnx"):  # who put it there meant it to be used
        if other.name not in {part.file for part in manifest.parts}:
            raise NoModelPack("weights that the manifest does not name", where=str(other), cure="remove this file")
    calibration = None if is_calibrating else read_calibration(folder, manifest)
    if calibration is not None:
        manifest = msgspec.structs.replace(manifest, thresholds=calibration.thresholds)
    return Pack(folder, _measured(folder, manifest), calibration.made_on if calibration else "")


def check_use(manifest: Manifest, where: Path, *, is_laboratory: bool) -> None:
    """Raise ``NoModelPack`` for a laboratory's pack on a booth that serves the public."""
    if manifest.pack.permitted_use == "laboratory" and not is_laboratory:
        raise NoModelPack(
            f"{manifest.pack.name} may be used in a laboratory only ({manifest.pack.licence})",
            where=str(where),
            cure="install a pack whose licence allows public use; is_laboratory in booth.toml marks a laboratory",
        )


def _measured(folder: Path, manifest: Manifest) -> Manifest:
    """Fill in the embedding that was measured at the installation, where the manifest promises none."""
    path = folder / MEASURED
    if manifest.self_test.embedding or not path.exists():
        return manifest
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Measured)
    except (OSError, msgspec.MsgspecError):
        raise NoModelPack("cannot be read", where=str(path), cure="install the pack again") from None
    if found.scoring != manifest.scoring:
        raise NoModelPack("was measured with other weights", where=str(path), cure="install the pack again")
    expected = msgspec.structs.replace(manifest.self_test, embedding=found.embedding)
    return msgspec.structs.replace(manifest, self_test=expected)


def verify(path: Path, sha256: str) -> None:
    """Raise ``NoModelPack`` when the file's content is not what ``sha256`` (hexadecimal) promises."""
    try:
        if path.stat().st_size > MODEL_BYTES:
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
        if read_manifest(target / MANIFEST) == manifest and load(target, is_laboratory=True):
            return target
    for part in manifest.parts:
        verify(models_folder / part.file, part.sha256)
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        for part in manifest.parts:
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

"""Model packs on a booth: fetch, verify, try out, put in place at once; what was there before stays until then.

A pack comes as a folder, as an archive, or as a recipe whose files are fetched from the addresses it names. Nothing is
believed that was not hashed, nothing is unpacked that the manifest does not name, and nothing is put in place that did
not pass its own self-test. Knows no resident and no camera.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

import hardware.face
from hardware.face import NoModelPack
from hardware.face.calibration import CALIBRATION, read_calibration, write_durably
from hardware.face.engines import load_engine
from hardware.face.engines.self_test import PORTRAIT, encode
from hardware.face.manifest import MANIFEST, Manifest, read_manifest
from hardware.face.pack import MEASURED, Measured, Pack, check_use, load, verify
from provisioning.archives import unpack
from provisioning.downloads import fetch

RECIPES = Path(hardware.face.__file__).parent / "packs"
STORE = Path("/var/lib/booth/models")
_PREVIOUS = ".previous"
_RENAME_EXCHANGE = 2  # linux/fs.h
_AT_FDCWD = -100

Say = Callable[[str], None]


@dataclass(frozen=True)
class Found:
    """One pack in the store. ``trouble``: why it cannot be used, "" for a whole one."""

    folder: Path
    manifest: Manifest | None
    calibrated_on: str
    trouble: str


def recipes() -> dict[str, Path]:
    """The recipes that ship, by the name of their file."""
    return {path.stem: path for path in sorted(RECIPES.glob("*.toml"))}


def install(source: str, store: Path, *, is_laboratory: bool, sha256: str = "", say: Say = lambda _line: None) -> Pack:
    """Install the pack that ``source`` names into ``store/<its name>``; gives it back, verified and tried out.

    ``source``: a folder with ``manifest.toml`` and weights; a .zip or .tar archive of one; a recipe (.toml) or the name
    of one that ships; or the https address of an archive or recipe, with ``sha256`` of what lies there. Raises
    ``NoModelPack`` naming file and cure; what was installed before is then as it was.
    """
    try:
        store.mkdir(parents=True, exist_ok=True)
        with _only_one(store), _stage(store) as stage:
            _bring(source, stage, sha256, is_laboratory=is_laboratory, say=say)
            manifest = read_manifest(stage / MANIFEST)
            target = store / manifest.pack.name
            _keep_calibration(target, stage, manifest, say)
            _try_out(stage, is_laboratory=is_laboratory, say=say)
            _sync(stage)
            _put_in_place(stage, target)
            return load(target, is_laboratory=is_laboratory)
    except OSError as error:
        where = error.filename or store
        raise NoModelPack(
            f"cannot be written ({error.strerror})", where=str(where), cure="disk full, or run as the booth's owner?"
        ) from None


def installed(store: Path, *, is_laboratory: bool) -> list[Found]:
    """Look at every pack in ``store``, verified file by file."""
    found = []
    for folder in sorted(path for path in store.glob("*") if path.is_dir() and not path.name.startswith(".")):
        manifest, calibrated_on, trouble = None, "", ""
        try:
            manifest = read_manifest(folder / MANIFEST)
            calibrated_on = load(folder, is_laboratory=is_laboratory).calibrated_on
        except NoModelPack as error:
            trouble = str(error)
        found.append(Found(folder, manifest, calibrated_on, trouble))
    return found


# -- the steps ------------------------------------------------------------------------------------------------------


def _bring(source: str, stage: Path, sha256: str, *, is_laboratory: bool, say: Say) -> None:
    """Get manifest and weights into ``stage``; whether they are right is seen afterwards."""
    path = recipes().get(source, Path(source))
    if "://" in source:
        path = stage / ".fetched"
        if not sha256:
            raise NoModelPack(
                "an address alone proves nothing", where=source, cure="give --sha256 of what lies there, or a recipe"
            )
        fetch(source, path, sha256, say=say)
        if source.partition("?")[0].endswith(".toml"):
            path = path.rename(stage / ".recipe.toml")
    elif sha256 and path.is_file():
        verify(path, sha256)
    if path.is_dir():
        _copy_folder(path, stage, is_laboratory=is_laboratory)
    elif path.suffix == ".toml":
        _follow_recipe(path, stage, is_laboratory=is_laboratory, say=say)
    elif path.is_file():
        unpack(path, stage, check=lambda manifest: check_use(manifest, path, is_laboratory=is_laboratory))
    else:
        names = ", ".join(recipes())
        raise NoModelPack("no such folder, archive or recipe", where=source, cure=f"recipes that ship: {names}")
    for left in (stage / ".fetched", stage / ".recipe.toml"):
        left.unlink(missing_ok=True)


def _copy_folder(folder: Path, stage: Path, *, is_laboratory: bool) -> None:
    manifest = read_manifest(folder / MANIFEST)
    check_use(manifest, folder, is_laboratory=is_laboratory)
    for part in manifest.parts:
        verify(folder / part.file, part.sha256)
    load(folder, is_laboratory=is_laboratory)  # weights beside the named ones are an error here, too
    for name in (MANIFEST, *(part.file for part in manifest.parts)):
        shutil.copyfile(folder / name, stage / name)


def _follow_recipe(recipe: Path, stage: Path, *, is_laboratory: bool, say: Say) -> None:
    """Fetch what the recipe names; files without an address are looked for beside the recipe."""
    manifest = read_manifest(recipe)
    check_use(manifest, recipe, is_laboratory=is_laboratory)
    for part in manifest.parts:
        beside = recipe.parent / part.file
        if part.url:
            fetch(part.url, stage / part.file, part.sha256, size_bytes=part.size_bytes, say=say)
        elif beside.is_file():
            shutil.copyfile(beside, stage / part.file)
        else:
            raise NoModelPack(
                f"{part.file} has no address in this recipe and does not lie beside it",
                where=str(recipe),
                cure="put recipe (as manifest.toml) and weights into one folder and install that",
            )
    shutil.copyfile(recipe, stage / MANIFEST)


def _keep_calibration(target: Path, stage: Path, manifest: Manifest, say: Say) -> None:
    """Carry the site's calibration over to the new pack where it still belongs to it."""
    (stage / CALIBRATION).unlink(missing_ok=True)
    try:
        found = read_calibration(target, manifest)
    except NoModelPack as error:
        say(f"the calibration of before is not kept: {error.message}; it stays in {target.name}{_PREVIOUS}")
        return
    if found is not None:
        shutil.copyfile(target / CALIBRATION, stage / CALIBRATION)


def _try_out(stage: Path, *, is_laboratory: bool, say: Say) -> None:
    """Run the self-test; measure what the recipe could not promise."""
    (stage / MEASURED).unlink(missing_ok=True)
    pack = load(stage, is_laboratory=is_laboratory)
    say("trying it out ...")
    engine = load_engine(pack)
    engine.self_test()
    if not pack.manifest.self_test.embedding:
        measured = Measured(pack.manifest.scoring, encode(engine.embed_portrait(PORTRAIT.read_bytes())))
        write_durably(stage / MEASURED, msgspec.json.encode(measured))


def _sync(folder: Path) -> None:
    for path in (*folder.iterdir(), folder):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            if path is not folder:
                os.fchmod(descriptor, 0o644)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    folder.chmod(0o755)


def _put_in_place(stage: Path, target: Path) -> None:
    """Swap ``stage`` and ``target`` in one step; what was there before becomes ``<name>.previous``."""
    if target.exists():
        _exchange(stage, target)
        previous = target.with_name(target.name + _PREVIOUS)
        if previous.exists():
            shutil.rmtree(previous)
        stage.rename(previous)
    else:
        stage.rename(target)
    descriptor = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _exchange(one: Path, other: Path) -> None:
    """Let two folders trade names: there is no instant without a pack (Linux renameat2, RENAME_EXCHANGE)."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(other))


@contextlib.contextmanager
def _stage(store: Path) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=".new-", dir=store))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _only_one(store: Path) -> Iterator[None]:
    """Hold the store's lock; under it, remove what a crashed installation left."""
    with (store / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise NoModelPack("another installation is running", where=str(store), cure="wait for its end") from None
        for left in store.glob(".new-*"):
            shutil.rmtree(left, ignore_errors=True)
        yield

"""``booth models``: what a technician says and reads about model packs; the work is ``provisioning.models``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hardware.face import NoModelPack
from kiosk.config import Config, load
from provisioning.models import RECIPES, STORE, Found, install, installed, recipes

Say = Callable[[str], None]


def run_install(
    source: str, config_file: Path, store: Path | None, sha256: str, *, is_given: bool, out: Say, err: Say
) -> int:
    """Install; 0 when the pack is in place, 1 when it was refused. ``is_given``: the settings must be there."""
    config = _settings(config_file, is_given=is_given)
    where = _store(config, store)
    is_laboratory = config is not None and config.booth.is_laboratory
    try:
        pack = install(source, where, is_laboratory=is_laboratory, sha256=sha256.lower(), say=out)
    except NoModelPack as error:
        err(f"booth: {error}")
        return 1
    what = pack.manifest.pack
    out(f"installed: {pack.model}, {what.permitted_use} use, in {pack.folder}")
    out(f"licence: {what.licence}")
    if not pack.calibrated_on:
        out("thresholds: as the pack came; calibrate at the site with `booth face calibrate`")
    if config is None or not config.face.pack or Path(config.face.pack).resolve() != pack.folder.resolve():
        out(f'to use it: face.pack = "{pack.folder.resolve()}" in {config_file}')
    return 0


def run_list(config_file: Path, store: Path | None, *, is_given: bool, out: Say) -> int:
    """List the packs in the store and the recipes that ship; 1 when the pack in use cannot be used."""
    config = _settings(config_file, is_given=is_given)
    where = _store(config, store)
    used = Path(config.face.pack).resolve() if config is not None and config.face.pack else None
    status = 0
    is_laboratory = config is None or config.booth.is_laboratory
    found = installed(where, is_laboratory=is_laboratory)
    for one in found:
        is_used = used == one.folder.resolve()
        out(f"{'*' if is_used else ' '} {_line(one)}")
        status = 1 if is_used and one.trouble else status
    if not found:
        out(f"no packs in {where}")
    elif used is not None:
        out("* = face.pack in booth.toml")
    if used is not None and used not in {one.folder.resolve() for one in found}:
        out(f"face.pack in booth.toml is {used}: not in this store")
    out(f"recipes in {RECIPES}: {', '.join(recipes())}")
    return status


def _line(one: Found) -> str:
    if one.manifest is None:
        return f"{one.folder.name}: {one.trouble}"
    what = one.manifest.pack
    state = one.trouble or "whole"
    calibrated = f"calibrated {one.calibrated_on}" if one.calibrated_on else "not calibrated"
    return (
        f"{one.folder.name}: {what.name} {what.version}, engine {what.engine}, {what.permitted_use} use,"
        f" {calibrated}, {state}\n    licence: {what.licence}\n    in: {one.folder}"
    )


def _settings(file: Path, *, is_given: bool) -> Config | None:
    """Read booth.toml; a computer that is no booth yet has none."""
    return load(file) if is_given or file.exists() else None


def _store(config: Config | None, store: Path | None) -> Path:
    if store is not None:
        return store
    return Path(config.face.pack).parent if config is not None and config.face.pack else STORE

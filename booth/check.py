"""``booth check``: are booth.toml, the service files and what they point at fit to start with?

Says every finding in one line with file, key and cure. Touches no device and no network.
"""

from __future__ import annotations

from pathlib import Path

import click

from booth.keys import public_key
from booth.visit import ASSETS
from hardware.face import NoModelPack
from hardware.face.pack import load as load_pack
from kiosk.config import Config, ConfigError, load
from kiosk.visit.services import load_services


def run_check(config_file: Path | None) -> int:
    """Print findings; 0 when the booth can start as configured."""
    problems, notes = findings(config_file, ASSETS)
    for note in notes:
        click.echo(f"note: {note}")
    for problem in problems:
        click.echo(problem, err=True)
    if not problems:
        services = load_services(ASSETS / "services")
        click.echo(
            f"ok: {len(services)} services ({', '.join(services)})" + (f", {config_file}" if config_file else "")
        )
    return 2 if problems else 0


def findings(config_file: Path | None, assets: Path) -> tuple[list[str], list[str]]:
    """(what keeps the booth from starting, what will be missing)."""
    problems: list[str] = []
    notes: list[str] = []
    try:
        load_services(assets / "services")
    except ConfigError as error:
        problems += str(error).splitlines()
    for file in ("fonts/NotoSansSC-Regular.otf", "fonts/NotoSansSC-Bold.otf", "sounds/touch.wav"):
        if not (assets / file).is_file():
            problems.append(f"{assets / file}: missing; run `make setup`")
    if config_file is not None:
        try:
            config = load(config_file)
        except ConfigError as error:
            return problems + str(error).splitlines(), notes
        _files(config, config_file, problems, notes)
    return problems, notes


def _files(config: Config, file: Path, problems: list[str], notes: list[str]) -> None:
    for key in ("ca", "certificate", "key"):
        if not Path(getattr(config.backend, key)).is_file():
            problems.append(f"{file}: backend.{key}: no such file; enrol the booth, or correct the path")
    for key in ("seal_pub", "sign_pub"):
        try:
            public_key(Path(getattr(config.backend, key)), f"backend.{key}")
        except ValueError as error:
            problems.append(str(error))
    if not config.face.pack:
        notes.append(f"{file}: face.pack: none; only the ways without a face are offered")
        return
    try:
        load_pack(Path(config.face.pack), is_laboratory=config.booth.is_laboratory)
    except NoModelPack as error:
        notes.append(f"{file}: face.pack: {error}; only the ways without a face are offered")

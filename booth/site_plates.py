"""``booth site plate ...``: who the barrier opens for. Plates are read from standard input, not from the command line,
where others could see them, and only their keyed hashes are written (``kiosk.site.plates``)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from kiosk.site.plates import AllowList

PROFILES = Path(__file__).resolve().parent.parent / "assets" / "site"
SYSTEM_TOML = Path("/etc/booth/booth.toml")
_FILE = click.Path(dir_okay=False, path_type=Path)
Out = Callable[[str], None]


@click.group()
def plate() -> None:
    """Plates that the barrier opens for: kept as keyed hashes, read from standard input, one a line."""


def _placed(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option("--device", default="", help="Only this camera's list; default: the lists of all."),
        click.option("--secrets", type=_FILE, default=None, help="Secrets of the links, with --site."),
        click.option(
            "--site", "file", type=_FILE, default=None, help="site.toml, instead of the one booth.toml names."
        ),
        click.option("--config", type=_FILE, default=SYSTEM_TOML, show_default=True, help="booth.toml"),
    ):
        command = option(command)
    return command


@plate.command("add")
@_placed
def plate_add(config: Path, file: Path | None, secrets: Path | None, device: str) -> None:
    """Put plates on the list; a running watch knows them at once."""
    _exit(lambda: change(lists_of(config, file, secrets, device), _typed(), is_add=True, out=click.echo))


@plate.command("remove")
@_placed
def plate_remove(config: Path, file: Path | None, secrets: Path | None, device: str) -> None:
    """Take plates off the list."""
    _exit(lambda: change(lists_of(config, file, secrets, device), _typed(), is_add=False, out=click.echo))


@plate.command("count")
@_placed
def plate_count(config: Path, file: Path | None, secrets: Path | None, device: str) -> None:
    """Say how many plates are listed; nobody can say which."""
    _exit(lambda: count(lists_of(config, file, secrets, device), out=click.echo))


def lists_of(config: Path, file: Path | None, secrets: Path | None, device: str = "") -> list[AllowList]:
    """The allow-lists of a site's plate cameras, each file once. Raises ConfigError."""
    from booth.site_links import Wanted
    from booth.site_links.http_push import plate_cameras, plate_list
    from booth.site_secrets import secrets_of
    from kiosk.config import ConfigError, load
    from kiosk.site.site_file import load as load_site

    where = str(secrets or "")
    if file is None:
        section = load(config).site
        if not section.file:
            raise ConfigError("site.file: missing, so there is no plate camera; name the site.toml")
        file, where = Path(section.file), section.secrets
    plan, found = load_site(file, PROFILES), {}
    for link, spec in plan.links.items():
        wanted = Wanted(link, plan, secrets_of(where), file.parent)
        for camera in plate_cameras(wanted) if spec.kind == "http_push" else ():
            if device in ("", camera):
                allowed = plate_list(wanted, camera)[1]
                found[allowed.file] = allowed
    if not found:
        raise ConfigError(f"{file}: {device or 'it'} has no camera that reads plates; name one, or add it")
    return list(found.values())


def change(lists: list[AllowList], lines: Iterable[str], *, is_add: bool, out: Out) -> int:
    """Add or remove every plate that is read; 0 when all lines were plates. Says numbers of lines, never a plate."""
    from kiosk.site.plates import NoPlate

    done, same, wrong = 0, 0, 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            is_new = [one.add(line) if is_add else one.remove(line) for one in lists]
        except NoPlate as error:
            out(f"line {number}: {error}")
            wrong += 1
            continue
        done, same = done + any(is_new), same + (not any(is_new))
    words = ("added", "there already") if is_add else ("removed", "not there")
    out(f"{words[0]}: {done}, {words[1]}: {same}, no plates: {wrong}")
    return 2 if wrong else 0


def count(lists: list[AllowList], *, out: Out) -> int:
    """Say how many plates each list has."""
    for one in lists:
        out(f"{one.file}: {len(one)} plates")
    return 0


def _typed() -> Iterator[str]:
    if sys.stdin.isatty():
        click.echo("Plates, one a line; an empty line ends.", err=True)
        yield from iter(lambda: sys.stdin.readline().strip(), "")
    else:
        yield from sys.stdin


def _exit(work: Callable[[], int]) -> None:
    from kiosk.config import ConfigError

    try:
        sys.exit(work())
    except (ConfigError, OSError) as error:
        click.echo(f"booth: {error}", err=True)
        sys.exit(2)

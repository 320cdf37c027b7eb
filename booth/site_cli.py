"""The commands ``booth site ...``. Parses and exits; what they do stands in ``site`` and ``site_run``, imported late.

Exit status: 0 fine, 1 something needs somebody, 2 refused or cannot start.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from booth.site_plates import plate

PROFILES = Path(__file__).resolve().parent.parent / "assets" / "site"
SYSTEM_TOML = Path("/etc/booth/booth.toml")
_FILE = click.Path(dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)
_KINDS = click.Choice(["alm", "evt", "tel", "state", "cmd", "mark"])


class _Duration(click.ParamType):
    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        from booth.site_words import duration_s

        try:
            return value if isinstance(value, float) else duration_s(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


_DURATION = _Duration()
_for = click.option("--for", "for_s", type=_DURATION, required=True, help="How long: 45s, 30m, 8h.")
_reason = click.option("--reason", required=True, help="Why, for those who come after; journaled.")
_badge = click.option("--as", "badge", default="", help="Your badge, journaled beside your user name.")
_json = click.option("--json", "as_json", is_flag=True, help="For machines.")


def _placed(command: Callable[..., None]) -> Callable[..., None]:
    """Options that say where the watch is."""
    command = click.option("--folder", type=_FOLDER, default=None, help="Of feed.sock and site.db.")(command)
    return click.option("--config", type=_FILE, default=SYSTEM_TOML, show_default=True, help="booth.toml")(command)


def _exit(work: Callable[[], int]) -> None:
    from kiosk.config import ConfigError
    from kiosk.ledger.file import LedgerError

    try:
        sys.exit(work())
    except (ConfigError, LedgerError) as error:
        click.echo(f"booth: {error}", err=True)
        sys.exit(2)


def _folder(config: Path, folder: Path | None) -> Path:
    if folder is not None:
        return folder
    from kiosk.config import load

    return Path(load(config).site.folder)


@click.group()
def site() -> None:
    """The watch over the site: doors, barriers, sensors, links."""


@site.command("check")
@click.argument("file", type=_FILE)
@click.option("--profiles", type=_FOLDER, default=PROFILES, help="Device profiles; default: those that ship.")
def site_check(file: Path, profiles: Path) -> None:
    """Say every mistake of a site.toml with line, key and cure. Status 2 when there is one."""
    from booth.site import run_site_check

    _exit(lambda: run_site_check(file, profiles))


@site.command("run")
@click.option("--config", type=_FILE, default=SYSTEM_TOML, show_default=True, help="booth.toml")
@click.option("--site", "file", type=_FILE, default=None, help="site.toml, instead of the one booth.toml names.")
@click.option("--folder", type=_FOLDER, default=None, help="Of site.db and feed.sock; needed with --site.")
@click.option("--secrets", type=_FILE, default=None, help="Secrets of the links, with --site.")
@click.option("--profiles", type=_FOLDER, default=PROFILES, help="Device profiles; default: those that ship.")
@click.option("--log", type=_FILE, default=None, help="Write JSON lines here instead of standard error.")
def site_run(
    config: Path, file: Path | None, folder: Path | None, secrets: Path | None, profiles: Path, log: Path | None
) -> None:
    """Watch the site. Ends on SIGTERM; SIGHUP reads the site file again."""
    from booth.site_run import Place, place_of, run_site

    def start() -> int:
        if file is None:
            from kiosk.config import load

            return run_site(place_of(load(config), profiles, log))
        if folder is None:
            raise click.UsageError("--site needs --folder")
        return run_site(Place(file, folder, profiles, str(secrets or ""), log=log))

    _exit(start)


@site.command("status")
@_placed
@_json
@click.option("--watch", "is_watching", is_flag=True, help="Show it anew when it changes, until Ctrl-C.")
@click.option("--points", "has_points", is_flag=True, help="Every point, too.")
def site_status(config: Path, folder: Path | None, as_json: bool, is_watching: bool, has_points: bool) -> None:
    """The site as it is: what stands, alarms, equipment. Status 1 when an alarm needs somebody."""
    from booth.site import show_status, watch_status

    def look() -> int:
        where = _folder(config, folder)
        if is_watching:
            return watch_status(where, has_points=has_points, out=click.echo)
        return show_status(where, as_json=as_json, has_points=has_points, out=click.echo)

    _exit(look)


@site.command("alarms")
@_placed
@_json
def site_alarms(config: Path, folder: Path | None, as_json: bool) -> None:
    """Every alarm that is not normal or lies under a cover, the worst first."""
    from booth.site import show_alarms

    _exit(lambda: show_alarms(_folder(config, folder), as_json=as_json, out=click.echo))


@site.command("log")
@_placed
@_json
@click.option("--last", "count", type=click.IntRange(1, 100_000), default=50, show_default=True, help="Rows.")
@click.option("--class", "kinds", type=_KINDS, multiple=True, help="Only these classes.")
def site_log(config: Path, folder: Path | None, as_json: bool, count: int, kinds: tuple[Any, ...]) -> None:
    """The newest rows of the journal; also beside a running watch."""
    from booth.site import show_log

    _exit(lambda: show_log(_folder(config, folder), count=count, kinds=kinds, as_json=as_json, out=click.echo))


def _act(verb: Any, config: Path, folder: Path | None, **more: Any) -> None:
    from booth.site import act

    _exit(lambda: act(_folder(config, folder), verb, out=click.echo, **more))


@site.command("ack")
@click.argument("key", metavar="POINT/RULE")
@_placed
@_badge
@click.option("--reason", default="", help="A remark for those who come after.")
def site_ack(key: str, config: Path, folder: Path | None, badge: str, reason: str) -> None:
    """Acknowledge an alarm: somebody has seen it. Silences and relocks nothing."""
    _act("acknowledge", config, folder, key=key, badge=badge, reason=reason)


@site.command("reset")
@click.argument("key", metavar="POINT/RULE")
@_placed
@_badge
@click.option("--reason", default="", help="A remark for those who come after.")
def site_reset(key: str, config: Path, folder: Path | None, badge: str, reason: str) -> None:
    """Reset a latched alarm whose cause is gone; what it released is locked again."""
    _act("reset", config, folder, key=key, badge=badge, reason=reason)


@site.command("shelve")
@click.argument("key", metavar="POINT/RULE")
@_placed
@_badge
@_for
@_reason
def site_shelve(key: str, config: Path, folder: Path | None, badge: str, for_s: float, reason: str) -> None:
    """Hide an alarm for a while (8 h at most). Fire is never shelved."""
    _act("shelve", config, folder, key=key, badge=badge, for_s=for_s, reason=reason)


@site.command("unshelve")
@click.argument("key", metavar="POINT/RULE")
@_placed
@_badge
def site_unshelve(key: str, config: Path, folder: Path | None, badge: str) -> None:
    """Take an alarm off the shelf."""
    _act("unshelve", config, folder, key=key, badge=badge)


@site.command("out-of-service")
@click.argument("key", metavar="POINT/RULE")
@_placed
@_badge
@_for
@_reason
def site_out(key: str, config: Path, folder: Path | None, badge: str, for_s: float, reason: str) -> None:
    """For repair: the alarm says and releases nothing (24 h at most). The only way to quiet a fire input."""
    _act("out_of_service", config, folder, key=key, badge=badge, for_s=for_s, reason=reason)


@site.command("in-service")
@click.argument("key", metavar="POINT/RULE")
@_placed
@_badge
def site_in(key: str, config: Path, folder: Path | None, badge: str) -> None:
    """Put an alarm back into service; if its cause is there, it acts at once."""
    _act("in_service", config, folder, key=key, badge=badge)


@site.command("walk-test")
@click.argument("devices", nargs=-1, required=True)
@_placed
@_badge
@_for
def site_walk_test(devices: tuple[str, ...], config: Path, folder: Path | None, badge: str, for_s: float) -> None:
    """Try detectors by hand: their fire is told and releases nothing (30 min at most)."""
    _act("walk_test", config, folder, devices=devices, badge=badge, for_s=for_s)


@site.command("end-walk-test")
@_placed
@_badge
def site_end_walk_test(config: Path, folder: Path | None, badge: str) -> None:
    """End it now; what is still in alarm acts at once."""
    _act("end_walk_test", config, folder, badge=badge)


def _moving(what: str, words: str) -> None:
    @site.command(what, help=words)
    @click.argument("output", metavar="DEVICE.OUTPUT")
    @_placed
    @_badge
    @_reason
    @click.option("--for", "for_s", type=_DURATION, default=None, help="How long, where the output has a limit.")
    def move(output: str, config: Path, folder: Path | None, badge: str, reason: str, for_s: float | None) -> None:
        _act("command", config, folder, output=output, what=what, badge=badge, reason=reason, for_s=for_s)


_moving("open", "Open a door or a barrier, from here and with a reason.")
_moving("close", "Close a barrier: only when its way is surely clear and no fire holds it.")
_moving("stop", "Stop a barrier, or shut a valve.")
_moving("water", "Open a valve for a while, within its longest time.")


@site.command("reload")
@_placed
@_badge
def site_reload(config: Path, folder: Path | None, badge: str) -> None:
    """Read the site file again. Mistakes are said, and the site goes on as it was."""
    _act("reload", config, folder, badge=badge)


site.add_command(plate)

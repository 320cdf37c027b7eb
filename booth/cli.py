"""The command ``booth``. Parses, imports late, exits; what a sub-command does stands in its own module.

Exit status: 0 fine, 1 not as asked, 2 cannot start (the message names file, key and cure).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import click

ASSETS = Path(__file__).resolve().parent.parent / "assets"
_FILE = click.Path(dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)
_config = click.option(
    "--config", "config", type=_FILE, default=Path("/etc/booth/booth.toml"), show_default=True, help="booth.toml"
)


@click.group()
def booth() -> None:
    """Software of a 24-hour community service booth."""


def _exit(work: Callable[[], int]) -> None:
    """End with the work's status; settings and ledgers that cannot be used are said in one line."""
    from kiosk.config import ConfigError
    from kiosk.ledger.file import LedgerError

    try:
        sys.exit(work())
    except (ConfigError, LedgerError) as error:
        click.echo(f"booth: {error}", err=True)
        sys.exit(2)


@booth.command()
@_config
@click.option("--log", type=_FILE, default=None, help="Write JSON lines here instead of standard error.")
def run(config: Path, log: Path | None) -> None:
    """Run the booth: keep visits coming, deliver what they commit. Ends on SIGTERM or Ctrl-C."""
    from booth.keeper import become_keeper
    from kiosk.config import load
    from kiosk.visit.services import load_services

    def start() -> int:
        settings = load(config)
        load_services(ASSETS / "services")  # a broken one is named now, not by visits that fail at night
        become_keeper(settings, config, log)

    _exit(start)


@booth.command("visit-process", hidden=True)
@_config
def visit_process(config: Path) -> None:
    """One visit; started by the keeper, which passes the line's descriptor in BOOTH_LINE_FD."""
    fd = os.environ.pop("BOOTH_LINE_FD", "")
    if not fd.isdigit():
        raise click.UsageError("started by `booth run` only: BOOTH_LINE_FD is not set")
    import ctypes
    import signal

    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)  # no visit without its keeper
    from booth.visit import run_visit_process

    _exit(lambda: run_visit_process(config, int(fd)))


@booth.command()
@click.option("--run", "run_folder", type=_FOLDER, default=Path(".run"), show_default=True, help="Everything it owns.")
@click.option("--windowed", is_flag=True, help="A window instead of full screen.")
def demo(run_folder: Path, windowed: bool) -> None:
    """Start backend, bench and booth together on this computer."""
    from booth.demo import run_demo

    _exit(lambda: run_demo(run_folder, windowed))


@booth.command()
@click.argument("story", type=_FILE)
@click.option("--out", type=_FOLDER, required=True, help="Pictures, speech, times and outcome go here.")
@click.option("--run", "run_folder", type=_FOLDER, default=None, help="Use the bench running here; else start one.")
def visit(story: Path, out: Path, run_folder: Path | None) -> None:
    """Drive one scripted visit and leave its evidence. Status 0 only when it ended as written."""
    from booth.story import run_story

    _exit(lambda: run_story(story, out, run_folder))


@booth.command()
@click.option("--config", "config", type=_FILE, default=None, help="booth.toml; without it only what ships is checked.")
def check(config: Path | None) -> None:
    """Validate booth.toml and the service files."""
    from booth.check import run_check

    _exit(lambda: run_check(config))


@booth.group()
def ledger() -> None:
    """Look at the transactions. Personal data is not in there."""


@ledger.command("show")
@_config
@click.option("--json", "as_json", is_flag=True, help="One object a line.")
def ledger_show(config: Path, as_json: bool) -> None:
    """List number, time, service and state; works beside a running booth."""
    from booth.ledger import show
    from kiosk.config import load

    _exit(lambda: show(load(config), as_json=as_json, out=click.echo))


@ledger.command("release")
@click.argument("number")
@_config
def ledger_release(number: str, config: Path) -> None:
    """Let a parked transaction be delivered again, after its cause was mended. The booth must be stopped."""
    from booth.ledger import release
    from kiosk.config import load

    _exit(lambda: release(load(config), number, click.echo))

"""The command ``booth``. Parses, imports late, exits; what a sub-command does stands in its own module.

Exit status: 0 fine, 1 not as asked, 2 cannot start (the message names file, key and cure).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import click

from booth.site_cli import site

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


@booth.command()
@_config
@click.option("--can", "ask", flag_value="can", help="Ask for the card access number before the card does.")
@click.option("--mrz", "ask", flag_value="mrz", help="Ask for document number, birth and expiry before the card does.")
@click.option("--reveal", is_flag=True, help="Print everything, of a test card; refused on an enrolled booth.")
@click.option("--json", "as_json", is_flag=True, help="One object, every step in it.")
@click.option("--within", "within_s", type=click.FloatRange(1, 3600), default=60.0, show_default=True, help="Seconds.")
def card(config: Path, ask: str | None, reveal: bool, as_json: bool, within_s: float) -> None:
    """Read one document and print it masked, with its checks and the time of each step.

    Keys of passports are asked for and not shown. Status 1 when nothing was read or a check failed, 2 without a reader.
    """
    from booth.card import Wish, read_card
    from kiosk.config import load

    _exit(lambda: read_card(load(config), Wish(ask or "", reveal, as_json, within_s)))


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


_booth_toml = click.option("--config", "config", type=_FILE, default=None, help="booth.toml; default: the system's.")
_store = click.option("--store", type=_FOLDER, default=None, help="Folder of the packs; default: beside face.pack.")
_SYSTEM_TOML = Path("/etc/booth/booth.toml")


@booth.group()
def models() -> None:
    """Model packs for the face: put in place, and looked at."""


@models.command("install")
@click.argument("source", metavar="FOLDER|URL|FILE")
@_booth_toml
@_store
@click.option("--sha256", default="", help="What the file at an address must hash to.")
def models_install(source: str, config: Path | None, store: Path | None, sha256: str) -> None:
    """Verify a pack, try it out and put it in place at once. FILE: .zip, .tar, .tar.gz, or a recipe (.toml).

    A recipe that ships is named without a path: `booth models install public-sface`.
    """
    from booth.models import run_install

    _exit(
        lambda: run_install(
            source, config or _SYSTEM_TOML, store, sha256, is_given=config is not None, out=click.echo, err=_to_stderr
        )
    )


@models.command("list")
@_booth_toml
@_store
def models_list(config: Path | None, store: Path | None) -> None:
    """List the packs: licence, permitted use, where they are, whether they are whole and calibrated."""
    from booth.models import run_list

    _exit(lambda: run_list(config or _SYSTEM_TOML, store, is_given=config is not None, out=click.echo))


@booth.group()
def face() -> None:
    """Face verification: calibrate it with the site's own pairs, and its two cameras with a chessboard."""


@face.command("calibrate")
@click.argument("pairs", type=_FILE)
@click.option("--all-pairs", is_flag=True, help="Cross all pictures; each person's lie in a folder of their own.")
@click.option("--fmr", type=click.FloatRange(1e-7, 0.1), default=1e-3, show_default=True, help="False match rate.")
@click.option("--fnmr", type=click.FloatRange(1e-4, 0.2), default=1e-2, show_default=True, help="Below 'reject'.")
@click.option("--pack", "pack_folder", type=_FOLDER, default=None, help="Model pack; default: face.pack of booth.toml.")
@click.option("--out", "out_file", type=_FILE, default=None, help="Default: calibration.json in the pack's folder.")
@click.option("--plot", type=_FILE, default=None, help="PNG of the curves; default: beside --out.")
@_config
def face_calibrate(
    pairs: Path, all_pairs: bool, fmr: float, fnmr: float, pack_folder: Path | None, out_file: Path | None,
    plot: Path | None, config: Path,
) -> None:  # fmt: skip
    """Measure error rates with PAIRS (columns same,a,b) and set thresholds that so many pairs can support."""
    from booth.face import run_calibrate

    _exit(
        lambda: run_calibrate(
            pairs, config, pack_folder, all_pairs=all_pairs, fmr=fmr, fnmr=fnmr, out_file=out_file, plot=plot,
            out=click.echo, err=_to_stderr,
        )
    )  # fmt: skip


@face.group("cameras")
def face_cameras() -> None:
    """The two cameras of a booth that has a second one."""


@face_cameras.command("calibrate")
@click.argument("left", metavar="LEFT")
@click.argument("right", metavar="RIGHT")
@click.option("--out", "out_file", type=_FILE, required=True, help="The calibration's file, written when it is good.")
@click.option("--columns", default=9, show_default=True, help="Inner corners of the board across, ...")
@click.option("--rows", default=6, show_default=True, help="... and down; one of them odd, the other even.")
@click.option("--square-mm", default=25.0, show_default=True, help="Side of a square, measured with a ruler.")
@click.option("--baseline-mm", type=click.FloatRange(10, 500), default=None, help="Lens to lens, to check the result.")
@click.option("--size", type=(int, int), default=(1280, 720), show_default=True, help="Width and height in px.")
@click.option("--within-s", type=click.FloatRange(10, 3600), default=300.0, show_default=True, help="Time for it.")
def face_cameras_calibrate(
    left: str, right: str, out_file: Path, columns: int, rows: int, square_mm: float, baseline_mm: float | None,
    size: tuple[int, int], within_s: float,
) -> None:  # fmt: skip
    """Show a chessboard to the cameras LEFT and RIGHT (devices, addresses, or two folders of pictures).

    LEFT is the camera whose picture shows things further to the right.
    """
    from booth.face_cameras import run_cameras_calibrate

    _exit(
        lambda: run_cameras_calibrate(
            left, right, out_file, columns=columns, rows=rows, square_mm=square_mm, baseline_mm=baseline_mm, size=size,
            within_s=within_s, out=click.echo, err=_to_stderr,
        )
    )  # fmt: skip


booth.add_command(site)


def _to_stderr(line: str) -> None:
    click.echo(line, err=True)

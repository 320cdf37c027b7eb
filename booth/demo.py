"""``booth demo``: a whole booth on this computer, with a simulated site around it, until Ctrl-C."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from booth.simulated_site import AlreadyRunning, Interrupted, SimulatedSite, SiteError

_LOOK_S = 0.1
_DEFECT, _CANNOT_START = 1, 2


def run_demo(run: Path, windowed: bool, port: int | None = None) -> int:
    """Start backend, bench and booth; say where to look; end them all on SIGINT or SIGTERM.

    ``port`` of the bench's page: None = BOOTH_BENCH_PORT, or the usual one, or any free one. Exit status 0 ended as
    asked, 1 a part broke down, 2 it could not start (the message names what and the cure).
    """
    stopping: list[int] = []
    status = _CANNOT_START

    def stop(number: int, _frame: FrameType | None) -> None:
        stopping.append(number)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        wanted = port if port is not None else _port_from(os.environ.get("BOOTH_BENCH_PORT", ""))
        site = SimulatedSite(run, display=display_mode(windowed), page_port=wanted, should_stop=lambda: bool(stopping))
        with site:
            print(f"Booth ready: {site.url} (Ctrl-C ends it)", flush=True)
            status = _DEFECT
            while not stopping:
                site.check()
                time.sleep(_LOOK_S)
        return 0
    except Interrupted:
        return 0
    except AlreadyRunning as error:
        print(f"booth: {error}", file=sys.stderr)
        return _CANNOT_START
    except SiteError as error:
        print(f"booth: {error}", file=sys.stderr)
        return status
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def display_mode(windowed: bool) -> str:
    """Where the booth's screen appears: on the display of this session, or, without one, only on the bench's page."""
    has_display = bool(os.environ.get("DISPLAY")) and os.environ.get("SDL_VIDEODRIVER") != "offscreen"
    if not has_display:
        return "offscreen"
    return "windowed" if windowed else "fullscreen"


def _port_from(text: str) -> int | None:
    if not text:
        return None
    if not text.isdecimal() or not 0 <= int(text) <= 65535:
        raise SiteError(f"BOOTH_BENCH_PORT={text}: give a port from 0 to 65535, or leave it out")
    return int(text)

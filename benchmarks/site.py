"""The simulated site for a benchmark: in a folder that goes away with it, on a display of the benchmark's choice."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.processes import children, command, weight
from booth.simulated_site import SimulatedSite

SETTLES_WITHIN_S = 60.0


@contextlib.contextmanager
def site(*, has_booth: bool = True, display: str = "") -> Iterator[SimulatedSite]:
    """Backend, bench and (``has_booth``) keeper with visits; ``display``: an X server, "" for off-screen."""
    mode = "fullscreen" if display else "offscreen"
    with (
        _environment(DISPLAY=display, SDL_VIDEODRIVER="x11" if display else "offscreen"),
        tempfile.TemporaryDirectory(prefix="booth-figures-", ignore_cleanup_errors=True) as folder,
        SimulatedSite(Path(folder), display=mode, has_booth=has_booth) as running,
    ):
        yield running


@contextlib.contextmanager
def _environment(**wanted: str) -> Iterator[None]:
    """The children take this process's environment; an empty value takes a variable away."""
    before = {name: os.environ.get(name) for name in wanted}
    try:
        for name, value in wanted.items():
            _set(name, value)
        yield
    finally:
        for name, old in before.items():
            _set(name, old)


def _set(name: str, value: str | None) -> None:
    if value:
        os.environ[name] = value
    else:
        os.environ.pop(name, None)


def visits(keeper: int) -> list[int]:
    """Process ids of the keeper's visit processes."""
    return [pid for pid in children(keeper) if "visit-process" in command(pid)]


async def settled(keeper: int) -> None:
    """Wait until one visit is shown and one is warm, and nobody else is there: always weighed in the same state."""
    deadline = time.monotonic() + SETTLES_WITHIN_S
    quiet_s = 0.0
    while quiet_s < 0.5:
        if time.monotonic() > deadline:
            raise TimeoutError(f"the keeper did not settle within {SETTLES_WITHIN_S:g} s")
        there = visits(keeper)
        is_settled = len(there) == 2 and not any(_is_young(pid) for pid in there)
        quiet_s = quiet_s + 0.1 if is_settled else 0.0
        await asyncio.sleep(0.1)


def _is_young(pid: int) -> bool:
    """It has not made its window yet: GL's threads come with it."""
    try:
        return weight(pid).threads < 4
    except OSError:
        return True

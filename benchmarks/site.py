"""The simulated site for a benchmark: in a folder that goes away with it, on a display of the benchmark's choice."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from booth.simulated_site import SimulatedSite


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

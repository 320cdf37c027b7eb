"""``booth site run`` as a child of a benchmark, and a listener at its feed."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from benchmarks.child import ROOT, end, environment
from kiosk.site.feed import FeedError, Line, listen
from kiosk.site.messages import Role

STARTS_WITHIN_S = 20.0


@contextlib.contextmanager
def watching(site: Path, run: Path, profiles: Path, secrets: Path | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """``booth site run``, until the block ends."""
    command = ["-m", "booth", "site", "run", "--site", str(site), "--folder", str(run), "--profiles", str(profiles)]
    command += ["--secrets", str(secrets)] if secrets is not None else []
    child = subprocess.Popen(
        [sys.executable, *command, "--log", str(run.parent / "site.log")], cwd=ROOT, env=environment()
    )
    try:
        yield child
    finally:
        end(child)


@contextlib.asynccontextmanager
async def connected(feed: Path, role: Role = "staff", *, wants_points: bool = True) -> AsyncIterator[Line]:
    """A listener at the watch, as soon as there is one."""
    deadline = time.monotonic() + STARTS_WITHIN_S
    while True:
        try:
            async with listen(feed, role, wants_points=wants_points) as line:
                yield line
                return
        except FeedError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.05)

"""The start of a visit process, and the hand-over from one to the next; beside the start of a bare Kivy window."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.child import end, environment, module, said
from benchmarks.display import WIDTH, Box, Display, xvfb
from benchmarks.figure import Figure, Options
from benchmarks.remote import Remote, leave_at_once
from benchmarks.site import settled, site
from booth.simulated_site import SimulatedSite
from kiosk import line

START_MS, TIMES_BARE = 1000.0, 3.0
NEXT_WELCOME_MS = 100.0
_WITHIN_S = 60.0
_STRIP = Box(0, 900, WIDTH, 8)  # across the middle: nowhere on the glass is it all black


def start(options: Options) -> Iterator[Figure]:
    """From the command until the welcome is on the glass and takes touches: all by the keeper's line."""
    booth: list[float] = []
    bare: list[float] = []
    with site(has_booth=False) as running:
        settings = running.run / "booth.toml"
        for turn in range(options.times(7) + 1):
            one, other = bare_start_ms(), asyncio.run(_visit_start_ms(settings))
            if turn:  # the first of each reads the disk
                bare.append(one)
                booth.append(other)
    yield Figure(
        "screen.start", statistics.median(booth), "ms", "bare Kivy window with one label, median",
        statistics.median(bare), START_MS, TIMES_BARE,
    )  # fmt: skip


def bare_start_ms() -> float:
    """A bare Kivy window, off-screen, until its first frame is complete."""
    began_s = time.monotonic()
    with module("benchmarks.bare_window", "label", env=environment(SDL_VIDEODRIVER="offscreen", DISPLAY="")) as child:
        return float(said(child)["at_s"] - began_s) * 1000


async def _visit_start_ms(settings: Path) -> float:
    ours, theirs = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=ours)
    began_s = time.monotonic()
    child = subprocess.Popen(  # noqa: ASYNC220 - the start is what is measured
        [sys.executable, "-m", "booth", "visit-process", "--config", str(settings)],
        env=environment(BOOTH_LINE_FD=str(theirs.fileno())), pass_fds=(theirs.fileno(),), stdin=subprocess.DEVNULL,
    )  # fmt: skip
    theirs.close()
    try:
        async with asyncio.timeout(_WITHIN_S):
            while not isinstance(message := await line.receive(reader), line.Showing):
                if message is None:
                    raise RuntimeError(f"the visit process ended with status {child.wait()} before it showed anything")
                if isinstance(message, line.Warm):
                    await line.send(writer, line.Show())
            took_ms = (time.monotonic() - began_s) * 1000
            await line.send(writer, line.Quit())
            while await line.receive(reader) is not None:
                pass
        return took_ms
    finally:
        writer.close()
        end(child)


class _Watch:
    """Looks at the display all the time: for how long was there neither a goodbye nor a welcome?"""

    def __init__(self, display: Display) -> None:
        self.dark_s = 0.0
        self.looks = 0
        self._display = display
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        last_s = time.monotonic()
        while not self._is_over.wait(0.002):
            is_dark = not self._display.look(_STRIP).any()
            now_s = time.monotonic()
            if is_dark:
                self.dark_s += now_s - last_s
            self.looks += 1
            last_s = now_s

    def __enter__(self) -> _Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()


def next_welcome(options: Options) -> Iterator[Figure]:
    """From the old process's Leaving to the new one's Showing, by the keeper's own log; full screen on a real display.

    The reference is a bare window started instead of being kept warm.
    """
    bare = [bare_start_ms() for _ in range(options.times(5))]
    with xvfb() as display, site(display=display.name) as running:
        with _Watch(display) as watch:
            asyncio.run(_some_visits(running, options.times(8)))
        shown = list(_shown_ms(running.run / "booth.log"))[1:]  # the first followed nobody
    print(f"  {len(shown)} changes, the display was looked at {watch.looks} times", file=sys.stderr)
    yield Figure(
        "screen.next_welcome", statistics.median(shown), "ms", "bare Kivy window started anew, median",
        statistics.median(bare), NEXT_WELCOME_MS,
    )  # fmt: skip
    yield Figure("screen.next_welcome_gap", watch.dark_s * 1000, "ms", "no time without a picture", at_most=0.0)


async def _some_visits(running: SimulatedSite, count: int) -> None:
    """Each begins when the next process is warm, as after a real visit, which takes longer than a start."""
    async with Remote(running.run / "remote.sock") as remote:
        for _ in range(count):
            await settled(running.pids["booth"])
            await leave_at_once(remote)


def _shown_ms(log: Path) -> Iterator[float]:
    for text in log.read_text().splitlines():
        with contextlib.suppress(ValueError, KeyError, TypeError):
            entry = json.loads(text)
            if entry["event"] == "visit_showing":
                yield float(entry["elapsed_ms"])

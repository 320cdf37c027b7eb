"""A fire on the watch's socket until the way out is on the glass, in the middle of a visit.

The watch's own feed in this process, the visit's glass and stage in another; both read one clock (CLOCK_MONOTONIC).
Reference in the same run: a listener without a screen on the same feed.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec

from benchmarks.child import environment
from benchmarks.figure import Figure, Options, percentile
from kiosk.site.feed import Feed
from kiosk.site.messages import Changed, Snapshot

WITHIN_MS = 250.0  # "within a moment": the first frame of a screen nobody has seen in this visit (R19)
_ANSWER_WITHIN_S = 30.0


def until_seen(options: Options) -> Iterator[Figure]:
    """p95 of fires, each after a question stood on the glass again."""
    glass, bare = asyncio.run(_measure(options.times(40)))
    print(
        f"  first {glass[0]:.1f} ms, median {percentile(glass, 50):.1f} ms, worst {max(glass):.1f} ms", file=sys.stderr
    )
    yield Figure("site.way_out", percentile(glass, 95), "ms", "a bare listener, p95", percentile(bare, 95), WITHIN_MS)


async def _measure(rounds: int) -> tuple[list[float], list[float]]:
    with tempfile.TemporaryDirectory(prefix="booth-figures-") as folder:
        path = Path(folder) / "feed.sock"
        feed = Feed(path, _snapshot, lambda _listener, _said: None)
        await feed.open()
        try:
            return await _fires(feed, path, "glass", rounds), await _fires(feed, path, "bare", rounds)
        finally:
            await feed.close()


async def _snapshot() -> AsyncIterator[bytes]:
    yield msgspec.json.encode(Snapshot("b-0007", "benchmark", 1, "")) + b"\n"


async def _fires(feed: Feed, path: Path, kind: str, rounds: int) -> list[float]:
    """Milliseconds from the word on the socket to the child's sight of it."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.way_out_window", kind, str(path), stdout=asyncio.subprocess.PIPE,
        env=environment(SDL_VIDEODRIVER="offscreen", DISPLAY=""),
    )  # fmt: skip
    assert child.stdout is not None
    found = []
    try:
        await asyncio.wait_for(child.stdout.readline(), _ANSWER_WITHIN_S)  # it stands there, and listens
        for seq in range(rounds):
            await asyncio.sleep(0.15)
            began_s = time.monotonic()
            feed.tell(Changed(2 * seq, standing=("evacuate",)))
            seen_s = json.loads(await asyncio.wait_for(child.stdout.readline(), _ANSWER_WITHIN_S))
            found.append((seen_s - began_s) * 1000)
            feed.tell(Changed(2 * seq + 1))
            await asyncio.wait_for(child.stdout.readline(), _ANSWER_WITHIN_S)
    finally:
        child.kill()
        await child.wait()
    return found

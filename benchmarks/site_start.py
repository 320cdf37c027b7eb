"""From the start of ``booth site run`` until every point of 200 devices has been read once, the fire's first.

10 gateways with 20 units each, polled every second, and a fire loop on a link of its own; the far ends are processes of
their own. The reference starts an interpreter that asks each unit once and unpacks what comes.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.child import module, said
from benchmarks.figure import Figure, Options
from benchmarks.site_load import write_site
from benchmarks.site_process import connected, watching
from benchmarks.site_release import FIRE_SITE, copy_fire_profiles
from kiosk.site.feed import FEED_FILE, Line
from kiosk.site.messages import Changed, PointSeen

GATEWAYS, UNITS = 10, 20
FIRE_POINT = "hall-smoke.loop"
WITHIN_S = 60.0


def start(options: Options) -> Iterator[Figure]:
    """The longest of some starts."""
    everything, fire, bare = [], [], []
    with (
        module("benchmarks.site_peers", str(GATEWAYS), str(UNITS), "0") as peers,
        module("benchmarks.site_storm") as far,
    ):
        ports, fire_ports = said(peers), said(far)[:2]
        for _ in range(options.times(3, 1)):
            began_s = time.monotonic()
            with module("benchmarks.site_child", "once", json.dumps(ports), str(UNITS)) as child:
                said(child)
                bare.append(time.monotonic() - began_s)
            with tempfile.TemporaryDirectory(prefix="booth-start-") as name:
                found = asyncio.run(_started(Path(name), ports, fire_ports))
            everything.append(found[0])
            fire.append(found[1])
    reference = "interpreter that asks each unit once"
    yield Figure("site.start", max(everything), "s", reference, max(bare), at_most=10)
    yield Figure("site.start_fire", max(fire), "s", reference, max(bare), at_most=2)


async def _started(folder: Path, ports: list[int], fire_ports: list[int]) -> tuple[float, float]:
    site, run, profiles = write_site(folder, ports, UNITS, FIRE_SITE.format(*fire_ports))
    copy_fire_profiles(profiles)
    began_s = time.monotonic()
    with watching(site, run, profiles):
        async with connected(run / FEED_FILE) as line, asyncio.timeout(WITHIN_S):
            return await _scanned(line, began_s)


async def _scanned(line: Line, began_s: float) -> tuple[float, float]:
    """Seconds until every point, and until the fire's, had a value."""
    missing = {one.name for one in line.snapshot.points if one.value is None}
    fire_s = 0.0 if FIRE_POINT in missing else time.monotonic() - began_s

    def note(points: tuple[PointSeen, ...]) -> None:
        nonlocal fire_s
        missing.difference_update(one.name for one in points if one.value is not None)
        if not fire_s and FIRE_POINT not in missing:
            fire_s = time.monotonic() - began_s

    async for message in line:
        if isinstance(message, Changed):
            note(message.points)
        if not missing:
            break
    return time.monotonic() - began_s, fire_s

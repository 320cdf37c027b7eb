"""The watch under a whole district: 2 000 Modbus units behind 100 gateways, 20 000 points, each read every second.

The gateways are a process of their own; every register drifts by about one a second (0.1 of its unit, with a deadband
of 0.5), so that some 3 500 points are news in each second; a screen listens. The reference only asks and unpacks.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.child import module, said
from benchmarks.figure import Figure, Options
from benchmarks.site_process import connected
from kiosk.site.feed import FEED_FILE

GATEWAYS, UNITS, REGISTERS = 100, 20, 10
WARM_S = 6.0
PROFILE = """
id = "meter"
title = "Ten registers"
driver = "modbus"
promise = "unit"
every_ms = 1000
answer_ms = 25
[faults]
lost = "fault"
[peer]
start = { r0 = 1 }
knobs = ["delay"]
"""
POINT = """
[points.r{number}]
kind = "number"
at = {{ table = "input", register = {number} }}
unit = "degC"
scale = 0.1
range = [-40, 8000]
rate_suspect = 5
deadband = 0.5
"""


def load(options: Options) -> Iterator[Figure]:
    """CPU, memory and lateness; beside them a loop that asks the same and trusts what comes."""
    span_s = max(8.0, 20.0 * options.rounds)
    with tempfile.TemporaryDirectory(prefix="booth-load-") as name:
        folder = Path(name)
        with module("benchmarks.site_peers", str(GATEWAYS), str(UNITS), "1") as peers:
            ports = said(peers)
            with module("benchmarks.site_child", "bare", json.dumps(ports), str(UNITS)) as child:
                bare = _account(child, span_s / 2)
            place = write_site(folder, ports)
            with module("benchmarks.site_child", "watch", *map(str, place)) as child:
                ours = _account(child, span_s, place[1] / FEED_FILE)
    assert ours["samples_per_s"] > 0.9 * GATEWAYS * UNITS * REGISTERS, ours
    reference = "loop that asks the same and unpacks"
    yield Figure("site.load_cpu", ours["cpu_percent"], "% of a core", reference, bare["cpu_percent"], at_most=60)
    yield Figure("site.load_rss", ours["rss_mb"], "MB", reference, bare["rss_mb"], at_most=200)
    yield Figure("site.load_late", ours["late_ms"], "ms", f"{reference}; p99", bare["late_ms"], at_most=50)


def write_site(folder: Path, ports: Sequence[int], units: int = UNITS, extra: str = "") -> tuple[Path, Path, Path]:
    """Site file, the watch's folder and profiles for so many gateways; ``extra`` is added to the site file."""
    profiles, run = folder / "profiles", folder / "run"
    profiles.mkdir()
    points = "".join(POINT.format(number=number) for number in range(REGISTERS))
    (profiles / "meter.toml").write_text(PROFILE + points)
    lines = ['[site]\nid = "b-0007"\ngrid = "310115-12-03"']
    for at, port in enumerate(ports):
        lines.append(f'[link.g{at}]\nkind = "modbus_tcp"\nwhere = "127.0.0.1:{port}"')
        lines += [
            f'[device.g{at}-u{unit}]\nlink = "g{at}"\nprofile = "meter"\naddress = {unit}'
            for unit in range(1, units + 1)
        ]
    (folder / "site.toml").write_text("\n".join([*lines, extra, ""]))
    return folder / "site.toml", run, profiles


def _account(child: subprocess.Popen[str], span_s: float, feed: Path | None = None) -> dict[str, Any]:
    said(child)
    return asyncio.run(_counted(child, span_s, feed))


async def _counted(child: subprocess.Popen[str], span_s: float, feed: Path | None) -> dict[str, Any]:
    assert child.stdin is not None
    listening = asyncio.create_task(_listen(feed)) if feed is not None else None
    await asyncio.sleep(WARM_S)
    print("begin", file=child.stdin, flush=True)
    await asyncio.sleep(span_s)
    print("end", file=child.stdin, flush=True)
    found: dict[str, Any] = await asyncio.to_thread(said, child)
    if listening is not None:
        assert not listening.done(), "the screen was dropped"
        listening.cancel()
    return found


async def _listen(feed: Path) -> None:
    async with connected(feed, "screen") as line:
        async for _ in line:
            pass

"""From the reply that carries a fire to the write that releases the doors, during a storm of 10 000 changes a second.

``booth site run`` with 200 messages of 50 changes a second over 20 links, a screen that listens and is stopped
(SIGSTOP), and a member of staff who acknowledges and resets after every alarm. Both moments are taken by the far end's
clock (``site_storm``). The reference is a loop that asks the same and writes at once, without a rule or a journal.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import shutil
import signal
import statistics
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.child import ROOT, module, said
from benchmarks.figure import Figure, Options, percentile
from benchmarks.site_load import POINT, PROFILE
from benchmarks.site_process import connected, watching
from benchmarks.site_storm import STORM_EVERY_S, STORM_REGISTERS
from kiosk.site.feed import FEED_FILE, Line
from kiosk.site.messages import Do

ALARM = "hall-smoke.loop/fire"
HEAD = '[site]\nid = "b-0007"\ngrid = "310115-12-03"\n'
FIRE_SITE = """
[link.fire-in]
kind = "modbus_tcp"
where = "127.0.0.1:{0}"
[device.hall-smoke]
link = "fire-in"
profile = "smoke-loop"
address = 1
[link.fire-out]
kind = "modbus_tcp"
where = "127.0.0.1:{1}"
[device.release]
link = "fire-out"
profile = "release-output"
address = 1
[rule.fire]
when = [{{ point = "hall-smoke.loop", is = ["alarm"] }}]
severity = "fire"
latch = true
do = [{{ act = "release", on = "release.doors" }}, {{ act = "evacuate" }}]
"""


def release(options: Options) -> Iterator[Figure]:
    """p99 and maximum over at least 200 alarms."""
    alarms = max(200, options.times(200))
    with tempfile.TemporaryDirectory(prefix="booth-release-") as name, module("benchmarks.site_storm") as storm:
        ports = said(storm)
        with module("benchmarks.site_child", "bare_release", json.dumps(ports)):
            bare, _ = _alarms(storm, max(40, alarms // 4))
        ours, rates = asyncio.run(_watched(Path(name), ports, storm, alarms))
    assert statistics.median(rates) >= 9000, f"no storm: {statistics.median(rates):.0f} changes a second"
    reference = f"bare loop without rules or journal; {len(ours)} alarms"
    yield Figure("site.release", percentile(ours, 99), "ms", reference, percentile(bare, 99), at_most=100)
    yield Figure("site.release_max", max(ours), "ms", reference, max(bare), at_most=300)


def _alarms(storm: subprocess.Popen[str], count: int) -> tuple[list[float], list[float]]:
    """Milliseconds of so many alarms after the first three, and the storm's changes in a second."""
    found = [said(storm) for _ in range(count + 3)][3:]
    return [one["took_ms"] for one in found], [one["changes_per_s"] for one in found]


async def _watched(
    folder: Path, ports: Sequence[int], storm: subprocess.Popen[str], count: int
) -> tuple[list[float], list[float]]:
    site, profiles, run = _write(folder, ports)
    with watching(site, run, profiles), screen(run / FEED_FILE):
        async with connected(run / FEED_FILE, wants_points=False) as line:
            resetting = asyncio.create_task(_reset(line))
            try:
                return await asyncio.to_thread(_alarms, storm, count)
            finally:
                resetting.cancel()


@contextlib.contextmanager
def screen(feed: Path) -> Iterator[None]:
    """A listener that hears everything and is stopped in the middle of it."""
    with module("benchmarks.site_child", "screen", str(feed)) as child:
        said(child)
        child.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            child.send_signal(signal.SIGCONT)


def copy_fire_profiles(profiles: Path) -> None:
    """The product's profiles of a smoke loop and of the relays."""
    for one in ("smoke-loop", "release-output"):
        shutil.copy(ROOT / "assets" / "site" / f"{one}.toml", profiles)


async def _reset(line: Line) -> None:
    """Acknowledge and reset whatever burns no more."""
    numbers = itertools.count()
    async for _ in line:
        for verb in ("acknowledge", "reset"):
            await line.do(Do(id=f"bench-{next(numbers)}", verb=verb, who="bench", reason="measured", key=ALARM))


def _write(folder: Path, ports: Sequence[int]) -> tuple[Path, Path, Path]:
    profiles, run = folder / "profiles", folder / "run"
    profiles.mkdir()
    copy_fire_profiles(profiles)
    every_ms = f"every_ms = {STORM_EVERY_S * 1000:g}"
    point = POINT.replace("deadband = 0.5\n", "").replace("rate_suspect = 5\n", "")
    points = "".join(point.format(number=number) for number in range(STORM_REGISTERS))
    (profiles / "meter.toml").write_text(PROFILE.replace("every_ms = 1000", every_ms) + points)
    text = HEAD + FIRE_SITE.format(*ports)
    for at, port in enumerate(ports[2:]):
        text += f'[link.s{at}]\nkind = "modbus_tcp"\nwhere = "127.0.0.1:{port}"\n'
        text += f'[device.s{at}-m]\nlink = "s{at}"\nprofile = "meter"\naddress = 1\n'
    (folder / "site.toml").write_text(text)
    return folder / "site.toml", profiles, run

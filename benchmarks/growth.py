"""Does anything grow from visit to visit? Keeper, bench and platform after each of many visits.

The slope is that of the last half of the visits (Theil-Sen), the first half's is its reference: what is filled once
(caches, pools) is filled by then.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
from collections.abc import Iterator, Sequence

from benchmarks.figure import Figure, Options, slope
from benchmarks.processes import Weight, weight
from benchmarks.remote import Remote, leave_at_once
from benchmarks.site import settled, site
from booth.simulated_site import SimulatedSite

KB_A_VISIT = 2.0
_PROCESSES = {"booth": "keeper", "bench": "bench", "backend": "platform"}


def growth(options: Options) -> Iterator[Figure]:
    """``--visits`` of them, driven through the remote socket."""
    with site() as running:
        found = asyncio.run(_visits(running, options.visits))
    more: dict[str, float] = {}
    for name, weights in found.items():
        rss = [float(one.rss_kb) for one in weights]
        first, last = _halves(rss)
        yield Figure(
            f"memory.growth_{name}", slope(last), "kB/visit", "the first half of the visits", slope(first), KB_A_VISIT
        )
        for what in ("descriptors", "threads"):
            before, after = _halves([float(getattr(one, what)) for one in weights])
            grown = statistics.median(after[len(after) // 2 :]) - statistics.median(after[: len(after) // 2])
            more[what] = max(more.get(what, 0.0), grown)
            print(f"  {name}: {what} {before[0]:g} .. {after[-1]:g}, {rss[0]:g} .. {rss[-1]:g} kB", file=sys.stderr)
    for what, grown in more.items():
        yield Figure(f"memory.{what}", grown, "more", "third against fourth quarter, the worst process", at_most=0.0)


def _halves(values: Sequence[float]) -> tuple[Sequence[float], Sequence[float]]:
    return values[: len(values) // 2], values[len(values) // 2 :]


async def _visits(running: SimulatedSite, count: int) -> dict[str, list[Weight]]:
    found: dict[str, list[Weight]] = {name: [] for name in _PROCESSES.values()}
    keeper = running.pids["booth"]
    async with Remote(running.run / "remote.sock") as remote:
        for _ in range(count):
            await settled(keeper)
            await leave_at_once(remote)
            await settled(keeper)
            for process, name in _PROCESSES.items():
                found[name].append(weight(running.pids[process]))
    return found

"""What a story does at the site around the booth, and what it finds the watch to say. Knows only the bench's words."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from booth.bench_client import BenchClient
from booth.storyfile import Deed, Expectation

_POLL_S = 0.1


async def around(bench: BenchClient, deed: Deed) -> None:
    """Do what the deed says of the site. Raises ``SiteError`` with the bench's own words."""
    for reference, value in deed.site.items():
        device, _, point = reference.partition(".")
        await bench.do("site", device=device, set={point: value})
    for reference, turned in deed.knob.items():
        device, _, knob = reference.partition(".")
        await bench.do("site", device=device, knob=knob, value=turned)
    for verb, key in (("acknowledge", deed.acknowledge), ("reset", deed.reset)):
        if key is not None:
            await bench.do("site", do=verb, key=key)


async def site_unlike(bench: BenchClient, expected: Expectation, within_s: float) -> str:
    """Wait until the site is as expected; what is not, or ""."""
    if not (expected.alarm or expected.health or expected.point or expected.released or expected.told_has):
        return ""
    deadline = time.monotonic() + within_s
    while found := site_problem(expected, (await bench.state())["site"]):
        if time.monotonic() > deadline:
            return found
        await asyncio.sleep(_POLL_S)
    return ""


def site_problem(expected: Expectation, site: dict[str, Any]) -> str:
    """What is not as expected in the bench's view of the site; "" when all is. Pure."""
    alarms = {one["key"]: one["state"] for one in site["alarms"]}
    health = {one["name"]: one["health"]["state"] for one in (*site["devices"], *site["links"])}
    points = {
        f"{device['name']}.{point['name']}": (point["seen"] or {}).get("value")
        for device in site["devices"]
        for point in device["points"]
    }
    for what, wanted, there in (
        ("alarm", expected.alarm, lambda key: alarms.get(key, "normal")),
        ("health of", expected.health, lambda name: health.get(name, "not there")),
        ("point", expected.point, points.get),
        ("released", expected.released, lambda output: output in site["released"]),
    ):
        for key, value in wanted.items():
            if there(key) != value:
                return f"at the site, {what} {key} is {there(key)}, not {value}"
    told = "\n".join(f"{one['act']} {one['words']}" for one in site["told"])
    if expected.told_has is not None and expected.told_has not in told:
        return f"at the site, nobody was told {expected.told_has!r}"
    return ""

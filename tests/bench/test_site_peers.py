"""The simulated site as drivers find it: every device answers, and every knob of every profile does something.

All peers and all drivers of the example run once in this process. Each knob is turned at every device that has it, and
what the drivers tell is compared with what they told before.
"""

from __future__ import annotations

import asyncio
import importlib.util
import inspect
import statistics
import tempfile
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bench.far_ends import FAR_ENDS
from bench.site import ASSETS, Site
from booth.site_links import MAKERS, Wanted, make_drivers
from hardware.field import Command, Driver, RawSample
from kiosk.site import site_file
from kiosk.site.plan import Plan

pytestmark = pytest.mark.peer

PLAN = site_file.load(ASSETS / "example" / "site.toml", ASSETS)
STRONG = {"delay": 1, "late": 2, "drift": 2, "flap": 2, "clock_skew": 2}  # which of its choices; else the strongest
SETTLE_S, LOOK_S = 2.0, 5.9


@dataclass
class Told:
    """What a device's samples said in one stretch of time."""

    values: dict[str, list[float | str | bool]] = field(default_factory=lambda: defaultdict(list))
    errors: list[str] = field(default_factory=list)
    took_s: list[float] = field(default_factory=list)
    gaps: int = 0

    def add(self, sample: RawSample) -> None:
        if sample.error is not None:
            self.errors.append(sample.error.word)
        elif sample.value is not None:
            self.values[sample.point].append(sample.value)
            if sample.took_s:
                self.took_s.append(sample.took_s)


class Stretch:
    """All devices' samples since ``begin``."""

    def __init__(self) -> None:
        self.told: dict[str, Told] = defaultdict(Told)

    def begin(self) -> dict[str, Told]:
        before, self.told = self.told, defaultdict(Told)
        return before

    def take(self, samples: list[RawSample]) -> None:
        for sample in samples:
            self.told[sample.device].add(sample)


@dataclass
class Seen:
    """Before and while a knob was turned, by device; and when what was set then arrived, None for never."""

    before: dict[str, Told]
    during: dict[str, Told]
    arrived: dict[str, float | None] = field(default_factory=dict)  # seconds until what was set was told


def drivers_of(plan: Plan, site: Site) -> dict[str, tuple[Driver, ...]]:
    secrets = tomllib.loads(site.secrets_file.read_text())
    more = {"folder": site.folder} if "folder" in inspect.signature(Wanted).parameters else {}
    return {
        name: make_drivers(Wanted(name, plan, secrets.__getitem__, **more))
        for name, link in plan.links.items()
        if link.kind in FAR_ENDS and importlib.util.find_spec(f"booth.site_links.{MAKERS[link.kind]}")
    }


def other_value(site: Site, device: str) -> tuple[str, float | str | bool] | None:
    """A point of a device, and a raw value that it does not have."""
    peer = site.peers[device]
    for point, raw in peer.values().items():
        spec = peer.profile.points[point]
        if spec.kind in ("number", "loop") and peer.can_set(point):
            return point, float(raw) * 1.3 + 8
        if spec.kind == "state" and peer.can_set(point):
            return point, next(key for key in map(_raw, spec.words) if key != raw)
    return None


def _raw(key: str) -> float | str | bool:
    from bench.far_ends.words import raw_value

    return raw_value(key)


async def observe(folder: Path) -> tuple[dict[str, Told], dict[str, Seen]]:
    site = Site(folder, lambda _: None, lambda: None)
    await site.start()
    stretch = Stretch()
    drivers: dict[str, tuple[Driver, ...]] = {}
    found: dict[str, Seen] = {}
    try:
        plan, mistakes = site_file.check(site.file, ASSETS)
        assert plan is not None, mistakes
        drivers = drivers_of(plan, site)
        for several in drivers.values():
            for driver in several:
                await driver.open(stretch.take)
                driver.keep(600)
        deadline = asyncio.get_running_loop().time() + 30
        while not set(site.peers) <= {name for name, told in stretch.told.items() if told.values}:
            if asyncio.get_running_loop().time() > deadline:
                break
            await asyncio.sleep(0.1)
        online = dict(stretch.told)
        stretch.begin()
        await asyncio.sleep(LOOK_S)
        before = stretch.begin()
        for knob in sorted({one for peer in site.peers.values() for one in peer.profile.peer.knobs}):
            found[knob] = await turned(site, drivers, stretch, knob, before)
            await site.morning()
            await asyncio.sleep(SETTLE_S)
    finally:
        for several in drivers.values():
            for driver in several:
                await driver.close()
        await site.stop()
    return online, found


async def turned(
    site: Site, drivers: dict[str, tuple[Driver, ...]], stretch: Stretch, knob: str, before: dict[str, Told]
) -> Seen:
    from bench.far_ends.peer import knob as scale

    peers = {name: peer for name, peer in site.peers.items() if knob in peer.profile.peer.knobs}
    stretch.begin()
    for peer in peers.values():
        choices = scale(knob, peer.worst_ms).choices
        peer.turn(knob, choices[min(STRONG.get(knob, len(choices) - 1), len(choices) - 1)][0])
    wanted: dict[str, tuple[str, float | str | bool]] = {}
    for name, peer in peers.items():
        other = other_value(site, name)
        if other is not None and (knob == "freeze" or (knob == "delay" and peer.profile.driver == "mqtt")):
            wanted[name] = other
            peer.set(*other)
        if knob in ("freeze", "clock_skew"):
            await energise(site, drivers, name, 1.0 if knob == "clock_skew" else None)
    arrived: dict[str, float] = {}
    began_s = asyncio.get_running_loop().time()
    while (passed_s := asyncio.get_running_loop().time() - began_s) < LOOK_S:
        await asyncio.sleep(0.02)
        for name, (point, raw) in wanted.items():
            if raw in stretch.told[name].values[point]:
                arrived.setdefault(name, passed_s)
    return Seen(before, stretch.begin(), {name: arrived.get(name) for name in wanted})


async def energise(site: Site, drivers: dict[str, tuple[Driver, ...]], device: str, for_s: float | None) -> None:
    for point, spec in site.peers[device].profile.points.items():
        if spec.kind == "output" and not any(act in spec.at for act in spec.acts):
            await drivers[PLAN.devices[device].link][0].command(Command(device, point, 1, for_s), within_s=2)


@pytest.fixture(scope="module")
def observed() -> Iterator[tuple[dict[str, Told], dict[str, Seen]]]:
    with tempfile.TemporaryDirectory(prefix="site-") as folder:
        yield asyncio.run(observe(Path(folder)))


def simulated() -> list[str]:
    return [name for name, device in PLAN.devices.items() if PLAN.links[device.link].kind in FAR_ENDS]


def test_every_kind_of_link_has_a_far_end() -> None:
    assert set(FAR_ENDS) == set(MAKERS)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("device", list(PLAN.devices))
def test_every_device_of_the_example_answers(observed: tuple[dict[str, Told], dict[str, Seen]], device: str) -> None:
    online, _ = observed
    assert device in online, "no sample came"
    assert online[device].values, online[device].errors


def _slower(seen: Seen, device: str) -> bool:
    before, during = seen.before[device].took_s, seen.during[device].took_s
    return bool(before and during) and statistics.median(during) > 1.5 * statistics.median(before) + 0.001


def _fails(seen: Seen, device: str) -> bool:
    """More errors than before, or fewer answers."""
    before, during = seen.before[device], seen.during[device]
    answers = [sum(map(len, told.values.values())) for told in (before, during)]
    return len(during.errors) > len(before.errors) or answers[1] < 0.7 * answers[0]


def _moves(seen: Seen, device: str) -> bool:
    """Some point's values spread further than before, or are others."""
    before, during = seen.before[device].values, seen.during[device].values
    for point, values in during.items():
        was = before.get(point, [])
        if any(isinstance(one, str) for one in values):
            if set(values) - set(was):
                return True
        elif values and (not was or max(values) - min(values) > 1.5 * (max(was) - min(was)) + 0.5 or _far(values, was)):
            return True
    return False


def _far(values: list[float], was: list[float]) -> bool:
    return abs(statistics.mean(map(float, values)) - statistics.mean(map(float, was))) > 1.5


def _comes_late(seen: Seen, device: str) -> bool:
    """What was set took its time; or what it says was written a while ago."""
    lag_s = seen.arrived.get(device, 0.0)
    before, during = seen.before[device].values["clock_offset"], seen.during[device].values["clock_offset"]
    is_old = bool(before and during) and statistics.mean(map(float, during)) < statistics.mean(map(float, before)) - 0.3
    return lag_s is None or lag_s > 0.4 or is_old


def _lasts(seen: Seen, device: str) -> bool:
    """An output that was asked for one second is on at the end: the device's timer is slow."""
    outputs = [point for point, spec in PLAN.profile(device).points.items() if spec.kind == "output"]
    return any(seen.during[device].values[point][-1:] == [1] for point in outputs)


def _stands_still(seen: Seen, device: str) -> bool:
    """What was set is not told; an output that was energised is at rest when it is looked at."""
    if device in seen.arrived:
        return seen.arrived[device] is None
    outputs = [one for values in seen.during[device].values.values() for one in values]
    return bool(outputs) and statistics.mean(map(float, outputs)) < 0.5


def _expires_elsewhen(seen: Seen, device: str) -> bool:
    """A certificate that was made by a wrong clock ends at another time; in days."""
    before, during = seen.before[device].values["certificate"], seen.during[device].values["certificate"]
    return bool(before and during) and abs(float(during[-1]) - float(before[-1])) > 60 / 86400


EVIDENCE: dict[str, Callable[[Seen, str], bool]] = {
    "delay": lambda seen, device: _slower(seen, device) or _fails(seen, device) or _comes_late(seen, device),
    "late": _fails,
    "drift": lambda seen, device: _moves(seen, device) or _slower(seen, device),
    "flap": lambda seen, device: _moves(seen, device) or _fails(seen, device),
    "freeze": lambda seen, device: _fails(seen, device) or _stands_still(seen, device),
    "clock_skew": lambda seen, device: _lasts(seen, device) or _moves(seen, device) or _expires_elsewhen(seen, device),
}


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    ("profile", "knob"),
    [(name, knob) for name, profile in PLAN.profiles.items() for knob in profile.peer.knobs],
)
def test_every_knob_does_something(observed: tuple[dict[str, Told], dict[str, Seen]], profile: str, knob: str) -> None:
    _, found = observed
    device = next(name for name, one in PLAN.devices.items() if one.profile == profile)
    seen = found[knob]
    does = EVIDENCE.get(knob, _fails)
    before, during = seen.before[device], seen.during[device]
    assert does(seen, device), (
        f"{device}: before {dict(before.values)!s:.300} {before.errors[:3]};"
        f" turned {dict(during.values)!s:.300} {during.errors[:3]}"
    )

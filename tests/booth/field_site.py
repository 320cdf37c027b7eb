"""A plan from a few lines of site.toml, and simulated units that have what a profile says, for tests of links."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

from booth.site_links import Wanted, make_drivers
from hardware.field import Driver, RawSample
from hardware.modbus.address import Table, address
from hardware.modbus.simulator import Hold, VirtualUnit
from kiosk.site.plan import Plan
from kiosk.site.site_file import load

PROFILES = Path(__file__).resolve().parents[2] / "assets" / "site"
HEAD = '[site]\nid = "b-0007"\ngrid = "310115-12-03"\n'
_SPACES = {Table.COIL: "coils", Table.DISCRETE: "contacts", Table.INPUT: "inputs", Table.HOLDING: "registers"}


def plan_of(folder: Path, text: str) -> Plan:
    """The plan of ``text`` below the head every site has."""
    file = folder / "site.toml"
    file.write_text(HEAD + text, encoding="utf-8")
    return load(file, PROFILES)


def drivers(plan: Plan, link: str, secrets: dict[str, str] | None = None) -> tuple[Driver, ...]:
    """What serves the link."""
    return make_drivers(Wanted(link, plan, (secrets or {}).__getitem__))


def unit_for(plan: Plan, device: str) -> VirtualUnit:
    """The other end of a device, as its profile's ``peer`` starts it."""
    profile = plan.profile(device)
    unit = VirtualUnit(int(plan.devices[device].address), answer_ms=0.0)
    holds = {}
    for point, spec in profile.points.items():
        place = address(spec.at, spec.acts)
        space = getattr(unit, _SPACES[place.table])
        for at in range(place.register, place.register + place.count):
            space[at] = int(profile.peer.start.get(point, 0)) if not place.pulses else 0
        if spec.hold_s is not None:
            holds[_SPACES[place.table], place.register] = Hold(0, spec.hold_s)
    unit.holds = holds
    return unit


class Samples:
    """What links handed over."""

    def __init__(self) -> None:
        self.all: list[RawSample] = []

    def take(self, samples: Iterable[RawSample]) -> None:
        self.all += samples

    def values(self, device: str) -> dict[str, object]:
        """The last value of each point."""
        return {one.point: one.value for one in self.all if one.device == device}

    def last(self, device: str, point: str) -> RawSample | None:
        found = [one for one in self.all if (one.device, one.point) == (device, point)]
        return found[-1] if found else None

    def words(self, device: str) -> set[str]:
        """The errors told."""
        return {one.error.word for one in self.all if one.device == device and one.error is not None}


@contextlib.asynccontextmanager
async def running(links: Iterable[Driver]) -> AsyncIterator[Samples]:
    """Drivers that ask."""
    samples, links = Samples(), tuple(links)
    for link in links:
        await link.open(samples.take)
    try:
        yield samples
    finally:
        for link in links:
            await link.close()

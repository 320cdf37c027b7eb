"""All links' attendants, and who of them serves which device. A reload leaves alone what it does not change."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol, runtime_checkable

from hardware.field import Driver, Take
from kiosk.site.attendant import Attendant, Make
from kiosk.site.plan import Plan

MakeDrivers = Callable[[Plan, str], tuple[Driver, ...]]
"""``(plan, link)``: makes what serves it and opens nothing. Raises ConfigError with the cure."""


@runtime_checkable
class Reporter(Protocol):
    """A driver that hands on what the resident's side measured of its devices."""

    def report(self, measures: dict[str, float | str]) -> None: ...


class Crew:
    """``on_news(link, why)``: "" it is served, else why it is left alone; ``on_start(link)``: its drivers are new."""

    def __init__(
        self, plan: Plan, make: MakeDrivers, take: Take, *, on_news: Callable[[str, str], None],
        on_start: Callable[[str], None], note: Callable[[str, str], None],
    ) -> None:  # fmt: skip
        self._plan = plan
        self._make = make
        self._take = take
        self._on_news = on_news
        self._on_start = on_start
        self._note = note
        self._attendants: dict[str, Attendant] = {}
        self._leaving: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        for link in self._plan.links:
            self._attend(link)

    def try_out(self, plan: Plan) -> None:
        """Make what a new plan needs, and drop it: raises ConfigError before anything was changed."""
        for link in plan.links:
            if not _is_same(self._plan, plan, link):
                self._make(plan, link)

    def adopt(self, plan: Plan) -> None:
        """Serve another plan; links that are the same keep their drivers."""
        before, self._plan = self._plan, plan
        stay = {link for link in plan.links if link in self._attendants and _is_same(before, plan, link)}
        leaving = [self._attendants.pop(link) for link in list(self._attendants) if link not in stay]
        task = asyncio.get_running_loop().create_task(self._change(leaving, [x for x in plan.links if x not in stay]))
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    def serving(self, device: str) -> Attendant | None:
        """The attendant of the device's link."""
        there = self._plan.devices.get(device)
        return None if there is None else self._attendants.get(there.link)

    def driver_of(self, device: str) -> Driver | None:
        attendant = self.serving(device)
        return None if attendant is None else attendant.driver_of(device)

    def answered_s(self, device: str) -> float:
        attendant = self.serving(device)
        return 0.0 if attendant is None else attendant.answered_s(device)

    def broke(self, device: str, why: str) -> None:
        if (attendant := self.serving(device)) is not None:
            attendant.broke(why)

    def keep(self, for_s: float) -> None:
        for attendant in self._attendants.values():
            attendant.keep(for_s)

    def look(self, now: float, heard_at: Callable[[str], float]) -> None:
        for attendant in self._attendants.values():
            attendant.look(now, heard_at)

    def report(self, measures: dict[str, float | str]) -> None:
        """To every driver that takes it."""
        for attendant in self._attendants.values():
            for driver in attendant.drivers:
                if isinstance(driver, Reporter):
                    driver.report(measures)

    async def close(self) -> None:
        await asyncio.gather(*self._leaving, *(one.close() for one in self._attendants.values()))

    def _attend(self, link: str) -> None:
        make: Make = lambda: self._make(self._plan, link)  # noqa: E731 - of the plan as it is then
        attendant = Attendant(
            make,
            self._take,
            on_news=lambda why: self._on_news(link, why),
            on_start=lambda: self._on_start(link),
            note=lambda text: self._note(link, text),
        )
        self._attendants[link] = attendant
        attendant.start()

    async def _change(self, leaving: list[Attendant], coming: list[str]) -> None:
        await asyncio.gather(*(one.close() for one in leaving))  # a port is let go before it is opened again
        for link in coming:
            if link in self._plan.links and link not in self._attendants:
                self._attend(link)


def _is_same(before: Plan, after: Plan, link: str) -> bool:
    """Drivers of this link would be made the same."""

    def parts(plan: Plan) -> object:
        devices = {name: device for name, device in plan.devices.items() if device.link == link}
        return plan.links.get(link), devices, {name: plan.profile(name) for name in devices}, plan.site

    return parts(before) == parts(after)

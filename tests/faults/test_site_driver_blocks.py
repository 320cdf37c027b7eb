"""A library call in a driver that does not come back: its link is left alone, the fire path does not notice; and one
that blocks the whole process: outputs let go by themselves, and are ordered again afterwards."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from hardware.field import Command, DeviceHealth, Driver, RawSample, Take
from kiosk.site.plan import Plan
from tests.booth.site_stand import ALARM, SiteStand, until
from tests.faults.site_inside import ordinary, rows, watching

pytestmark = pytest.mark.peer


@pytest.fixture
async def stand(tmp_path: Path) -> AsyncIterator[SiteStand]:
    async with SiteStand(tmp_path) as stand:
        yield stand


class Hanging:
    """A driver whose library hangs in every call, and that swallows being cancelled."""

    where = "a library"

    def __init__(self, comes_back: threading.Event) -> None:
        self._comes_back = comes_back
        self.commands = 0

    async def open(self, take: Take) -> None:
        """Begins."""

    async def poll(self, device: str, *, within_s: float) -> tuple[RawSample, ...]:
        await self._hang()
        return ()

    async def command(self, command: Command, *, within_s: float) -> None:
        self.commands += 1
        await self._hang()

    async def _hang(self) -> None:
        while not self._comes_back.is_set():
            try:
                await asyncio.sleep(0.1)
            except asyncio.CancelledError:
                continue

    def keep(self, for_s: float) -> None:
        """Nothing stands."""

    def health(self) -> Mapping[str, DeviceHealth]:
        return {"gate": DeviceHealth()}

    async def close(self) -> None:
        await self._hang()


async def test_a_driver_that_hangs_costs_its_own_link_only(stand: SiteStand) -> None:
    comes_back = threading.Event()
    made: list[Hanging] = []

    def make(plan: Plan, link: str) -> tuple[Driver, ...]:
        if link != "yard":
            return ordinary(plan, link)
        made.append(Hanging(comes_back))
        return (made[-1],)

    async with watching(stand, make=make), stand.listening() as ear:
        await stand.until_locked()
        for number in range(3):  # three broken deadlines are a new start
            told = await ear.do(verb="command", output="gate.gate", act="open", reason=f"delivery {number}")
            assert told.result == "done"
            await until(lambda number=number: sum(one.commands for one in made) > number, lambda: "not asked")
            await asyncio.sleep(1.7)
        await until(lambda: len(made) > 1, lambda: "not started anew")
        stand.smoke.inputs[0] = ALARM
        await stand.until_released()
        assert ear.health["hall-smoke"] == "online"
        comes_back.set()
    assert not [row for row in rows(stand.folder, "mark") if row["what"] == "stall"]


async def test_a_process_that_stood_still_let_go_and_locks_again(stand: SiteStand) -> None:
    class Blocking(Hanging):
        async def open(self, take: Take) -> None:
            await asyncio.sleep(2.0)
            await asyncio.to_thread(locked.wait, 10.0)
            time.sleep(3.0)  # the fault: on the loop itself

    locked, released = threading.Event(), threading.Event()
    comes_back = threading.Event()
    comes_back.set()

    def make(plan: Plan, link: str) -> tuple[Driver, ...]:
        return (Blocking(comes_back),) if link == "yard" else ordinary(plan, link)

    def look() -> None:
        """The far end has a thread of its own for once, and its hold time runs on while the loop stands still."""
        while not released.is_set():
            time.sleep(0.05)
            stand.relays.move(time.monotonic())
            if locked.is_set() and stand.relays.coils[0] == 0:
                released.set()

    looking = threading.Thread(target=look, daemon=True)
    async with watching(stand, make=make):
        await stand.until_locked()
        looking.start()
        locked.set()
        await until(released.is_set, lambda: "it was never let go")
        await stand.until_locked()
    looking.join()
    assert [row for row in rows(stand.folder, "mark") if row["what"] == "stall"]

"""Orders reach their driver at once and are repeated until confirmed where that matters, and only there."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from hardware.field import Command, Driver
from kiosk.site import outputs as module
from kiosk.site.actions import Order
from kiosk.site.outputs import Outputs
from kiosk.site.plan import Plan
from kiosk.site.site_file import load
from tests.kiosk.site.field_driver import FieldDriver

PROFILES = Path(__file__).resolve().parents[3] / "assets" / "site"
DOORS, GATE, VALVE = "release.doors", "gate.gate", "valve.valve"


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load(PROFILES / "example" / "site.toml", PROFILES)


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("WITHIN_S", 0.02), ("GRACE_S", 0.01), ("PAUSE_S", 0.001), ("TROUBLE_S", 0.0)):
        monkeypatch.setattr(module, name, value)


class Desk:
    """Outputs with one driver (or none) and all that they say."""

    def __init__(self, plan: Plan, driver: Driver | None) -> None:
        self.plan = plan
        self.driver = driver
        self.said: list[tuple[str, str]] = []
        self.broken: list[str] = []
        self.outputs = Outputs(
            lambda _: self.driver, lambda _, why: self.broken.append(why), lambda o, r: self.said.append((o.act, r))
        )

    def order(self, output: str, act: str, *, is_energised: bool) -> None:
        self.outputs.order(Order(output, act, is_energised, 0.0, "test"), self.plan.point(output))

    async def until(self, said: tuple[str, str]) -> None:
        async with asyncio.timeout(5):
            while said not in self.said:
                await asyncio.sleep(0.001)


async def test_an_order_is_with_its_driver_after_one_turn_of_the_loop(plan: Plan) -> None:
    driver = FieldDriver("release")
    desk = Desk(plan, driver)
    desk.order(DOORS, "release", is_energised=False)
    await asyncio.sleep(0)
    assert driver.commands == [Command("release", "doors", 0)]
    await desk.until(("release", "done"))


async def test_a_release_is_repeated_until_it_is_confirmed_and_its_trouble_said_once(plan: Plan) -> None:
    driver = FieldDriver("release", mood="silent")
    desk = Desk(plan, driver)
    desk.order(DOORS, "release", is_energised=False)
    await desk.until(("release", "timeout"))
    while len(driver.commands) < 4:
        await asyncio.sleep(0.001)
    driver.mood = "well"
    await desk.until(("release", "done"))
    assert desk.said == [("release", "timeout"), ("release", "done")]


async def test_a_barriers_button_is_pressed_once(plan: Plan) -> None:
    driver = FieldDriver("gate", mood="silent")
    desk = Desk(plan, driver)
    desk.order(GATE, "open", is_energised=True)
    await desk.until(("open", "timeout"))
    await asyncio.sleep(0.01)
    assert driver.commands == [Command("gate", "gate:open", 1, 0.5)]


async def test_a_valve_has_its_end_with_it_and_is_shut_until_confirmed(plan: Plan) -> None:
    driver = FieldDriver("valve")
    desk = Desk(plan, driver)
    desk.order(VALVE, "water", is_energised=True)
    await desk.until(("water", "done"))
    driver.mood = "gone"
    desk.order(VALVE, "stop", is_energised=False)
    await desk.until(("stop", "gone"))
    driver.mood = "well"
    await desk.until(("stop", "done"))
    assert driver.commands[0] == Command("valve", "valve", 1, plan.point(VALVE).longest_s)
    assert driver.commands[-1] == Command("valve", "valve", 0)


async def test_the_newest_order_of_an_output_is_the_one_that_is_repeated(plan: Plan) -> None:
    driver = FieldDriver("release", mood="silent")
    desk = Desk(plan, driver)
    desk.order(DOORS, "reset", is_energised=True)
    await asyncio.sleep(0.005)
    desk.order(DOORS, "release", is_energised=False)
    await asyncio.sleep(0)
    before = len(driver.commands)
    driver.mood = "well"
    await desk.until(("release", "done"))
    assert {command.value for command in driver.commands[before - 1 :]} == {0}
    assert ("reset", "done") not in desk.said


async def test_an_order_that_is_overtaken_in_the_same_turn_never_reaches_the_driver(plan: Plan) -> None:
    driver = FieldDriver("release")
    desk = Desk(plan, driver)
    desk.order(DOORS, "start", is_energised=True)
    desk.order(DOORS, "release", is_energised=False)
    await desk.until(("release", "done"))
    assert driver.commands == [Command("release", "doors", 0)]


async def test_a_driver_that_does_not_end_or_breaks_is_told_on_and_the_release_still_repeated(plan: Plan) -> None:
    driver = FieldDriver("release", mood="hung")
    desk = Desk(plan, driver)
    desk.order(DOORS, "release", is_energised=False)
    await desk.until(("release", "timeout"))
    assert "deadline" in desk.broken[0]
    driver.mood = "broken"
    while not any("ZeroDivisionError" in why for why in desk.broken):
        await asyncio.sleep(0.001)
    desk.driver = FieldDriver("release")
    await desk.until(("release", "done"))
    driver.released.set()
    await desk.outputs.close()


async def test_new_drivers_are_told_what_stands_but_no_button_is_pressed_again(plan: Plan) -> None:
    driver = FieldDriver("release", "gate", "valve")
    desk = Desk(plan, driver)
    desk.order(DOORS, "release", is_energised=True)
    desk.order(GATE, "open", is_energised=True)
    desk.order(VALVE, "water", is_energised=True)
    await desk.until(("water", "done"))
    driver.commands.clear()
    desk.outputs.again(["release", "gate", "valve"])
    await asyncio.sleep(0.01)
    assert driver.commands == [Command("release", "doors", 1)]


async def test_without_a_driver_a_release_waits_for_one(plan: Plan) -> None:
    desk = Desk(plan, None)
    desk.order(DOORS, "release", is_energised=False)
    await desk.until(("release", "gone"))
    desk.driver = FieldDriver("release")
    await desk.until(("release", "done"))

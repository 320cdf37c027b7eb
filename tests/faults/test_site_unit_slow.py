"""Units that answer late, slowly or never: no value goes to the wrong point, and the others are asked as ever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hardware.modbus.simulator import ModbusOnPty, VirtualUnit
from tests.booth.site_stand import SiteStand, until

pytestmark = pytest.mark.peer
BUS = """
[link.field]
kind = "modbus_rtu"
where = "{port}"
answer_ms = 40
[device.soil]
link = "field"
profile = "soil-probe"
address = 12
every_ms = 500
[device.noise]
link = "field"
profile = "noise-meter"
address = 10
"""


@pytest.fixture
async def bus(tmp_path: Path) -> AsyncIterator[ModbusOnPty]:
    bus = ModbusOnPty(tmp_path / "dev", [VirtualUnit(12, inputs={0: 310, 1: 182}), VirtualUnit(10, inputs={0: 480})])
    bus.plug()
    yield bus
    bus.unplug()


@pytest.fixture
async def stand(tmp_path: Path, bus: ModbusOnPty) -> AsyncIterator[SiteStand]:
    async with SiteStand(tmp_path) as stand:
        stand.write(BUS.format(port=bus.path))
        yield stand


async def test_late_answers_never_become_another_points_value(stand: SiteStand, bus: ModbusOnPty) -> None:
    await stand.start()
    async with stand.listening() as ear:
        await ear.until(lambda: ear.points.get("noise.laeq") == 48.0 and ear.points.get("soil.moisture") == 31.0)
        for _ in range(4):
            bus.units[12].faults.late = 2
            bus.units[10].faults.late = 1
            for _ in range(15):
                await asyncio.sleep(0.1)
                assert ear.points["soil.moisture"] == 31.0
                assert ear.points["soil.temperature"] == 18.2
                assert ear.points["noise.laeq"] == pytest.approx(48.0)
        await ear.until(lambda: ear.health["soil"] != "lost" and ear.health["noise"] != "lost")


async def test_one_that_never_answers_is_lost_and_alone(stand: SiteStand, bus: ModbusOnPty) -> None:
    await stand.start()
    async with stand.listening() as ear:
        await ear.until(lambda: ear.health.get("soil") == "online" and ear.health.get("noise") == "online")
        bus.units[12].faults.drop = 1.0
        await ear.until(lambda: ear.health["soil"] == "degraded")
        await until(lambda: ear.health["soil"] == "lost", lambda: str(ear.health), 25.0)
        assert ear.health["noise"] == "online"
        assert ear.health["field"] == "online"
        assert ear.state("soil/lost") == "unack"
        asked = sum(number == 10 for _, number, _ in bus.heard)
        await asyncio.sleep(3.0)
        assert sum(number == 10 for _, number, _ in bus.heard) - asked >= 2  # once a second, as before
        bus.units[12].faults.drop = 0.0
        await until(lambda: ear.health["soil"] == "online", lambda: str(ear.health), 8.0)


async def test_a_slow_one_is_told_before_it_is_lost(stand: SiteStand, bus: ModbusOnPty) -> None:
    await stand.start()
    async with stand.listening() as ear:
        await ear.until(lambda: ear.health.get("soil") == "online")
        bus.units[12].faults.delay_ms = 100.0  # past its time-out of 40 ms
        await ear.until(lambda: ear.health["soil"] == "degraded")
        bus.units[12].faults.delay_ms = 0.0
        await ear.until(lambda: ear.health["soil"] == "online")

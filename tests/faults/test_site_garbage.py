"""Frames that are damaged, cut off, or from another unit: no wrong value is ever shown, and the neighbours go on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hardware.modbus.simulator import ModbusOnPty, VirtualUnit
from tests.booth.site_stand import SiteStand

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
[device.cabinet]
link = "field"
profile = "booth-cabinet"
address = 20
"""


@pytest.fixture
async def stand(tmp_path: Path) -> AsyncIterator[SiteStand]:
    async with SiteStand(tmp_path) as stand:
        yield stand


@pytest.fixture
async def bus(tmp_path: Path) -> AsyncIterator[ModbusOnPty]:
    units = [
        VirtualUnit(12, inputs={0: 310, 1: 182}),
        VirtualUnit(10, inputs={0: 480}),
        VirtualUnit(20, inputs={0: 245}, contacts={0: 0, 1: 1}),
    ]
    bus = ModbusOnPty(tmp_path / "dev", units)
    bus.plug()
    yield bus
    bus.unplug()


@pytest.mark.parametrize("fault", ["garbage", "truncate", "wrong_unit"])
async def test_damaged_answers_are_no_values(stand: SiteStand, bus: ModbusOnPty, fault: str) -> None:
    stand.write(BUS.format(port=bus.path))
    await stand.start()
    async with stand.listening() as ear:
        await ear.until(lambda: ear.points.get("soil.moisture") == 31.0 and ear.health.get("cabinet") == "online")
        setattr(bus.units[12].faults, fault, 0.6)
        shown: set[object] = set()
        ear.points.pop("soil.temperature")
        for _ in range(60):
            await asyncio.sleep(0.1)
            shown |= {ear.points.get("soil.moisture"), ear.points.get("soil.temperature")}
        assert shown <= {31.0, 18.2, None}
        await ear.until(lambda: ear.health["soil"] in ("degraded", "lost"))
        assert ear.health["cabinet"] == ear.health["noise"] == "online"
        setattr(bus.units[12].faults, fault, 0.0)
        bus.units[12].inputs[0] = 350
        await ear.until(lambda: ear.points["soil.moisture"] == 35.0)
    assert '"defect"' not in stand.log_text()


async def test_a_gateway_that_talks_nonsense(stand: SiteStand) -> None:
    await stand.start()
    await stand.until_locked()
    async with stand.listening() as ear:
        await ear.until(lambda: all(ear.health.get(name) == "online" for name in ("gate", "hall-smoke", "release")))
        stand.gate.faults.garbage = 1.0
        await ear.until(lambda: ear.health["gate"] != "online")
        assert ear.health["hall-smoke"] == ear.health["release"] == "online"
        assert stand.locked == (1, 1)
        stand.gate.faults.garbage = 0.0
        await ear.until(lambda: ear.health["gate"] == "online")

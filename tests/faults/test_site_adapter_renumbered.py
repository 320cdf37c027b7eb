"""A USB adapter that is pulled and comes back under another tty: found again by its name, within 5 s."""

from __future__ import annotations

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
[device.noise]
link = "field"
profile = "noise-meter"
address = 10
"""


@pytest.fixture
async def stand(tmp_path: Path) -> AsyncIterator[SiteStand]:
    async with SiteStand(tmp_path) as stand:
        yield stand


async def test_the_bus_is_found_by_its_name(stand: SiteStand, tmp_path: Path) -> None:
    bus = ModbusOnPty(tmp_path / "dev" / "by-id", [VirtualUnit(10, inputs={0: 480})], name="usb-FTDI_A")
    bus.plug()
    stand.write(BUS.format(port=bus.path))
    await stand.start()
    try:
        async with stand.listening() as ear:
            await ear.until(lambda: ear.points.get("noise.laeq") == 48.0)
            before = bus.path.readlink()
            bus.unplug()
            await until(lambda: ear.health["field"] == "lost", lambda: str(ear.health), 8.0)
            assert ear.state("field/lost") == "unack"
            other = ModbusOnPty(tmp_path / "other", [])  # takes the number that is free now
            other.plug()
            bus.units[10].inputs[0] = 555
            bus.plug()
            assert bus.path.readlink() != before
            is_back = lambda: ear.health["noise"] != "lost" and ear.health["field"] == "online"  # noqa: E731
            await until(is_back, lambda: str(ear.health), 5.0)
            await ear.until(lambda: isinstance(ear.points["noise.laeq"], float) and ear.points["noise.laeq"] > 48.0)
            other.unplug()
    finally:
        bus.unplug()

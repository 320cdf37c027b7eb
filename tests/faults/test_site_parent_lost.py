"""What stands in the way is lost: one alarm, and those behind it are quiet until it is back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hardware.modbus.simulator import ModbusGateway, VirtualUnit
from hardware.network.simulator import VirtualHost
from tests.booth.site_stand import SiteStand, until

pytestmark = pytest.mark.peer
FAR = """
[link.lan]
kind = "ip"
[device.fibre]
link = "lan"
profile = "community-fibre"
address = "127.0.0.1"
settings = {{ udp_port = {fibre} }}
[link.far]
kind = "modbus_tcp"
where = "127.0.0.1:{far}"
answer_ms = 40
parent = "fibre"
[device.noise]
link = "far"
profile = "noise-meter"
address = 10
[device.cabinet]
link = "far"
profile = "booth-cabinet"
address = 20
"""


@pytest.fixture
async def stand(tmp_path: Path) -> AsyncIterator[SiteStand]:
    async with SiteStand(tmp_path) as stand:
        yield stand


async def test_the_fibre_speaks_for_all_behind_it(stand: SiteStand) -> None:
    fibre = VirtualHost()
    units = [VirtualUnit(10, inputs={0: 480}), VirtualUnit(20, inputs={0: 245}, contacts={0: 0, 1: 1})]
    far = ModbusGateway(units)
    await fibre.start()
    await far.start()
    stand.write(FAR.format(fibre=fibre.port, far=far.port))
    await stand.start()
    names = ("fibre", "noise", "cabinet", "far")
    async with stand.listening() as ear:
        await ear.until(lambda: all(ear.health.get(name) == "online" for name in names))
        fibre.faults.drop = 1.0
        await far.stop()
        await until(lambda: ear.state("fibre/lost") == "unack", lambda: str(ear.health), 10.0)
        await until(lambda: all(ear.health[name] == "lost" for name in names), lambda: str(ear.health), 25.0)
        announced = {one.key for one in ear.alarms.values() if one.is_announced}
        assert announced == {"fibre/lost"}
        assert "suppressed" in ear.alarms["noise/lost"].covers
        assert ear.health["hall-smoke"] == "online"
        fibre.faults.drop = 0.0
        await far.start()
        await until(lambda: all(ear.health[name] == "online" for name in names), lambda: str(ear.health), 15.0)
        assert {one.key for one in ear.alarms.values() if one.is_announced} <= {"fibre/lost"}
    await far.stop()
    fibre.stop()

"""Modbus links of a site file before simulated units: what profiles say is what is asked, reported and driven."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from booth.site_links.modbus import unit_of
from hardware.field import Command, Gone, Refused
from hardware.modbus.link import ModbusLink
from hardware.modbus.rtu_master import Timing
from hardware.modbus.simulator import ModbusGateway, ModbusOnPty, VirtualUnit
from kiosk.config import ConfigError
from kiosk.site.budget import blocks, read_reply_bytes, serial_exchange_s
from kiosk.site.checks import read_from
from kiosk.site.site_file import load
from tests.booth.field_site import PROFILES, drivers, plan_of, running, unit_for

TABLES = {1: "coil", 2: "discrete", 3: "holding", 4: "input"}
YARD = """
[link.yard]
kind = "modbus_tcp"
where = "127.0.0.1:{port}"
[device.gate]
link = "yard"
profile = "barrier"
address = 1
[device.valve]
link = "yard"
profile = "water-valve"
address = 13
[device.cabinet]
link = "yard"
profile = "booth-cabinet"
address = 20
"""
FIRE_OUT = """
[link.fire-out]
kind = "modbus_tcp"
where = "127.0.0.1:{port}"
[device.release]
link = "fire-out"
profile = "release-output"
address = 1
"""


async def until(is_so: Callable[[], object], within_s: float = 10.0) -> None:
    async with asyncio.timeout(within_s):
        while not is_so():
            await asyncio.sleep(0.01)


def test_a_bus_is_judged_by_the_costs_it_has() -> None:
    plan = load(PROFILES / "example" / "site.toml", PROFILES)
    for device, placed in plan.devices.items():
        if plan.profile(device).driver != "modbus":
            continue
        asked = sorted(unit_of(plan, device).blocks, key=lambda block: (TABLES[block.function], block.address))
        for block, judged in zip(asked, blocks(map(read_from, plan.profile(device).points.values())), strict=True):
            assert (TABLES[block.function], block.address, block.quantity) == (judged.table, judged.first, judged.count)
            for baud in (9600, 115200):
                ours = Timing(baud).cost_s(block.request, 0.04)
                assert ours == pytest.approx(serial_exchange_s(baud, 0.04, 8, read_reply_bytes(judged)))
        assert placed.address == unit_of(plan, device).number


def test_registers_side_by_side_are_asked_together(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, YARD.format(port=502))
    asked = [(block.function, block.address, block.quantity) for block in unit_of(plan, "cabinet").blocks]
    assert asked == [(2, 0, 2), (4, 0, 1)]
    asked = [(block.function, block.address, block.quantity) for block in unit_of(plan, "gate").blocks]
    assert asked == [(1, 0, 3), (2, 0, 4)]


@pytest.mark.peer
async def test_every_point_is_reported_by_its_own_name(tmp_path: Path) -> None:
    gateway = ModbusGateway([])
    await gateway.start()
    plan = plan_of(tmp_path, YARD.format(port=gateway.port))
    gateway.units.update({unit.number: unit for unit in (unit_for(plan, device) for device in plan.devices)})
    async with running(drivers(plan, "yard")) as samples:
        for device in plan.devices:
            names = set(plan.profile(device).points)
            await until(lambda device=device, names=names: set(samples.values(device)) == names)
        assert samples.values("gate") == {"gate": 0, "up": 0, "down": 1, "vehicle": 0, "crush": 1}
        assert samples.values("cabinet") == {"cabinet_door": 0, "tamper": 1, "temperature": 245}
        gateway.units[20].inputs[0] = 0xFFCE
        await until(lambda: samples.values("cabinet")["temperature"] == -50)
    await gateway.stop()


@pytest.mark.peer
async def test_a_barrier_is_told_by_a_press_on_one_contact_at_a_time(tmp_path: Path) -> None:
    gateway = ModbusGateway([])
    await gateway.start()
    plan = plan_of(tmp_path, YARD.format(port=gateway.port))
    gate = unit_for(plan, "gate")
    gate.coils[1] = 1  # left behind by a booth that died in the middle of a press
    gateway.units[1] = gate
    (link,) = drivers(plan, "yard")
    async with running([link]) as samples:
        await until(lambda: gate.coils[1] == 0)
        await until(lambda: samples.values("gate"))
        await link.command(Command("gate", "gate:open", 1, 0.5), within_s=1.0)
        assert gate.coils == {0: 1, 1: 0, 2: 0}
        await link.command(Command("gate", "gate:stop", 1, 0.5), within_s=1.0)
        assert gate.coils[2] == 1
        await until(lambda: gate.coils == {0: 0, 1: 0, 2: 1}, 0.4)  # long before its own half second is over
        await until(lambda: not any(gate.coils.values()))  # nobody called keep
        with pytest.raises(Refused):
            await link.command(Command("gate", "gate:open", 1, 3.0), within_s=1.0)
    await gateway.stop()


@pytest.mark.peer
async def test_a_press_ends_with_the_link(tmp_path: Path) -> None:
    gateway = ModbusGateway([])
    await gateway.start()
    plan = plan_of(tmp_path, YARD.format(port=gateway.port))
    gate = gateway.units[1] = unit_for(plan, "gate")
    (link,) = drivers(plan, "yard")
    async with running([link]) as samples:
        await until(lambda: samples.values("gate"))
        await link.command(Command("gate", "gate:open", 1, 0.5), within_s=1.0)
        assert gate.coils[0] == 1
    assert gate.coils[0] == 0
    await gateway.stop()


@pytest.mark.peer
async def test_a_press_ends_on_a_wire_that_was_away_meanwhile(tmp_path: Path) -> None:
    gateway = ModbusGateway([])
    await gateway.start()
    plan = plan_of(tmp_path, YARD.format(port=gateway.port))
    gate = gateway.units[1] = unit_for(plan, "gate")
    (link,) = drivers(plan, "yard")
    async with running([link]) as samples:
        await until(lambda: samples.values("gate"))
        await link.command(Command("gate", "gate:open", 1, 0.5), within_s=1.0)
        await gateway.stop()
        await until(lambda: "gone" in samples.words("gate"))
        assert gate.coils[0] == 1
        await gateway.start()
        await until(lambda: gate.coils[0] == 0)
    await gateway.stop()


@pytest.mark.peer
async def test_what_was_released_while_the_wire_was_away_is_not_held_again_when_it_is_back(tmp_path: Path) -> None:
    gateway = ModbusGateway([])
    await gateway.start()
    plan = plan_of(tmp_path, FIRE_OUT.format(port=gateway.port))
    release = gateway.units[1] = unit_for(plan, "release")
    written: list[int] = []
    (link,) = drivers(plan, "fire-out")
    async with running([link]) as samples:
        await until(lambda: samples.values("release"))
        link.keep(30.0)
        for point in ("doors", "barriers"):
            await link.command(Command("release", point, 1), within_s=1.0)
        await gateway.stop()
        await until(lambda: "gone" in samples.words("release"))
        release.move(asyncio.get_running_loop().time() + 2.0)  # its own hold time lets go
        with pytest.raises(Gone):
            await link.command(Command("release", "doors", 0), within_s=1.0)
        release.coils = _Recorder({0: 0, 1: 0}, written)
        await gateway.start()
        await until(lambda: written.count(100) > 3)  # barriers were not released: they are refreshed
        assert 1 not in written
    await gateway.stop()


class _Recorder(dict[int, int]):
    """Coils that remember what was written: the value for coil 0, 100 for the other one energised."""

    def __init__(self, start: dict[int, int], written: list[int]) -> None:
        super().__init__(start)
        self._written = written

    def __setitem__(self, at: int, value: int) -> None:
        self._written.append(value if at == 0 else 100 * value)
        super().__setitem__(at, value)


@pytest.mark.peer
async def test_a_valve_never_stands_longer_than_its_profile_says(tmp_path: Path) -> None:
    (tmp_path / "profiles").mkdir()
    text = (PROFILES / "water-valve.toml").read_text(encoding="utf-8")
    (tmp_path / "profiles" / "water-valve.toml").write_text(text.replace("longest_s = 600", "longest_s = 1"))
    gateway = ModbusGateway([])
    await gateway.start()
    (tmp_path / "site.toml").write_text(
        '[site]\nid = "b-0007"\ngrid = "310115-12-03"\n[link.yard]\nkind = "modbus_tcp"\n'
        f'where = "127.0.0.1:{gateway.port}"\n[device.valve]\nlink = "yard"\nprofile = "water-valve"\naddress = 13\n'
    )
    plan = load(tmp_path / "site.toml", tmp_path / "profiles")
    valve = gateway.units[13] = unit_for(plan, "valve")
    (link,) = drivers(plan, "yard")
    async with running([link]) as samples:
        await until(lambda: samples.values("valve"))
        link.keep(60.0)
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        await link.command(Command("valve", "valve", 1), within_s=1.0)
        while loop.time() - began_s < 0.8:
            await asyncio.sleep(0.1)
            await link.command(Command("valve", "valve", 1), within_s=1.0)  # asked again and again
        await until(lambda: valve.coils[0] == 0)
        assert loop.time() - began_s < 1.7  # not closed by its own hold of 2 s
    await gateway.stop()


@pytest.mark.peer
async def test_a_gateway_that_is_gone_misses_five_polls_before_its_link_must_be_found_lost(tmp_path: Path) -> None:
    gateway = ModbusGateway([])
    await gateway.start()
    plan = plan_of(tmp_path, FIRE_OUT.format(port=gateway.port))
    gateway.units[1] = unit_for(plan, "release")
    async with running(drivers(plan, "fire-out")) as samples:
        await until(lambda: samples.values("release").get("doors") is not None)
        await gateway.stop()
        await until(lambda: "gone" in samples.words("release"))
        await until(lambda: len([one for one in samples.all if one.error is not None and one.point == "doors"]) >= 5)
        missed = [one.at_s for one in samples.all if one.error is not None and one.point == "doors"]
        assert missed[4] - missed[0] < 2.0
    await gateway.stop()


@pytest.mark.peer
async def test_a_bus_by_its_port_and_behind_a_serial_device_server(tmp_path: Path) -> None:
    bus = ModbusOnPty(tmp_path / "dev", [], name="usb-FTDI_A")
    bus.plug()
    bridge = ModbusGateway([], passes_rtu=True)
    await bridge.start()
    plan = plan_of(
        tmp_path,
        f'[link.a]\nkind = "modbus_rtu"\nwhere = "{bus.path}"\n'
        f'[link.b]\nkind = "modbus_rtu"\nwhere = "127.0.0.1:{bridge.port}"\n'
        '[device.noise]\nlink = "a"\nprofile = "noise-meter"\naddress = 10\n'
        '[device.soil]\nlink = "b"\nprofile = "soil-probe"\naddress = 12\n',
    )
    bus.units[10] = unit_for(plan, "noise")
    bridge.units[12] = unit_for(plan, "soil")
    async with running([*drivers(plan, "a"), *drivers(plan, "b")]) as samples:
        await until(lambda: samples.values("noise") == {"laeq": 480})
        await until(lambda: samples.values("soil") == {"moisture": 310, "temperature": 182})
    bus.unplug()
    await bridge.stop()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ('table = "inputs"', "profile noise-meter: points.laeq: at.table: no such table"),
        ('table = "input", kind = "float64"', "at.kind: no such kind"),
        ('table = "coil", kind = "int16"', "is a bit"),
        ('table = "input", offset = 3', "at.offset means nothing"),
    ],
)
def test_an_address_that_cannot_be_is_named_with_its_profile(tmp_path: Path, changed: str, said: str) -> None:
    (tmp_path / "profiles").mkdir()
    text = (PROFILES / "noise-meter.toml").read_text(encoding="utf-8")
    (tmp_path / "profiles" / "noise-meter.toml").write_text(text.replace('table = "input"', changed))
    (tmp_path / "site.toml").write_text(
        '[site]\nid = "b-0007"\ngrid = "310115-12-03"\n[link.a]\nkind = "modbus_rtu"\nwhere = "/dev/none"\n'
        '[device.noise]\nlink = "a"\nprofile = "noise-meter"\naddress = 10\n'
    )
    plan = load(tmp_path / "site.toml", tmp_path / "profiles")
    with pytest.raises(ConfigError, match=said):
        drivers(plan, "a")


def test_a_place_that_is_none(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, YARD.replace("127.0.0.1:{port}", "10.7.0.22:x"))
    with pytest.raises(ConfigError, match="host:port"):
        drivers(plan, "yard")


def test_it_asks_fire_first(tmp_path: Path) -> None:
    (link,) = drivers(plan_of(tmp_path, FIRE_OUT.format(port=1)), "fire-out")
    assert isinstance(link, ModbusLink)
    assert isinstance(unit_for(plan_of(tmp_path, FIRE_OUT.format(port=1)), "release"), VirtualUnit)

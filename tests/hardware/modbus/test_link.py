"""The link as the watch uses it: samples, sick units, commands with a lease, wires that come and go."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from hardware.field import Command, Config, Gone, Priority, Refused, Timeout
from hardware.modbus.line import BridgeLine, SerialLine, SerialSettings
from hardware.modbus.link import ModbusLink
from hardware.modbus.pdu import Function
from hardware.modbus.plan import Block, Kind, Output, Register, Unit
from hardware.modbus.rtu_master import RtuMaster, Timing
from hardware.modbus.schedule import Backoff
from hardware.modbus.simulator import ModbusGateway, ModbusOnPty
from hardware.modbus.tcp_master import TcpMaster
from tests.hardware.modbus.field_bus import QUICK, TIMING, bus, planned, running, virtual

pytestmark = pytest.mark.peer


def rtu_link(found: ModbusOnPty, *units: Unit, timing: Timing = TIMING) -> ModbusLink:
    return ModbusLink(RtuMaster(SerialLine(SerialSettings(str(found.path))), timing), units, backoff=QUICK)


def planned_standing() -> Unit:
    """Its relay may stand without an end."""
    return replace(planned(1), outputs=(Output("relay", 0, hold_s=0.4),))


async def until(is_so: Callable[[], object]) -> None:
    """The test's own time-out ends what never comes."""
    while not is_so():
        await asyncio.sleep(0.01)


async def test_values_come_with_time_and_point(tmp_path: Path) -> None:
    registers = (
        Register("temperature", 0, Kind.INT16), Register("energy", 1, Kind.UINT32, is_low_first=True),
        Register("flow", 3, Kind.FLOAT32), Register("smoke", 5), Register("lid", 6, Kind.BIT, bit=3),
    )  # fmt: skip
    unit = Unit("bin", 1, (Block(Function.READ_INPUT_REGISTERS, 0, 7, 0.05, registers, Priority.FIRE),))
    peer = virtual(1)
    peer.inputs.update({0: 0xFFF6, 1: 2, 2: 1, 3: 0x3FC0, 4: 0, 5: 4400, 6: 8})
    async with bus(tmp_path, [peer]) as found, running(rtu_link(found, unit)) as samples:
        await until(lambda: len(samples.all) >= 10)
        values = {sample.point: sample.value for sample in samples.all}
        assert values == {"temperature": -10, "energy": 65538, "flow": 1.5, "smoke": 4400, "lid": 1}
        times = [sample.at_s for sample in samples.of("bin", "smoke")]
        assert times == sorted(times)
        assert abs(times[-1] - time.monotonic()) < 60
        peer.inputs[3] = 0x7FC0  # not a number
        await until(lambda: (last := samples.last("bin", "flow")) is not None and last.error is not None)
        flow, lid = samples.last("bin", "flow"), samples.last("bin", "lid")
        assert flow is not None
        assert (flow.value, flow.error.word if flow.error else "") == (None, "garbage")
        assert lid is not None
        assert lid.value == 1


async def test_dead_units_do_not_stop_the_others(tmp_path: Path) -> None:
    async with bus(tmp_path, [virtual(number) for number in (1, 2, 3)]) as found:
        link = rtu_link(found, *(planned(number) for number in (1, 2, 3)))
        async with running(link) as samples:
            await until(lambda: samples.last("u3"))
            found.units[1].faults.drop = 1.0
            samples.all.clear()
            await until(lambda: link.health()["u1"].misses >= 5)
            assert link.health()["u1"].is_sick
            assert samples.words("u1") == {"timeout"}
            for other in ("u2", "u3"):  # the dead one was asked five times in more than a second
                answers = [sample for sample in samples.of(other) if sample.error is None]
                assert len(answers) >= 5
            found.units[1].faults.drop = 0.0
            await until(lambda: not link.health()["u1"].is_sick)
            last = samples.last("u1")
            assert last is not None
            assert last.value == 100
            assert link.health()["u1"].misses == 0


async def test_a_unit_that_answers_late_never_tells_a_wrong_value(tmp_path: Path) -> None:
    timing = Timing(worst_answer_s=0.02, latest_s=0.4)
    blocks = tuple(Block(Function.READ_INPUT_REGISTERS, at, 2, 0.03, (Register(f"r{at}", at),)) for at in (0, 4, 8, 12))
    unit = Unit("u7", 7, blocks)
    async with bus(tmp_path, [virtual(7), virtual(8)]) as found:
        link = rtu_link(found, unit, planned(8), timing=timing)
        async with running(link) as samples:
            for late_ms in (30, 60, 110, 150, 250):
                found.units[7].faults.late, found.units[7].faults.late_ms = 1, late_ms
                misses = link.health()["u7"].timeouts
                await until(lambda misses=misses: link.health()["u7"].timeouts > misses)
                await until(lambda: not link.health()["u7"].is_sick)
                await asyncio.sleep(0.1)
            for at in (0, 4, 8, 12):
                values = {sample.value for sample in samples.of("u7", f"r{at}")}
                assert values - {None} == {700 + at}
            assert {sample.value for sample in samples.of("u8")} - {None} == {800}


async def test_an_output_stands_as_long_as_its_lease(tmp_path: Path) -> None:
    async with bus(tmp_path, [virtual(1)]) as found:
        link = rtu_link(found, planned(1))
        async with running(link) as samples:
            await until(lambda: samples.last("u1"))
            relay = lambda: found.units[1].coils[0]  # noqa: E731
            began_s = time.monotonic()
            await link.command(Command("u1", "relay", True, 1.0), within_s=1.0)
            while time.monotonic() - began_s < 0.9:
                found.units[1].move(asyncio.get_running_loop().time())
                assert relay() == 1  # twice its hold time: it is refreshed
                await asyncio.sleep(0.02)
            await until(lambda: relay() == 0)
            written = [pdu for _, _, pdu in found.heard if pdu[0] == Function.WRITE_COIL]
            assert written[-1][3] == 0  # ended by us, not by the unit
            with pytest.raises(Refused, match="lives"):
                await link.command(Command("u1", "relay", True), within_s=1.0)
            with pytest.raises(Refused):
                await link.command(Command("u1", "relay", True, 61.0), within_s=1.0)
            with pytest.raises(Config):
                await link.command(Command("u1", "siren", True, 1.0), within_s=1.0)
            await link.command(Command("u1", "lamp", True), within_s=1.0)
            assert found.units[1].coils[1] == 1


async def test_an_output_falls_back_when_the_link_ends(tmp_path: Path) -> None:
    async with bus(tmp_path, [virtual(1)]) as found:
        link = rtu_link(found, planned(1))
        async with running(link) as samples:
            await until(lambda: samples.last("u1"))
            await link.command(Command("u1", "relay", True, 30.0), within_s=1.0)
            assert found.units[1].coils[0] == 1

        def is_safe() -> bool:
            found.units[1].move(asyncio.get_running_loop().time())
            return found.units[1].coils[0] == 0

        await until(is_safe)


async def test_a_standing_output_ends_with_the_watch_and_only_a_command_brings_it_back(tmp_path: Path) -> None:
    async with bus(tmp_path, [virtual(1)]) as found:
        link = rtu_link(found, planned_standing())
        async with running(link) as samples:
            await until(lambda: samples.last("u1"))
            link.keep(0.3)
            await link.command(Command("u1", "relay", True), within_s=1.0)
            for _ in range(10):  # twice its hold time
                await asyncio.sleep(0.08)
                link.keep(0.3)
                assert found.units[1].coils[0] == 1
            await until(lambda: found.units[1].coils[0] == 0)  # the watch hangs: released by the link itself
            link.keep(5.0)
            await asyncio.sleep(0.3)
            assert found.units[1].coils[0] == 0
            await link.command(Command("u1", "relay", True), within_s=1.0)
            assert found.units[1].coils[0] == 1


async def test_switching_off_ends_the_lease(tmp_path: Path) -> None:
    async with bus(tmp_path, [virtual(1)]) as found:
        link = rtu_link(found, planned(1))
        async with running(link) as samples:
            await until(lambda: samples.last("u1"))
            await link.command(Command("u1", "relay", True, 30.0), within_s=1.0)
            await link.command(Command("u1", "relay", False), within_s=1.0)
            await asyncio.sleep(0.3)
            assert found.units[1].coils[0] == 0
            assert [pdu[3] for _, _, pdu in found.heard if pdu[0] == Function.WRITE_COIL][-1] == 0


async def test_a_command_to_a_dead_unit_fails_in_time(tmp_path: Path) -> None:
    async with bus(tmp_path, [virtual(1)]) as found:
        found.units[1].faults.drop = 1.0
        link = rtu_link(found, planned(1))
        async with running(link) as samples:
            await until(lambda: samples.words("u1"))
            with pytest.raises(Timeout):
                await link.command(Command("u1", "relay", True, 1.0), within_s=2.0)


async def test_an_adapter_that_comes_back_under_another_tty(tmp_path: Path) -> None:
    async with bus(tmp_path, [virtual(1)]) as found:
        link = rtu_link(found, planned(1))
        async with running(link) as samples:
            await until(lambda: samples.last("u1"))
            found.unplug()
            await until(lambda: "gone" in samples.words("u1"))
            with pytest.raises(Gone):
                await link.command(Command("u1", "relay", True, 1.0), within_s=1.0)
            with pytest.raises(Gone):
                await link.poll("u1", within_s=1.0)
            found.plug()
            await until(lambda: (last := samples.last("u1")) is not None and last.value == 100)


async def test_asked_out_of_turn(tmp_path: Path) -> None:
    async with bus(tmp_path, [virtual(1)]) as found:
        link = rtu_link(found, planned(1, every_s=3600.0))
        async with running(link) as samples:
            await until(lambda: samples.last("u1"))
            found.units[1].inputs[0] = 7
            answers = await link.poll("u1", within_s=1.0)
            assert [sample.value for sample in answers] == [7, 101, 102, 103]
            with pytest.raises(Config):
                await link.poll("u9", within_s=1.0)


async def test_a_gateway_with_units_dead_and_alive() -> None:
    gateway = ModbusGateway([virtual(number) for number in (1, 2)])
    await gateway.start()
    link = ModbusLink(
        TcpMaster(gateway.host, gateway.port, within_s=0.3), [planned(1), planned(2), planned(3)], backoff=QUICK
    )
    try:
        async with running(link) as samples:
            gateway.silent_s = 0.02
            await until(lambda: samples.last("u1") and samples.last("u2") and samples.last("u3"))
            assert samples.words("u3") == {"timeout"}  # the gateway says so (exception 11)
            gateway.units[1].faults.late, gateway.units[1].faults.late_ms = 1, 400
            await until(lambda: link.health()["u1"].late == 1)
            await until(lambda: not link.health()["u1"].is_sick)
            assert {sample.value for sample in samples.of("u1")} == {None, 100}
            gateway.units[2].faults.garbage = 1.0
            await until(lambda: samples.words("u2"))
            gateway.units[2].faults.garbage = 0.0
            await gateway.stop()
            await until(lambda: "gone" in samples.words("u1"))
            count = len(samples.all)
            await gateway.start()
            await until(lambda: any(sample.value == 200 for sample in samples.all[count:]))
    finally:
        await gateway.stop()


@pytest.mark.parametrize("passes_rtu", [False, True])
async def test_a_silent_gateway_is_connected_to_anew(passes_rtu: bool) -> None:
    gateway = ModbusGateway([virtual(1)], passes_rtu=passes_rtu)
    await gateway.start()
    master = (
        RtuMaster(BridgeLine(gateway.host, gateway.port), Timing(worst_answer_s=0.02, latest_s=0.1))
        if passes_rtu
        else TcpMaster(gateway.host, gateway.port, within_s=0.05)
    )
    link = ModbusLink(master, [planned(1)], backoff=Backoff(0.02, 0.05))
    try:
        async with running(link) as samples:
            await until(lambda: samples.last("u1"))
            gateway.units[1].faults.drop = 1.0
            await until(lambda: gateway.connections >= 2)
            gateway.units[1].faults.drop = 0.0
            count = len(samples.all)
            await until(lambda: any(sample.value == 100 for sample in samples.all[count:]))
    finally:
        await gateway.stop()


async def test_a_plan_is_refused_when_it_cannot_be() -> None:
    with pytest.raises(Config, match="twice"):
        ModbusLink(TcpMaster("127.0.0.1"), [planned(1), planned(1)])
    with pytest.raises(Config, match="without refresh"):
        Output("release", 0, hold_s=2.5)
    with pytest.raises(Config, match="outside"):
        Block(Function.READ_INPUT_REGISTERS, 0, 2, 1.0, (Register("x", 1, Kind.UINT32),))
    with pytest.raises(Config, match="one name"):
        Unit("u", 1, (Block(Function.READ_COILS, 0, 2, 1.0, (Register("x", 0, Kind.BIT), Register("x", 1, Kind.BIT))),))

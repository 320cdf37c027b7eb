"""The RTU master on a pty before units that misbehave: above all, whose answer is whose."""

from __future__ import annotations

import asyncio
import os
import random
import select
import time
from pathlib import Path

import pytest

from hardware.field import Config, FieldError, Garbage, Gone, Refused, Timeout
from hardware.modbus import rtu
from hardware.modbus.line import BridgeLine
from hardware.modbus.pdu import Function, Request
from hardware.modbus.rtu_master import RtuMaster, Timing
from hardware.modbus.simulator import ModbusGateway
from tests.hardware.modbus.field_bus import TIMING, bus, master, virtual

pytestmark = pytest.mark.peer
READ_INPUTS = Function.READ_INPUT_REGISTERS


def read(address: int, quantity: int = 1) -> Request:
    return Request(READ_INPUTS, address, quantity)


async def test_reads_and_writes(tmp_path: Path) -> None:
    async with bus(tmp_path, [virtual(3), virtual(4)]) as found, master(found) as one:
        assert await one.exchange(3, read(2, 3)) == (302, 303, 304)
        assert await one.exchange(4, read(0)) == (400,)
        assert await one.exchange(4, Request(Function.WRITE_COIL, 1, 1, (1,))) == (1,)
        assert found.units[4].coils[1] == 1
        await one.exchange(4, Request(Function.WRITE_REGISTERS, 5, 2, (7, 8)))
        assert found.units[4].registers[6] == 8
        with pytest.raises(Refused) as refused:
            await one.exchange(3, read(500))
        assert refused.value.code == 2
        assert "unit 3" in str(refused.value)
        with pytest.raises(Config):
            await one.exchange(0, read(0))
        assert found.collisions == 0


def naive(port: Path, requests: list[tuple[int, Request]], within_s: float) -> list[int | None]:
    """A client that believes what comes after its question, as long as unit, function, length and CRC are right."""
    handle = os.open(port, os.O_RDWR | os.O_NOCTTY)
    try:
        found: list[int | None] = []
        for unit, request in requests:
            os.write(handle, rtu.frame(unit, request.encode()))
            reader, pdu, ends_s = rtu.ReplyReader(unit, request), None, time.monotonic() + within_s
            while pdu is None and (left_s := ends_s - time.monotonic()) > 0:
                if select.select([handle], [], [], left_s)[0]:
                    pdu = reader.feed(os.read(handle, 256))
            found.append(None if pdu is None else int.from_bytes(pdu[2:4]))
        return found
    finally:
        os.close(handle)


LATE = [(5, read(address % 20)) for address in range(1, 9)]


async def test_control_a_naive_client_takes_the_late_answer_for_the_next(tmp_path: Path) -> None:
    """So that the test below can fail: on the same peer a client without our rules is wrong for ever, silently."""
    wrong: list[int | None] = []
    async with bus(tmp_path, [virtual(5)]) as found:
        while len(wrong) < 3:  # a stall of this computer may hide it once
            found.units[5].faults.late, found.units[5].faults.late_ms = 1, 75
            got = await asyncio.to_thread(naive, found.path, LATE, 0.05)
            pairs = zip(got, LATE, strict=True)
            wrong = [value for value, (_, request) in pairs if value not in (None, 500 + request.address)]


@pytest.mark.parametrize("late_ms", [20, 70, 160, 400])
async def test_a_late_answer_is_nobody_elses(tmp_path: Path, late_ms: float) -> None:
    timing = Timing(worst_answer_s=0.05, latest_s=0.5)
    async with bus(tmp_path, [virtual(5)]) as found, master(found, timing) as one:
        found.units[5].faults.late, found.units[5].faults.late_ms = 1, late_ms
        right = 0
        while right < 2 * len(LATE):  # it comes to itself again
            for unit, request in LATE:
                try:
                    (value,) = await one.exchange(unit, request)
                except Timeout:
                    continue
                except Garbage as garbage:
                    await asyncio.sleep(garbage.wait_s)
                    continue
                assert value == 500 + request.address
                right += 1


@pytest.mark.parametrize("seed", range(3))
async def test_units_late_at_random_never_give_a_wrong_value(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    timing = Timing(worst_answer_s=0.02, latest_s=0.3)
    async with bus(tmp_path, [virtual(unit) for unit in (1, 2, 3)]) as found, master(found, timing) as one:
        right = wrong = failed = 0
        for _ in range(60):
            unit, request = chance.choice((1, 2, 3)), read(chance.randrange(10), chance.choice((1, 2, 3)))
            if chance.random() < 0.25:
                faults = found.units[unit].faults
                faults.late, faults.late_ms = 1, chance.uniform(5, 120)
            try:
                values = await one.exchange(unit, request)
            except FieldError:
                failed += 1
                continue
            expected = tuple(100 * unit + request.address + at for at in range(request.quantity))
            right, wrong = right + (values == expected), wrong + (values != expected)
        assert wrong == 0
        assert right
        assert failed


async def test_nothing_is_sent_before_the_settle_is_over(tmp_path: Path) -> None:
    timing = Timing(worst_answer_s=0.03, settle_s=0.1)
    async with bus(tmp_path, [virtual(1), virtual(2)]) as found, master(found, timing) as one:
        found.units[1].faults.late, found.units[1].faults.late_ms = 1, 90
        with pytest.raises(Timeout):
            await one.exchange(1, read(0))
        assert await one.exchange(2, read(0)) == (200,)
        (asked_s, *_), (after_s, *_) = found.heard
        assert after_s - asked_s >= 0.13
        assert found.collisions == 0
        assert one.late == {1: 1}
        assert one.stray_bytes == 7


@pytest.mark.parametrize("fault", ["garbage", "truncate", "wrong_unit"])
async def test_what_is_no_answer_is_named(tmp_path: Path, fault: str) -> None:
    async with bus(tmp_path, [virtual(1), virtual(2)]) as found, master(found) as one:
        setattr(found.units[1].faults, fault, 1.0)
        with pytest.raises(Garbage):
            await one.exchange(1, read(0, 4))
        assert await one.exchange(2, read(0, 4)) == (200, 201, 202, 203)


async def test_who_gives_up_early_disturbs_nobody(tmp_path: Path) -> None:
    async with bus(tmp_path, [virtual(1), virtual(2)]) as found, master(found) as one:
        found.units[1].faults.delay_ms = 30
        asking = asyncio.ensure_future(one.exchange(1, read(0)))
        await asyncio.sleep(0.01)
        asking.cancel()
        assert await one.exchange(2, read(3)) == (203,)
        assert found.collisions == 0


async def test_a_port_that_is_not_there(tmp_path: Path) -> None:
    async with bus(tmp_path, [virtual(1)]) as found, master(found) as one:
        with pytest.raises(Gone, match="another program"):
            async with master(found):
                pass
        found.unplug()
        with pytest.raises(Gone):
            await one.exchange(1, read(0))
        assert not one.is_open
        with pytest.raises(Gone, match="cannot be opened"):
            await one.open()
        found.plug()
        await one.open()
        assert await one.exchange(1, read(0)) == (100,)


async def test_rtu_through_a_tcp_bridge() -> None:
    bridge = ModbusGateway([virtual(1), virtual(2)], passes_rtu=True, baud=115200)
    await bridge.start()
    one = RtuMaster(BridgeLine(bridge.host, bridge.port), TIMING)
    try:
        await one.open()
        assert await one.exchange(2, read(1, 2)) == (201, 202)
        bridge.units[1].faults.drop = 1.0
        with pytest.raises(Timeout):
            await one.exchange(1, read(0))
        assert await one.exchange(2, read(0)) == (200,)
        await bridge.stop()
        with pytest.raises(Gone):
            await one.exchange(2, read(0))
    finally:
        one.close()
        await bridge.stop()


def test_timing_must_fit() -> None:
    with pytest.raises(Config):
        Timing(worst_answer_s=5.0, latest_s=3.0)
    assert Timing(baud=9600).gap_s == pytest.approx(0.00401, abs=0.0001)
    assert Timing().cost_s(read(0, 10), 0.05) == pytest.approx(0.05665, abs=0.0001)

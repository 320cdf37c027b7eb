"""An answer that comes after its time-out, on a serial line: how many values go to the wrong register.

The same simulated bus, the same questions and the same late answers, before our master and before pymodbus's.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure, Options, Unavailable
from hardware.field import FieldError
from hardware.modbus.line import SerialLine, SerialSettings
from hardware.modbus.pdu import Function, Request
from hardware.modbus.rtu_master import RtuMaster, Timing
from hardware.modbus.simulator import ModbusOnPty, VirtualUnit

WITHIN_S, LATE_MS = 0.1, 150.0
REGISTERS, LATE_EVERY = 10, 5

Ask = Callable[[int], Awaitable[int | None]]


def late_answers(options: Options) -> Iterator[Figure]:
    """Every fifth answer comes half a time-out late."""
    count = options.times(60, 20)
    ours, theirs = asyncio.run(_both(count))
    reference = f"pymodbus RTU, the same bus; {count} questions, {count // LATE_EVERY} late answers"
    yield Figure("site.late_answers", ours, "wrong values", reference, theirs, at_most=0)


async def _both(count: int) -> tuple[int, int]:
    with tempfile.TemporaryDirectory(prefix="booth-late-") as folder:
        values = {address: 100 + address for address in range(REGISTERS)}
        bus = ModbusOnPty(Path(folder), [VirtualUnit(1, inputs=values, answer_ms=1.0)])
        bus.plug()
        try:
            return await ours_wrong(bus, count), await pymodbus_wrong(bus, count)
        finally:
            bus.unplug()


async def _wrong(bus: ModbusOnPty, count: int, ask: Ask) -> int:
    """How many answers were another register's; none at all is not wrong."""
    wrong = answered = 0
    for number in range(count):
        if number % LATE_EVERY == 0:
            bus.units[1].faults.late, bus.units[1].faults.late_ms = 1, LATE_MS
        value = await ask(number % REGISTERS)
        answered += value is not None
        wrong += value is not None and value != 100 + number % REGISTERS
    assert answered > 0, "nobody answered"
    return wrong


async def ours_wrong(bus: ModbusOnPty, count: int) -> int:
    timing = Timing(worst_answer_s=WITHIN_S, latest_s=0.4)
    master = RtuMaster(SerialLine(SerialSettings(str(bus.path))), timing)
    await master.open()

    async def ask(address: int) -> int | None:
        request = Request(Function.READ_INPUT_REGISTERS, address)
        try:
            if request.shape in master.avoid(1):  # as the link does: first something that cannot be mistaken
                await master.exchange(1, Request(Function.READ_INPUT_REGISTERS, 0, 2))
            return (await master.exchange(1, request))[0]
        except FieldError:
            return None

    try:
        return await _wrong(bus, count, ask)
    finally:
        master.close()


async def pymodbus_wrong(bus: ModbusOnPty, count: int) -> int:
    try:
        client_module: Any = importlib.import_module("pymodbus.client")
        failure: Any = importlib.import_module("pymodbus.exceptions").ModbusException
    except ImportError:
        raise Unavailable("pymodbus is not installed; pip install -r requirements/bench.lock") from None
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)
    client = client_module.AsyncModbusSerialClient(str(bus.path), baudrate=115200, timeout=WITHIN_S, retries=0)
    await client.connect()

    async def ask(address: int) -> int | None:
        try:
            reply = await client.read_input_registers(address, count=1, device_id=1)
        except failure:
            return None
        return None if reply.isError() else int(reply.registers[0])

    try:
        return await _wrong(bus, count, ask)
    finally:
        client.close()

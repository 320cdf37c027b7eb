"""The field buses of the site on simulated peers: what dead units cost the healthy, what a Modbus question costs.

The reference bus: 32 units at 115 200 baud, worst answer 50 ms, polls that take half of the line, back-off cap 4 s. The
pty is paced to its baud rate; the gateways run in a process of their own, so that the CPU time is the booth's alone.
"""

from __future__ import annotations

import asyncio
import json
import math
import resource
import statistics
import struct
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from benchmarks.child import module, said
from benchmarks.figure import Figure, Options, percentile
from hardware.field import RawSample
from hardware.modbus.line import SerialLine, SerialSettings
from hardware.modbus.link import ModbusLink
from hardware.modbus.pdu import Function
from hardware.modbus.plan import Block, Register, Unit
from hardware.modbus.rtu_master import RtuMaster, Timing
from hardware.modbus.simulator import ModbusGateway, ModbusOnPty, VirtualUnit
from hardware.modbus.tcp_master import TcpMaster

UNITS, DEAD, ANSWER_MS = 32, 10, 5.0
TIMING = Timing(baud=115200, worst_answer_s=0.05)
QUANTITY = 10
GATEWAYS, UNITS_EACH = 20, 20
_SETTLED_S = 6.0  # every dead unit was found, and its slots have their cap


def dead_units(options: Options) -> Iterator[Figure]:
    """How much longer the poll period of the healthy gets when 30 % of the bus die; beside it round robin."""
    span_s = max(8.0, 20.0 * options.rounds)
    ours = asyncio.run(_growth(span_s))
    naive = asyncio.run(_naive_growth())
    reference = "master that asks in turn and waits for each"
    yield Figure("site.dead_units", (ours[0] - 1) * 100, "%", reference, (naive - 1) * 100, at_most=10)
    yield Figure("site.dead_units_worst", (ours[1] - 1) * 100, "%", "p99 of single periods, all units well", None)


def _planned(number: int, every_s: float, quantity: int = QUANTITY) -> Unit:
    registers = tuple(Register(f"r{at}", at) for at in range(quantity))
    return Unit(f"u{number}", number, (Block(Function.READ_INPUT_REGISTERS, 0, quantity, every_s, registers),))


def _virtual(number: int, answer_ms: float = ANSWER_MS) -> VirtualUnit:
    return VirtualUnit(number, inputs=dict.fromkeys(range(QUANTITY), number), answer_ms=answer_ms)


async def _growth(span_s: float) -> tuple[float, float]:
    """Mean period and 99 % period of the healthy units with the dead, over those without."""
    request = _planned(1, 1.0).blocks[0].request
    every_s = 2 * UNITS * TIMING.cost_s(request, ANSWER_MS / 1000)  # half of the line
    with tempfile.TemporaryDirectory(prefix="booth-bus-") as folder:
        bus = ModbusOnPty(Path(folder), [_virtual(number) for number in range(1, UNITS + 1)])
        bus.plug()
        link = ModbusLink(
            RtuMaster(SerialLine(SerialSettings(str(bus.path))), TIMING),
            [_planned(number, every_s) for number in range(1, UNITS + 1)],
        )
        answers: dict[str, list[float]] = {}

        def take(samples: Iterable[RawSample]) -> None:
            for sample in samples:
                if sample.point == "r0" and sample.error is None:
                    answers.setdefault(sample.device, []).append(sample.at_s)

        await link.open(take)
        try:
            await asyncio.sleep(2 * every_s)
            well = await _periods(answers, span_s)
            for number in range(1, DEAD + 1):
                bus.units[number].faults.drop = 1.0
            await asyncio.sleep(_SETTLED_S)
            ill = await _periods(answers, span_s)
        finally:
            await link.close()
            bus.unplug()
    return statistics.mean(ill) / statistics.mean(well), percentile(ill, 99) / percentile(well, 99)


async def _periods(answers: dict[str, list[float]], span_s: float) -> list[float]:
    answers.clear()
    await asyncio.sleep(span_s)
    healthy = [f"u{number}" for number in range(DEAD + 1, UNITS + 1)]
    assert all(len(answers.get(device, ())) > 2 for device in healthy)
    return [
        after - before
        for device in healthy
        for before, after in zip(answers[device], answers[device][1:], strict=False)
    ]


async def _naive_growth(rounds: int = 3) -> float:
    """The same bus and codec, one unit after the other."""
    with tempfile.TemporaryDirectory(prefix="booth-bus-") as folder:
        bus = ModbusOnPty(Path(folder), [_virtual(number) for number in range(1, UNITS + 1)])
        bus.plug()
        master = RtuMaster(SerialLine(SerialSettings(str(bus.path))), TIMING)
        await master.open()
        try:
            well = await _round_s(master, rounds)
            for number in range(1, DEAD + 1):
                bus.units[number].faults.drop = 1.0
            return await _round_s(master, rounds) / well
        finally:
            master.close()
            bus.unplug()


async def _round_s(master: RtuMaster, rounds: int) -> float:
    request = _planned(1, 1.0).blocks[0].request
    began_s = time.monotonic()
    for _ in range(rounds):
        for number in range(1, UNITS + 1):
            await asyncio.gather(master.exchange(number, request), return_exceptions=True)
    return (time.monotonic() - began_s) / rounds


def modbus_tcp(options: Options) -> Iterator[Figure]:
    """CPU time of one question with ten points, the schedule and the samples included; beside it a bare loop."""
    span_s = max(3.0, 8.0 * options.rounds)
    with module("benchmarks.site_bus") as peers:
        ports = said(peers)
        ours = asyncio.run(_ask(ports, span_s))
        bare = asyncio.run(_ask_barely(ports, span_s))
    yield Figure("site.modbus_tcp", ours[0], "us", "bare loop, same bytes, CPU time a question", bare, at_most=300)
    yield Figure("site.modbus_tcp_late", ours[1], "ms", "p99 after its time, 400 units at 1 Hz", None, at_most=50)


async def _ask(ports: list[int], span_s: float) -> tuple[float, float]:
    """CPU microseconds a question, and p99 of how late a second's question is answered in milliseconds."""
    times: dict[tuple[int, str], list[float]] = {}
    links = []
    for port in ports:
        link = ModbusLink(TcpMaster("127.0.0.1", port), [_planned(unit, 1.0) for unit in range(1, UNITS_EACH + 1)])

        def take(samples: Iterable[RawSample], port: int = port) -> None:
            for sample in samples:
                if sample.point == "r0":
                    assert sample.error is None
                    times.setdefault((port, sample.device), []).append(sample.at_s)

        links.append(link)
        await link.open(take)
    await asyncio.sleep(1.5)
    times.clear()
    began_s = _cpu_s()
    await asyncio.sleep(span_s)
    spent_s = _cpu_s() - began_s
    for link in links:
        await link.close()
    count = sum(len(found) for found in times.values())
    assert count >= len(ports) * UNITS_EACH * (span_s - 1.5)
    late = [(at_s - found[0] - round(at_s - found[0])) * 1000 for found in times.values() for at_s in found[1:]]
    return spent_s / count * 1e6, percentile([max(0.0, one) for one in late], 99)


async def _ask_barely(ports: list[int], span_s: float) -> float:
    """Streams that send the same bytes as often and unpack what comes, trusting it."""
    count = 0

    async def client(port: int) -> None:
        nonlocal count
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        loop = asyncio.get_running_loop()
        due_s = loop.time()
        while True:
            for unit in range(1, UNITS_EACH + 1):
                due_s += 1.0 / UNITS_EACH
                await asyncio.sleep(max(0.0, due_s - loop.time()))
                writer.write(struct.pack(">HHHBBHH", unit, 0, 6, unit, 4, 0, QUANTITY))
                data = await reader.readexactly(9 + 2 * QUANTITY)
                struct.unpack_from(f">{QUANTITY}H", data, 9)
                count += 1

    began_s = _cpu_s()
    clients = [asyncio.ensure_future(client(port)) for port in ports]
    await asyncio.sleep(span_s)
    spent_s = _cpu_s() - began_s
    for one in clients:
        one.cancel()
    await asyncio.gather(*clients, return_exceptions=True)
    return spent_s / count * 1e6 if count else math.inf


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def _serve() -> None:
    gateways = []
    for _ in range(GATEWAYS):
        gateway = ModbusGateway([_virtual(unit, answer_ms=0.0) for unit in range(1, UNITS_EACH + 1)])
        await gateway.start()
        gateways.append(gateway)
    print(json.dumps([gateway.port for gateway in gateways]), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve())

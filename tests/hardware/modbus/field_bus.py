"""A simulated bus and the product's master before it, for the tests of this room."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

from hardware.field import RawSample
from hardware.modbus.line import SerialLine, SerialSettings
from hardware.modbus.link import ModbusLink
from hardware.modbus.pdu import Function
from hardware.modbus.plan import Block, Output, Register, Unit
from hardware.modbus.rtu_master import RtuMaster, Timing
from hardware.modbus.schedule import Backoff
from hardware.modbus.simulator import Hold, ModbusOnPty, VirtualUnit

TIMING = Timing(worst_answer_s=0.05, latest_s=0.5)
QUICK = Backoff(0.1, 0.4)


def virtual(number: int, **changed: object) -> VirtualUnit:
    """A unit whose registers tell which unit and address they are: 100 * unit + address."""
    numbers = {address: 100 * number + address for address in range(20)}
    return VirtualUnit(
        number, registers=dict(numbers), inputs=dict(numbers), coils={0: 0, 1: 0},
        contacts={0: 0}, holds={("coils", 0): Hold(0, 0.4)}, answer_ms=1.0, **changed,
    )  # type: ignore[arg-type]  # fmt: skip


def planned(number: int, every_s: float = 0.05, quantity: int = 4) -> Unit:
    """What is asked of it."""
    registers = tuple(Register(f"r{at}", at) for at in range(quantity))
    return Unit(
        f"u{number}", number, (Block(Function.READ_INPUT_REGISTERS, 0, quantity, every_s, registers),),
        (Output("relay", 0, hold_s=0.4, most_s=60.0), Output("lamp", 1)),
    )  # fmt: skip


@contextlib.asynccontextmanager
async def bus(folder: Path, units: Iterable[VirtualUnit], *, baud: int = 115200) -> AsyncIterator[ModbusOnPty]:
    """Plugged in, and out again."""
    found = ModbusOnPty(folder, units, baud=baud)
    found.plug()
    try:
        yield found
    finally:
        found.unplug()


@contextlib.asynccontextmanager
async def master(found: ModbusOnPty, timing: Timing = TIMING) -> AsyncIterator[RtuMaster]:
    """An open master."""
    made = RtuMaster(SerialLine(SerialSettings(str(found.path))), timing)
    await made.open()
    try:
        yield made
    finally:
        made.close()


class Samples:
    """What a link handed over."""

    def __init__(self) -> None:
        self.all: list[RawSample] = []

    def take(self, samples: Iterable[RawSample]) -> None:
        self.all += samples

    def of(self, device: str, point: str = "r0") -> list[RawSample]:
        return [sample for sample in self.all if (sample.device, sample.point) == (device, point)]

    def last(self, device: str, point: str = "r0") -> RawSample | None:
        return (self.of(device, point) or [None])[-1]

    def words(self, device: str) -> set[str]:
        """The errors told."""
        return {sample.error.word for sample in self.of(device) if sample.error is not None}


@contextlib.asynccontextmanager
async def running(link: ModbusLink) -> AsyncIterator[Samples]:
    """A link that asks."""
    samples = Samples()
    await link.open(samples.take)
    try:
        yield samples
    finally:
        await link.close()

"""What is asked of the units of a link and what their registers stand for, as data. Knows no wire and no clock."""

from __future__ import annotations

import enum
import math
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from hardware.field import Config, Garbage, Priority
from hardware.modbus.pdu import BITS, READS, Function, Request

MAX_HOLD_S = 2.0


class Kind(enum.Enum):
    """How registers are read as one number; ``BIT`` is one bit of a coil, an input or a register."""

    BIT = "bit"
    UINT16 = "uint16"
    INT16 = "int16"
    UINT32 = "uint32"
    INT32 = "int32"
    FLOAT32 = "float32"


_FORMATS = {
    Kind.UINT16: ">H", Kind.INT16: ">h", Kind.UINT32: ">I", Kind.INT32: ">i", Kind.FLOAT32: ">f",
}  # fmt: skip


@dataclass(frozen=True)
class Register:
    """One point in a block. ``address``: the unit's, not the block's.

    ``bit``: which one of a register (0 lowest). ``is_low_first``: the low word of two comes first. ``also``: other
    addresses of which any one being set is enough.
    """

    point: str
    address: int
    kind: Kind = Kind.UINT16
    bit: int = 0
    is_low_first: bool = False
    also: tuple[int, ...] = ()

    @property
    def quantity(self) -> int:
        """How many registers it takes."""
        return 2 if self.kind in (Kind.UINT32, Kind.INT32, Kind.FLOAT32) else 1


Reader = Callable[[Sequence[int]], float]


def reader(register: Register, first: int, function: Function) -> Reader:
    """How to read ``register`` from a block that begins at ``first``. The reader raises ``Garbage``."""
    at = register.address - first
    if register.kind is Kind.BIT:
        shift = 0 if function in BITS else register.bit
        if register.also:
            places = (at, *(one - first for one in register.also))
            return lambda values: int(any(values[place] >> shift & 1 for place in places))
        return lambda values: values[at] >> shift & 1
    if register.kind is Kind.UINT16:
        return lambda values: values[at]
    if register.kind is Kind.INT16:
        return lambda values: values[at] - 0x10000 if values[at] & 0x8000 else values[at]
    form = struct.Struct(_FORMATS[register.kind])
    high, low = (at + 1, at) if register.is_low_first else (at, at + 1)

    def number(values: Sequence[int]) -> float:
        found: float = form.unpack((values[high] << 16 | values[low]).to_bytes(4))[0]
        if not math.isfinite(found):
            raise Garbage(f"{register.point} is not a number")
        return found

    return number


@dataclass(frozen=True)
class Block:
    """Registers asked for together, every ``every_s`` seconds. Raises ``Config``."""

    function: Function
    address: int
    quantity: int
    every_s: float
    registers: tuple[Register, ...]
    priority: Priority = Priority.TELEMETRY
    request: Request = field(init=False)
    readers: tuple[tuple[str, Reader], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.function not in READS or not self.every_s > 0:
            raise Config("a block is read, every so many seconds", cure="function 1..4, every_s above 0")
        object.__setattr__(self, "request", Request(self.function, self.address, self.quantity))
        for one in self.registers:
            last = self.address + self.quantity - one.quantity
            if not all(self.address <= address <= last for address in (one.address, *one.also)):
                raise Config(f"{one.point} at {one.address} lies outside of its block")
            if self.function in BITS and one.kind is not Kind.BIT:
                raise Config(f"{one.point} is a bit here", cure='kind = "bit"')
        found = tuple((one.point, reader(one, self.address, self.function)) for one in self.registers)
        object.__setattr__(self, "readers", found)

    def shorter(self, quantity: int) -> Request:
        """The same question for less: a probe whose answer cannot be mistaken."""
        return Request(self.function, self.address, quantity)


@dataclass(frozen=True)
class Output:
    """A coil or a holding register that the watch drives.

    ``safe``: what it falls back to. ``hold_s``: the unit itself falls back when nothing was written for so long;
    without it the last value stays when the booth dies, so release outputs and valves must have one (<= 2 s).
    ``most_s``: it is never longer away from ``safe``, however it was asked for. ``group``: of these only one at a
    time is away from it. ``is_pulse``: made safe when the link begins, for a booth may have died while it stood.
    Raises ``Config``.
    """

    point: str
    address: int
    safe: int = 0
    hold_s: float | None = None
    most_s: float = math.inf
    is_register: bool = False
    group: str = ""
    is_pulse: bool = False

    def __post_init__(self) -> None:
        if self.hold_s is not None and not 0 < self.hold_s <= MAX_HOLD_S:
            raise Config(f"{self.point} holds {self.hold_s:g} s without refresh", cure=f"at most {MAX_HOLD_S:g} s")
        self.write(self.safe)

    def write(self, value: int) -> Request:
        """The question that sets it."""
        function = Function.WRITE_REGISTER if self.is_register else Function.WRITE_COIL
        return Request(function, self.address, 1, (int(value),))


@dataclass(frozen=True)
class Unit:
    """One device of the link. Raises ``Config`` for a point named twice."""

    device: str
    number: int
    blocks: tuple[Block, ...] = ()
    outputs: tuple[Output, ...] = ()

    def __post_init__(self) -> None:
        names = [one.point for block in self.blocks for one in block.registers]
        if twice := {name for name in names if names.count(name) > 1}:
            raise Config(f"{self.device} has points of one name: {', '.join(sorted(twice))}")

    @property
    def points(self) -> tuple[str, ...]:
        """All that it reports."""
        return tuple(one.point for block in self.blocks for one in block.registers)

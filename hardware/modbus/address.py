"""What a device profile says about where a point is: ``at = { table = "input", register = 0, kind = "int16" }``.

Both ends read it: who asks, and the simulated unit that answers. Knows no profile and no wire.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TypeVar

from hardware.field import Config
from hardware.modbus.pdu import Function
from hardware.modbus.plan import Kind, Register

MAX_ADDRESS = 0xFFFF
_Word = TypeVar("_Word", bound=enum.Enum)
_KEYS = frozenset({"table", "register", "kind", "bit", "count", "low_first"})


class Table(enum.Enum):
    """The four tables of a unit (V1.1b3, 4.3)."""

    COIL = "coil"
    DISCRETE = "discrete"
    INPUT = "input"
    HOLDING = "holding"

    @property
    def is_bits(self) -> bool:
        """One bit an address."""
        return self in (Table.COIL, Table.DISCRETE)

    @property
    def read(self) -> Function:
        """The function that reads it."""
        return _READS[self]


_READS = {
    Table.COIL: Function.READ_COILS, Table.DISCRETE: Function.READ_DISCRETE_INPUTS,
    Table.INPUT: Function.READ_INPUT_REGISTERS, Table.HOLDING: Function.READ_HOLDING_REGISTERS,
}  # fmt: skip


@dataclass(frozen=True)
class Address:
    """One point. ``count``: how many addresses from ``register`` on may be read for it, at least what it takes.

    ``pulses``: a coil for each act, pressed for a moment; the point is true while any of them is.
    """

    table: Table
    register: int
    kind: Kind
    bit: int = 0
    count: int = 1
    is_low_first: bool = False
    pulses: tuple[tuple[str, int], ...] = ()

    def as_register(self, point: str) -> Register:
        """How it is read."""
        also = tuple(coil for _, coil in self.pulses if coil != self.register)
        return Register(point, self.register, self.kind, self.bit, self.is_low_first, also)


def address(at: Mapping[str, object], acts: Collection[str] = ()) -> Address:
    """Read a point's ``at``; ``acts`` that are keys of it are pulses.

    ``table``: coil, discrete, input, holding (default). ``register``: from 0. ``kind``: uint16 (default), int16,
    uint32, int32, float32, bit (with ``bit``, 0 lowest, of a register). ``low_first``: the low word of two comes first.
    ``count``: also read so many. Raises ``Config`` naming key and cure.
    """
    pulses = tuple((act, _whole(at, act, MAX_ADDRESS)) for act in acts if act in at)
    if unknown := sorted(set(at) - _KEYS - {act for act, _ in pulses}):
        raise Config(f"at.{unknown[0]} means nothing to Modbus", cure=f"use {', '.join(sorted(_KEYS))}")
    table = _word(at, "table", Table, Table.HOLDING)
    if pulses:
        if table is not Table.COIL or "register" in at:
            raise Config("pulses are coils, one for each act", cure='write at = { table = "coil", open = 0, ... }')
        first = min(coil for _, coil in pulses)
        return Address(table, first, Kind.BIT, count=max(coil for _, coil in pulses) - first + 1, pulses=pulses)
    if "register" not in at:
        raise Config("at.register is missing", cure="write its address, counted from 0")
    kind = _word(at, "kind", Kind, Kind.BIT if table.is_bits else Kind.UINT16)
    if table.is_bits and kind is not Kind.BIT:
        raise Config(f"at.kind: one of table {table.value} is a bit", cure="remove kind")
    if "bit" in at and (table.is_bits or kind is not Kind.BIT):
        raise Config("at.bit is for kind bit of a register", cure='write kind = "bit", or remove it')
    register = Register("", _whole(at, "register", MAX_ADDRESS), kind)
    count = _whole(at, "count", 125) if "count" in at else register.quantity
    if count < register.quantity:
        raise Config(f"at.count: {kind.value} takes {register.quantity}", cure="remove count")
    is_low_first = bool(_whole(at, "low_first", 1)) if "low_first" in at else False
    return Address(table, register.address, kind, _whole(at, "bit", 15) if "bit" in at else 0, count, is_low_first)


def _whole(at: Mapping[str, object], key: str, most: int) -> int:
    number = at[key]
    if not isinstance(number, int) or not 0 <= number <= most:
        raise Config(f"at.{key}: {number!r} is no whole number from 0 to {most}", cure="correct it")
    return number


def _word(at: Mapping[str, object], key: str, words: type[_Word], default: _Word) -> _Word:
    try:
        return words(at[key]) if key in at else default
    except ValueError:
        known = ", ".join(str(one.value) for one in words)
        raise Config(f"at.{key}: no such {key} {at[key]!r}", cure=f"use one of {known}") from None

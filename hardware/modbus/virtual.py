"""The other end, as bytes in and bytes out: units with registers, outputs that fall back, and faults on request.

A unit works in order: what it answers late delays what comes after. ``Faults`` are the ways in which units in the field
misbehave. The clock is passed in; knows no wire: see ``simulator``.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from hardware.modbus import pdu
from hardware.modbus.pdu import READS, Function, Refusal, Request

_SPACES = {
    Function.READ_COILS: "coils", Function.WRITE_COIL: "coils", Function.WRITE_COILS: "coils",
    Function.READ_DISCRETE_INPUTS: "contacts", Function.READ_INPUT_REGISTERS: "inputs",
    Function.READ_HOLDING_REGISTERS: "registers", Function.WRITE_REGISTER: "registers",
    Function.WRITE_REGISTERS: "registers",
}  # fmt: skip


@dataclass
class Faults:
    """How a unit misbehaves now. Shares are 0..1 of its answers; ``late`` counts answers that come ``late_ms`` late.

    ``drift_per_s`` is added to every input register, ``flap_hz`` turns every contact over; both as time goes by, unless
    the unit is ``frozen``: then it goes on telling what it told last.
    """

    delay_ms: float = 0.0
    drop: float = 0.0
    garbage: float = 0.0
    truncate: float = 0.0
    wrong_unit: float = 0.0
    late: int = 0
    late_ms: float = 150.0
    is_frozen: bool = False
    drift_per_s: float = 0.0
    flap_hz: float = 0.0


@dataclass(frozen=True)
class Hold:
    """An output that falls back to ``safe`` when nothing was written to it for ``hold_s``."""

    safe: int = 0
    hold_s: float = 2.0


@dataclass(frozen=True)
class Answer:
    """What goes back: ``after_s`` from now; ``damage`` is done to the whole frame ("", "garbage", "truncate")."""

    after_s: float
    unit: int
    pdu: bytes
    damage: str = ""


@dataclass(eq=False)
class VirtualUnit:
    """One unit. ``answer_ms``: how long a healthy one thinks. Registers are 0..65535, coils and contacts 0 and 1.

    ``holds``: ("coils" or "registers", address) -> how that output falls back.
    """

    number: int
    registers: dict[int, int] = field(default_factory=dict)
    inputs: dict[int, int] = field(default_factory=dict)
    coils: dict[int, int] = field(default_factory=dict)
    contacts: dict[int, int] = field(default_factory=dict)
    holds: Mapping[tuple[str, int], Hold] = field(default_factory=dict)
    answer_ms: float = 5.0
    faults: Faults = field(default_factory=Faults)
    chance: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311 - faults

    def __post_init__(self) -> None:
        self._free_s = 0.0
        self._silent_until_s = 0.0
        self._moved_s: float | None = None
        self._drifted = 0.0
        self._written_s: dict[tuple[str, int], float] = {}
        self._start = {name: dict(self._space(name)) for name in set(_SPACES.values())}
        self.reboots = 0

    def _space(self, name: str) -> dict[int, int]:
        found: dict[int, int] = getattr(self, name)
        return found

    def reboot(self, now_s: float, silent_s: float = 2.0) -> None:
        """Switch off and on: silent so long, outputs safe, everything as it left the factory."""
        self.reboots += 1
        self._silent_until_s = now_s + silent_s
        self._written_s.clear()
        for name, start in self._start.items():
            self._space(name).clear()
            self._space(name).update(start)
        for (name, address), hold in self.holds.items():
            self._space(name)[address] = hold.safe

    def move(self, now_s: float) -> None:
        """Let time go by: outputs fall back, values drift, contacts flap."""
        for (name, address), hold in self.holds.items():
            if now_s - self._written_s.get((name, address), float("-inf")) >= hold.hold_s:
                self._space(name)[address] = hold.safe
        before_s, self._moved_s = self._moved_s, now_s
        if before_s is None or self.faults.is_frozen:
            return
        self._drifted += self.faults.drift_per_s * (now_s - before_s)
        if whole := int(self._drifted):
            self._drifted -= whole
            self.inputs.update({at: value + whole & 0xFFFF for at, value in self.inputs.items()})
        turns = int(now_s * self.faults.flap_hz * 2) - int(before_s * self.faults.flap_hz * 2)
        if turns % 2:
            self.contacts.update({at: 1 - value for at, value in self.contacts.items()})

    def answer(self, request: bytes, now_s: float) -> Answer | None:
        """Answer one PDU; None for silence."""
        self.move(now_s)
        if now_s < self._silent_until_s:
            return None
        try:
            reply = self._carry_out(pdu.decode_request(request), now_s)
        except Refusal as refusal:
            reply = pdu.encode_refusal(request[0] & 0x7F, refusal.code)
        return self._misbehave(reply, now_s)

    def _carry_out(self, request: Request, now_s: float) -> bytes:
        name = _SPACES[request.function]
        space = self._space(name)
        addresses = range(request.address, request.address + request.quantity)
        if any(address not in space for address in addresses):
            raise Refusal(pdu.ILLEGAL_ADDRESS)
        if request.function not in READS:
            for address, value in zip(addresses, request.values, strict=True):
                space[address] = value
                self._written_s[name, address] = now_s
        return pdu.encode_reply(request, [space[address] for address in addresses])

    def _misbehave(self, reply: bytes, now_s: float) -> Answer | None:
        faults = self.faults
        delay_s = (self.answer_ms + faults.delay_ms) / 1000
        if faults.late > 0:
            faults.late -= 1
            delay_s += faults.late_ms / 1000
        self._free_s = max(self._free_s, now_s) + delay_s
        if self.chance.random() < faults.drop:
            return None
        number = self.number % 247 + 1 if self.chance.random() < faults.wrong_unit else self.number
        damage = ""
        for name, share in (("garbage", faults.garbage), ("truncate", faults.truncate)):
            if self.chance.random() < share:
                damage = name
        return Answer(self._free_s - now_s, number, reply, damage)


def damaged(frame: bytes, damage: str) -> bytes:
    """A frame as the wire delivers it."""
    if damage == "truncate":
        return frame[: len(frame) // 2]
    return bytes(byte ^ 0x5A for byte in frame) if damage else frame


def units(found: Iterable[VirtualUnit]) -> dict[int, VirtualUnit]:
    """By number; ``ValueError`` for two of one number."""
    found = tuple(found)
    named = {unit.number: unit for unit in found}
    if len(named) < len(found):
        raise ValueError("two units of one number")
    return named

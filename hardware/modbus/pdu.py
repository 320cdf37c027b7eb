"""What is asked and answered over every Modbus wire (Modbus Application Protocol V1.1b3): bytes in, objects out.

Both ends are here: the master's, which trusts no answer that does not echo its request, and the unit's. Knows no wire.
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from hardware.field import Busy, Config, FieldError, Garbage, Gone, Refused, Timeout

MAX_PDU = 253
EXCEPTION = 0x80


class Function(enum.IntEnum):
    """Function codes (V1.1b3, 6)."""

    READ_COILS = 1
    READ_DISCRETE_INPUTS = 2
    READ_HOLDING_REGISTERS = 3
    READ_INPUT_REGISTERS = 4
    WRITE_COIL = 5
    WRITE_REGISTER = 6
    WRITE_COILS = 15
    WRITE_REGISTERS = 16


READS = frozenset(function for function in Function if function <= Function.READ_INPUT_REGISTERS)
BITS = frozenset((Function.READ_COILS, Function.READ_DISCRETE_INPUTS, Function.WRITE_COIL, Function.WRITE_COILS))
_MOST = {  # how many at once (V1.1b3, 6.1-6.12)
    Function.READ_COILS: 2000, Function.READ_DISCRETE_INPUTS: 2000, Function.READ_HOLDING_REGISTERS: 125,
    Function.READ_INPUT_REGISTERS: 125, Function.WRITE_COIL: 1, Function.WRITE_REGISTER: 1,
    Function.WRITE_COILS: 1968, Function.WRITE_REGISTERS: 123,
}  # fmt: skip
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE, DEVICE_FAILURE = 1, 2, 3, 4
ACKNOWLEDGE, BUSY, PATH_UNAVAILABLE, TARGET_SILENT = 5, 6, 10, 11
_REASONS = {
    ILLEGAL_FUNCTION: "does not know the function", ILLEGAL_ADDRESS: "has no such address",
    ILLEGAL_VALUE: "refuses the value or the quantity", DEVICE_FAILURE: "reports a failure of its own",
}  # fmt: skip
_HEAD = struct.Struct(">BHH")
_ON = 0xFF00


@dataclass(frozen=True, slots=True)
class Request:
    """One question. ``values`` are what is written: bits as 0 and 1, registers as 0..65535. Raises ``Config``."""

    function: Function
    address: int
    quantity: int = 1
    values: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        most = _MOST[self.function]
        if not (1 <= self.quantity <= most and self.address >= 0 and self.address + self.quantity <= 0x10000):
            raise Config(
                f"{self.function.name.lower()} cannot take {self.quantity} from address {self.address}",
                cure=f"quantity 1..{most}, addresses 0..65535",
            )
        expected = 0 if self.function in READS else self.quantity
        most_value = 1 if self.function in BITS else 0xFFFF
        if len(self.values) != expected or any(not 0 <= value <= most_value for value in self.values):
            raise Config(f"{self.function.name.lower()} needs {expected} values of 0..{most_value}")

    @property
    def reply_bytes(self) -> int:
        """How long the PDU that answers it is."""
        return 2 + _data_bytes(self) if self.function in READS else _HEAD.size

    @property
    def shape(self) -> tuple[int, int, int]:
        """What an answer over RTU tells about its question: two questions of one shape cannot be told apart by it.

        Writes are echoed with address and value or quantity; reads only with their byte count.
        """
        if self.function in READS:
            return (self.function, -1, _data_bytes(self))
        return (self.function, self.address, self.values[0] if self.quantity == 1 else self.quantity)

    def encode(self) -> bytes:
        """The PDU."""
        if self.function is Function.WRITE_COIL:
            return _HEAD.pack(self.function, self.address, _ON if self.values[0] else 0)
        if self.function is Function.WRITE_REGISTER:
            return _HEAD.pack(self.function, self.address, self.values[0])
        head = _HEAD.pack(self.function, self.address, self.quantity)
        if self.function in READS:
            return head
        data = pack(self.function, self.values)
        return head + bytes((len(data),)) + data


def _data_bytes(request: Request) -> int:
    return (request.quantity + 7) // 8 if request.function in BITS else 2 * request.quantity


def pack(function: Function, values: Sequence[int]) -> bytes:
    """Bits, lowest first (V1.1b3, 6.1), or registers, high byte first."""
    if function in BITS:
        number = sum(1 << at for at, bit in enumerate(values) if bit)
        return number.to_bytes((len(values) + 7) // 8, "little")
    return struct.pack(f">{len(values)}H", *values)


def unpack(function: Function, data: bytes, quantity: int) -> tuple[int, ...]:
    """The reverse of ``pack``."""
    if function in BITS:
        number = int.from_bytes(data, "little")
        return tuple(number >> at & 1 for at in range(quantity))
    return struct.unpack(f">{quantity}H", data)


def decode_reply(request: Request, pdu: bytes) -> tuple[int, ...]:
    """What was read (bits as 0 and 1), or what is confirmed as written.

    Raises ``Garbage`` for an answer that does not echo function, byte count, address and value or quantity; for an
    exception response ``Busy``, ``Gone`` (10), ``Timeout`` (11: the gateway's unit is silent) or ``Refused``.
    """
    if len(pdu) == 2 and pdu[0] == request.function | EXCEPTION:
        raise _failure(pdu[1])
    if not pdu or pdu[0] != request.function:
        raise Garbage(f"the answer is to function {pdu[0] if pdu else 'none'}, asked was {int(request.function)}")
    if request.function in READS:
        if len(pdu) != request.reply_bytes or pdu[1] != len(pdu) - 2:
            raise Garbage(f"the answer carries {len(pdu) - 2} bytes, asked was for {_data_bytes(request)}")
        return unpack(request.function, pdu[2:], request.quantity)
    if pdu != request.encode()[: _HEAD.size]:
        raise Garbage("the answer does not repeat the address and value that were written")
    return request.values


def _failure(code: int) -> FieldError:
    if code in (ACKNOWLEDGE, BUSY):
        return Busy("the unit asks for time")
    if code == PATH_UNAVAILABLE:
        return Gone("the gateway has no path to the unit", cure="check the gateway's own bus settings")
    if code == TARGET_SILENT:
        return Timeout("the gateway's unit did not answer")
    return Refused(f"the unit {_REASONS.get(code, 'refuses')} (exception {code})", code=code)


class Refusal(Exception):
    """A unit cannot do what it is asked; ``code`` is the exception code it answers with."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def decode_request(pdu: bytes) -> Request:
    """A unit's view of what came. Raises ``Refusal``."""
    try:
        function = Function(pdu[0])
    except (ValueError, IndexError):
        raise Refusal(ILLEGAL_FUNCTION) from None
    if len(pdu) != request_bytes(pdu):
        raise Refusal(ILLEGAL_VALUE)
    _, address, number = _HEAD.unpack_from(pdu)
    try:
        if function in READS:
            return Request(function, address, number)
        if function is Function.WRITE_COIL:
            if number not in (0, _ON):
                raise Refusal(ILLEGAL_VALUE)
            return Request(function, address, 1, (int(number == _ON),))
        if function is Function.WRITE_REGISTER:
            return Request(function, address, 1, (number,))
        size = (number + 7) // 8 if function in BITS else 2 * number
        if pdu[5] != size:
            raise Refusal(ILLEGAL_VALUE)
        return Request(function, address, number, unpack(function, pdu[6:], number))
    except Config:
        raise Refusal(ILLEGAL_ADDRESS if address + number > 0x10000 else ILLEGAL_VALUE) from None


def request_bytes(start: bytes) -> int | None:
    """How long the request PDU that begins so is; None while that is not known; 0 for an unknown function."""
    if not start:
        return None
    if start[0] in (Function.WRITE_COILS, Function.WRITE_REGISTERS):
        return 6 + start[5] if len(start) > 5 else None
    return _HEAD.size if start[0] in _MOST else 0


def encode_reply(request: Request, values: Sequence[int]) -> bytes:
    """A unit's answer: what was read, or the echo of what was written."""
    if request.function not in READS:
        return request.encode()[: _HEAD.size]
    data = pack(request.function, values)
    return bytes((request.function, len(data))) + data


def encode_refusal(function: int, code: int) -> bytes:
    """An exception response."""
    return bytes((function | EXCEPTION, code))

"""Frames of a serial Modbus line (Modbus over Serial Line V1.02, 2.5.1): unit, PDU, CRC. Bytes in, objects out.

Gaps between frames cannot be measured behind a USB adapter, so frames are found by what they must contain. Knows no
port and no clock.
"""

from __future__ import annotations

from hardware.field import FieldError, Garbage, Timeout
from hardware.modbus.pdu import EXCEPTION, MAX_PDU, READS, Request, request_bytes

MAX_FRAME = MAX_PDU + 3
MAX_UNIT = 247
_KEPT_BYTES = 2 * MAX_FRAME


def _table() -> tuple[int, ...]:
    rows = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
        rows.append(value)
    return tuple(rows)


_CRC = _table()


def crc(data: bytes) -> bytes:
    """CRC-16 (polynomial 0xA001 reflected, start 0xFFFF), low byte first (V1.02, 6.2)."""
    value = 0xFFFF
    for byte in data:
        value = value >> 8 ^ _CRC[(value ^ byte) & 0xFF]
    return value.to_bytes(2, "little")


def frame(unit: int, pdu: bytes) -> bytes:
    """What goes over the line."""
    body = bytes((unit,)) + pdu
    return body + crc(body)


def sender(data: bytes) -> int | None:
    """The unit whose whole frame this is; None where it is none."""
    return data[0] if 4 <= len(data) <= MAX_FRAME and crc(data[:-2]) == data[-2:] else None


class ReplyReader:
    """Looks for the one frame that may answer ``request``: by unit, function, length and CRC.

    What else comes (a late frame of another unit, a spike when the line turns around) is stepped over. A fault is told
    only when the window is over: until then the line must be listened to anyway.
    """

    def __init__(self, unit: int, request: Request) -> None:
        self._unit = unit
        self._request = request
        self._data = b""
        self._is_flood = False

    @property
    def has_bytes(self) -> bool:
        """True once anything came."""
        return bool(self._data)

    def feed(self, data: bytes) -> bytes | None:
        """Take what came; give the answer's PDU when it is there and nothing follows it."""
        self._data += data
        if len(self._data) > _KEPT_BYTES:
            self._data, self._is_flood = self._data[-_KEPT_BYTES:], True
        if self._is_flood:
            return None
        for size, function in (
            (self._request.reply_bytes + 3, self._request.function),
            (5, self._request.function | EXCEPTION),
        ):
            found = self._data[-size:]
            if len(found) == size and found[0] == self._unit and found[1] == function and sender(found) is not None:
                if self._request.function in READS and size != 5 and found[2] != size - 5:
                    continue
                return found[1:-2]
        return None

    def failure(self) -> FieldError:
        """Why there is no answer, now that the window is over."""
        if not self._data:
            return Timeout("no answer")
        came = sender(self._data)
        if self._is_flood:
            return Garbage("the line is never silent", cure="check termination, bias and the baud rate")
        if came is None:
            return Garbage(f"{len(self._data)} bytes that are no whole frame")
        if came != self._unit:
            return Garbage(f"unit {came} answered instead", cure="two masters, or a wrong address, or a late unit")
        if self._data[1] & ~EXCEPTION != self._request.function:
            return Garbage(f"the answer is to function {self._data[1]}, asked was {int(self._request.function)}")
        return Garbage(f"the answer is {len(self._data)} bytes long, not {self._request.reply_bytes + 3}")


class RequestReader:
    """A unit's end of the line: cuts what masters send into (unit, PDU), stepping over what is no request."""

    def __init__(self) -> None:
        self._data = b""

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Take what came; give the requests that are whole."""
        self._data += data
        found: list[tuple[int, bytes]] = []
        while len(self._data) >= 2:
            size = request_bytes(self._data[1:])
            if size is None:
                break
            if size and len(self._data) < size + 3 <= MAX_FRAME:
                break
            if size and size + 3 <= MAX_FRAME and sender(self._data[: size + 3]) is not None:
                found.append((self._data[0], self._data[1 : size + 1]))
                self._data = self._data[size + 3 :]
            else:
                self._data = self._data[1:]
        return found

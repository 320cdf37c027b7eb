"""Frames of Modbus over TCP (Modbus Messaging on TCP/IP V1.0b, 3.1.3): transaction, length, unit, PDU.

Knows no socket.
"""

from __future__ import annotations

import struct

from hardware.field import Garbage
from hardware.modbus.pdu import MAX_PDU

_HEAD = struct.Struct(">HHHB")


def frame(transaction: int, unit: int, pdu: bytes) -> bytes:
    """What goes over the connection."""
    return _HEAD.pack(transaction, 0, len(pdu) + 1, unit) + pdu


class FrameReader:
    """Cuts a stream into (transaction, unit, PDU). After ``Garbage`` the stream cannot be trusted: close it."""

    def __init__(self) -> None:
        self._data = b""

    def feed(self, data: bytes) -> list[tuple[int, int, bytes]]:
        """Take what came; give the frames that are whole. Raises ``Garbage``."""
        self._data = self._data + data if self._data else data
        found: list[tuple[int, int, bytes]] = []
        at = 0
        while len(self._data) - at >= _HEAD.size:
            transaction, protocol, length, unit = _HEAD.unpack_from(self._data, at)
            if protocol != 0 or not 2 <= length <= MAX_PDU + 1:
                raise Garbage("what came is no Modbus TCP", cure="check the port; a bridge may need kind rtu_over_tcp")
            end = at + 6 + length
            if len(self._data) < end:
                break
            found.append((transaction, unit, self._data[at + _HEAD.size : end]))
            at = end
        self._data = self._data[at:]
        return found

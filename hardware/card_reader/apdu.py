"""Command and response APDUs, short and extended (ISO/IEC 7816-4), sans-IO.

A protocol is a generator: it yields the bytes of a command and is sent the bytes of the response, so the same code runs
over PC/SC, over a virtual card and in a test. This module knows bytes and status words, no card and no reader.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import TypeVar

from hardware.card_reader import CardUnreadable

T = TypeVar("T")
Exchange = Generator[bytes, bytes, T]

OK = 0x9000
MAX_CHAINED = 16  # GET RESPONSE rounds one command may cause: 4 KiB, more than any record has
MAX_RESPONSE_BYTES = 256 + 2
MAX_EXTENDED_RESPONSE_BYTES = 65536 + 2


@dataclass(frozen=True)
class Command:
    """One command. ``le``: 0 asks for all there is (up to 256 bytes, extended 65536); None sends no Le (case 1 and 3).

    ``is_extended``: lengths of two bytes. Only where reader and card are known to take them: some lose their session.
    """

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes = b""
    le: int | None = None
    is_extended: bool = False

    def encode(self) -> bytes:
        """Give the bytes on the wire; ``ValueError`` past 255 bytes of data (extended: 65535)."""
        if self.is_extended:
            return self._encode_extended()
        if len(self.data) > 255:
            raise ValueError("a short command carries at most 255 bytes")
        body = bytes((len(self.data),)) + self.data if self.data else b""
        tail = b"" if self.le is None else bytes((self.le & 0xFF,))
        return bytes((self.cla, self.ins, self.p1, self.p2)) + body + tail

    def _encode_extended(self) -> bytes:
        if len(self.data) > 0xFFFF:
            raise ValueError("an extended command carries at most 65535 bytes")
        body = b"\x00" + len(self.data).to_bytes(2) + self.data if self.data else b""
        tail = b"" if self.le is None else (b"" if body else b"\x00") + (self.le & 0xFFFF).to_bytes(2)
        return bytes((self.cla, self.ins, self.p1, self.p2)) + body + tail


@dataclass(frozen=True, repr=False)
class Response:
    """One response. ``data`` may be personal, so it has no ``repr``."""

    data: bytes
    status: int

    @classmethod
    def decode(cls, raw: bytes, *, is_extended: bool = False) -> Response:
        """Split data and status word; ``CardUnreadable`` when the answer is too short or too long to be one."""
        most = MAX_EXTENDED_RESPONSE_BYTES if is_extended else MAX_RESPONSE_BYTES
        if not 2 <= len(raw) <= most:
            raise CardUnreadable(f"the card answered {len(raw)} bytes where 2 to {most} are allowed")
        return cls(raw[:-2], int.from_bytes(raw[-2:]))

    @property
    def is_ok(self) -> bool:
        """True for 9000 and for 6282 (end of the record before Le bytes: the data counts)."""
        return self.status in (OK, 0x6282)


def exchange(command: Command) -> Exchange[Response]:
    """Send one command; follow 6Cxx (right length) once and 61xx (more to fetch) to the end.

    Raises ``CardUnreadable`` when the card goes on asking for GET RESPONSE.
    """
    response = Response.decode((yield command.encode()), is_extended=command.is_extended)
    if response.status >> 8 == 0x6C:
        response = Response.decode((yield replace(command, le=response.status & 0xFF, is_extended=False).encode()))
    data = response.data
    for _ in range(MAX_CHAINED):
        if response.status >> 8 != 0x61:
            return Response(data, response.status)
        fetch = Command(command.cla & 0x03, 0xC0, 0, 0, le=response.status & 0xFF)
        response = Response.decode((yield fetch.encode()))
        data += response.data
    raise CardUnreadable(f"the card announced more data {MAX_CHAINED} times without an end")

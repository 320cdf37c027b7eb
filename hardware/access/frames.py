"""Frames of the door bus (OSDP 2.2, 5.6 to 5.9), bytes in and frames out; shared by the panel's tap and the readers.

Checks what can be checked without a key: start, length, address, check characters. Knows no command, key or port.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterator
from dataclasses import dataclass

MARK, START = 0xFF, 0x53
REPLY = 0x80  # bit of the address in what a peripheral device sends
BROADCAST = 0x7F
SEQUENCE, HAS_CRC, HAS_SECURITY, RESERVED = 0x03, 0x04, 0x08, 0xF0  # bits of the control byte
HEADER_BYTES = 5
MAX_BYTES = 1440  # 5.7: the largest packet


@dataclass(frozen=True)
class Frame:
    """``block`` is the security control block without its length byte, b"" for none; ``code`` the command or reply.

    ``data`` follows the code as it came: encrypted and with its MAC where there is a session.
    """

    address: int
    sequence: int
    code: int
    data: bytes = b""
    block: bytes = b""
    is_reply: bool = False
    raw: bytes = b""

    @property
    def security(self) -> int:
        """The security block's type, 0x11 to 0x18; 0 for none."""
        return self.block[0] if self.block else 0

    @property
    def has_crc(self) -> bool:
        """Not only a checksum, which one disturbed byte and another can pass."""
        return bool(self.raw[4] & HAS_CRC)


def crc(data: bytes) -> int:
    """CRC-16 of 5.9.9: polynomial 0x1021 from 0x1D0F, most significant bit first."""
    return binascii.crc_hqx(data, 0x1D0F)


def head(address: int, sequence: int, block: bytes, rest_bytes: int, *, is_reply: bool) -> bytes:
    """From the start to the end of the security block; ``rest_bytes`` follow before the check characters."""
    secured = bytes((len(block) + 1,)) + block if block else b""
    length = HEADER_BYTES + len(secured) + rest_bytes + 2
    control = sequence & SEQUENCE | HAS_CRC | (HAS_SECURITY if block else 0)
    start = bytes((START, address | (REPLY if is_reply else 0))) + length.to_bytes(2, "little")
    return start + bytes((control,)) + secured


def closed(body: bytes) -> bytes:
    """The frame: ``body`` with its check characters."""
    return body + crc(body).to_bytes(2, "little")


class Deframer:
    """Cuts a stream into frames; what is none is dropped and counted in ``garbage`` (once for each bad stretch)."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._is_bad = False
        self.garbage = 0

    @property
    def is_within(self) -> bool:
        """A frame has begun and is not complete."""
        return bool(self._held)

    def clear(self) -> None:
        """Forget what is not complete."""
        self._held.clear()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that ``data`` completes."""
        self._held += data
        while (found := self._next()) is not None:
            yield found

    def _next(self) -> Frame | None:
        held = self._held
        while held:
            start = held.find(START)
            skipped = held[: start if start >= 0 else len(held)]
            self._bad(any(byte != MARK for byte in skipped))
            del held[: len(skipped)]
            if len(held) < HEADER_BYTES:
                return None
            length = int.from_bytes(held[2:4], "little")
            if not HEADER_BYTES + 2 <= length <= MAX_BYTES:
                self._reject()
                continue
            if len(held) < length:
                return None
            frame = _parsed(bytes(held[:length]))
            if frame is None:
                self._reject()
                continue
            del held[:length]
            self._is_bad = False
            return frame
        return None

    def _reject(self) -> None:
        """No frame begins here: look for the next start."""
        self._bad(True)
        del self._held[0]

    def _bad(self, is_so: bool) -> None:
        if is_so and not self._is_bad:
            self.garbage += 1
            self._is_bad = True


def _parsed(raw: bytes) -> Frame | None:
    control = raw[4]
    if control & RESERVED:
        return None
    check = 2 if control & HAS_CRC else 1
    body, sent = raw[:-check], raw[-check:]
    if check == 2 and crc(body) != int.from_bytes(sent, "little"):
        return None
    if check == 1 and (sum(body) + sent[0]) & 0xFF:
        return None
    at = HEADER_BYTES
    block = b""
    if control & HAS_SECURITY:
        size = body[at] if at < len(body) else 0
        if size < 2:
            return None
        block = body[at + 1 : at + size]
        at += size
    if at >= len(body):
        return None
    return Frame(raw[1] & ~REPLY & 0xFF, control & SEQUENCE, body[at], body[at + 1 :], block, bool(raw[1] & REPLY), raw)

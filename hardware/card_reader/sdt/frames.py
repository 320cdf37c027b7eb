"""Frames between host and SAM module (GA/T 467-2019): preamble, length, body, XOR check; sans-IO and bounded.

There is no escaping: the preamble may occur inside a photo. So it is searched between frames only, never inside a
body whose length was announced. Knows no command and no status.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import xor

from hardware.card_reader import CardUnreadable

PREAMBLE = bytes.fromhex("AAAAAA9669")
HEAD_BYTES = len(PREAMBLE) + 2
MAX_LENGTH = 0x090A  # text, photo and two fingerprints: the longest reply there is
MIN_COMMAND, MIN_REPLY = 3, 4  # CMD Para CHK; SW1 SW2 SW3 CHK
MAX_GARBAGE_BYTES = 4096


class Garbled(CardUnreadable):
    """A frame came whole but wrong, or nothing but noise came: sending the command again can help."""


def encode(body: bytes) -> bytes:
    """Frame ``body`` (without its check byte). ``ValueError`` for a body that no length field can say."""
    if not MIN_COMMAND - 1 <= len(body) < MAX_LENGTH:
        raise ValueError(f"a body has {MIN_COMMAND - 1} to {MAX_LENGTH - 1} bytes")
    covered = (len(body) + 1).to_bytes(2) + body
    return PREAMBLE + covered + bytes((checksum(covered),))


def checksum(covered: bytes) -> int:
    """XOR over length and body; over length, body and check byte together it is 0."""
    return reduce(xor, covered, 0)


@dataclass(frozen=True, repr=False)
class Reply:
    """``card_status``: what the card's own APDU said (SW1 SW2); ``status``: the module's (SW3). Personal."""

    card_status: int
    status: int
    data: bytes

    @classmethod
    def decode(cls, body: bytes) -> Reply:
        """Split a frame's body; ``Garbled`` when it is too short to be a reply."""
        if len(body) < MIN_REPLY - 1:
            raise Garbled(f"a reply of {len(body)} bytes has no status")
        return cls(int.from_bytes(body[:2]), body[2], body[3:])


class FrameReader:
    """Cuts a stream of bytes into bodies. ``least``: the shortest length field that can be meant."""

    def __init__(self, least: int = MIN_REPLY) -> None:
        self._least = least
        self._buffer = b""
        self._skipped = 0

    def feed(self, data: bytes) -> None:
        """Take what came from the line."""
        self._buffer += data

    @property
    def has_begun(self) -> bool:
        """What came last is a frame, or at least the beginning of a preamble."""
        return bool(self._buffer)

    @property
    def inside(self) -> bytes:
        """What of an incomplete frame came behind its preamble."""
        return self._buffer[len(PREAMBLE) :] if self._buffer.startswith(PREAMBLE) else b""

    def take(self) -> bytes | None:
        """Give the next body without its check byte, None until it came whole.

        Raises ``Garbled`` (and goes on behind that frame) for a wrong check byte, and when ``MAX_GARBAGE_BYTES`` came
        without a frame.
        """
        while self._find_preamble():
            if len(self._buffer) < HEAD_BYTES:
                return None
            length = int.from_bytes(self._buffer[len(PREAMBLE) : HEAD_BYTES])
            if not self._least <= length <= MAX_LENGTH:
                self._skip(len(PREAMBLE))  # no frame: look for one behind this preamble
                continue
            if len(self._buffer) < HEAD_BYTES + length:
                return None
            frame, self._buffer = self._buffer[: HEAD_BYTES + length], self._buffer[HEAD_BYTES + length :]
            self._skipped = 0
            if checksum(frame[len(PREAMBLE) :]):
                raise Garbled("the check byte of a frame is wrong")
            return frame[HEAD_BYTES:-1]
        return None

    def _find_preamble(self) -> bool:
        """Drop what comes before the next preamble, but for an end that may be the beginning of one."""
        at = self._buffer.find(PREAMBLE)
        if at >= 0:
            self._skip(at)
            return True
        kept = next(size for size in range(len(PREAMBLE) - 1, -1, -1) if self._buffer.endswith(PREAMBLE[:size]))
        self._skip(len(self._buffer) - kept)
        return False

    def _skip(self, count: int) -> None:
        self._buffer = self._buffer[count:]
        self._skipped += count
        if self._skipped > MAX_GARBAGE_BYTES:
            self._skipped = 0
            raise Garbled(f"{MAX_GARBAGE_BYTES} bytes without a frame")

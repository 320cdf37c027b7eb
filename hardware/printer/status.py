"""What an ESC/POS printer says about itself: queries, replies and one round of them, without a wire or a clock.

python-escpos' own status calls take the first byte that comes, wait 60 s and read a closed connection as an answer.
Here every byte is recognised by its fixed bits, exactly one query is outstanding, and a round that received more
replies than it sent queries is thrown away: one of them was late and all after it would be read as something else.

Source: Epson, ESC/POS Command Reference, DLE EOT, GS r, "Status identification" (fixed bits): a reply to DLE EOT is
``0xx1xx10``, to GS r ``0xx0xxxx``; DLE DC4 (fn = 8) answers ``37h 25h 00h``.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass

from hardware.device import Health
from hardware.printer import Exit, Paper, PrinterStatus

DLE_EOT = b"\x10\x04"
GS_R_PAPER = b"\x1dr\x01"  # answered in its turn, after everything sent before it was printed
CLEAR_BUFFERS = b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08"  # DLE DC4 fn = 8: forget what was received, in real time
_CLEARED = b"\x37\x25\x00"

QUERIES = (1, 2, 3, 4)  # printer, cause of being offline, cause of error, paper roll
SETTLE_S = 0.02
MAX_SETTLE_S = 0.2


class Kind(enum.Enum):
    """What a byte from the printer is, told by its fixed bits."""

    STATUS = "status"  # 0xx1xx10, a reply to DLE EOT
    MARKER = "marker"  # 0xx0xxxx, a reply to GS r 1: what was sent before it is printed
    CLEARED = "cleared"  # the reply to DLE DC4 fn = 8
    NOISE = "noise"


@dataclass(frozen=True)
class Reply:
    kind: Kind
    byte: int = 0


def recognise(byte: int) -> Kind:
    """Tell a single byte's kind."""
    if byte & 0b1001_0011 == 0b0001_0010:
        return Kind.STATUS
    # GS r 1 reports each sensor in two equal bits: 00 or 11 in bits 0-1 and in bits 2-3.
    if byte & 0b1001_0000 == 0 and byte & 0b11 in (0, 0b11) and byte & 0b1100 in (0, 0b1100):
        return Kind.MARKER
    return Kind.NOISE


class Replies:
    """Splits the printer's bytes into replies, whatever the boundaries of the reads."""

    def __init__(self) -> None:
        self._block = b""

    def feed(self, data: bytes) -> Iterator[Reply]:
        """Yield the replies in ``data``; an unfinished block is kept for the next call."""
        for byte in data:
            if self._block or byte == _CLEARED[0]:
                block = self._block + bytes([byte])
                if block == _CLEARED:
                    self._block = b""
                    yield Reply(Kind.CLEARED)
                    continue
                if _CLEARED.startswith(block):
                    self._block = block
                    continue
                self._block = b""
            yield Reply(recognise(byte), byte)


@dataclass(frozen=True)
class Reading:
    """The four status bytes of one round."""

    printer: int
    offline: int
    error: int
    paper: int

    @property
    def is_offline(self) -> bool:
        return bool(self.printer & 0x08)

    @property
    def is_cover_open(self) -> bool:
        return bool(self.offline & 0x04)

    def roll(self, has_exit_sensor: bool) -> Paper:
        """State of the paper. With a presenter bit 6 of the fourth byte is its sensor, else it doubles bit 5."""
        end_bits = 0x20 if has_exit_sensor else 0x60
        if self.error & 0x08:
            return Paper.JAMMED
        if self.offline & 0x20 or self.paper & end_bits:
            return Paper.OUT
        return Paper.LOW if self.paper & 0x0C else Paper.FULL

    def status(self, has_exit_sensor: bool) -> PrinterStatus:
        """The front door's words for this reading."""
        roll = self.roll(has_exit_sensor)
        leaving = Exit.UNKNOWN
        if has_exit_sensor:
            leaving = Exit.PRESENT if self.paper & 0x40 else Exit.NOT_PRESENT
        health, reason = Health.ONLINE, ""
        if self.error & 0x20:
            health, reason = Health.HARDWARE_ERROR, "the printer reports an unrecoverable error"
        elif roll is Paper.JAMMED:
            health, reason = Health.HARDWARE_ERROR, "the cutter is stuck"
        elif self.is_cover_open:
            reason = "the cover is open"
        elif roll is Paper.OUT:
            reason = "the paper is out"
        elif self.is_offline:
            health, reason = Health.OFFLINE, "the printer is offline and names no cause we know"
        elif roll is Paper.LOW:
            reason = "the paper is nearly out"
        return PrinterStatus(health, reason, paper=roll, is_cover_open=self.is_cover_open, exit=leaving)


class StatusRound:
    """DLE EOT 1..4, one after another, within ``within_s`` seconds of ``now_s`` (any monotonic clock).

    Loop: send ``to_send()`` if not empty, wait at most ``wait_s(now)`` for bytes, ``take`` each status byte; a wait
    of 0 ends the round. After the last reply the round listens on for twice the slowest reply (20-200 ms): a surplus
    reply shows that an earlier one had been late.
    """

    def __init__(self, now_s: float, within_s: float = 1.0) -> None:
        self._deadline_s = now_s + within_s
        self._settled_s: float | None = None
        self._asked_s: float | None = None
        self._slowest_s = 0.0
        self._bytes: list[int] = []
        self.is_out_of_step = False

    def to_send(self, now_s: float) -> bytes:
        """The next query, or nothing while one is outstanding or the round is complete."""
        if self._asked_s is not None or len(self._bytes) == len(QUERIES):
            return b""
        self._asked_s = now_s
        return DLE_EOT + bytes([QUERIES[len(self._bytes)]])

    def take(self, byte: int, now_s: float) -> None:
        """Take one status byte (``Kind.STATUS``)."""
        if self._asked_s is None:
            self.is_out_of_step = True
            return
        self._slowest_s = max(self._slowest_s, now_s - self._asked_s)
        self._asked_s = None
        self._bytes.append(byte)
        if len(self._bytes) == len(QUERIES):
            self._settled_s = now_s + min(max(SETTLE_S, 2 * self._slowest_s), MAX_SETTLE_S)

    def wait_s(self, now_s: float) -> float:
        """Seconds to go on listening; 0 when the round is over."""
        if self.is_out_of_step:
            return 0.0
        end_s = self._deadline_s if self._settled_s is None else min(self._settled_s, self._deadline_s)
        return max(0.0, end_s - now_s)

    def reading(self) -> Reading | None:
        """What was learnt, or None after too few or too many replies."""
        if self.is_out_of_step or len(self._bytes) != len(QUERIES):
            return None
        return Reading(*self._bytes)

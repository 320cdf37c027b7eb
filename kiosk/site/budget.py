"""Arithmetic of a shared bus: what its polls cost, and what its dead units cost. Pure figures.

A bus carries one exchange at a time, so a poll costs its frames, the silence around them and the unit's answer time;
the worst answer is assumed, for that is when healthy units would be starved.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

BITS_PER_CHARACTER = 11  # Modbus over Serial Line V1.02, 2.5.1: start, 8 data, parity or second stop, stop
SHORTEST_SILENCE_S = 0.00175  # same, 2.5.1.1: t3.5 is fixed above 19 200 baud
MOST_REGISTERS = 125  # Modbus Application Protocol V1.1b3, 6.3 and 6.4
POLL_SHARE = 0.5  # polls use at most half of a bus; the rest is for commands, retries and units that are late
BACKOFF_CAP_S = 4.0
REFRESHES_PER_HOLD = 3  # an output is refreshed so often within its hold time: two may be lost


@dataclass(frozen=True)
class Block:
    """Registers (or bits) read in one exchange."""

    table: str
    first: int
    count: int


def blocks(addresses: Iterable[tuple[str, int, int]]) -> tuple[Block, ...]:
    """Group (table, first, count) that lie side by side into as few reads as fit.

    Gaps are not bridged: a unit that lacks one register of a block refuses the whole of it.
    """
    found: list[Block] = []
    for table, first, count in sorted(addresses):
        last = found[-1] if found else None
        end = first + count
        if (
            last is not None
            and last.table == table
            and first <= last.first + last.count
            and end - last.first <= MOST_REGISTERS
        ):
            found[-1] = Block(table, last.first, max(last.count, end - last.first))
        else:
            found.append(Block(table, first, count))
    return tuple(found)


def silence_s(baud: int) -> float:
    """The 3.5 characters that end a frame on a serial line."""
    return max(3.5 * BITS_PER_CHARACTER / baud, SHORTEST_SILENCE_S)


def serial_exchange_s(baud: int, answer_s: float, request_bytes: int = 8, reply_bytes: int = 8) -> float:
    """Time that one exchange occupies a serial bus when the unit takes ``answer_s``."""
    return (request_bytes + reply_bytes) * BITS_PER_CHARACTER / baud + 2 * silence_s(baud) + answer_s


def read_reply_bytes(block: Block) -> int:
    """Unit, function, count, data, CRC."""
    is_bits = block.table in ("coil", "discrete")
    return 5 + ((block.count + 7) // 8 if is_bits else 2 * block.count)


def dead_share(units: int, timeout_s: float, every_s: float = BACKOFF_CAP_S) -> float:
    """Part of the bus that ``units`` dead ones take when each is probed every ``every_s`` seconds."""
    return units * timeout_s / every_s

"""A card that says what an input wants: its own answer, its own answer spoilt, or anything at all.

Each answer costs one byte of choice: below 0x80 the card's own; below 0xC0 its own with one byte changed (place,
value); else as many bytes as the choice's low six bits and the next byte say, taken from the input. When the input is
spent the card is itself again.
"""

from __future__ import annotations

from collections.abc import Callable

from hardware.card_reader.apdu import Exchange

MOST_COMMANDS = 400


class Input:
    """Bytes that are taken one after the other; zeros when there are no more."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, size: int) -> bytes:
        """Give the next ``size`` bytes."""
        self._at += size
        return self._data[self._at - size : self._at].ljust(size, b"\x00")


def talk(protocol: Exchange[object], respond: Callable[[bytes], bytes], data: bytes) -> None:
    """Drive ``protocol``; what it raises is the caller's. ``AssertionError`` when it does not come to an end."""
    given = Input(data)
    command = next(protocol)
    for _ in range(MOST_COMMANDS):
        answer, choice = respond(command), given.take(1)[0]
        if choice >= 0xC0:
            answer = given.take((choice & 0x3F) << 2 | given.take(1)[0] & 0x03)
        elif choice >= 0x80 and answer:
            place, value = given.take(2)
            answer = answer[: place % len(answer)] + bytes((value,)) + answer[place % len(answer) + 1 :]
        try:
            command = protocol.send(answer)
        except StopIteration:
            return
    raise AssertionError(f"no end after {MOST_COMMANDS} commands")

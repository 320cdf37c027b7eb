"""Any answers to one command: wrong lengths, announced data without an end. A response, or the one error."""

from __future__ import annotations

import contextlib

from fuzz.conversation import talk
from hardware.card_reader import CardUnreadable
from hardware.card_reader.apdu import MAX_CHAINED, Command, Response, exchange


def one_input(data: bytes) -> None:
    """Feed one input; anything but ``CardUnreadable`` is a finding."""
    commands = 0

    def respond(_command: bytes) -> bytes:
        nonlocal commands
        commands += 1
        return b"\x6c\x10" if commands == 1 else b"\x61\x10"

    command = Command(0x00, 0xB2, 0x01, 0x04, le=0, is_extended=bool(data and data[0] & 1))
    with contextlib.suppress(CardUnreadable):
        talk(exchange(command), respond, data)
    assert commands <= MAX_CHAINED + 2
    with contextlib.suppress(CardUnreadable):
        response = Response.decode(data)
        assert response.data + response.status.to_bytes(2) == data


def seeds() -> dict[str, bytes]:
    """Give the inputs the corpus begins with, by file name."""
    return {
        "chained": bytes(3),
        "right_length": bytes((0x00, 0xC1, 0x02)) + bytes(4) + b"\x90\x00",
        "extended": bytes((0x01, 0xC0, 0x02)) + b"\x90\x00",
        "too_short": bytes((0xC0, 0x01, 0x90)),
    }

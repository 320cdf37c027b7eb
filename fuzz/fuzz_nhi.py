"""Health insurance cards of Taiwan that say anything: a document, or the one error; and any bytes as basic data."""

from __future__ import annotations

import contextlib
from datetime import date

from fuzz.conversation import talk
from hardware.card_reader import CardError, nhi
from hardware.card_reader.family import Task
from hardware.card_reader.nhi.virtual import CardFields, VirtualNhiCard

TODAY = date(2026, 1, 1)


def one_input(data: bytes) -> None:
    """Feed one input; anything but ``CardError`` is a finding. The first byte chooses the layout."""
    card = VirtualNhiCard(CardFields(), birth_at=42 + (data[0] & 1 if data else 0))
    with contextlib.suppress(CardError):
        talk(nhi.read(Task(TODAY, atr=card.atr)), card.respond, data[1:])
    assert card.tries_left == VirtualNhiCard.tries_left
    with contextlib.suppress(CardError):
        assert nhi.parse(data).name
    nhi.number_is_valid(data[:10].decode("latin-1"))


def seeds() -> dict[str, bytes]:
    """Give the inputs the corpus begins with, by file name."""
    found = {}
    for at in (42, 43):
        card = VirtualNhiCard(CardFields(), birth_at=at)
        card.respond(bytes.fromhex("00A4040010D1580000010000000000000000001100"))
        found[f"record_{at}"] = card.respond(bytes.fromhex("00CA1100020000"))[:-2]
        found[f"card_{at}"] = bytes((at - 42,))
    return found

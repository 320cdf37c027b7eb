"""Thai ID cards that say anything: a document, or the one error; and any bytes as one of its places."""

from __future__ import annotations

import contextlib
from datetime import date

from fuzz.conversation import talk
from hardware.card_reader import CardError, CardUnreadable, thai_id
from hardware.card_reader.family import Task
from hardware.card_reader.thai_id.virtual import CardFields, VirtualThaiCard

TODAY = date(2026, 1, 1)
FIELDS = CardFields(portrait=b"\xff\xd8\xff\xe0" + bytes(500) + b"\xff\xd9")


def one_input(data: bytes) -> None:
    """Feed one input; anything but ``CardError`` is a finding. The first byte chooses the generation."""
    card = VirtualThaiCard(FIELDS, is_first_generation=bool(data and data[0] & 1))
    with contextlib.suppress(CardError):
        talk(thai_id.read(Task(TODAY, atr=card.atr)), card.respond, data[1:])
    assert card.tries_left == VirtualThaiCard.tries_left
    for parse in (thai_id.person, thai_id.text, thai_id.day, thai_id.last_day, thai_id.jpeg, thai_id.sex_of):
        with contextlib.suppress(CardUnreadable):
            parse(data)


def seeds() -> dict[str, bytes]:
    """Give the inputs the corpus begins with, by file name."""
    return {
        "card": b"\x00",
        "first_generation": b"\x01",
        "name": "นาย#สมมติ##ตัวอย่าง".encode("tis-620"),
        "day": b"25230115",
        "for_life": b"99999999",
        "portrait": b"\xff\xd8\xff\xe0" + bytes(20) + b"\xff\xd9  ",
    }

"""Social security cards that say anything: a document, or the one error; and any bytes as a record of one."""

from __future__ import annotations

import contextlib
from datetime import date

from fuzz.conversation import talk
from hardware.card_reader import CardError, CardUnreadable, detection
from hardware.card_reader.family import Task
from hardware.card_reader.ssse import record
from hardware.card_reader.ssse.virtual import CardFields, Traits, VirtualSocialCard, Way

TODAY = date(2026, 1, 1)
FIELDS = CardFields("11010519491231002X", "张秀英", "2")
TRAITS = (
    Traits("1.00", Way.GET_RESPONSE), Traits("2.00", Way.EXACT_LE), Traits("3.00"), Traits("3.00", shuffled=True),
    Traits("3.00", reads_by_tag=False), Traits("3.00", selects_files=False, reads_by_tag=False),
    Traits("3.00", needs_pin_for_ef06=True), Traits(is_bank_card=True),
)  # fmt: skip


def one_input(data: bytes) -> None:
    """Feed one input; anything but ``CardError`` is a finding. The first byte chooses the card."""
    card = VirtualSocialCard(FIELDS, TRAITS[data[0] % len(TRAITS) if data else 0])
    with contextlib.suppress(CardError):
        talk(detection.read(Task(TODAY, atr=card.atr)), card.respond, data[1:])
    assert card.tries_left == VirtualSocialCard.tries_left
    for parse in (record.parse, record.compressed_number, record.alphanumeric, record.day, record.name):
        with contextlib.suppress(CardUnreadable):
            parse(data)


def seeds() -> dict[str, bytes]:
    """Give the inputs the corpus begins with, by file name."""
    found = {f"card_{number}": bytes((number,)) for number in range(len(TRAITS))}
    found["version_record"] = bytes.fromhex("0304332E3030")
    found["other_version"] = b"\x02\x00\x00\xc1\x02\x03\x04\x39\x2e\x39\x39\x90\x00"
    found["name"] = "阿布都热依木·买买提江".encode("gb18030")
    return found

"""Which card is this: the one table of families, and the walk through it, sans-IO.

The order is how often a card is seen at a booth; the application's name (AID) decides, the ATR only moves a family to
the front, because any maker may write anything into one. A row costs a card of another family one refused command.
Knows no layout: families are imported by whoever reads cards, so that a screen's process need not load their ciphers.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from hardware.card_reader import CardMisplaced, CardUnknown, Document, DocumentKind
from hardware.card_reader.apdu import Command, Exchange, exchange
from hardware.card_reader.family import Read, Task


@dataclass(frozen=True)
class Family:
    """One row. ``place`` is the module and name of its ``read``; ``atr_hints`` are beginnings of the ATR."""

    name: str
    place: str
    told_by: str  # for people: what decides that a card is one of these
    kinds: tuple[DocumentKind, ...]
    budget_s: float  # of a whole reading; past it the card is called mute
    answer_within_s: float  # of one command; past it the card hangs. Five seconds less a new driver's start, at most
    atr_hints: tuple[bytes, ...] = ()

    def load(self) -> Read:
        """Import the family's ``read``."""
        module, _, name = self.place.partition(":")
        return cast(Read, getattr(importlib.import_module(module), name))


_K = DocumentKind
FAMILIES = (
    # 14 short records take half a second; after five it is not going to.
    Family("ssse", "hardware.card_reader.ssse:read", "AID 'sx1.sh.社会保障'", (_K.SOCIAL_SECURITY_CARD,), 5.0, 3.0),
    # 3 to 6 s with a portrait of 17 KB; a signature of the chip's own may alone take a second or two.
    Family(
        "emrtd", "hardware.card_reader.emrtd:read", "EF.CardAccess, or AID A0000002471001",
        (_K.PASSPORT, _K.TRAVEL_PERMIT, _K.IDENTITY_CARD), 20.0, 4.0,
    ),
    # 5 KB of portrait over contacts at 9600 baud are six seconds.
    Family(
        "thai_id", "hardware.card_reader.thai_id:read", "AID A000000054480001", (_K.THAI_ID_CARD,), 15.0, 4.0,
        (b"\x3b\x67\x00\x00", b"\x3b\x68\x00\x00", b"\x3b\x78\x18\x00", b"\x3b\x79\x18\x00"),
    ),
    Family("nhi", "hardware.card_reader.nhi:read", "AID D1580000010000000000000000001100", (_K.NHI_CARD,), 5.0, 3.0),
)  # fmt: skip
LONGEST_S = max(family.budget_s for family in FAMILIES)

# Names of payment systems' environments (EMV Book 1, 12.2.2): a bank card answers to one of them.
_PAYMENT = (b"1PAY.SYS.DDF01", b"2PAY.SYS.DDF01", bytes.fromhex("A000000333010101"))
# A resident ID card that a plain type B reader has selected gives its serial number to this, and nothing else without
# a SAM module (GA 450: the card's file 0 before authentication).
_RESIDENT_SERIAL = bytes.fromhex("0036000008")


def kinds() -> tuple[DocumentKind, ...]:
    """All documents the table can read, in its order."""
    return tuple(dict.fromkeys(kind for family in FAMILIES for kind in family.kinds))


def in_order(atr: bytes) -> tuple[Family, ...]:
    """The table, those first whose ATR this may be."""
    return tuple(sorted(FAMILIES, key=lambda family: not atr.startswith(family.atr_hints or (b"\x00",))))


def read(task: Task, on_family: Callable[[Family], None] = lambda _family: None) -> Exchange[Document]:
    """Walk the table until a family reads the card; ``on_family`` hears which one is tried.

    Raises what the family raises; ``CardUnknown`` (``CardMisplaced``) when the card is of none.
    """
    for family in in_order(task.atr):
        on_family(family)
        try:
            return (yield from family.load()(task))
        except CardUnknown:
            continue
    raise (yield from _explain())


def _explain() -> Exchange[CardUnknown]:
    """Find a word for a card of no family, by names that are free to ask."""
    response = yield _RESIDENT_SERIAL
    if len(response) == 10 and response[-2:] == b"\x90\x00":
        return CardMisplaced("a resident ID card lies on the plain reader", cure="lay it on the ID area (SAM module)")
    for aid in _PAYMENT:
        if (yield from exchange(Command(0x00, 0xA4, 0x04, 0x00, aid))).is_ok:
            return CardUnknown("a bank card", cure="present an identity document")
    return CardUnknown("no document this reader knows is on this card", cure="present another document")

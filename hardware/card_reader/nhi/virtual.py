"""A virtual health insurance card of Taiwan: SELECT and GET DATA, in both layouts that are about.

The other end of ``nhi``, written from the layout and not from the driver. Knows no socket and no time. Holders are
synthetic.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

AID = bytes.fromhex("D1580000010000000000000000001100")
ATR = bytes.fromhex("3B6C00008031FE454E4849")


@dataclass(frozen=True, repr=False)
class CardFields:
    """What is written on a card. Synthetic residents only."""

    number: str = "A123456789"  # the example every textbook of the check digit has
    name: str = "王小明"
    sex: str = "M"
    birth: date = date(1980, 1, 15)
    card_number: str = "000012345678"
    issued: date = date(2020, 2, 1)


@dataclass
class VirtualNhiCard:
    """One card. ``birth_at``: where the birth date begins, 42 or 43. ``tries_left`` must never sink in a test."""

    fields: CardFields
    birth_at: int = 42
    tries_left: int = 3
    atr: bytes = ATR

    def __post_init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget the selection."""
        self._has_applet = False

    def respond(self, command: bytes) -> bytes:
        """Answer one command APDU; the last two bytes are the status word."""
        if len(command) < 4:
            return b"\x67\x00"
        data = command[5 : 5 + command[4]] if len(command) > 5 else b""
        if command[:3] == b"\x00\xa4\x04":
            self._has_applet = data == AID
            return b"\x90\x00" if self._has_applet else b"\x6a\x82"
        if command[1] == 0x20:
            self.tries_left = max(0, self.tries_left - 1)
            return b"\x63" + bytes((0xC0 | self.tries_left,)) if self.tries_left else b"\x69\x83"
        if command[:4] != b"\x00\xca\x11\x00":
            return b"\x6d\x00"
        if not self._has_applet:
            return b"\x69\x85"
        return self._basic_data() + b"\x90\x00" if data == b"\x00\x00" else b"\x6a\x80"

    def _basic_data(self) -> bytes:
        one = self.fields
        head = one.card_number.encode("ascii").ljust(12, b"\x00") + one.name.encode("cp950").ljust(20, b"\x00")
        head += one.number.encode("ascii")
        tail = republic(one.birth) + one.sex.encode("ascii") + republic(one.issued)
        return head.ljust(self.birth_at, b"\x00") + tail


def republic(day: date) -> bytes:
    """Seven digits: year of the Republic, month, day."""
    return f"{day.year - 1911:03d}{day:%m%d}".encode("ascii")

"""A virtual social security card: command bytes in, response bytes out, as a real card's operating system answers.

The other end of ``ssse``, written from the same standard and not from the driver: it accepts every way of reading a
terminal may try, refuses what a card refuses, and can be told to be one of the odd cards of the field. Knows no socket
and no time. Holders are synthetic.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

AID = "sx1.sh.社会保障".encode("gbk")
BANK_AID = bytes.fromhex("A000000333010101")
NAME_BYTES = 30
# What a card says when it is powered. In its contacts: direct convention, T=0, historical bytes without a meaning.
ATR = bytes.fromhex("3B6D000080318065B089350100F183009000")
# Laid on an antenna: the one a reader makes up from the historical bytes of a type A card (PC/SC part 3, 3.1.3.2.3).
ATR_CONTACTLESS = bytes.fromhex("3B888001008073C82110000003")


class Way(enum.Enum):
    """How the card hands out response data."""

    PLAIN = "plain"
    GET_RESPONSE = "get_response"  # 61xx first, the data on GET RESPONSE (contact cards with T=0)
    EXACT_LE = "exact_le"  # 6Cxx unless Le is exactly right


@dataclass(frozen=True, repr=False)
class CardFields:
    """What is written on a card. Synthetic residents only."""

    number: str
    name: str
    sex: str = "1"  # GB/T 2261.1
    birth: date | None = date(1949, 12, 31)
    ethnicity: str = "01"
    birthplace: str = "110105"
    card_number: str = "A12345678"
    issuer: str = "110100000000"
    region: str = "110100"
    issued: date | None = date(2020, 1, 1)
    expires: date | None = date(2040, 1, 1)


@dataclass(frozen=True)
class Traits:
    """Which of the cards of the field this one is."""

    version: str = "3.00"
    way: Way = Way.PLAIN
    reads_by_tag: bool = True
    selects_files: bool = True  # False: only the short identifier in READ RECORD
    shuffled: bool = False  # EF06's records in an order no version prescribes
    needs_pin_for_ef06: bool = False
    is_bank_card: bool = False  # no social security application at all
    is_contactless: bool = False  # of the third generation, laid on an antenna: another ATR, the same application
    blank_padding: bool = False  # text padded with blanks instead of 00


@dataclass
class VirtualSocialCard:
    """One card. ``respond`` is its contact pad; ``reset`` is power-up. ``tries_left`` must never sink in a test."""

    fields: CardFields
    traits: Traits = field(default_factory=Traits)
    tries_left: int = 6

    def __post_init__(self) -> None:
        self._files = {} if self.traits.is_bank_card else _files(self.fields, self.traits)
        self.reset()

    @property
    def atr(self) -> bytes:
        """What it says when it is powered."""
        return ATR_CONTACTLESS if self.traits.is_contactless else ATR

    def reset(self) -> None:
        """Forget the selection and pending data."""
        self._has_application = False
        self._file: int | None = None
        self._pending = b""

    def respond(self, command: bytes) -> bytes:
        """Answer one command APDU; the last two bytes are the status word."""
        if len(command) < 4 or command[0] != 0x00:
            return b"\x67\x00" if len(command) < 4 else b"\x6e\x00"
        ins, p1, p2 = command[1:4]
        if ins == 0xC0:
            return self._get_response(command[4] if len(command) > 4 else 0)
        self._pending = b""
        if ins == 0xA4:
            return self._select(p1, _data(command))
        if ins == 0xB2:
            return self._read_record(p1, p2, command[4] if len(command) == 5 else None)
        if ins == 0x20:
            self.tries_left = max(0, self.tries_left - 1)
            return b"\x63" + bytes((0xC0 | self.tries_left,)) if self.tries_left else b"\x69\x83"
        return b"\x6d\x00"

    def _select(self, p1: int, data: bytes) -> bytes:
        if p1 == 0x04:
            if data != (BANK_AID if self.traits.is_bank_card else AID):
                return b"\x6a\x82"
            self._has_application, self._file = True, None
            return self._hand_out(bytes((0x6F, len(data) + 2, 0x84, len(data))) + data, None)
        if p1 not in (0x00, 0x02) or not self.traits.selects_files:
            return b"\x6a\x86"
        if not self._has_application or len(data) != 2 or data[0] != 0xEF or data[1] not in self._files:
            return b"\x6a\x82"
        self._file = data[1]
        return b"\x90\x00"

    def _read_record(self, p1: int, p2: int, le: int | None) -> bytes:
        file = p2 >> 3 or self._file
        if not self._has_application or file is None:
            return b"\x69\x86"
        if file not in self._files:
            return b"\x6a\x82"
        if le is None:
            return b"\x67\x00"
        if file == 0x06 and self.traits.needs_pin_for_ef06:
            return b"\x69\x82"
        records = self._files[file]
        if p2 & 0x07 == 0x04:
            found = records[p1 - 1] if 1 <= p1 <= len(records) else None
        elif p2 & 0x07 == 0x00 and self.traits.reads_by_tag:
            found = next((record for record in records if record[0] == p1), None)
        else:
            return b"\x6a\x86"
        return b"\x6a\x83" if found is None else self._hand_out(found, le)

    def _hand_out(self, data: bytes, le: int | None) -> bytes:
        if self.traits.way is Way.GET_RESPONSE:
            self._pending = data
            return bytes((0x61, len(data)))
        if self.traits.way is Way.EXACT_LE and le is not None and le != len(data):
            return bytes((0x6C, len(data)))
        if le:
            return data[:le] + b"\x90\x00"
        return data + b"\x90\x00"

    def _get_response(self, le: int) -> bytes:
        pending, self._pending = self._pending, b""
        if not pending:
            return b"\x69\x85"
        if le and le < len(pending):
            self._pending = pending[le:]
            return pending[:le] + bytes((0x61, len(self._pending)))
        return pending + b"\x90\x00"


def _data(command: bytes) -> bytes:
    return command[5 : 5 + command[4]] if len(command) > 5 else b""


def _files(fields: CardFields, traits: Traits) -> Mapping[int, tuple[bytes, ...]]:
    """Lay the fields out as the two free files of the application (LD/T 33, versions 1.00 and 2.00/3.00)."""
    pad = b"\x20" if traits.blank_padding else b"\x00"
    name = fields.name.encode("gb18030")
    region = bytes.fromhex(fields.region)
    public = (
        _record(0x01, (region + bytes.fromhex("D15600000599110145")).ljust(16, b"\xff")),
        _record(0x02, b"1"),
        _record(0x03, traits.version.encode("ascii")),
        _record(0x04, bytes.fromhex(fields.issuer.ljust(24, "F"))),
        _record(0x05, _bcd(fields.issued)),
        _record(0x06, _bcd(fields.expires)),
        _record(0x07, fields.card_number.encode("ascii").ljust(9, pad)),
    )
    holder = [
        _record(0x08, fields.number.encode("ascii").ljust(18, pad)),
        _record(0x09, name[:NAME_BYTES].ljust(NAME_BYTES, pad)),
        _record(0x0A, fields.sex.encode("ascii")),
        _record(0x0B, bytes.fromhex(fields.ethnicity)),
        _record(0x0C, bytes.fromhex(fields.birthplace)),
        _record(0x0D, _bcd(fields.birth)),
    ]
    if not traits.version.startswith("1"):
        holder.insert(2, _record(0x4E, name[NAME_BYTES:].ljust(20, pad)))
    if traits.shuffled:
        holder.reverse()
    return {0x05: public, 0x06: tuple(holder)}


def _record(tag: int, value: bytes) -> bytes:
    return bytes((tag, len(value))) + value


def _bcd(day: date | None) -> bytes:
    return bytes.fromhex(f"{day:%Y%m%d}") if day else b"\xff" * 4

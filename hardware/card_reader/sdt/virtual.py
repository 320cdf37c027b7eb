"""The other end, as bytes in and bytes out: virtual resident cards and the SAM module that reads them.

The module keeps to the order of GA/T 467-2019 and finds a card once for each presentation; ``Traits`` are the ways in
which modules in the field differ. Holders are synthetic. Knows no time and no wire: see ``simulator``.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from hardware.card_reader import LongTerm
from hardware.card_reader.sdt import commands, frames
from hardware.card_reader.sdt.commands import ADDRESS_BYTES, FINGER_BYTES, PHOTO_BYTES, TEXT_BYTES
from hardware.card_reader.sdt.frames import FrameReader, Garbled
from hardware.card_reader.sdt.text import FIELDS, LONG_TERM_WORD, Layout

NUMBER = struct.pack("<HHIII", 5, 3, 20200101, 1234567, 7654321)  # 05.03-20200101-0001234567-0007654321
WLT_HEAD = bytes.fromhex("574C66007E003200")  # "WL", 102 wide, 126 high, 50


def text_block(layout: Layout, values: Mapping[str, str]) -> bytes:
    """Write fields into a block of ``layout``. ``ValueError`` for a value that does not fit its field."""
    block = bytearray(" ".encode("utf-16-le") * (TEXT_BYTES // 2))
    for name, value in values.items():
        at, size = FIELDS[layout][name]
        data = value.encode("utf-16-le", errors="surrogatepass")
        if len(data) > size:
            raise ValueError(f"{name} has {len(data)} bytes, its field {size}")
        block[at : at + len(data)] = data
    block[248:250] = layout.value.encode("utf-16-le")
    return bytes(block)


@dataclass(frozen=True, repr=False)
class VirtualSamCard:
    """A card as the module sees it. ``added_address``: the newest one, stored beside the text; "" for none."""

    block: bytes
    photo: bytes = WLT_HEAD + bytes(PHOTO_BYTES - len(WLT_HEAD))
    added_address: str = ""
    fingers: bytes = b""  # templates of 512 bytes each
    is_other_kind: bool = False  # a transport card: found, and then not recognised
    select_status: int = commands.OK
    read_status: int = commands.OK

    @classmethod
    def resident(
        cls, number: str, name: str, sex: str, *, ethnicity: str = "01", address: str = "演示省样板市模范路1号",
        valid_to: date | LongTerm = date(2040, 1, 1), added_address: str = "",
    ) -> VirtualSamCard:  # fmt: skip
        """A resident ID card; the birth date is the number's."""
        return cls(
            text_block(Layout.RESIDENT, {
                "name": name, "sex": sex, "ethnicity": ethnicity, "birth": number[6:14], "address": address,
                "number": number, "issuer": "样板市公安局", "valid_from": "20200101", "valid_to": _end(valid_to),
            }),
            added_address=added_address,
        )  # fmt: skip

    @classmethod
    def special_regions(cls, number: str, name: str, sex: str, *, permit_number: str = "C12345678") -> VirtualSamCard:
        """A residence permit of a Hong Kong, Macau or Taiwan resident (letter J)."""
        return cls(
            text_block(Layout.SPECIAL_REGIONS, {
                "name": name, "sex": sex, "birth": number[6:14], "address": "演示省样板市模范路2号", "number": number,
                "issuer": "样板市公安局", "valid_from": "20200101", "valid_to": "20400101",
                "permit_number": permit_number, "issue_count": "01",
            })
        )  # fmt: skip

    @classmethod
    def foreigner_2017(
        cls, number: str, latin_name: str, sex: str, birth: date, *, nationality: str, name: str = ""
    ) -> VirtualSamCard:
        """A foreigner's permanent residence card of 2017 (letter I)."""
        return cls(
            text_block(Layout.FOREIGNER_2017, {
                "latin_name": latin_name, "sex": sex, "number": number, "nationality": nationality, "name": name,
                "valid_from": "20180101", "valid_to": "20380101", "birth": f"{birth:%Y%m%d}", "version": "01",
                "issuer": "1100",
            })
        )  # fmt: skip

    @classmethod
    def foreigner_2023(
        cls, number: str, latin_name: str, sex: str, birth: date, *, nationality: str, name: str = ""
    ) -> VirtualSamCard:
        """A foreigner's permanent residence card of 2023 (letter Y); a long name goes on in its second field."""
        first = FIELDS[Layout.FOREIGNER_2023]["latin_name"][1] // 2
        return cls(
            text_block(Layout.FOREIGNER_2023, {
                "name": name, "sex": sex, "renewals": "00", "birth": f"{birth:%Y%m%d}",
                "latin_name": latin_name[:first], "number": number, "valid_from": "20240101", "valid_to": "20440101",
                "latin_name_more": latin_name[first:], "nationality": nationality,
            })
        )  # fmt: skip


def _end(valid_to: date | LongTerm) -> str:
    return f"{valid_to:%Y%m%d}" if isinstance(valid_to, date) else LONG_TERM_WORD


@dataclass(frozen=True)
class Traits:
    """How this module is. Defaults are the standard's."""

    finds_again: bool = False  # "find" goes on finding a card that was read
    selects_by_itself: bool = False  # reads the added address of whatever lies there
    has_added_address: bool = True  # False: refuses to read it (command wrong)
    counts_address: bool = False  # writes the address's length before it
    sends_fingers: bool = False  # sends fingerprints when it is asked for text
    says_timeout: bool = False  # instead of "none found" a broken frame, as some handsets do
    self_test: int = commands.OK  # 60: failed, 66: not authorised
    number: bytes = NUMBER


@dataclass
class VirtualSam:
    """A module and what lies on it. ``respond`` takes a command's body and gives the frame that answers it."""

    traits: Traits = field(default_factory=Traits)
    card: VirtualSamCard | None = None
    _is_found: bool = False  # since the card came
    _is_selected: bool = False
    _is_read: bool = False

    def lay(self, card: VirtualSamCard | None) -> None:
        """Lay a card on it, or take away what lies there."""
        self.card = card
        self._is_found = self._is_selected = self._is_read = False

    def respond(self, body: bytes) -> bytes:
        """Answer one command."""
        answers = {
            commands.RESET.code: self._reset, commands.STATUS.code: self._status, commands.NUMBER.code: self._number,
            commands.FIND.code: self._find, commands.SELECT.code: self._select, commands.READ_TEXT.code: self._text,
            commands.READ_TEXT_AND_FINGERS.code: self._text_and_fingers, commands.READ_ADDED.code: self._added,
        }  # fmt: skip
        if body[:1] == b"\x60" or body[:2] == b"\x61\xff":
            return _reply(commands.OK)
        return answers[body]() if body in answers else _reply(0x21)

    def respond_to_noise(self) -> bytes:
        """Answer a frame whose check byte is wrong."""
        return _reply(0x10)

    def _reset(self) -> bytes:
        self.lay(self.card)
        return _reply(commands.OK)

    def _status(self) -> bytes:
        return _reply(self.traits.self_test)

    def _number(self) -> bytes:
        return _reply(commands.OK, self.traits.number)

    def _find(self) -> bytes:
        if self.card is None or (self._is_read and not self.traits.finds_again):
            if self.traits.says_timeout:
                return frames.PREAMBLE + bytes.fromhex("0005050505")
            return _reply(commands.NONE_FOUND)
        self._is_found, self._is_selected = True, False
        return _reply(commands.FOUND, bytes(4))

    def _select(self) -> bytes:
        if self.card is None or not self._is_found:
            return _reply(commands.NONE_SELECTED)
        if self.card.is_other_kind:
            return _reply(0x40)
        if self.card.select_status != commands.OK:
            return self._fail(self.card.select_status)
        self._is_selected = True
        return _reply(commands.OK, bytes(8))

    def _text(self) -> bytes:
        return self._text_and_fingers() if self.traits.sends_fingers else self._content(b"")

    def _text_and_fingers(self) -> bytes:
        fingers = self.card.fingers if self.card else b""
        return self._content(len(fingers).to_bytes(2), fingers)

    def _content(self, sizes: bytes, fingers: bytes = b"") -> bytes:
        if self.card is None or not self._is_selected:
            return _reply(0x41)
        if self.card.read_status != commands.OK:
            return self._fail(self.card.read_status)
        self._is_read = True
        head = TEXT_BYTES.to_bytes(2) + PHOTO_BYTES.to_bytes(2) + sizes
        return _reply(commands.OK, head + self.card.block + self.card.photo + fingers)

    def _added(self) -> bytes:
        if not self.traits.has_added_address:
            return _reply(0x21)
        if self.card is None or not ((self._is_selected and self._is_read) or self.traits.selects_by_itself):
            return _reply(0x41)
        if not self.card.added_address:
            return _reply(commands.NOTHING_STORED)
        data = self.card.added_address.ljust(ADDRESS_BYTES // 2).encode("utf-16-le")
        return _reply(commands.OK, (ADDRESS_BYTES.to_bytes(2) if self.traits.counts_address else b"") + data)

    def _fail(self, status: int) -> bytes:
        """After a read error the card is not found until it was lifted."""
        self._is_read, self._is_selected = True, False
        return _reply(status)


def finger(position: int) -> bytes:
    """A template without a finger's data: ``position`` is its byte 5 (GA/T 1012)."""
    return bytes(5) + bytes((position,)) + bytes(FINGER_BYTES - 6)


def _reply(status: int, data: bytes = b"") -> bytes:
    return frames.encode(b"\0\0" + bytes((status,)) + data)


class CommandReader:
    """Cuts what a host sends into command bodies; None stands for one that came garbled."""

    def __init__(self) -> None:
        self._frames = FrameReader(frames.MIN_COMMAND)

    def feed(self, data: bytes) -> list[bytes | None]:
        """Take what came; give the commands that are whole."""
        self._frames.feed(data)
        found: list[bytes | None] = []
        while True:
            try:
                body = self._frames.take()
            except Garbled:
                found.append(None)
                continue
            if body is None:
                return found
            found.append(body)

"""A virtual Thai ID card: the applet's one file at its places, announced with 61xx and fetched with GET RESPONSE.

The other end of ``thai_id``, written from the layout and not from the driver. Knows no socket and no time. Holders are
synthetic.
"""

from __future__ import annotations

from dataclasses import dataclass

AID = bytes.fromhex("A000000054480001")
ATR = bytes.fromhex("3B781800005448204E49442031349000")  # "TH NID 14" in its historical bytes
ATR_FIRST = bytes.fromhex("3B6700005448204E494433")  # the first generation: GET RESPONSE with P2 = 01
FILE_BYTES = 0x1800


@dataclass(frozen=True, repr=False)
class CardFields:
    """What is written on a card, as text of the chip's own form. Synthetic residents only."""

    number: str = "1234567890121"
    thai_name: str = "นาย#สมมติ##ตัวอย่าง"
    latin_name: str = "Mr.#Sommut##Tuayang"
    birth: str = "25230115"  # 15 January 1980
    sex: str = "1"
    issuer: str = "ท้องถิ่นเขตตัวอย่าง/กรุงเทพมหานคร"
    issued: str = "25630201"
    expires: str = "25720114"
    address: str = "99/9#หมู่ที่ 1####ตำบลตัวอย่าง#อำเภอตัวอย่าง#จังหวัดตัวอย่าง"
    portrait: bytes = b""  # a JPEG of at most 5100 bytes


@dataclass
class VirtualThaiCard:
    """One card. ``respond`` is its contact pad; ``tries_left`` must never sink in a test."""

    fields: CardFields
    is_first_generation: bool = False
    tries_left: int = 3

    def __post_init__(self) -> None:
        file = bytearray(b" " * FILE_BYTES)
        places = (
            (0x0004, 13, self.fields.number), (0x0011, 100, self.fields.thai_name),
            (0x0075, 100, self.fields.latin_name), (0x00D9, 8, self.fields.birth), (0x00E1, 1, self.fields.sex),
            (0x00F6, 100, self.fields.issuer), (0x0167, 8, self.fields.issued), (0x016F, 8, self.fields.expires),
            (0x1579, 100, self.fields.address),
        )  # fmt: skip
        for offset, size, value in places:
            file[offset : offset + size] = value.encode("tis-620").ljust(size)[:size]
        file[0x017B : 0x017B + 5100] = self.fields.portrait.ljust(5100)[:5100]
        self._file = bytes(file)
        self.reset()

    @property
    def atr(self) -> bytes:
        """What it says when it is powered."""
        return ATR_FIRST if self.is_first_generation else ATR

    def reset(self) -> None:
        """Forget the selection and pending data."""
        self._has_applet = False
        self._pending = b""

    def respond(self, command: bytes) -> bytes:
        """Answer one command APDU; the last two bytes are the status word."""
        if len(command) < 4:
            return b"\x67\x00"
        head, data = command[:2], command[5 : 5 + command[4]] if len(command) > 5 else b""
        if head == b"\x00\xc0":
            return self._fetch(command[3], command[4] if len(command) > 4 else 0)
        self._pending = b""
        if head == b"\x00\xa4":
            self._has_applet = command[2] == 0x04 and data == AID
            return self._announce(b"\x6f\x0a\x84\x08" + AID) if self._has_applet else b"\x6a\x82"
        if head == b"\x00\x20":
            self.tries_left = max(0, self.tries_left - 1)
            return b"\x63" + bytes((0xC0 | self.tries_left,)) if self.tries_left else b"\x69\x83"
        if head != b"\x80\xb0":
            return b"\x6d\x00"
        if not self._has_applet:
            return b"\x69\x85"
        offset = int.from_bytes(command[2:4])
        if len(data) != 2 or data[0] != 0x00 or offset + data[1] > FILE_BYTES:
            return b"\x6b\x00"
        return self._announce(self._file[offset : offset + data[1]])

    def _announce(self, data: bytes) -> bytes:
        self._pending = data
        return bytes((0x61, len(data)))

    def _fetch(self, p2: int, le: int) -> bytes:
        if p2 != (0x01 if self.is_first_generation else 0x00):
            return b"\x6b\x00"
        pending, self._pending = self._pending, b""
        if not pending:
            return b"\x69\x85"
        return (pending[:le] if le else pending) + b"\x90\x00"

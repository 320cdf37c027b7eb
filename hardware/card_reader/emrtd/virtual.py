"""A virtual eMRTD: command bytes in, response bytes out, as the chip of a passport, permit or identity card answers.

The other end of ``reading``, written from Doc 9303-10 and -11 and not from the terminal. Nothing but EF.CardAccess and
its like is read before access control; every kind of the field's odd chips is a trait, every way to break or forge one
is a fault. Knows no socket and no time; with a random source of one's own it always answers the same.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from hardware.card_reader import tlv
from hardware.card_reader.emrtd.virtual_access import (
    CAN_PASSWORD,
    MRZ_PASSWORD,
    Answer,
    Bac,
    Pace,
    PaceOffer,
    Random,
    StaticKey,
    choose,
)
from hardware.card_reader.emrtd.virtual_apdu import Apdu, WrongLength, decode, objects
from hardware.card_reader.emrtd.virtual_auth import ActiveKey, chip_session
from hardware.card_reader.emrtd.virtual_lds import CipherName, chip_auth_oid
from hardware.card_reader.emrtd.virtual_messaging import Fault, Session, SessionOver

AID = bytes.fromhex("A0000002471001")
EF_CARD_ACCESS, EF_CARD_SECURITY, EF_DIR, EF_ATR = 0x011C, 0x011D, 0x2F00, 0x2F01
EF_COM, EF_SOD = 0x011E, 0x011D
_MASTER_SHORT_IDS = {0x1C: EF_CARD_ACCESS, 0x1D: EF_CARD_SECURITY, 0x1E: EF_DIR, 0x01: EF_ATR}
_FREE = frozenset({EF_CARD_ACCESS, EF_DIR, EF_ATR})


@dataclass(frozen=True)
class Traits:
    """Which of the chips of the field this one is."""

    offers_bac: bool = True
    bac_refusal: int = 0x6A88  # what a chip without BAC says to EXTERNAL AUTHENTICATE
    wrong_key: int = 0x6300  # 6988, 6985, 63CF on others
    tries_left: int | None = None  # a PACE password is counted: 63Cx, and 0 x left blocks it (6983)
    refuses_mf: bool = False  # NZ, CN, AU, UA: SELECT MF fails
    absent_file: int = 0x6A82  # 6283 on Malaysian ones
    refuses_le_on_select: bool = False  # German chips, Chinese permits: SELECT with Le fails
    max_le: int = 256  # more is answered with ``long_le``
    long_le: int = 0x6700  # or 6C00: the right Le is put in
    says_eof: bool = True  # 6282 for the end of the file; False: fewer bytes and 9000
    knows_short_ids: bool = True
    knows_odd_read: bool = True  # READ BINARY with INS B1
    takes_extended: bool = False  # False: a naked 6700, also inside a session
    empty_on_full_extended: bool = False  # INTERNAL AUTHENTICATE with Le 65536 gives no data (Chinese passport, 2018)


@dataclass(frozen=True, repr=False)
class Contents:
    """What is written into a chip. Files by identifier: those of the application, and those of the master file."""

    information: bytes  # MRZ_information
    files: Mapping[int, bytes]
    master_files: Mapping[int, bytes] = field(default_factory=dict)
    can: str = ""
    pace: tuple[PaceOffer, ...] = ()
    static_key: StaticKey | None = None
    chip_auth: CipherName | None = None
    active_key: ActiveKey | None = None


class VirtualChip:
    """One chip. ``faults``: number of a protected response since the reset, from 0 -> what is wrong with it."""

    def __init__(
        self,
        contents: Contents,
        traits: Traits | None = None,
        *,
        faults: Mapping[int, Fault] | None = None,
        random: Random = secrets.token_bytes,
    ) -> None:
        self.contents = contents
        self.traits = traits or Traits()
        self.faults = dict(faults or {})
        self.atr = _atr(takes_extended=self.traits.takes_extended)
        self._random = random
        self._bac = Bac(contents.information, random)
        self.tries_left = self.traits.tries_left
        self.reset()

    def reset(self) -> None:
        """Be powered up: no session, no selection but the master file. Tries that were lost stay lost."""
        self._session: Session | None = None
        self._next: Session | None = None
        self._pace: Pace | None = None
        self._password = 0
        self._chip_auth_key_id: bytes | None = None
        self._chip_auth_chosen = False
        self._in_application = False
        self._file: bytes | None = None
        self._responses = 0

    def respond(self, command: bytes) -> bytes:
        """Answer one command APDU; the last two bytes are the status word, where the chip is not told otherwise."""
        try:
            apdu = decode(command)
        except WrongLength:
            return b"\x67\x00"
        if apdu.is_extended and not self.traits.takes_extended:
            return b"\x67\x00"
        if not apdu.is_protected:
            self._end_session()  # so does every command in the clear (Doc 9303-11, 9.8.3)
            data, status = self._run(apdu)
            self._session, self._next = self._next, None
            return data + status.to_bytes(2)
        return self._respond_protected(apdu)

    def _respond_protected(self, apdu: Apdu) -> bytes:
        session = self._session
        if session is None:
            return b"\x69\x88"
        try:
            opened = session.open(apdu)
        except SessionOver as over:
            self._end_session()
            return over.status.to_bytes(2)
        data, status = self._run(opened)
        fault = self.faults.get(self._responses)
        self._responses += 1
        response = session.close(data, status, odd=bool(apdu.ins & 1), fault=fault)
        if self._next is not None:  # chip authentication: this response was the last under the old keys
            self._session, self._next = self._next, None
        return response

    def _end_session(self) -> None:
        """Give up access and what it had opened."""
        if self._session is not None:
            self._session, self._file = None, None

    def _run(self, apdu: Apdu) -> Answer:
        if apdu.cla not in (0x00, 0x10) or (apdu.cla == 0x10 and apdu.ins != 0x86):
            return b"", 0x6E00
        if apdu.ins == 0xA4:
            return self._select(apdu)
        if apdu.ins == 0xB0:
            return self._read(apdu)
        if apdu.ins == 0xB1 and self.traits.knows_odd_read:
            return self._read_odd(apdu)
        if apdu.ins == 0x84:
            return self._bac.challenge() if self._in_application else (b"", 0x6985)
        if apdu.ins == 0x82:
            return self._external_authenticate(apdu)
        if apdu.ins == 0x22:
            return self._set_template(apdu)
        if apdu.ins == 0x86:
            return self._general_authenticate(apdu)
        if apdu.ins == 0x88:
            return self._internal_authenticate(apdu)
        return b"", 0x6D00

    # -- files -----------------------------------------------------------------------------------------------------

    def _select(self, apdu: Apdu) -> Answer:
        if apdu.le is not None and self.traits.refuses_le_on_select:
            return b"", 0x6700
        if apdu.p1 == 0x04:
            if apdu.data != AID:
                return b"", 0x6A82
            self._in_application, self._file = True, None
            return b"", 0x9000
        if apdu.p1 == 0x00 and apdu.data in (b"", b"\x3f\x00"):
            if self.traits.refuses_mf:
                return b"", 0x6A82
            self._in_application, self._file = False, None
            return b"", 0x9000
        if apdu.p1 not in (0x00, 0x02) or len(apdu.data) != 2:
            return b"", 0x6A86
        return self._open_file(int.from_bytes(apdu.data))

    def _open_file(self, identifier: int) -> Answer:
        """Make a file the current one. Before access control the application's files are not to be had."""
        self._file = None
        files = self.contents.files if self._in_application else self.contents.master_files
        if identifier not in files:
            return b"", self.traits.absent_file
        if self._session is None and (self._in_application or identifier not in _FREE):
            return b"", 0x6982
        self._file = files[identifier]
        return b"", 0x9000

    def _open_short(self, short_id: int) -> Answer:
        if not self.traits.knows_short_ids:
            return b"", 0x6A82
        if self._in_application:
            return self._open_file(0x0100 | short_id)
        return self._open_file(_MASTER_SHORT_IDS.get(short_id, 0))

    def _read(self, apdu: Apdu) -> Answer:
        offset = apdu.p1 << 8 | apdu.p2
        if apdu.p1 & 0x80:
            _, status = self._open_short(apdu.p1 & 0x1F)
            if status != 0x9000:
                return b"", status
            offset = apdu.p2
        return self._part(offset, apdu.le, apdu.is_extended, 0)

    def _read_odd(self, apdu: Apdu) -> Answer:
        """READ BINARY with the offset in DO 54, the data in DO 53 (ISO/IEC 7816-4, 7.2.3)."""
        short_id = apdu.p2 & 0x1F
        if apdu.p1 == 0 and short_id:
            _, status = self._open_short(short_id)
            if status != 0x9000:
                return b"", status
        sent = objects(apdu.data)
        if sent is None or list(sent) != [0x54] or not 1 <= len(sent[0x54]) <= 4:
            return b"", 0x6A80
        data, status = self._part(int.from_bytes(sent[0x54]), apdu.le, apdu.is_extended, 4)
        return (tlv.encode(0x53, data) if data else b""), status

    def _part(self, offset: int, le: int | None, is_extended: bool, overhead: int) -> Answer:
        """Give a part of the current file; ``overhead``: bytes of Le that a data object around it takes."""
        if self._file is None:
            return b"", 0x6986
        if le is None:
            return b"", 0x6700
        if not is_extended and le > self.traits.max_le:
            length = self.traits.max_le & 0xFF if self.traits.long_le == 0x6C00 else 0
            return b"", self.traits.long_le | length
        if offset >= len(self._file):
            return b"", 0x6B00
        room = le
        if self._session is not None:
            room = min(le, self._session.capacity(is_extended=is_extended))
        data = self._file[offset : offset + max(1, room - overhead)]
        is_end = offset + le > len(self._file) and offset + len(data) == len(self._file)
        return data, 0x6282 if is_end and self.traits.says_eof else 0x9000

    # -- access control --------------------------------------------------------------------------------------------

    def _external_authenticate(self, apdu: Apdu) -> Answer:
        if not self.traits.offers_bac:
            return b"", self.traits.bac_refusal
        if not self._in_application:
            return b"", 0x6985
        answer, self._next = self._bac.authenticate(apdu.data, self.traits.wrong_key)
        return answer

    def _set_template(self, apdu: Apdu) -> Answer:
        if (apdu.p1, apdu.p2) == (0xC1, 0xA4):
            return self._begin_pace(apdu.data)
        if self._session is None or self.contents.static_key is None or self.contents.chip_auth is None:
            return b"", 0x6985
        sent = objects(apdu.data)
        key_id = self.contents.static_key.key_id
        wanted = None if key_id is None else key_id.to_bytes(max(1, (key_id.bit_length() + 7) // 8))
        if sent is None or sent.get(0x84, wanted) != wanted:
            return b"", 0x6A80
        if (apdu.p1, apdu.p2) == (0x41, 0xA6) and self.contents.chip_auth == "3DES" and 0x91 in sent:
            return self._authenticate_chip(sent[0x91], b"")
        if (apdu.p1, apdu.p2) == (0x41, 0xA4) and sent.get(0x80) == chip_auth_oid(self.contents.chip_auth):
            self._chip_auth_chosen = True
            return b"", 0x9000
        return b"", 0x6A80

    def _begin_pace(self, data: bytes) -> Answer:
        self._pace = None
        chosen = choose(self.contents.pace, data)
        if chosen is None:
            return b"", 0x6A80
        offer, self._password = chosen
        if self._password == MRZ_PASSWORD:
            password = hashlib.sha1(self.contents.information, usedforsecurity=False).digest()
        elif self._password == CAN_PASSWORD and self.contents.can:
            password = self.contents.can.encode("ascii")
        else:
            return b"", 0x6A88
        if self.tries_left == 0:
            return b"", 0x6983
        self._pace = Pace(offer, password, self.contents.static_key, self._random)
        return b"", 0x9000

    def _general_authenticate(self, apdu: Apdu) -> Answer:
        if self._chip_auth_chosen:
            self._chip_auth_chosen = False
            sent = objects(apdu.data)
            inner = objects(sent[0x7C]) if sent is not None and 0x7C in sent else None
            if inner is None or 0x80 not in inner:
                return b"", 0x6A80
            return self._authenticate_chip(inner[0x80], tlv.encode(0x7C, b""))
        if self._pace is None:
            return b"", 0x6985
        (data, status), session = self._pace.general_authenticate(apdu, self.traits.wrong_key)
        if status == self.traits.wrong_key and self.tries_left is not None:
            self.tries_left -= 1
            status = 0x63C0 | self.tries_left
        if session is not None:
            self.tries_left = self.traits.tries_left
            self._next, self._pace = session, None
        return data, status

    def _authenticate_chip(self, terminal_key: bytes, reply: bytes) -> Answer:
        static, cipher = self.contents.static_key, self.contents.chip_auth
        if static is None or cipher is None:
            return b"", 0x6985
        try:
            self._next = chip_session(static, cipher, terminal_key)
        except ValueError:
            return b"", 0x6A80
        return reply, 0x9000

    def _internal_authenticate(self, apdu: Apdu) -> Answer:
        if self._session is None or self.contents.active_key is None or not self._in_application:
            return b"", 0x6985
        if len(apdu.data) != 8 or apdu.le is None:
            return b"", 0x6700
        if apdu.le == 65536 and self.traits.empty_on_full_extended:
            return b"", 0x9000
        answer = self.contents.active_key.answer(apdu.data, self._random)
        room = min(apdu.le, self._session.capacity(is_extended=apdu.is_extended))
        return (answer, 0x9000) if len(answer) <= room else (b"", 0x6700)


def _atr(*, takes_extended: bool) -> bytes:
    """As a contactless reader makes it up around the chip's historical bytes (PC/SC part 3, 3.1.3.2.3.1).

    They are a name that means nothing and the card capabilities, whose third byte tells of extended lengths
    (ISO/IEC 7816-4, 12.1.1.9).
    """
    historical = b"\x80\x65eMRTD\x73\x00\x01" + (b"\x40" if takes_extended else b"\x00")
    body = bytes((0x80 | len(historical), 0x80, 0x01)) + historical
    check = 0
    for one in body:
        check ^= one
    return b"\x3b" + body + bytes((check,))

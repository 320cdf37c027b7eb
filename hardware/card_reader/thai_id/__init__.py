"""The Thai national ID card: what its chip gives without a key, sans-IO.

The Department of Provincial Administration's applet hands out fixed places of one file: command ``80 B0`` with the
place in P1 P2 and the wanted length as data. Text is TIS-620 padded with blanks, the parts of a name are divided by
``#``, years are Buddhist. Reads what is free; no PIN is sent, fingerprints and laser number are left alone.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from hardware.card_reader import (
    CardProtected,
    CardUnknown,
    CardUnreadable,
    Document,
    DocumentKind,
    DocumentSeen,
    Phase,
    Progress,
    Result,
    Sex,
    checks,
    masked_name,
)
from hardware.card_reader.apdu import Command, Exchange, Response, exchange
from hardware.card_reader.family import Task
from hardware.card_reader.writing import decode

AID = bytes.fromhex("A000000054480001")
# Places in the file: offset, bytes.
NUMBER = (0x0004, 0x0D)
THAI_NAME = (0x0011, 0x64)
LATIN_NAME = (0x0075, 0x64)
BIRTH = (0x00D9, 0x08)
SEX = (0x00E1, 0x01)
ISSUER = (0x00F6, 0x64)
ISSUED = (0x0167, 0x08)
EXPIRES = (0x016F, 0x08)
PORTRAIT_OFFSET, PORTRAIT_PARTS, PORTRAIT_PART_BYTES = 0x017B, 20, 0xFF
ADDRESS = (0x1579, 0x64)

BUDDHIST_ERA_YEARS = 543
_OLD_ATR = b"\x3b\x67"  # the first generation wants P2 = 01 in GET RESPONSE
_LOCKED = frozenset({0x6982, 0x6983, 0x6985})


def read(task: Task) -> Exchange[Document]:
    """Read one card. Raises ``CardUnknown`` (no such applet), ``CardProtected`` or ``CardUnreadable``."""
    fetch_p2 = 0x01 if task.atr.startswith(_OLD_ATR) else 0x00
    card = _Card(fetch_p2)
    response = Response.decode((yield Command(0x00, 0xA4, 0x04, 0x00, AID).encode()))
    if response.status >> 8 == 0x61:  # its name, which nobody needs
        response = Response.decode((yield Command(0x00, 0xC0, 0x00, fetch_p2, le=response.status & 0xFF).encode()))
    if not response.is_ok:
        raise CardUnknown(f"no Thai ID applet on this card (SW {response.status:04X})")
    task.report(Progress(Phase.FOUND, 0.02))
    number = digits((yield from card.place(*NUMBER)), 13)
    name, is_whole = person((yield from card.place(*THAI_NAME)))
    latin_name, _ = person((yield from card.place(*LATIN_NAME)), surname_first=True)
    if not name:
        raise CardUnreadable("the card holds no name")
    seen = DocumentSeen(DocumentKind.THAI_ID_CARD, masked_name(name))
    task.report(Progress(Phase.READING, 0.1, seen))
    birth = day((yield from card.place(*BIRTH)))
    sex = sex_of((yield from card.place(*SEX)))
    issuer, _ = text((yield from card.place(*ISSUER)))
    issued = day((yield from card.place(*ISSUED)))
    expires = last_day((yield from card.place(*EXPIRES)))
    address, _ = text((yield from card.place(*ADDRESS)))
    portrait = yield from _portrait(task, card, seen)
    return Document(
        kind=DocumentKind.THAI_ID_CARD,
        number=number,
        name=name,
        latin_name=latin_name,
        sex=sex,
        birth=birth,
        card_number=number,
        address=" ".join(part for part in address.split("#") if part),
        issuer=issuer,
        valid_from=issued,
        valid_to=expires,
        portrait=portrait,
        checks=(
            checks.checked(
                "number_checksum",
                number_is_valid(number),
                Result.FAIL,
                "the number's last digit does not fit the others",
            ),
            checks.expired(expires, task.today),
            checks.name_decoded(is_whole),
            checks.checked(
                "portrait", bool(portrait), Result.WARN, "the card holds no picture that could be recognised"
            ),
        ),
        source="thai_id",
    )


class _Card:
    """The applet's dialect: an answer is announced with 61xx and fetched, unless the reader fetches it by itself.

    Places carry no name. So a reader or card that changes its ways in the middle is not believed: that may be the late
    answer of the command before.
    """

    def __init__(self, fetch_p2: int) -> None:
        self._fetch_p2 = fetch_p2
        self._announces: bool | None = None

    def place(self, offset: int, size: int) -> Exchange[bytes]:
        """Read ``size`` bytes at ``offset``."""
        command = Command(0x80, 0xB0, offset >> 8, offset & 0xFF, bytes((0x00, size)))
        response = Response.decode((yield command.encode()))
        announces = response.status >> 8 == 0x61
        if self._announces not in (None, announces):
            raise CardUnreadable(f"place {offset:04X}: the card answers in another way than before")
        if announces:
            if response.status & 0xFF != size:
                raise CardUnreadable(f"place {offset:04X}: {response.status & 0xFF} bytes announced instead of {size}")
            response = yield from exchange(Command(0x00, 0xC0, 0x00, self._fetch_p2, le=size))
        self._announces = announces
        if response.status in _LOCKED:
            raise CardProtected(f"place {offset:04X}: the card asks for a secret (SW {response.status:04X})")
        if not response.is_ok:
            raise CardUnreadable(f"place {offset:04X}: SW {response.status:04X}")
        if len(response.data) != size:
            raise CardUnreadable(f"place {offset:04X}: {len(response.data)} bytes instead of {size}")
        return response.data


def _portrait(task: Task, card: _Card, seen: DocumentSeen) -> Exchange[bytes | None]:
    """Read the picture: 20 parts of 255 bytes, a JPEG padded to their end."""
    parts = []
    for part in range(PORTRAIT_PARTS):
        task.report(Progress(Phase.PORTRAIT, 0.2 + 0.75 * part / PORTRAIT_PARTS, seen))
        parts.append((yield from card.place(PORTRAIT_OFFSET + part * PORTRAIT_PART_BYTES, PORTRAIT_PART_BYTES)))
    return jpeg(b"".join(parts))


def jpeg(raw: bytes) -> bytes | None:
    """Cut a JPEG (SOI to the last EOI) out of its padding; None where there is none."""
    end = raw.rfind(b"\xff\xd9")
    return raw[: end + 2] if raw.startswith(b"\xff\xd8\xff") and end > 0 else None


def number_is_valid(number: str) -> bool:
    """Tell whether 13 digits carry the right check digit: weights 13 to 2, modulo 11."""
    if len(number) != 13 or not number.isascii() or not number.isdecimal():
        return False
    total = sum(int(digit) * weight for digit, weight in zip(number[:12], range(13, 1, -1), strict=True))
    return int(number[12]) == (11 - total % 11) % 10


def text(raw: bytes) -> tuple[str, bool]:
    """Decode TIS-620 text; also tell whether every byte of it had a meaning. Control characters are dropped."""
    return decode(raw.strip(b"\x00\x20\xff"), "tis-620")


def person(raw: bytes, *, surname_first: bool = False) -> tuple[str, bool]:
    """Decode a name ``title#first#middle#last`` without its title; a name of another form is given as it is."""
    whole, is_whole = text(raw)
    parts = [" ".join(part.split()) for part in whole.split("#")]
    if len(parts) == 1:
        return parts[0], is_whole
    if len(parts) != 4:
        return " ".join(part for part in parts if part), is_whole
    _, first, middle, last = parts
    order = (last, first, middle) if surname_first else (first, middle, last)
    return " ".join(part for part in order if part), is_whole


def digits(raw: bytes, size: int) -> str:
    """Decode ASCII digits; ``CardUnreadable`` for anything else."""
    if len(raw) != size or not raw.isdigit():
        raise CardUnreadable("a number holds something else than digits")
    return raw.decode("ascii")


def day(raw: bytes) -> date | None:
    """Decode YYYYMMDD of the Buddhist era; None where month or day are not known (00) or all is blank."""
    if not raw.strip(b"\x00\x20\xff"):
        return None
    number = digits(raw, 8)
    if number[4:6] == "00" or number[6:] == "00":
        return None
    try:
        return date(int(number[:4]) - BUDDHIST_ERA_YEARS, int(number[4:6]), int(number[6:]))
    except ValueError:
        raise CardUnreadable("a date that no calendar has") from None


def last_day(raw: bytes) -> date | Literal["long_term"] | None:
    """Decode a date of expiry; 99999999 is a card for life."""
    return "long_term" if raw == b"99999999" else day(raw)


def sex_of(raw: bytes) -> Sex:
    """Decode 1 (male) and 2 (female); anything else is unknown."""
    return {b"1": Sex.MALE, b"2": Sex.FEMALE}.get(raw, Sex.UNKNOWN)

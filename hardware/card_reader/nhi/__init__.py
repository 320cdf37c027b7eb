"""Taiwan's National Health Insurance card: the basic data its chip gives without a key, sans-IO.

One GET DATA answers with fields at fixed places: names in Big5 as Windows writes it (cp950), dates in years of the
Republic. Sources disagree by one byte about where the birth date begins, and cards of both kinds are about: the form
of the fields decides. Reads nothing else; medical data need a key and are nobody's business here.
"""

from __future__ import annotations

from datetime import date

from hardware.card_reader import (
    CardProtected,
    CardUnknown,
    CardUnreadable,
    Check,
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
from hardware.card_reader.apdu import Command, Exchange, exchange
from hardware.card_reader.family import Task
from hardware.card_reader.writing import decode

AID = bytes.fromhex("D1580000010000000000000000001100")
BASIC_DATA = Command(0x00, 0xCA, 0x11, 0x00, b"\x00\x00")
BIRTH_AT = (42, 43)  # where the birth date may begin; sex and date of issue follow it
RECORD_BYTES = 57  # of the shorter layout
REPUBLIC_YEARS = 1911

_LOCKED = frozenset({0x6982, 0x6983, 0x6985})
_LETTERS = dict(zip("ABCDEFGHJKLMNPQRSTUVXYWZIO", range(10, 36), strict=True))
_WEIGHTS = (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1)


def read(task: Task) -> Exchange[Document]:
    """Read one card. Raises ``CardUnknown`` (no such applet), ``CardProtected`` or ``CardUnreadable``."""
    response = yield from exchange(Command(0x00, 0xA4, 0x04, 0x00, AID))
    if not response.is_ok:
        raise CardUnknown(f"no health insurance application on this card (SW {response.status:04X})")
    task.report(Progress(Phase.FOUND, 0.2))
    response = yield from exchange(BASIC_DATA)
    if response.status in _LOCKED:
        raise CardProtected(f"basic data: the card asks for a secret (SW {response.status:04X})")
    if not response.is_ok:
        raise CardUnreadable(f"basic data: SW {response.status:04X}")
    document = parse(response.data)
    task.report(Progress(Phase.READING, 0.9, DocumentSeen(document.kind, masked_name(document.name))))
    return document


def parse(raw: bytes) -> Document:
    """Give the document the basic data are. Raises ``CardUnreadable``."""
    if len(raw) < RECORD_BYTES:
        raise CardUnreadable(f"the basic data have {len(raw)} bytes where {RECORD_BYTES} are the least")
    at = next((at for at in BIRTH_AT if _has_form(raw, at)), None)
    if at is None:
        raise CardUnreadable("birth, sex and date of issue are at none of their places")
    number = _letters_and_digits(raw[32:42]).upper()
    name, is_whole = _name(raw[12:32])
    birth, issued = day(raw[at : at + 7]), day(raw[at + 8 : at + 15])
    return Document(
        kind=DocumentKind.NHI_CARD,
        number=number,
        name=name,
        sex={b"M": Sex.MALE, b"F": Sex.FEMALE}[raw[at + 7 : at + 8]],
        birth=birth,
        card_number=_letters_and_digits(raw[:12]),
        valid_from=issued,
        checks=(
            checks.checked(
                "number_checksum",
                number_is_valid(number),
                Result.FAIL,
                "the number's last digit does not fit the others",
            ),
            Check("expired", Result.NOT_DONE, "the card has no date of expiry"),
            checks.name_decoded(is_whole),
        ),
        source="nhi",
    )


def number_is_valid(number: str) -> bool:
    """Tell whether an identity or resident certificate number (letter, letter or digit, 8 digits) checks out mod 10."""
    if len(number) != 10 or number[0] not in _LETTERS or not (number[2:].isascii() and number[2:].isdecimal()):
        return False
    if number[1] in _LETTERS:  # resident certificates until 2020: of the second letter the units count
        second = _LETTERS[number[1]] % 10
    elif number[1] in "1289":  # male, female; 8 and 9 for residents from abroad since 2021
        second = int(number[1])
    else:
        return False
    tens, units = divmod(_LETTERS[number[0]], 10)
    values = (tens, units, second, *(int(digit) for digit in number[2:]))
    return sum(value * weight for value, weight in zip(values, _WEIGHTS, strict=True)) % 10 == 0


def day(raw: bytes) -> date | None:
    """Decode YYYMMDD of the Republic's years; None where month or day are not known (00)."""
    if len(raw) != 7 or not raw.isdigit():
        raise CardUnreadable("a date holds something else than seven digits")
    digits = raw.decode("ascii")
    if digits[3:5] == "00" or digits[5:] == "00":
        return None
    try:
        return date(int(digits[:3]) + REPUBLIC_YEARS, int(digits[3:5]), int(digits[5:]))
    except ValueError:
        raise CardUnreadable("a date that no calendar has") from None


def _has_form(raw: bytes, at: int) -> bool:
    """Tell whether a date, a letter for the sex and another date begin there."""
    return raw[at : at + 7].isdigit() and raw[at + 7 : at + 8] in (b"M", b"F") and raw[at + 8 : at + 15].isdigit()


def _letters_and_digits(raw: bytes) -> str:
    """Decode a number that fills its field: a field that is not full is not the field it is taken for."""
    if not raw.isalnum():
        raise CardUnreadable("a number holds something else than letters and digits")
    return raw.decode("ascii")


def _name(raw: bytes) -> tuple[str, bool]:
    text, is_whole = decode(raw.split(b"\x00", 1)[0], "cp950")
    name = text.replace("\u3000", " ").strip()
    if not name:
        raise CardUnreadable("the name is blank")
    return name, is_whole

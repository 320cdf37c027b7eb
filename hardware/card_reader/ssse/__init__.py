"""The Chinese social security card (LD/T 32-2015, LD/T 33-2015): application SSSE, files EF05 and EF06, sans-IO.

Reads what is free to read and nothing else: no PIN is ever sent, because every wrong one brings the card nearer to its
lock. The order of the records in EF06 differs between versions 1.00 and 2.00/3.00, and card makers differ in how they
answer, so a record counts only by the tag it carries. The ATR is a city's and a maker's choice and tells nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from hardware.card_reader import (
    CardProtected,
    CardUnknown,
    CardUnreadable,
    Document,
    DocumentKind,
    Phase,
    Progress,
    Sex,
    checks,
)
from hardware.card_reader.apdu import Command, Exchange, Response, exchange
from hardware.card_reader.family import Task
from hardware.card_reader.ssse import record

AID = bytes.fromhex("7378312E73682EC9E7BBE1B1A3D5CF")  # "sx1.sh." + 社会保障 in GBK
EF05, EF06 = 0x05, 0x06

VERSION, ISSUER, ISSUED, EXPIRES, CARD_NUMBER = 0x03, 0x04, 0x05, 0x06, 0x07
NUMBER, NAME, NAME_EXTENSION, SEX, ETHNICITY, BIRTH = 0x08, 0x09, 0x4E, 0x0A, 0x0B, 0x0D

# Value lengths of the layout; Le is two more. A card with another length answers 6Cxx or is asked again.
_SIZES: Mapping[int, int] = {
    VERSION: 4, ISSUER: 12, ISSUED: 4, EXPIRES: 4, CARD_NUMBER: 9,
    NUMBER: 18, NAME: 30, NAME_EXTENSION: 20, SEX: 1, ETHNICITY: 1, BIRTH: 4,
}  # fmt: skip
_OPTIONAL = frozenset({ISSUER, ISSUED, EXPIRES, CARD_NUMBER, NAME_EXTENSION, ETHNICITY})

_BLOCKED = 0x6283
_LOCKED = frozenset({0x6982, 0x6983, 0x6985, _BLOCKED})
_NO_RECORD = frozenset({0x6A83, 0x6A88})
_OTHER_WAY = frozenset({0x6A81, 0x6A86, 0x6B00, 0x6700, 0x6981, 0x6A80})  # reading by tag is not this card's way
MAX_RECORDS = 16


def read(task: Task) -> Exchange[Document]:
    """Read one card. ``task.today`` (the booth's date) decides the check ``expired``.

    Raises ``CardUnknown`` (not a social security card), ``CardProtected`` (this city's card opens nothing without a
    secret) or ``CardUnreadable``. Nothing is given back before everything was read.
    """
    response = yield from exchange(Command(0x00, 0xA4, 0x04, 0x00, AID))
    if response.status == _BLOCKED:
        raise CardProtected(f"the social security application is blocked (SW {response.status:04X})")
    if not response.is_ok:  # whatever it says: chips of other kinds refuse a name they do not know in many ways
        raise CardUnknown(f"no social security application on this card (SW {response.status:04X})")
    task.report(Progress(Phase.FOUND, 0.1))
    public = yield from _read_file(EF05, (VERSION, ISSUER, ISSUED, EXPIRES, CARD_NUMBER))
    version = record.alphanumeric(public[VERSION])
    if not re.fullmatch(r"[0-9]\.[0-9]{2}", version):
        raise CardUnreadable("the card's layout version is not of the form 3.00")
    # Layout 1.00 has no extension of the name; whatever is newer than 3.00 is taken to have one.
    long_name = () if version[0] == "1" else (NAME_EXTENSION,)
    task.report(Progress(Phase.READING, 0.5))
    holder = yield from _read_file(EF06, (NUMBER, NAME, *long_name, SEX, ETHNICITY, BIRTH))
    return _document(public, holder, version, task.today)


def _demand(response: Response, doing: str) -> None:
    if response.status in _LOCKED:
        raise CardProtected(f"{doing}: the card asks for a secret (SW {response.status:04X})")
    if not response.is_ok:
        raise CardUnreadable(f"{doing}: SW {response.status:04X}")


def _read_file(file: int, tags: tuple[int, ...]) -> Exchange[dict[int, bytes]]:
    """Read the records of one elementary file by their tags; where the card cannot, one after the other."""
    is_selected = yield from _select_file(file)
    found: dict[int, bytes] = {}
    for tag in tags if is_selected else ():
        value = yield from _read_tag(file, tag)
        if value is None:
            if found:  # it can read by tag: this may be the late answer of the command before
                raise CardUnreadable(f"EF{file:02X}: another record than {tag:02X} came")
            break
        if value:
            found[tag] = value
    if _missing(found, tags):  # a card that takes tags for record numbers says "no such record", too
        found = yield from _read_all(file, is_selected)
    if missing := _missing(found, tags):
        raise CardUnreadable(f"EF{file:02X} has no record {missing[0]:02X}")
    return found


def _missing(found: Mapping[int, bytes], tags: tuple[int, ...]) -> list[int]:
    return [tag for tag in tags if tag not in found and tag not in _OPTIONAL]


def _select_file(file: int) -> Exchange[bool]:
    """Select an elementary file; False where this card knows neither form (then the short identifier is left)."""
    for p1 in (0x02, 0x00):  # "under the current DF" is the layout's form, some cards want "by identifier"
        response = yield from exchange(Command(0x00, 0xA4, p1, 0x00, bytes((0xEF, file))))
        if response.is_ok:
            return True
        if response.status in _LOCKED:
            raise CardProtected(f"EF{file:02X}: the card asks for a secret (SW {response.status:04X})")
    return False


def _read_tag(file: int, tag: int) -> Exchange[bytes | None]:
    """Read one record by tag: its value, b"" when the file has none, None when the card cannot read by tag."""
    response = yield from exchange(Command(0x00, 0xB2, tag, 0x00, le=_SIZES[tag] + 2))
    if response.status in _NO_RECORD:
        return b""
    if response.status in _OTHER_WAY:
        return None
    _demand(response, f"EF{file:02X} record {tag:02X}")
    if len(response.data) < (wanted := record.wanted_bytes(response.data)) <= 256:  # longer than the layout says
        response = yield from exchange(Command(0x00, 0xB2, tag, 0x00, le=wanted & 0xFF))
        _demand(response, f"EF{file:02X} record {tag:02X}")
    got, value = record.parse(response.data)
    return value if got == tag else None  # the card took the tag for a record number


def _read_all(file: int, is_selected: bool) -> Exchange[dict[int, bytes]]:
    """Read all records by number and keep them by the tag they carry: the order is the version's secret."""
    found: dict[int, bytes] = {}
    p2 = 0x04 if is_selected else file << 3 | 0x04
    for number in range(1, MAX_RECORDS + 1):
        response = yield from exchange(Command(0x00, 0xB2, number, p2, le=0))
        if response.status in _NO_RECORD or (found and response.status in _OTHER_WAY):
            break
        _demand(response, f"EF{file:02X} record number {number}")
        tag, value = record.parse(response.data)
        found.setdefault(tag, value)
    return found


def _document(public: Mapping[int, bytes], holder: Mapping[int, bytes], version: str, today: date) -> Document:
    number = record.alphanumeric(holder[NUMBER]).upper()
    name, is_whole = record.name(holder[NAME], holder.get(NAME_EXTENSION, b""))
    try:
        sex = Sex(record.alphanumeric(holder[SEX]))
    except ValueError:
        sex = Sex.UNKNOWN
    birth = record.day(holder[BIRTH])
    valid_to = record.day(public[EXPIRES]) if EXPIRES in public else None
    return Document(
        kind=DocumentKind.SOCIAL_SECURITY_CARD,
        number=number,
        name=name,
        sex=sex,
        birth=birth,
        card_number=record.alphanumeric(public.get(CARD_NUMBER, b"")),
        ethnicity=record.compressed_number(holder.get(ETHNICITY, b"")),
        issuer=record.compressed_number(public.get(ISSUER, b"")),
        valid_from=record.day(public[ISSUED]) if ISSUED in public else None,
        valid_to=valid_to,
        checks=(
            *checks.of_citizen(number, birth, sex),
            checks.expired(valid_to, today),
            checks.name_decoded(is_whole),
        ),
        source=f"ssse {version}",
    )

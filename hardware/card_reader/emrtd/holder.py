"""What an eMRTD says about its holder, put together from its data groups: which source wins for which field.

The zone (DG1) always speaks; DG11 and DG12 know more where they are there, and count only where they do not contradict
it. A passport carries no citizen's number: only a personal number that is a valid one becomes ``Document.number``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from hardware.card_reader import (
    CardUnreadable,
    Check,
    Document,
    DocumentKind,
    Result,
    number_is_valid,
)
from hardware.card_reader.checks import expired
from hardware.card_reader.emrtd.data_groups import (
    DocumentDetails,
    PersonalDetails,
    parse_dg2,
    parse_dg11,
    parse_dg12,
)
from hardware.card_reader.emrtd.mrz import Mrz
from hardware.card_reader.emrtd.portrait import prepare

_KINDS = {"TD3": DocumentKind.PASSPORT, "CN_PERMIT": DocumentKind.TRAVEL_PERMIT}


def kind_of(zone: Mrz) -> DocumentKind:
    """Tell what kind of document has this zone."""
    return _KINDS.get(zone.layout, DocumentKind.IDENTITY_CARD)


def document(zone: Mrz, groups: Mapping[int, bytes], checks: tuple[Check, ...], today: date, way: str) -> Document:
    """Put the document together. Raises ``CardUnreadable`` when a data group breaks its layout."""
    person = parse_dg11(groups[11]) if 11 in groups else PersonalDetails()
    details = parse_dg12(groups[12]) if 12 in groups else DocumentDetails()
    portrait, portrait_raw, portrait_check = _portrait(groups.get(2))
    number = person.personal_number.upper()
    return Document(
        kind=kind_of(zone),
        number=number if number_is_valid(number) else "",
        name=_name(zone, person),
        sex=zone.sex,
        birth=_birth(zone, person),
        latin_name=_latin_name(zone, person),
        nationality=zone.nationality,
        card_number=zone.number,
        address=person.address,
        issuer=details.issuer or zone.issuing_state,
        valid_from=details.issued,
        valid_to=zone.expiry,
        portrait=portrait,
        portrait_raw=portrait_raw,
        checks=(_digits(zone), expired(zone.expiry, today), _whole_name(zone, person), portrait_check, *checks),
        source=f"emrtd {zone.layout} {way}",
    )


def _name(zone: Mrz, person: PersonalDetails) -> str:
    if person.name and not person.name.isascii():
        return person.name
    return zone.chinese_name or _latin_name(zone, person)


def _latin_name(zone: Mrz, person: PersonalDetails) -> str:
    """The zone cuts long names; DG11 has them whole, and counts if it begins as the zone's does."""
    whole = " ".join(person.name.upper().split())
    if whole.isascii() and len(whole) > len(zone.latin_name) and whole.startswith(zone.latin_name):
        return whole
    return zone.latin_name


def _whole_name(zone: Mrz, person: PersonalDetails) -> Check:
    if zone.has_whole_name or not person.name.isascii() or len(_latin_name(zone, person)) > len(zone.latin_name):
        return Check("name_whole", Result.PASS)
    return Check("name_whole", Result.NOT_DONE, "the name fills its field: the rest of it may be missing")


def _birth(zone: Mrz, person: PersonalDetails) -> date | None:
    """DG11 knows the century; it counts only as the same day."""
    full = person.birth
    if full is not None and (zone.birth is None or (full.year % 100, full.month, full.day) == _short(zone.birth)):
        return full
    return zone.birth


def _short(day: date) -> tuple[int, int, int]:
    return day.year % 100, day.month, day.day


def _portrait(raw: bytes | None) -> tuple[bytes | None, bytes | None, Check]:
    """Give the picture to show, the chip's own where that is not it, and the check ``portrait_decoded``."""
    name = "portrait_decoded"
    if raw is None:
        return None, None, Check(name, Result.NOT_DONE, "the chip has no DG2")
    face = parse_dg2(raw)
    try:
        picture = prepare(face)
    except CardUnreadable as broken:
        return None, face.picture, Check(name, Result.WARN, broken.message)
    return picture, None if picture == face.picture else face.picture, Check(name, Result.PASS, face.format)


def _digits(zone: Mrz) -> Check:
    wrong = [check.name.removeprefix("mrz_") for check in zone.checks if check.result is not Result.PASS]
    if not wrong:
        return Check("mrz_check_digits", Result.PASS)
    return Check("mrz_check_digits", Result.FAIL, f"wrong for: {', '.join(wrong)}")

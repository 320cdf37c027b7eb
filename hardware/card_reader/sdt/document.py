"""What a card behind a SAM module says, as the front door's ``Document`` with its checks. Knows no wire."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from hardware.card_reader import CardUnreadable, Check, Document, DocumentKind, Result, Sex, checks
from hardware.card_reader.sdt import ethnicity, text
from hardware.card_reader.sdt.session import CardData
from hardware.card_reader.sdt.text import Layout, TextBlock

KINDS = {
    Layout.RESIDENT: DocumentKind.RESIDENT_ID_CARD,
    Layout.SPECIAL_REGIONS: DocumentKind.RESIDENCE_PERMIT,
    Layout.FOREIGNER_2017: DocumentKind.PERMANENT_RESIDENCE_CARD,
    Layout.FOREIGNER_2023: DocumentKind.PERMANENT_RESIDENCE_CARD,
}
_SOURCES = {
    Layout.RESIDENT: "sdt", Layout.SPECIAL_REGIONS: "sdt J", Layout.FOREIGNER_2017: "sdt I 2017",
    Layout.FOREIGNER_2023: "sdt Y 2023",
}  # fmt: skip
ISSUER_2023 = "国家移民管理局"  # the layout of 2023 has no room for it: there is no other
_NUMBER_2017 = re.compile(r"[A-Z]{3}[0-9]{12}", re.ASCII)
NOT_DECODABLE = "photo not decodable: no vendor library is configured"


@dataclass(frozen=True, repr=False)
class Portrait:
    """What became of the photo: an encoded picture, or why there is none."""

    picture: bytes | None = None
    reason: str = NOT_DECODABLE
    result: Result = Result.NOT_DONE


def document(card: CardData, portrait: Portrait, today: date) -> Document:
    """Make the document. ``today`` decides the check ``expired``. Raises ``CardUnreadable``."""
    block = card.block
    number = block["number"].upper()
    name = block["name"] or block.latin_name
    if not name or not number:
        raise CardUnreadable("the card has no name or no number")
    birth = text.day(block["birth"])
    sex = text.sex(block["sex"])
    valid_to = text.last_day(block["valid_to"])
    return Document(
        kind=KINDS[block.layout],
        number=number,
        name=name,
        sex=sex,
        birth=birth,
        latin_name=block.latin_name,
        nationality=block["nationality"],
        card_number=block["permit_number"],
        ethnicity=ethnicity.group(block["ethnicity"]),
        address=card.added_address or block["address"],
        issuer=ISSUER_2023 if block.layout is Layout.FOREIGNER_2023 else block["issuer"],
        valid_from=text.day(block["valid_from"]),
        valid_to=valid_to,
        portrait=portrait.picture,
        portrait_raw=card.photo,
        checks=(
            *_number_checks(block, number, birth, sex),
            checks.expired(valid_to, today),
            checks.name_decoded(
                not block.has_rare_characters, "the name or address has characters that few fonts show"
            ),
            _address_check(card),
            _photo_check(card, portrait),
        ),
        source=_SOURCES[block.layout],
    )


def _number_checks(block: TextBlock, number: str, birth: date | None, sex: Sex) -> tuple[Check, ...]:
    own = checks.of_citizen(number, birth, sex)
    if block.layout is not Layout.FOREIGNER_2017:
        return own
    name = "number_checksum"
    if not _NUMBER_2017.fullmatch(number):
        return Check(name, Result.FAIL, "the number is not three letters and twelve digits"), *own[1:]
    return Check(name, Result.NOT_DONE, "numbers of 2017 have no published check character"), *own[1:]


def _address_check(card: CardData) -> Check:
    if card.added_address is None:
        return Check("newest_address", Result.NOT_DONE, "the module does not tell whether a newer address is stored")
    return Check("newest_address", Result.PASS)


def _photo_check(card: CardData, portrait: Portrait) -> Check:
    if card.photo is None:
        return Check("photo_decoded", Result.NOT_DONE, "the card has no photo")
    if portrait.picture is not None:
        return Check("photo_decoded", Result.PASS)
    return Check("photo_decoded", portrait.result, portrait.reason)

"""The 256-byte text block of a resident card and its relatives (GA/T 467-2019), sans-IO.

UTF-16LE, padded with blanks; the letter at byte 248 tells which of four layouts it is. Names hold rare characters:
surrogate pairs and characters of the private use area, so nothing is cut by characters. One error: ``CardUnreadable``;
``CardUnknown`` for a letter that no layout has yet. Knows bytes and formats, no document.
"""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from hardware.card_reader import CardUnknown, CardUnreadable, LongTerm, Sex
from hardware.card_reader.sdt.commands import ADDRESS_BYTES, TEXT_BYTES

LONG_TERM_WORD = "长期"
_DAY = re.compile(r"[0-9]{8}", re.ASCII)
_LETTER = slice(248, 250)


class Layout(enum.Enum):
    """The four kinds, by their letter."""

    RESIDENT = " "
    SPECIAL_REGIONS = "J"  # residents of Hong Kong, Macau and Taiwan
    FOREIGNER_2017 = "I"
    FOREIGNER_2023 = "Y"


Fields = Mapping[str, tuple[int, int]]  # name -> offset, size in bytes

_RESIDENT: Fields = {
    "name": (0, 30), "sex": (30, 2), "ethnicity": (32, 4), "birth": (36, 16), "address": (52, 70), "number": (122, 36),
    "issuer": (158, 30), "valid_from": (188, 16), "valid_to": (204, 16),
}  # fmt: skip
FIELDS: Mapping[Layout, Fields] = {
    Layout.RESIDENT: _RESIDENT,
    Layout.SPECIAL_REGIONS: {
        **{name: place for name, place in _RESIDENT.items() if name != "ethnicity"},
        "permit_number": (220, 18), "issue_count": (238, 4),
    },
    Layout.FOREIGNER_2017: {
        "latin_name": (0, 120), "sex": (120, 2), "number": (122, 30), "nationality": (152, 6), "name": (158, 30),
        "valid_from": (188, 16), "valid_to": (204, 16), "birth": (220, 16), "version": (236, 4), "issuer": (240, 8),
    },
    Layout.FOREIGNER_2023: {
        "name": (0, 30), "sex": (30, 2), "renewals": (32, 4), "birth": (36, 16), "latin_name": (52, 70),
        "number": (122, 36), "valid_from": (188, 16), "valid_to": (204, 16), "latin_name_more": (220, 22),
        "nationality": (242, 6), "previous_link": (250, 6),
    },
}  # fmt: skip


@dataclass(frozen=True, repr=False)
class TextBlock:
    """The fields of one block as text, blanks at their ends taken off. ``raw`` are the bytes they came from."""

    layout: Layout
    fields: Mapping[str, str]
    raw: bytes

    def __getitem__(self, name: str) -> str:
        return self.fields.get(name, "")

    @property
    def latin_name(self) -> str:
        """The name in Latin letters; of the 2023 layout both parts, joined before any blank between them is lost."""
        if self["latin_name_more"]:
            return (_raw_text(self.raw, *FIELDS[self.layout]["latin_name"]) + self["latin_name_more"]).strip()
        return self["latin_name"]

    @property
    def has_rare_characters(self) -> bool:
        """Whether a name or address has what few fonts show: private use area, or a surrogate that lost its other."""
        return any(
            "\ue000" <= character <= "\uf8ff" or character >= "\U000f0000" or character == "\ufffd"
            for name in ("name", "address")
            for character in self[name]
        )


def parse(raw: bytes) -> TextBlock:
    """Cut a block into the fields of its layout. Raises ``CardUnreadable``, ``CardUnknown``."""
    if len(raw) != TEXT_BYTES:
        raise CardUnreadable(f"a text block has {TEXT_BYTES} bytes, {len(raw)} came")
    letter = raw[_LETTER].decode("utf-16-le", errors="surrogatepass")
    try:
        layout = Layout(" " if letter == "\0" else letter)
    except ValueError:
        raise CardUnknown(f"a card of kind U+{ord(letter):04X}, which this booth does not know") from None
    return TextBlock(layout, {name: _text(raw, *place) for name, place in FIELDS[layout].items()}, raw)


def address(data: bytes) -> str:
    """Decode the newest address a card holds beside its text block; "" where it is blank. Raises ``CardUnreadable``."""
    if len(data) == ADDRESS_BYTES + 2 and int.from_bytes(data[:2]) == ADDRESS_BYTES:
        data = data[2:]
    if len(data) not in (0, ADDRESS_BYTES):
        raise CardUnreadable(f"an added address has {ADDRESS_BYTES} bytes, {len(data)} came")
    return _text(data, 0, len(data))


def sex(text: str) -> Sex:
    """Decode GB/T 2261.1; what is none of its codes is unknown, never one of the two."""
    return Sex(text) if text in {kind.value for kind in Sex} else Sex.UNKNOWN


def day(text: str) -> date | None:
    """Decode YYYYMMDD; None for a blank and for a day no calendar has. Raises ``CardUnreadable``."""
    if not text:
        return None
    if not _DAY.fullmatch(text):
        raise CardUnreadable("a date is not made of eight digits")
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


def last_day(text: str) -> date | LongTerm | None:
    """Decode the end of validity: a date, or 长期 (for life)."""
    return "long_term" if text == LONG_TERM_WORD else day(text)


def _raw_text(raw: bytes, at: int, size: int) -> str:
    text = raw[at : at + size].decode("utf-16-le", errors="surrogatepass")
    # Half a pair cannot be written down in any encoding; the bytes of it stay in ``TextBlock.raw``.
    return "".join("\ufffd" if "\ud800" <= character <= "\udfff" else character for character in text)


def _text(raw: bytes, at: int, size: int) -> str:
    # Control characters would reach a screen and a printer.
    kept = (one for one in _raw_text(raw, at, size) if unicodedata.category(one) not in ("Cc", "Cf", "Zl", "Zp"))
    return "".join(kept).strip(" \u3000")

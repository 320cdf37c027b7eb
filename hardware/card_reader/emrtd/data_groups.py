"""The data groups of an eMRTD that the booth reads (Doc 9303-10, 4.7): strict, bounded, and no more than it uses.

Raw bytes in, frozen data out; hashes are taken over the raw bytes elsewhere. What is not needed to serve a resident
(profession, custody, tax, pictures of the pages) is not decoded. One error: ``CardUnreadable``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from hardware.card_reader import CardUnreadable, tlv
from hardware.card_reader.emrtd import mrz
from hardware.card_reader.emrtd.face_record import Face, parse_dg2
from hardware.card_reader.emrtd.public_keys import PublicKey, parse_public_key
from hardware.card_reader.emrtd.security_infos import SecurityInfos, parse_security_infos

__all__ = [
    "DG1", "Contents", "DocumentDetails", "Face", "PersonalDetails", "PublicKey", "SecurityInfos", "parse_dg1",
    "parse_dg2", "parse_dg11", "parse_dg12", "parse_dg14", "parse_dg15", "parse_ef_com", "parse_security_infos",
]  # fmt: skip

GROUP_TAGS = {
    0x61: 1, 0x75: 2, 0x63: 3, 0x76: 4, 0x65: 5, 0x66: 6, 0x67: 7, 0x68: 8,
    0x69: 9, 0x6A: 10, 0x6B: 11, 0x6C: 12, 0x6D: 13, 0x6E: 14, 0x6F: 15, 0x70: 16,
}  # fmt: skip
MAX_TEXT_BYTES = 1024

_NAME, _OTHER_NAME, _OTHER_NAMES = 0x5F0E, 0x5F0F, 0xA0
_PERSONAL_NUMBER, _BIRTH, _PLACE_OF_BIRTH, _ADDRESS = 0x5F10, 0x5F2B, 0x5F11, 0x5F42
_ISSUER, _ISSUED = 0x5F19, 0x5F26


@dataclass(frozen=True, repr=False)
class DG1:
    """Data group 1: the machine readable zone."""

    mrz: mrz.Mrz


@dataclass(frozen=True)
class Contents:
    """EF.COM: what the chip says it holds. ``groups`` in ascending order; unsigned, so a hint only."""

    lds_version: str
    unicode_version: str
    groups: tuple[int, ...]


@dataclass(frozen=True, repr=False)
class PersonalDetails:
    """Data group 11, in the holder's script. ``""`` and ``()`` and None: absent.

    ``birth`` is None for a date that is not wholly known, too. ``undecoded``: tags whose text is not UTF-8 (LDS 1.7
    allowed national encodings without naming them); they are left out, because a guessed name is worse than none.
    """

    name: str = ""
    other_names: tuple[str, ...] = ()
    personal_number: str = ""
    birth: date | None = None
    place_of_birth: str = ""
    address: str = ""
    undecoded: tuple[int, ...] = ()


@dataclass(frozen=True)
class DocumentDetails:
    """Data group 12: who issued the document and when."""

    issuer: str = ""
    issued: date | None = None
    undecoded: tuple[int, ...] = ()


def parse_dg1(raw: bytes, today: date) -> DG1:
    """Decode data group 1; ``today`` resolves the years of two digits. Raises ``CardUnreadable``."""
    zone = tlv.read_exactly(tlv.read_exactly(raw, 0x61), 0x5F1F)
    try:
        text = zone.decode("ascii")
    except UnicodeDecodeError:
        raise CardUnreadable("the machine readable zone in DG1 is not of ASCII characters") from None
    return DG1(mrz.parse(text, today))


def parse_dg11(raw: bytes) -> PersonalDetails:
    """Decode data group 11. Raises ``CardUnreadable``."""
    fields = _Fields(raw, 0x6B)
    return PersonalDetails(
        name=fields.name(_NAME),
        other_names=fields.names(_OTHER_NAMES, _OTHER_NAME),
        personal_number=fields.text(_PERSONAL_NUMBER).replace("<", ""),
        birth=fields.day(_BIRTH),
        place_of_birth=fields.lines(_PLACE_OF_BIRTH),
        address=fields.lines(_ADDRESS),
        undecoded=tuple(fields.undecoded),
    )


def parse_dg12(raw: bytes) -> DocumentDetails:
    """Decode data group 12. Raises ``CardUnreadable``."""
    fields = _Fields(raw, 0x6C)
    return DocumentDetails(fields.lines(_ISSUER), fields.day(_ISSUED), tuple(fields.undecoded))


def parse_dg14(raw: bytes) -> SecurityInfos:
    """Decode data group 14. Raises ``CardUnreadable``."""
    return parse_security_infos(tlv.read_exactly(raw, 0x6E))


def parse_dg15(raw: bytes) -> PublicKey:
    """Decode data group 15, the key of active authentication. Raises ``CardUnreadable``."""
    return parse_public_key(tlv.read_exactly(raw, 0x6F))


def parse_ef_com(raw: bytes) -> Contents:
    """Decode EF.COM (Doc 9303-10, 4.6.1). Raises ``CardUnreadable``; tags of no data group are passed over."""
    items = {item.tag: item.value for item in tlv.read_all(tlv.read_exactly(raw, 0x60))}
    if 0x5C not in items:
        raise CardUnreadable("EF.COM lists no data groups")
    groups = sorted({GROUP_TAGS[tag] for tag in items[0x5C] if tag in GROUP_TAGS})
    return Contents(_digits(items.get(0x5F01, b"")), _digits(items.get(0x5F36, b"")), tuple(groups))


def _digits(value: bytes) -> str:
    if len(value) > 8 or not all(0x30 <= byte <= 0x39 for byte in value):
        raise CardUnreadable("a version in EF.COM is not of digits")
    return value.decode("ascii")


class _Fields:
    """The data objects of DG11 or DG12 by tag; of a tag that comes twice the first counts."""

    def __init__(self, raw: bytes, tag: int) -> None:
        self._items: dict[int, bytes] = {}
        self.undecoded: list[int] = []
        for item in tlv.read_all(tlv.read_exactly(raw, tag)):
            self._items.setdefault(item.tag, item.value)

    def text(self, tag: int) -> str:
        return self._decode(tag, self._items.get(tag, b""))

    def name(self, tag: int) -> str:
        return _written(self.text(tag))

    def lines(self, tag: int) -> str:
        """Parts are separated by '<' (Doc 9303-10, 4.7.11)."""
        return ", ".join(part.strip() for part in self.text(tag).split("<") if part.strip())

    def names(self, group: int, tag: int) -> tuple[str, ...]:
        found = (item for item in tlv.read_all(self._items.get(group, b"")) if item.tag == tag)
        return tuple(name for item in found if (name := _written(self._decode(tag, item.value))))

    def day(self, tag: int) -> date | None:
        """Eight digits as characters, or as four bytes of BCD (both are in the field); zeros: not known."""
        value = self._items.get(tag, b"")
        digits = value.hex() if len(value) == 4 else value.decode("ascii", errors="replace").replace("<", "0")
        if not value:
            return None
        if len(digits) != 8 or not digits.isdecimal() or not digits.isascii():
            raise CardUnreadable(f"data object {tag:04X} is no date")
        year, month, day = int(digits[:4]), int(digits[4:6]), int(digits[6:])
        if 0 in (year, month, day):
            return None
        try:
            return date(year, month, day)
        except ValueError:
            raise CardUnreadable(f"data object {tag:04X} is a date that does not exist") from None

    def _decode(self, tag: int, value: bytes) -> str:
        if len(value) > MAX_TEXT_BYTES:
            raise CardUnreadable(f"data object {tag:04X} has {len(value)} bytes of text, more than {MAX_TEXT_BYTES}")
        try:
            text = value.decode("utf-8")
        except UnicodeDecodeError:
            self.undecoded.append(tag)
            return ""
        if not all(character.isprintable() for character in text):
            self.undecoded.append(tag)
            return ""
        return text.strip()


def _written(name: str) -> str:
    """Turn "ZHANG<<WEI<MIN" into "ZHANG WEI MIN", and "张<<伟" into "张伟": Han characters take no blank."""
    parts = [part for part in name.split("<") if part]
    joined = ""
    for part in parts:
        blank = " " if joined and not (_is_han(joined[-1]) and _is_han(part[0])) else ""
        joined += blank + part
    return joined


def _is_han(character: str) -> bool:
    return "\u3400" <= character <= "\u9fff" or "\U00020000" <= character <= "\U0003ffff"

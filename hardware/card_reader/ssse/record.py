"""One record of a social security card: tag, length, value (one byte each for tag and length), and its value formats.

Sans-IO and bounded: bytes in, plain values out, one error type. Knows formats (cn, an, BCD dates, GBK text), not which
record means what.
"""

from __future__ import annotations

from datetime import date

from hardware.card_reader import CardUnreadable
from hardware.card_reader.writing import decode


def wanted_bytes(raw: bytes) -> int:
    """Give the length of the whole record whose beginning is ``raw`` (tag and length included)."""
    return raw[1] + 2 if len(raw) >= 2 else 2


def parse(raw: bytes) -> tuple[int, bytes]:
    """Split a record into tag and value; ``CardUnreadable`` unless the declared length is exactly what is there."""
    if len(raw) < 2:
        raise CardUnreadable(f"a record of {len(raw)} bytes has no tag and length")
    tag, size = raw[0], raw[1]
    if size > len(raw) - 2:
        raise CardUnreadable(f"record {tag:02X} declares {size} bytes, {len(raw) - 2} came")
    if size < len(raw) - 2 and raw[2 + size :].strip(b"\x00\xff"):
        raise CardUnreadable(f"record {tag:02X} declares {size} bytes, {len(raw) - 2} came")
    return tag, raw[2 : 2 + size]


def compressed_number(value: bytes) -> str:
    """Decode ``cn``: two BCD digits a byte, padded with F nibbles on the right."""
    digits = value.hex().rstrip("f")
    if not digits.isdecimal() and digits:
        raise CardUnreadable("a numeric item holds something else than digits")
    return digits


def alphanumeric(value: bytes) -> str:
    """Decode ``an``: printable ASCII, padded with 00 (in the wild also with blanks or FF)."""
    stripped = value.strip(b"\x00\x20\xff")
    if any(not 0x20 <= byte <= 0x7E for byte in stripped):
        raise CardUnreadable("a text item holds something else than printable characters")
    return stripped.decode("ascii")


def day(value: bytes) -> date | None:
    """Decode a BCD date YYYYMMDD; None when the item is blank (all F or all 0)."""
    if len(value) != 4:
        raise CardUnreadable(f"a date has {len(value)} bytes instead of 4")
    digits = value.hex()
    if not digits.strip("f") or not digits.strip("0"):
        return None
    if not digits.isdecimal():
        raise CardUnreadable("a date holds something else than digits")
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        raise CardUnreadable("a date that no calendar has") from None


def name(value: bytes, extension: bytes = b"") -> tuple[str, bool]:
    """Decode a name and its extension, and tell whether every byte of it had a meaning.

    A long name is cut after 30 bytes, even inside a character: bytes are joined before they are decoded. gb18030 is
    the superset of the GBK the layout asks for. Control characters are dropped: they would reach a screen.
    """
    joined = value.rstrip(b"\x00\xff") + extension.rstrip(b"\x00\xff")
    text, is_whole = decode(joined, "gb18030")
    if not text:
        raise CardUnreadable("the name is blank")
    return text, is_whole

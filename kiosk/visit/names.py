"""Names as a booth writes and says them: masked, in letters its typeface has, and speakable.

A name is never shown as empty boxes: what cannot be written is replaced by something legible, and said to be replaced.
Pure functions; what the typeface has is asked through ``CanWrite``.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

from hardware.card_reader import masked_name
from kiosk.text import Text

CanWrite = Callable[[str], bool]
"""Tells whether the glass and the paper have a glyph for every character of a text."""

# Letters without a decomposition, as machine readable zones write them (ICAO Doc 9303-3, 6.A).
_PLAIN = {
    "Æ": "AE", "Œ": "OE", "Ø": "OE", "Þ": "TH", "Ð": "D", "Đ": "D", "Ħ": "H", "ı": "I", "İ": "I", "Ĳ": "IJ", "ĸ": "K",
    "Ł": "L", "Ŋ": "N", "ß": "SS", "ẞ": "SS", "Ŧ": "T", "Ə": "E",
}  # fmt: skip


def mask_names(name: str, latin_name: str) -> str:
    """The name, and beside one in characters the one in letters, both masked."""
    masked = masked_name(name or latin_name)
    return f"{masked} {masked_name(latin_name)}" if _is_han(name) and latin_name else masked


def written(masked: str, latin_name: str, text: Text, can_write: CanWrite) -> str:
    """A masked name in letters that can be written; a replaced one says so: ``张*〔wěi〕（代用字）``.

    In this order: as it is; letters without their marks; the document's Latin name for another script; the reading of a
    rare character, or its number in Unicode.
    """
    if can_write(masked):
        return masked
    letters = _letters(masked, latin_name, can_write)
    name = "".join(letter if can_write(letter) else _read(letter, can_write) for letter in letters)
    return text("{name} (other letters)", name=name)


def _letters(masked: str, latin_name: str, can_write: CanWrite) -> str:
    """The name in plain letters, or in the document's Latin ones, as far as that helps."""
    plain = "".join(letter if can_write(letter) else _plain(letter) for letter in masked)
    return masked_name(latin_name) if latin_name and not can_write(plain) and not _is_han(masked) else plain


def spoken(masked: str, latin_name: str, text: Text, can_write: CanWrite) -> str:
    """A masked name for the ear: of one in letters the initials, of one in characters what is left of it.

    Letters that cannot be written here have no voice here either: those that stand for them are said.
    """
    parts = _letters(masked, latin_name, can_write).split()
    initials = [part[0] for part in parts if not _is_han(part) and part[0].isalpha()]
    han = [part for part in parts if _is_han(part)]
    said = [text("initials {letters}", letters=text(", ").join(initials))] if initials else []
    return text(", ").join([*han, *said])


def _plain(letter: str) -> str:
    """A Latin letter without what is above, below or across it; any other as it is."""
    capital = _PLAIN.get(letter) or _PLAIN.get(letter.upper())
    if capital:
        return capital if letter.isupper() else capital.lower()
    base = unicodedata.normalize("NFKD", letter)[:1]
    return base if base.isascii() and base.isalpha() else letter


def _read(letter: str, can_write: CanWrite) -> str:
    """A character nobody can write here: its reading in brackets, or its number."""
    from pypinyin import Style, pinyin  # noqa: PLC0415 - a large table, and hardly ever needed

    reading = str(pinyin(letter, style=Style.TONE, errors="ignore")[0][0]) if pinyin(letter, errors="ignore") else ""
    return f"〔{reading}〕" if reading and can_write(reading) else f"〔U+{ord(letter):04X}〕"


def _is_han(name: str) -> bool:
    return any(
        "\u3400" <= c <= "\u9fff" or "\U00020000" <= c <= "\U0003ffff" or "\ue000" <= c <= "\uf8ff" for c in name
    )

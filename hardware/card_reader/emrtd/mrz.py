"""The machine readable zone: what DG1 carries, and what opens a chip (Doc 9303-3 to -6; GA/T 704.14).

Sizes TD1, TD2 and TD3, and the layouts that the mainland's own permits have instead: to Hong Kong, Macau (CS) and
Taiwan (CD), and for residents from there (C<, CR, CT). A wrong check digit is a failed ``Check`` and no error, for the
chip's signature decides what is true; a wrong shape is ``CardUnreadable``. Knows no files and no keys made from it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal

from hardware.card_reader import CardUnreadable, Check, MrzKey, Result, Sex

Layout = Literal["TD1", "TD2", "TD3", "CN_PERMIT"]

_WEIGHTS = (7, 3, 1)
_VALUES = {character: value for value, character in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")} | {"<": 0}
_SIZES: dict[int, tuple[Layout, int]] = {90: ("TD1", 30), 72: ("TD2", 36), 88: ("TD3", 44)}
_SEXES = {"M": Sex.MALE, "F": Sex.FEMALE, "X": Sex.UNSPECIFIED, "<": Sex.UNSPECIFIED, "1": Sex.MALE, "2": Sex.FEMALE}
_CENTURIES = {"A": 1800, "B": 1900, "C": 2000, "0": 1800, "1": 1900, "2": 2000}
_CHINESE_NAME_CHARACTERS = 3
FORWARD_YEARS = 50  # an expiry further ahead than this is one of the past century


@dataclass(frozen=True, repr=False)
class Mrz:
    """One machine readable zone. Fillers are gone from all fields but ``text``; names are separated by one blank."""

    layout: Layout
    text: str  # all lines, one after the other, fillers and all
    document_code: str
    issuing_state: str
    number: str  # whole, also where it goes on in the optional data
    birth: date | None  # None where the zone leaves parts of it open
    sex: Sex
    expiry: date | None
    nationality: str
    primary: str
    secondary: str
    optional: str
    information: str  # number, birth and expiry with their check digits: what the keys are made of (9303-11, 4.3.2)
    checks: tuple[Check, ...]
    chinese_name: str = ""  # at most three characters: what the letters have room for
    has_whole_name: bool = True  # False where the name fills its field, so that the rest of it may be missing

    @property
    def latin_name(self) -> str:
        """Primary identifier, then secondary."""
        return f"{self.primary} {self.secondary}".strip()


def check_digit(text: str) -> str:
    """Give the check digit of ``text`` (Doc 9303-3, 4.9). ``ValueError`` for a character no zone has."""
    try:
        return str(sum(_VALUES[one] * _WEIGHTS[at % 3] for at, one in enumerate(text)) % 10)
    except KeyError:
        raise ValueError("a character no machine readable zone has") from None


def information(number: str, birth: str, expiry: str) -> str:
    """Give MRZ_information (Doc 9303-11, 4.3.2): dates as YYMMDD; numbers longer than nine characters come whole."""
    number = number.ljust(9, "<")
    return "".join(part + check_digit(part) for part in (number, birth, expiry))


def key_information(key: MrzKey) -> str:
    """Give MRZ_information of what a resident typed."""
    return information(key.number, f"{key.birth:%y%m%d}", f"{key.expiry:%y%m%d}")


def parse(text: str, today: date) -> Mrz:
    """Decode a zone of 72, 88 or 90 characters; line breaks between lines are dropped.

    ``today`` decides the centuries of two-digit years: a birth is not in the future, an expiry not further ahead than
    ``FORWARD_YEARS``. Raises ``CardUnreadable`` for another size or a character no zone has.
    """
    text = re.sub(r"[\r\n]", "", text)
    if len(text) not in _SIZES:
        raise CardUnreadable(f"a machine readable zone of {len(text)} characters, not of 72, 88 or 90")
    if not re.fullmatch(r"[0-9A-Z<]+", text, re.ASCII):
        raise CardUnreadable("a character in the machine readable zone that no zone has")
    layout, width = _SIZES[len(text)]
    lines = [text[at : at + width] for at in range(0, len(text), width)]
    if layout == "TD3":
        return _td3(text, lines, today)
    if layout == "TD2":
        return _td2(text, lines, today)
    if lines[0].startswith("C<CHN"):
        return _permit_of_1999(text, lines, today)
    # Where other documents have the three letters of a state, these permits have their number already.
    if lines[0][:2] in ("CS", "CD", "CR", "CT") and re.search(r"[0-9]", lines[0][2:5]):
        return (_permit_to if lines[0][1] in "SD" else _permit_of_residents)(text, lines, today)
    return _td1(text, lines, today)


# -- Doc 9303-4, -5 and -6 ---------------------------------------------------------------------------------------------


def _td3(text: str, lines: list[str], today: date) -> Mrz:
    upper, lower = lines
    optional = lower[28:42]
    composite = lower[0:10] + lower[13:20] + lower[21:43]
    # An empty personal number may have a filler for its check digit (9303-4, 4.2.2.2).
    is_empty = not optional.strip("<") and lower[42] == "<"
    return _mrz(
        "TD3", text, today, code=upper[:2], state=upper[2:5], names=upper[5:], number=lower[:9], number_digit=lower[9],
        nationality=lower[10:13], birth=lower[13:20], sex=lower[20], expiry=lower[21:28], optional=optional,
        more=(("optional", optional, "0" if is_empty else lower[42]), ("composite", composite, lower[43])),
        chinese_name=_chinese(optional[:12]) if upper[2:5] == "CHN" else "",
    )  # fmt: skip


def _td2(text: str, lines: list[str], today: date) -> Mrz:
    upper, lower = lines
    number, digit, optional = _long_number(lower[:9], lower[9], lower[28:35])
    composite = lower[0:10] + lower[13:20] + lower[21:35]
    return _mrz(
        "TD2", text, today, code=upper[:2], state=upper[2:5], names=upper[5:], number=number, number_digit=digit,
        nationality=lower[10:13], birth=lower[13:20], sex=lower[20], expiry=lower[21:28], optional=optional,
        more=(("composite", composite, lower[35]),),
    )  # fmt: skip


def _td1(text: str, lines: list[str], today: date) -> Mrz:
    upper, middle, lower = lines
    number, digit, optional = _long_number(upper[5:14], upper[14], upper[15:30])
    composite = upper[5:30] + middle[0:7] + middle[8:15] + middle[18:29]
    return _mrz(
        "TD1", text, today, code=upper[:2], state=upper[2:5], names=lower, number=number, number_digit=digit,
        nationality=middle[15:18], birth=middle[0:7], sex=middle[7], expiry=middle[8:15],
        optional=f"{optional}<{middle[18:29]}", more=(("composite", composite, middle[29]),),
    )  # fmt: skip


def _long_number(principal: str, digit: str, optional: str) -> tuple[str, str, str]:
    """Put a number together that goes on in the optional data (9303-5, 4.2.2.1 note j): number, digit, what is left."""
    rest, _, left = optional.partition("<")
    if digit == "<" and len(rest) >= 2:
        return principal + rest[:-1], rest[-1], left
    return principal, digit, optional


# -- the mainland's permits --------------------------------------------------------------------------------------------


def _permit_to(text: str, lines: list[str], today: date) -> Mrz:
    """To Hong Kong and Macau (CS) and to Taiwan (CD): expiry before birth; only the first line is printed."""
    upper, middle, lower = lines
    composite = upper[2:12] + upper[13:20] + upper[21:28]
    return _mrz(
        "CN_PERMIT", text, today, code=upper[:2], state="CHN", names=middle[12:], number=upper[2:11],
        number_digit=upper[11], nationality="CHN", birth=upper[21:28], sex=lower[0], expiry=upper[13:20],
        optional=lower[1:], more=(("composite", composite, upper[29]),), chinese_name=_chinese(middle[:12]),
    )  # fmt: skip


def _permit_of_residents(text: str, lines: list[str], today: date) -> Mrz:
    """Of residents of Hong Kong and Macau (CR) and of Taiwan (CT), from 2013 on."""
    upper, middle, lower = lines
    composite = upper[2:22] + upper[23:30] + middle[19:29]
    has_office = upper[1] == "T"  # the last four characters are the issuing office's
    return _mrz(
        "CN_PERMIT", text, today, code=upper[:2], state="CHN", names=lower[:26] if has_office else lower,
        number=upper[2:11], number_digit=upper[11], nationality="CHN", birth=upper[23:30], sex=upper[22],
        expiry=upper[15:22], optional=f"{upper[12:14]}<{middle[19:28 + has_office]}",
        more=(("renewals", upper[12:14], upper[14]), ("composite", composite, middle[29])),
        chinese_name=_chinese(middle[:18]), birth_century=_CENTURIES.get(middle[18]),
    )  # fmt: skip


def _permit_of_1999(text: str, lines: list[str], today: date) -> Mrz:
    """Of residents of Hong Kong and Macau, version of 1999 (GA/T 704.14-2015, 4.1): dates first, then the number."""
    upper, middle, lower = lines
    return _mrz(
        "CN_PERMIT", text, today, code=upper[:2], state=upper[2:5], names=lower, number=middle[15:26],
        number_digit=middle[26], nationality="CHN", birth=middle[0:7], sex=middle[7], expiry=middle[8:15],
        optional="", birth_century=_CENTURIES.get(middle[27]), expiry_century=_CENTURIES.get(middle[28]),
    )  # fmt: skip


def _chinese(letters: str) -> str:
    """Decode a name of which every half byte of its GBK is a letter A to P; "" where there is none."""
    letters = letters.rstrip("<")
    if not re.fullmatch(r"(?:[A-P]{4})+", letters, re.ASCII):
        return ""
    try:
        name = bytes.fromhex("".join(f"{ord(one) - 65:X}" for one in letters)).decode("gbk")
    except UnicodeDecodeError:
        return ""
    # An optional field that happens to consist of such letters is no name: a name has ideographs only.
    return name if all("\u3400" <= one <= "\u9fff" or one in "·〇" for one in name) else ""


# -- all of them -------------------------------------------------------------------------------------------------------


def _mrz(
    layout: Layout, text: str, today: date, *, code: str, state: str, names: str, number: str, number_digit: str,
    nationality: str, birth: str, sex: str, expiry: str, optional: str, more: tuple[tuple[str, str, str], ...] = (),
    chinese_name: str = "", birth_century: int | None = None, expiry_century: int | None = None,
) -> Mrz:  # fmt: skip
    """Put a zone together. ``birth`` and ``expiry``: YYMMDD and check digit; ``more``: name, text, digit of checks."""
    digits = (("number", number, number_digit), ("birth", birth[:6], birth[6]), ("expiry", expiry[:6], expiry[6]))
    primary, _, secondary = names.partition("<<")
    return Mrz(
        layout=layout,
        text=text,
        document_code=code.strip("<"),
        issuing_state=state.strip("<"),
        number=number.strip("<").replace("<", " "),
        birth=_birth(birth[:6], today, birth_century),
        sex=_SEXES.get(sex, Sex.UNKNOWN),
        expiry=_expiry(expiry[:6], today, expiry_century),
        nationality=nationality.strip("<"),
        primary=_words(primary),
        secondary=_words(secondary),
        optional=_words(optional),
        information=number.ljust(9, "<") + number_digit + birth + expiry,
        checks=tuple(_check(f"mrz_{name}", part, digit) for name, part, digit in digits + more),
        chinese_name=chinese_name,
        has_whole_name=names.endswith("<") and len(chinese_name) < _CHINESE_NAME_CHARACTERS,
    )


def _check(name: str, text: str, digit: str) -> Check:
    is_right = check_digit(text) == digit
    return Check(name, Result.PASS) if is_right else Check(name, Result.FAIL, "the check digit is wrong")


def _words(text: str) -> str:
    return " ".join(text.replace("<", " ").split())


def _birth(text: str, today: date, century: int | None) -> date | None:
    if century is not None:
        return _day(text, century)
    this_century = today.year - today.year % 100
    day = _day(text, this_century)
    # 29 February exists in one century and not in the other; the one that exists and has passed counts.
    return day if day is not None and day <= today else _day(text, this_century - 100)


def _expiry(text: str, today: date, century: int | None) -> date | None:
    if century is not None or not re.fullmatch(r"[0-9]{6}", text, re.ASCII):
        return _day(text, century or 0)
    year = today.year - today.year % 100 + int(text[:2])
    if year > today.year + FORWARD_YEARS:
        year -= 100
    elif year <= today.year + FORWARD_YEARS - 100:
        year += 100
    return _day(text, year - year % 100)


def _day(text: str, century: int) -> date | None:
    try:
        return date(century + int(text[:2]), int(text[2:4]), int(text[4:6])) if text.isdecimal() else None
    except ValueError:
        return None

"""Field kinds: validation, normalisation, masking, and what a value looks like. Pure functions.

Knows the fields' definitions and the visit's language, no screen and no device.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from hardware.card_reader import number_is_valid
from kiosk.text import Text
from kiosk.visit.services import FieldDefinition, FieldKind

_MOBILE = re.compile(r"1[3-9][0-9]{9}")  # mainland mobile numbers
_LANDLINE = re.compile(r"0[1-9][0-9]{8,10}")  # area code and subscriber
_COUNTRY = re.compile(r"^(?:(?:\+|00)86|86(?=1[0-9]{10}$))")
_NUMBER_DIGITS = 9


@dataclass(frozen=True)
class Wrong(Exception):
    """The answer cannot be taken: a sentence with item, cause and remedy, in the visit's language."""

    sentence: str


def accept(field: FieldDefinition, raw: Any, *, text: Text, today: date) -> Any:
    """The normalised value of an answer; None for a skipped optional field. Raises ``Wrong``.

    ``raw`` by kind: choice str, yes_no bool, number int or digits, date date or ISO text, others str, photo bytes.
    """
    if raw is None or raw == "" or raw == b"":
        if field.required:
            raise Wrong(text("{label} is still missing. Please fill it in.", label=text(field.label)))
        return None
    return _ACCEPT[field.kind](field, raw, text, today)


def _choice(field: FieldDefinition, raw: Any, text: Text, _today: date) -> str:
    if not isinstance(raw, str) or raw not in {o.id for o in field.options}:
        raise Wrong(text("Please choose one of the answers."))
    return raw


def _yes_no(_field: FieldDefinition, raw: Any, text: Text, _today: date) -> bool:
    if not isinstance(raw, bool):
        raise Wrong(text("Please choose one of the answers."))
    return raw


def _number(field: FieldDefinition, raw: Any, text: Text, _today: date) -> int:
    digits = unicodedata.normalize("NFKC", str(raw)).strip()
    if isinstance(raw, bool) or not re.fullmatch(r"[0-9]+", digits):
        raise Wrong(text("Please enter digits only."))
    most = 10**_NUMBER_DIGITS - 1 if field.maximum is None else field.maximum
    digits = digits.lstrip("0") or "0"
    value = int(digits) if len(digits) <= _NUMBER_DIGITS else most + 1
    if field.minimum is not None and value < field.minimum:
        raise Wrong(text("The number must be {least} or more.", least=field.minimum))
    if value > most:
        raise Wrong(text("The number must be {most} or less.", most=most))
    return value


def _date(field: FieldDefinition, raw: Any, text: Text, today: date) -> date:
    if isinstance(raw, datetime):
        raw = raw.date()
    if not isinstance(raw, date):
        compact = re.sub(r"[\s./-]", "", unicodedata.normalize("NFKC", str(raw)))
        try:
            if not re.fullmatch(r"[0-9]{8}", compact):
                raise ValueError("not year, month and day")
            raw = date(int(compact[:4]), int(compact[4:6]), int(compact[6:]))
        except ValueError:
            raise Wrong(text("There is no such day. Please enter year, month and day.")) from None
    if field.maximum is not None and raw > today + timedelta(days=field.maximum):
        last = text.date(today + timedelta(days=field.maximum))
        raise Wrong(text("That day is too late. The latest is {day}.", day=last))
    if field.minimum is not None and raw < today + timedelta(days=field.minimum):
        first = text.date(today + timedelta(days=field.minimum))
        raise Wrong(text("That day is too early. The earliest is {day}.", day=first))
    return raw  # type: ignore[no-any-return]


def _phone(_field: FieldDefinition, raw: Any, text: Text, _today: date) -> str:
    digits = _COUNTRY.sub("", re.sub(r"[\s()-]", "", unicodedata.normalize("NFKC", str(raw))))
    if _MOBILE.fullmatch(digits) or _LANDLINE.fullmatch(digits):
        return digits
    if re.fullmatch(r"1[0-9]{0,9}", digits):
        raise Wrong(text("The phone number lacks {count} digits. Please add them.", count=11 - len(digits)))
    raise Wrong(text("This is no phone number. Please check the digits."))


def _text(field: FieldDefinition, raw: Any, text: Text, _today: date) -> str | None:
    visible = "".join(c if c.isprintable() else " " if c.isspace() else "" for c in str(raw))
    value = " ".join(unicodedata.normalize("NFC", visible).split())
    if not value:
        if field.required:
            raise Wrong(text("{label} is still missing. Please fill it in.", label=text(field.label)))
        return None
    if len(value) > field.max_length:
        raise Wrong(text("Please use at most {most} characters.", most=field.max_length))
    return value


def _photo(_field: FieldDefinition, raw: Any, text: Text, _today: date) -> bytes:
    if not isinstance(raw, bytes) or not raw.startswith(b"\xff\xd8"):
        raise Wrong(text("The photo did not work. Please try again."))
    return raw


def _id_number(_field: FieldDefinition, raw: Any, text: Text, _today: date) -> str:
    number = re.sub(r"\s", "", unicodedata.normalize("NFKC", str(raw))).upper()
    if len(number) != 18:
        raise Wrong(text("An ID number has 18 digits. Please check."))
    if not number_is_valid(number):
        raise Wrong(text("One digit is wrong. Please check the number."))
    return number


_ACCEPT = {
    FieldKind.CHOICE: _choice,
    FieldKind.YES_NO: _yes_no,
    FieldKind.NUMBER: _number,
    FieldKind.DATE: _date,
    FieldKind.PHONE: _phone,
    FieldKind.TEXT: _text,
    FieldKind.PHOTO: _photo,
    FieldKind.ID_NUMBER: _id_number,
}


def shown(field: FieldDefinition, value: Any, text: Text) -> str:
    """A value as the review shows it to the resident; telephone and ID numbers are masked even there."""
    if value is None:
        return text("(none)")
    if field.kind is FieldKind.CHOICE:
        return next((text(o.text) for o in field.options if o.id == value), str(value))
    if field.kind is FieldKind.YES_NO:
        return text("Yes") if value else text("No")
    if field.kind is FieldKind.DATE:
        return text.date(value)
    if field.kind is FieldKind.PHONE:
        return mask_phone(value)
    if field.kind is FieldKind.ID_NUMBER:
        return mask_number(value)
    if field.kind is FieldKind.PHOTO:
        return text("1 photo")
    return f"{value} {text(field.unit)}".strip()


def printed(field: FieldDefinition, value: Any, text: Text) -> str:
    """A value as paper and ledger keep it: what is private and has no masked form is only said to be there."""
    has_mask = field.kind in (FieldKind.PHONE, FieldKind.ID_NUMBER, FieldKind.PHOTO)
    if field.is_private and not has_mask and value is not None:
        return text("(filled in)")
    return shown(field, value, text)


def mask_number(number: str) -> str:
    """First 3 and last 4 of an ID number (GB/T 35273): ``110***********002X``; anything shorter is hidden whole."""
    return number[:3] + "*" * (len(number) - 7) + number[-4:] if len(number) >= 15 else "*" * len(number)


def mask_phone(phone: str) -> str:
    """``138****8000``; anything shorter than a telephone number is hidden whole."""
    return phone[:3] + "*" * (len(phone) - 7) + phone[-4:] if len(phone) >= 10 else "*" * len(phone)


def wire_value(value: Any) -> Any:
    """A value as the sealed body carries it: dates as ISO text; photographs travel beside the answers."""
    return value.isoformat() if isinstance(value, date) else value

"""Checks that documents of several families share, made the same way and said in the same words. Knows no family."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TypeVar

from hardware.card_reader import (
    Check,
    LongTerm,
    Result,
    Sex,
    number_birth,
    number_is_valid,
    number_sex,
)

T = TypeVar("T")


def checked(name: str, is_right: bool, otherwise: Result, reason: str) -> Check:
    """Make a check that passes, or ends ``otherwise`` for ``reason``."""
    return Check(name, Result.PASS) if is_right else Check(name, otherwise, reason)


def agrees(name: str, item: object | None, in_number: object | None) -> Check:
    """Compare an item with what the number says; a difference is a warning, because old records have such errors."""
    if item is None or in_number is None:
        return Check(name, Result.NOT_DONE, "the card or its number does not say")
    return checked(name, item == in_number, Result.WARN, "the card and its number disagree")


def of_citizen(number: str, birth: date | None, sex: Sex) -> tuple[Check, Check, Check]:
    """Check a citizen's number and what it says: ``number_checksum``, ``birth_matches``, ``sex_matches`` (GB 11643).

    An unknown sex is not compared; an unspecified one is: the number specifies it.
    """
    return (
        checked("number_checksum", number_is_valid(number), Result.FAIL, "the number breaks GB 11643"),
        agrees("birth_matches", birth, _said(number_birth, number)),
        agrees("sex_matches", None if sex is Sex.UNKNOWN else sex, _said(number_sex, number)),
    )


def expired(valid_to: date | LongTerm | None, today: date) -> Check:
    """Check ``expired``: the last day still counts."""
    if valid_to is None:
        return Check("expired", Result.NOT_DONE, "the document does not say when it expires")
    is_valid = valid_to == "long_term" or today <= valid_to
    return checked("expired", is_valid, Result.FAIL, "the document's date of expiry has passed")


def name_decoded(is_whole: bool, reason: str = "some characters of the name could not be decoded") -> Check:
    """Check ``name_decoded``."""
    return checked("name_decoded", is_whole, Result.WARN, reason)


def _said(rule: Callable[[str], T], number: str) -> T | None:
    try:
        return rule(number)
    except ValueError:
        return None

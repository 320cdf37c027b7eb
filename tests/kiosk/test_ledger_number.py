"""The public number: ISO/IEC 7064 MOD 11,10."""

import re

import pytest

from kiosk.ledger.number import check_digit, is_number, number_for


@pytest.mark.parametrize(
    ("digits", "check"),
    [
        ("0794", "5"),  # ISO/IEC 7064:2003, the worked example of the hybrid system MOD 11,10: 0794 -> 07945
        ("79462", "3"),  # 794623, the usual test value of implementations
        ("00200667308", "5"),  # the German social insurance's example 002006673085
    ],
)
def test_the_worked_examples(digits: str, check: str) -> None:
    assert check_digit(digits) == check


def test_the_number_is_prefix_sequence_and_check_digit() -> None:
    assert number_for("B7", 204) == f"B7-000204-{check_digit('000204')}"
    assert number_for("B7", 1_234_567).startswith("B7-1234567-")


def test_every_single_wrong_digit_shows() -> None:
    for sequence in (1, 204, 99999, 123456, 999999):
        number = number_for("B7", sequence)
        assert is_number(number)
        for place in [m.start() for m in re.finditer(r"\d", number)][1:]:  # not the prefix
            for digit in "0123456789":
                if digit != number[place]:
                    assert not is_number(number[:place] + digit + number[place + 1 :])


@pytest.mark.parametrize(
    "text", ["", "B7-204-5", "b7-000204-5", "B7-000204", "B7-000204-5\n", "B7-000204-x", "-000204-5"]
)
def test_what_is_no_number(text: str) -> None:
    assert not is_number(text)

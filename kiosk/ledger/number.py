"""The public number on a receipt: PREFIX-SSSSSS-C. One wrong digit always shows, two swapped ones nearly always.

C is the check digit of ISO/IEC 7064 MOD 11,10 over the sequence's digits. Knows nothing of what is numbered.
"""

from __future__ import annotations

import re

_NUMBER = re.compile(r"([A-Z][A-Z0-9]{0,7})-(\d{6,12})-(\d)")


def check_digit(digits: str) -> str:
    """Compute the ISO/IEC 7064 MOD 11,10 check digit (clause 9: hybrid system) of decimal ``digits``."""
    product = 10
    for digit in digits:
        total = (product + int(digit)) % 10 or 10
        product = total * 2 % 11
    return str((11 - product) % 10)


def number_for(prefix: str, sequence: int) -> str:
    """Give the public number of the ``sequence``-th transaction (from 1) of booth ``prefix``."""
    digits = f"{sequence:06d}"
    return f"{prefix}-{digits}-{check_digit(digits)}"


def is_number(text: str) -> bool:
    """True when ``text`` is a number whose check digit fits."""
    match = _NUMBER.fullmatch(text)
    return bool(match and check_digit(match[2]) == match[3])

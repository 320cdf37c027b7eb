"""Check digits: a resident's ID number (GB 11643, ISO 7064 MOD 11-2), a receipt's number (ISO 7064 MOD 11,10)."""

from __future__ import annotations

import re

_RECEIPT = re.compile(r"([A-Z0-9]{1,8})-([0-9]{6,9})-([0-9])")


def id_check_character(first17: str) -> str:
    """Compute the 18th character of an ID number. GB 11643-1999 gives 11010519491231002 -> X."""
    weights = (pow(2, 17 - place, 11) for place in range(17))
    return "10X98765432"[sum(int(digit) * weight for digit, weight in zip(first17, weights, strict=True)) % 11]


def is_id_number(number: str) -> bool:
    return bool(re.fullmatch(r"[0-9]{17}[0-9X]", number)) and id_check_character(number[:17]) == number[17]


def receipt_check_digit(digits: str) -> str:
    """Compute the ISO 7064 MOD 11,10 check digit of a sequence's digits (ISO/IEC 7064:2003, 0794 -> 5)."""
    product = 10
    for digit in digits:
        total = (product + int(digit)) % 10 or 10
        product = total * 2 % 11
    return str((11 - product) % 10)


def receipt_sequence(number: str, booth: str) -> int | None:
    """Give the sequence inside a receipt's number PREFIX-SSSSSS-C; None when it is not one of this booth's."""
    match = _RECEIPT.fullmatch(number)
    if not match or match[1] != booth or receipt_check_digit(match[2]) != match[3]:
        return None
    return int(match[2])


def masked(text: str) -> str:
    """Show the first 3 and the last 4 characters (GB/T 35273 practice); short texts show none."""
    return text[:3] + "*" * (len(text) - 7) + text[-4:] if len(text) > 7 else "*" * len(text)


def masked_document(number: str) -> str:
    """Mask a document's number: long ones as ``masked``; of a short one (a passport's) only the ends are shown."""
    if len(number) >= 15:
        return masked(number)
    return number[:1] + "*" * (len(number) - 3) + number[-2:] if len(number) > 5 else "*" * len(number)


def masked_name(name: str) -> str:
    return name[:1] + "*" * max(1, len(name) - 1)

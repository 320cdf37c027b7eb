"""What was on a card, reduced to a word. A card number is personal: it is hashed with a key where it is read, or lost.

``digest`` is what an allow-list holds (docs/site.md). Pure.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection

_DIGEST_BYTES = 16
_PARITY = {26: (13, 13), 34: (17, 17)}  # bits under the even parity of the first, under the odd one of the last bit


def digest(key: bytes, bits: int, data: bytes) -> str:
    """32 hexadecimal digits that stand for this card at this site: HMAC-SHA-256 of its length and its bits."""
    return hmac.new(key, bits.to_bytes(2, "little") + data, hashlib.sha256).hexdigest()[: 2 * _DIGEST_BYTES]


def is_intact(bits: int, data: bytes, *, is_wiegand: bool) -> bool:
    """Whether so many bits are there, and the parity of the two common Wiegand lengths is right."""
    if bits <= 0 or len(data) * 8 < bits:
        return False
    if not is_wiegand or bits not in _PARITY:
        return True
    row = "".join(f"{byte:08b}" for byte in data)[:bits]
    front, back = _PARITY[bits]
    return row[:front].count("1") % 2 == 0 and row[-back:].count("1") % 2 == 1


def word(bits: int, data: bytes, *, is_wiegand: bool, key: bytes, allowed: Collection[str]) -> str:
    """``damaged``, ``read`` (nobody decides here), ``granted`` or ``denied``."""
    if not is_intact(bits, data, is_wiegand=is_wiegand):
        return "damaged"
    if not key:
        return "read"
    own = digest(key, bits, data)
    is_allowed = False
    for one in allowed:  # all of them: how long it takes says nothing
        is_allowed |= hmac.compare_digest(one, own)
    return "granted" if is_allowed else "denied"

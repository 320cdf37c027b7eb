"""What was on a card, reduced to a word. A card number is personal: it is hashed with a key where it is read, or lost.

``digest`` is what an allow-list holds; ``main`` makes one for a technician (docs/site.md).
"""

from __future__ import annotations

import getpass
import hashlib
import hmac
import re
import sys
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


def wiegand_26(facility: int, number: int) -> tuple[int, bytes]:
    """The bits of a 26-bit card from what is printed on it: even parity, 8 bits, 16 bits, odd parity."""
    if not (0 <= facility < 1 << 8 and 0 <= number < 1 << 16):
        raise ValueError("a 26-bit card has a facility of 0 to 255 and a number of 0 to 65535")
    row = f"{facility:08b}{number:016b}"
    first, last = row[:12].count("1") % 2, 1 - row[12:].count("1") % 2
    return 26, int(f"{first}{row}{last}".ljust(32, "0"), 2).to_bytes(4, "big")


def typed(line: str) -> tuple[int, bytes]:
    """A card as a technician types it: ``FACILITY NUMBER``, or ``BITS HEX`` with whole bytes. Raises ``ValueError``."""
    first, _, second = line.partition(" ")
    bits, digits = int(first), second.strip()
    if len(digits) == 2 * -(-bits // 8) and re.fullmatch(r"[0-9A-Fa-f]+", digits):
        return bits, bytes.fromhex(digits)
    return wiegand_26(bits, int(digits))


def main() -> None:
    """Ask for the key, then for cards, one a line; a hash for each. Nothing is echoed or kept."""
    ask = getpass.getpass if sys.stdin.isatty() else _next_line
    try:
        key = bytes.fromhex(ask("Key of the card hashes (32 hexadecimal digits): ").strip())
    except ValueError:
        sys.exit("no key: write 32 hexadecimal digits, as in the secrets' file")
    while line := ask("Card (FACILITY NUMBER, or BITS HEX; empty: done): ").strip():
        try:
            sys.stdout.write(digest(key, *typed(line)) + "\n")
        except ValueError:
            sys.stderr.write("no card: write FACILITY NUMBER, or BITS HEX with whole bytes\n")


def _next_line(_question: str) -> str:
    return sys.stdin.readline()


if __name__ == "__main__":
    main()

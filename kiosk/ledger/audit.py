"""The audit log as a hash chain: h(n) = SHA-256(h(n-1) || canonical event), so that a changed or removed row shows.

Cutting off the newest rows shows only to whoever keeps a head elsewhere. Refuses what could be personal: details are
words, and a value that is not a short word is withheld.
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from collections.abc import Iterable, Mapping

GENESIS = hashlib.sha256(b"booth-audit-1").hexdigest()
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,39}")
_VALUE = re.compile(r"[A-Za-z0-9_.:+-]{0,64}")
_LONG_NUMBER = re.compile(r"\d{7,}")  # telephone and ID numbers; our own stay below
WITHHELD = "(withheld)"


def canonical(n: int, at: str, visit: str, what: str, detail: str) -> bytes:
    """Give the bytes of an event that its hash covers."""
    return json.dumps([n, at, visit, what, detail], ensure_ascii=False, separators=(",", ":")).encode()


def chained(previous: str, event: bytes) -> str:
    """Give h(n) from h(n-1) (both 64 hex digits) and the canonical event."""
    return hashlib.sha256(bytes.fromhex(previous) + event).hexdigest()


def cleaned(detail: Mapping[str, str]) -> dict[str, str]:
    """Keep words, withhold everything that may be more than a word."""
    return {key: _clean(value) for key, value in detail.items() if _WORD.fullmatch(key)}


def _clean(value: str) -> str:
    return value if _VALUE.fullmatch(value) and not _LONG_NUMBER.search(value) else WITHHELD


def append(
    connection: sqlite3.Connection, at: str, what: str, *, visit: str = "", detail: Mapping[str, str] | None = None
) -> str:
    """Add an event inside the caller's transaction; returns the new head. ``what`` is a word."""
    last = connection.execute("SELECT n, hash FROM audit ORDER BY n DESC LIMIT 1").fetchone()
    n, previous = (last["n"] + 1, last["hash"]) if last else (1, GENESIS)
    text = json.dumps(cleaned(detail or {}), sort_keys=True, separators=(",", ":"))
    word = what if _WORD.fullmatch(what) else WITHHELD
    head = chained(previous, canonical(n, at, visit, word, text))
    connection.execute("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?)", (n, at, visit, word, text, head))
    return head


def first_break(rows: Iterable[sqlite3.Row]) -> int | None:
    """Walk rows ordered by n; give the number of the first event that does not fit, or None."""
    previous = GENESIS
    for expected, row in enumerate(rows, 1):
        event = canonical(row["n"], row["at"], row["visit"], row["what"], row["detail"])
        if row["n"] != expected or row["hash"] != chained(previous, event):
            return expected
        previous = row["hash"]
    return None

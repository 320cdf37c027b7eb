"""How often a card was tried today, without knowing which card: counts under keyed hashes, forgotten with the day.

The visit asks for today's key, makes the hash (``tag_of``) and has it counted; no number crosses to the keeper and
none is kept. Numbers can be guessed and hashed by whoever has key and file, so both are renewed at the first use of
the next day and overwritten; what remains is nothing. Knows no person, no card and no reason for a try.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import sqlite3
from collections.abc import Callable

from kiosk.ledger.file import LedgerError, LedgerFile

_TAG = re.compile(r"[0-9a-f]{64}")


class BadTag(LedgerError):
    """Not what ``tag_of`` makes: a defect of the visit process."""

    why = "bad_tag"


def tag_of(key: bytes, purpose: str, number: str) -> str:
    """Hash a document's ``number`` for ``purpose`` under today's ``key``: HMAC-SHA-256 (RFC 2104), 64 hex digits."""
    return hmac.new(key, f"{purpose}\0{number}".encode(), hashlib.sha256).hexdigest()


class Attempts:
    """Today's counts. ``day`` gives the civil date as text; another one than last time begins anew."""

    def __init__(self, file: LedgerFile, day: Callable[[], str]) -> None:
        self._file = file
        self._day = day

    def key(self) -> bytes:
        """Give today's key. Raises Closed, DiskFull."""
        return self._today()

    def used(self, tag: str) -> int:
        """Give how often ``tag`` was counted today."""
        self._checked(tag)
        self._today()
        rows = self._file.read("SELECT used FROM attempts WHERE tag = ?", (tag,))
        return int(rows[0]["used"]) if rows else 0

    def count(self, tag: str) -> int:
        """Count one more and give the sum; durable when it returns, so that pulling the plug wins no try."""
        self._checked(tag)
        self._today()
        with self._file.write() as c:
            c.execute("INSERT INTO attempts VALUES (?, 1) ON CONFLICT (tag) DO UPDATE SET used = used + 1", (tag,))
            (used,) = c.execute("SELECT used FROM attempts WHERE tag = ?", (tag,)).fetchone()
        return int(used)

    def forget_old(self) -> None:
        """Overwrite what is not of today. Cheap when there is nothing."""
        if self._kept().get("attempts_day") not in (None, self._day()):
            self._today()

    def _today(self) -> bytes:
        """Give the key of today; at the first call of a day, make one and drop what belonged to the old one."""
        day, kept = self._day(), self._kept()
        if kept.get("attempts_day") == day and "attempts_key" in kept:
            return bytes.fromhex(kept["attempts_key"])
        key = secrets.token_bytes(32)
        with self._file.write() as c:
            c.execute("DELETE FROM attempts")
            _keep(c, "attempts_day", day)
            _keep(c, "attempts_key", key.hex())
        self._file.checkpoint()  # the old key leaves the write-ahead log, too
        return key

    def _kept(self) -> dict[str, str]:
        rows = self._file.read("SELECT name, value FROM meta WHERE name IN ('attempts_day', 'attempts_key')")
        return {str(row["name"]): str(row["value"]) for row in rows}

    def _checked(self, tag: str) -> None:
        if not _TAG.fullmatch(tag):
            raise BadTag("an attempt is counted under 64 hex digits")


def _keep(connection: sqlite3.Connection, name: str, value: str) -> None:
    connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

"""The journal of the watch as the uplink sees it: read, beside its owner, never written. Knows no broker."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from kiosk.ledger.file import Unusable, read_only
from kiosk.uplink.telemetry_wire import Row, body_of

_AFTER = "SELECT seq, boot, mono_ms, at, clock, class, body FROM events WHERE seq > ? ORDER BY seq LIMIT ?"
_ALARMS = (
    "SELECT seq, boot, mono_ms, at, clock, class, body FROM events WHERE seq > ? AND class = 'alm' ORDER BY seq LIMIT ?"
)
_NEWEST = (
    "SELECT max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0),"
    " coalesce((SELECT max(seq) FROM events), 0))"
)


class JournalGone(Exception):
    """site.db cannot be read now; the text says why. It is tried again."""


class Journal:
    """``site.db``, read-only. Opened when it is first asked and again after a failure; every call is short."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._connection: sqlite3.Connection | None = None

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def newest(self) -> int:
        """The highest row ever written, 0 for none; also when retention took the row itself. Raises JournalGone."""
        rows = self._read(_NEWEST)
        return int(rows[0][0])

    def after(self, seq: int, limit: int) -> list[Row]:
        """The next rows, in order. Raises JournalGone."""
        return [_row(one) for one in self._read(_AFTER, seq, limit)]

    def alarms(self, after: int, limit: int) -> list[Row]:
        """The next rows of class alm, in order. Raises JournalGone."""
        return [_row(one) for one in self._read(_ALARMS, after, limit)]

    def has_alarm(self, after: int) -> bool:
        """Whether a row of class alm stands behind ``after``. Raises JournalGone."""
        return bool(self._read("SELECT 1 FROM events WHERE seq > ? AND class = 'alm' LIMIT 1", after))

    def trust(self) -> str:
        """How the watch trusted the wall clock when it last wrote; "" when it never did. Raises JournalGone."""
        rows = self._read("SELECT clock FROM events ORDER BY seq DESC LIMIT 1")
        return str(rows[0][0]) if rows else ""

    def _read(self, sql: str, *values: int) -> list[sqlite3.Row]:
        try:
            if self._connection is None:
                self._connection = read_only(self._file)
                self._connection.execute("PRAGMA cache_size = -512")  # KiB
            return self._connection.execute(sql, values).fetchall()
        except (sqlite3.Error, Unusable) as error:
            self.close()
            raise JournalGone(str(error)) from None


def _row(row: sqlite3.Row) -> Row:
    return Row(row["seq"], row["boot"], row["mono_ms"], row["at"], row["clock"], row["class"], body_of(row["body"]))

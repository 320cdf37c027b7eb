"""The journal of the watch as the uplink sees it: read, beside its owner, never written. Knows no broker."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from kiosk.ledger.file import Unusable, read_only
from kiosk.uplink.telemetry_wire import Row, body_of

BATCH_BYTES = 512 * 1024  # of bodies: rows of readings are long
_AFTER = "SELECT seq, boot, mono_ms, at, clock, class, body FROM events WHERE seq > ? ORDER BY seq LIMIT ?"
_ALARMS = (
    "SELECT seq, boot, mono_ms, at, clock, class, body FROM events WHERE seq > ? AND class = 'alm' ORDER BY seq LIMIT ?"
)
_NEWEST = "SELECT seq FROM sqlite_sequence WHERE name = 'events'"


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
        return int(rows[0][0]) if rows else 0

    def after(self, seq: int, limit: int, at_most_bytes: int = BATCH_BYTES) -> list[Row]:
        """The next rows, in order, as far as their bodies fit; at least one where there is one. Raises JournalGone."""
        return self._some(_AFTER, seq, limit, at_most_bytes)

    def alarms(self, after: int, limit: int, at_most_bytes: int = BATCH_BYTES) -> list[Row]:
        """The same of class alm alone. Raises JournalGone."""
        return self._some(_ALARMS, after, limit, at_most_bytes)

    def has_alarm(self, after: int) -> bool:
        """Whether a row of class alm stands behind ``after``. Raises JournalGone."""
        return bool(self._read("SELECT 1 FROM events WHERE seq > ? AND class = 'alm' LIMIT 1", after))

    def trust(self) -> str:
        """How the watch trusted the wall clock when it last wrote; "" when it never did. Raises JournalGone."""
        rows = self._read("SELECT clock FROM events ORDER BY seq DESC LIMIT 1")
        return str(rows[0][0]) if rows else ""

    def _some(self, sql: str, seq: int, limit: int, at_most_bytes: int) -> list[Row]:
        found: list[Row] = []
        size = 0
        with contextlib.closing(self._ask(sql, seq, limit)) as rows:
            try:
                for one in rows:  # one at a time: what does not fit is not read
                    size += len(one["body"])
                    if found and size > at_most_bytes:
                        break
                    found.append(_row(one))
            except sqlite3.Error as error:
                self.close()
                raise JournalGone(str(error)) from None
        return found

    def _read(self, sql: str, *values: int) -> list[sqlite3.Row]:
        with contextlib.closing(self._ask(sql, *values)) as rows:
            return rows.fetchall()

    def _ask(self, sql: str, *values: int) -> sqlite3.Cursor:
        try:
            if self._connection is None:
                self._connection = read_only(self._file)
                self._connection.execute("PRAGMA cache_size = -512")  # KiB
            return self._connection.execute(sql, values)
        except (sqlite3.Error, Unusable) as error:
            self.close()
            raise JournalGone(str(error)) from None


def _row(row: sqlite3.Row) -> Row:
    return Row(row["seq"], row["boot"], row["mono_ms"], row["at"], row["clock"], row["class"], body_of(row["body"]))

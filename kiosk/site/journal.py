"""site.db: what happened at the site, in order and for good, and what the watch must know after a power cut.

A row's number is never used again, so the platform can say up to where it has everything. Durable when ``write``
returns; ``kept`` goes into the same transaction as the rows it belongs to. Knows bodies as JSON text only, and no
thread: one caller at a time, see ``scribe``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec

from kiosk.ledger.file import LedgerFile

SITE_FILE = "site.db"
KEEP_DAYS = 30
MAX_BYTES = 512 * 1024 * 1024
REMEMBERED = 1000  # acts whose answer is repeated instead of doing them again
_CHUNK = 5000  # rows dropped in one transaction: the next alarm does not wait for a clean-up

Kind = Literal["alm", "evt", "tel", "state", "cmd", "mark"]
Clock = Literal["synced", "free-running", "stepped"]

_V1 = """
CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    boot TEXT NOT NULL,
    mono_ms INTEGER NOT NULL,
    at TEXT NOT NULL,
    clock TEXT NOT NULL CHECK (clock IN ('synced', 'free-running', 'stepped')),
    class TEXT NOT NULL CHECK (class IN ('alm', 'evt', 'tel', 'state', 'cmd', 'mark')),
    body TEXT NOT NULL
) STRICT;
CREATE INDEX events_of_class ON events (class, seq);
CREATE TABLE kept (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE acts (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    said TEXT NOT NULL,
    result TEXT NOT NULL,
    text TEXT NOT NULL
) STRICT;
"""
MIGRATIONS = (_V1,)


class Row(msgspec.Struct, frozen=True):
    """One line. ``boot``: this run of the watch; ``mono_ms``: CLOCK_MONOTONIC, orders rows of one boot; ``at``: wall
    time (ISO 8601, UTC), a label whose trust is ``clock``; ``seq`` 0 until written; ``body``: a JSON object."""

    boot: str
    mono_ms: int
    at: str
    clock: Clock
    kind: Kind = msgspec.field(name="class")
    body: str
    seq: int = 0


class Acted(msgspec.Struct, frozen=True):
    """What became of an act of staff: ``said`` is the digest of what was asked under this ``id``."""

    id: str
    said: str
    result: str
    text: str


class SiteJournal:
    """The owner's side. Raises ``kiosk.ledger.file``'s DiskFull and Closed."""

    def __init__(self, file: LedgerFile) -> None:
        self.file = file
        self._last_seq = int(
            file.read("SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0)")[0][0]
        )
        self._delivered_seq = int(self.kept("delivered") or 0)

    @property
    def last_seq(self) -> int:
        """The newest row's number; 0 before the first."""
        return self._last_seq

    @property
    def delivered_seq(self) -> int:
        """Up to and including this row the platform has everything."""
        return self._delivered_seq

    def write(self, rows: Sequence[Row], kept: Mapping[str, str] | None = None, acts: Iterable[Acted] = ()) -> int:
        """Write all of it in one durable transaction; give the last row's number."""
        values = [(row.boot, row.mono_ms, row.at, row.clock, row.kind, row.body) for row in rows]
        last_seq = self._last_seq
        with self.file.write() as connection:
            if values:
                connection.executemany(
                    "INSERT INTO events (boot, mono_ms, at, clock, class, body) VALUES (?, ?, ?, ?, ?, ?)", values
                )
                last_seq = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'events'").fetchone()[0]
            for name, value in (kept or {}).items():
                connection.execute("INSERT OR REPLACE INTO kept VALUES (?, ?)", (name, value))
            connection.executemany(
                "INSERT OR IGNORE INTO acts (id, said, result, text) VALUES (?, ?, ?, ?)",
                [(one.id, one.said, one.result, one.text) for one in acts],
            )
        self._last_seq = last_seq
        return last_seq

    def after(self, seq: int, limit: int) -> list[Row]:
        """Rows that come after ``seq``, oldest first, at most ``limit``."""
        return [_row(one) for one in self.file.read(_AFTER, (seq, limit))]

    def delivered(self, seq: int) -> None:
        """The platform has committed everything up to ``seq``; an older word than the last one changes nothing."""
        seq = min(seq, self._last_seq)
        if seq > self._delivered_seq:
            self.write((), {"delivered": str(seq)})
            self._delivered_seq = seq

    def keep(self, name: str, json: str) -> None:
        """Have ``json`` survive under ``name``."""
        self.write((), {name: json})

    def kept(self, name: str) -> str | None:
        """What was kept last under ``name``."""
        found = self.file.read("SELECT value FROM kept WHERE name = ?", (name,))
        return None if not found else str(found[0][0])

    def acts(self) -> list[Acted]:
        """The last acts, oldest first."""
        rows = self.file.read("SELECT id, said, result, text FROM acts ORDER BY n DESC LIMIT ?", (REMEMBERED,))
        return [Acted(*row) for row in reversed(rows)]

    def retain(self, now: datetime, max_bytes: int = MAX_BYTES) -> int:
        """Drop what need not be kept: delivered and old; when the file is too large telemetry, then what was
        delivered, then events; an alarm that was not delivered never. Give how many rows went, one bite at a time:
        call again while it is not 0."""
        oldest = (now - timedelta(days=KEEP_DAYS)).astimezone(UTC).isoformat(timespec="milliseconds")
        first = self.file.read("SELECT at FROM events ORDER BY seq LIMIT 1")
        gone = 0
        if first and first[0][0] < oldest:  # else nothing is old, and a look at every row would hold up the next alarm
            gone = self._drop("seq <= ? AND at < ?", (self._delivered_seq, oldest))
        if gone == 0 and self._used_bytes() > max_bytes:
            for which, values in (
                ("class = 'tel'", ()),
                ("seq <= ?", (self._delivered_seq,)),
                ("class IN ('evt', 'state')", ()),
            ):
                if gone := self._drop(which, values):
                    break
        with self.file.write() as connection:
            connection.execute("DELETE FROM acts WHERE n <= (SELECT coalesce(max(n), 0) FROM acts) - ?", (REMEMBERED,))
        return gone

    def _drop(self, which: str, values: tuple[object, ...]) -> int:
        with self.file.write() as connection:
            return connection.execute(
                f"DELETE FROM events WHERE seq IN (SELECT seq FROM events WHERE {which} ORDER BY seq LIMIT {_CHUNK})",  # noqa: S608 - constants of this module
                values,
            ).rowcount

    def _used_bytes(self) -> int:
        pages, free, size = (
            int(self.file.read(f"PRAGMA {name}")[0][0]) for name in ("page_count", "freelist_count", "page_size")
        )
        return (pages - free) * size


_AFTER = "SELECT seq, boot, mono_ms, at, clock, class, body FROM events WHERE seq > ? ORDER BY seq LIMIT ?"


def rows_after(connection: sqlite3.Connection, seq: int, limit: int) -> list[Row]:
    """The same for a reader beside the owner (``kiosk.ledger.file.read_only``)."""
    return [_row(one) for one in connection.execute(_AFTER, (seq, limit))]


def last_rows(connection: sqlite3.Connection, limit: int, kinds: Sequence[Kind] = ()) -> list[Row]:
    """The newest rows (of these classes), oldest first."""
    which = f"WHERE class IN ({', '.join('?' * len(kinds))})" if kinds else ""
    found = connection.execute(
        f"SELECT seq, boot, mono_ms, at, clock, class, body FROM events {which} ORDER BY seq DESC LIMIT ?",  # noqa: S608
        (*kinds, limit),
    ).fetchall()
    return [_row(one) for one in reversed(found)]


def _row(one: sqlite3.Row) -> Row:
    seq, boot, mono_ms, at, clock, kind, body = one
    return Row(boot=boot, mono_ms=mono_ms, at=at, clock=clock, kind=kind, body=body, seq=seq)

"""Visits and transactions: opened, committed, answered, receipted. One method, one durable transaction.

Here a number is given out, in the same commit as what it numbers, so the sequence has no gaps. Knows sealed bodies,
which it cannot open, and masked receipts; how and when something is sent is the outbox's matter.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from kiosk.ledger import audit
from kiosk.ledger.file import Closed, LedgerError, LedgerFile
from kiosk.ledger.number import number_for
from kiosk.ledger.states import NEEDS_BODY, Event, State, step

_KEY = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_SERVICE = re.compile(r"[a-z][a-z0-9-]{0,63}")
RECEIPT_EVENTS = {"printed": Event.RECEIPT_ISSUED, "shown": Event.RECEIPT_ISSUED, "owed": Event.RECEIPT_OWED}


class KeyReused(LedgerError):
    """The same key with another body."""

    why = "key_reused"


class BadCommit(LedgerError):
    """Key, service or digest are not what they should be: a defect of the visit process."""

    why = "bad_commit"


class UnknownVisit(LedgerError):
    why = "unknown_visit"


class UnknownTransaction(LedgerError):
    why = "unknown_transaction"


@dataclass(frozen=True, slots=True)
class Transaction:
    """A committed transaction; ``sealed`` is None once the platform answered."""

    key: str
    seq: int
    number: str
    visit: str
    service: str
    schema: int
    state: State
    sealed: bytes | None
    digest: str
    created_at: str
    attempts: int
    reason: str


class Journal:
    """The ledger's front. ``prefix`` begins every number; ``wall`` gives aware wall time, for rows, never for order."""

    def __init__(self, file: LedgerFile, prefix: str, wall: Callable[[], datetime]) -> None:
        self.file = file
        self._prefix = prefix
        self._wall = wall
        self._doubtful: set[str] = set()

    # -- visits -----------------------------------------------------------------------------------------------------

    def open_visit(self, service: str) -> str:
        """Open a visit for ``service``; returns its opaque id. Raises DiskFull, Closed, BadCommit."""
        if not _SERVICE.fullmatch(service):
            raise BadCommit("the service's name is no name")
        self.file.require_space()
        visit = uuid.uuid4().hex
        with self.file.write() as c:
            c.execute("INSERT INTO visits (id, service, opened_at) VALUES (?, ?, ?)", (visit, service, self.stamp()))
            audit.append(c, self.stamp(), "visit_opened", visit=visit, detail={"service": service})
        return visit

    def close_visit(self, visit: str, outcome: str) -> bool:
        """Write how a visit ended; False when it was closed before or never opened."""
        with self.file.write() as c:
            return self._close(c, visit, outcome)

    def close_interrupted(self, outcome: str = "interrupted") -> int:
        """Close every open visit (nobody is in it any more after a start); returns how many."""
        with self.file.write() as c:
            rows = c.execute("SELECT id FROM visits WHERE closed_at IS NULL").fetchall()
            for row in rows:
                self._close(c, row["id"], outcome)
        return len(rows)

    def note(self, what: str, detail: Mapping[str, str] | None = None, *, visit: str = "") -> None:
        """Add an audit event."""
        with self.file.write() as c:
            audit.append(c, self.stamp(), what, visit=visit, detail=detail)

    # -- transactions -----------------------------------------------------------------------------------------------

    def commit(
        self,
        *,
        visit: str,
        key: str,
        service: str,
        schema: int,
        sealed: bytes,
        digest: str,
        receipt: str,
        reverses: str | None = None,
    ) -> str:
        """Make a transaction durable; returns its number. The same key and digest give the same number again.

        ``reverses``: the key of a transaction that this one takes back. Raises DiskFull, Closed, KeyReused, BadCommit,
        UnknownVisit, UnknownTransaction.
        """
        if not _KEY.fullmatch(key) or not _SERVICE.fullmatch(service):
            raise BadCommit("key or service are malformed")
        if hashlib.sha256(sealed).hexdigest() != digest:
            raise BadCommit("the digest does not fit the sealed body")
        if (number := self._number_of(key, digest)) is not None:
            return number
        self.file.require_space()
        try:
            with self.file.write() as c:
                number, at = self._take_number(c, visit, reverses)
                c.execute(
                    "INSERT INTO transactions (key, seq, number, visit, service, schema, state, sealed, digest,"
                    " receipt, created_at, reverses) VALUES (?, (SELECT value FROM meta WHERE name = 'sequence'),"
                    " ?, ?, ?, ?, 'pending', ?, ?, ?, ?, ?)",
                    (key, number, visit, service, schema, sealed, digest, receipt, at, reverses),
                )
                detail = {"number": number, "service": service, "digest": digest[:16]}
                audit.append(c, at, "committed", visit=visit, detail=detail)
                return number
        except Closed:
            self._doubtful.add(key)  # the disk failed under COMMIT: it may be there or not
            number = self._number_of(key, digest)  # opens the file anew, or raises Closed
            if number is None:
                raise
            return number

    def _take_number(self, c: sqlite3.Connection, visit: str, reverses: str | None) -> tuple[str, str]:
        if c.execute("SELECT 1 FROM visits WHERE id = ? AND closed_at IS NULL", (visit,)).fetchone() is None:
            raise UnknownVisit("no such open visit")
        if reverses is not None:
            self.step(c, reverses, Event.CANCEL)
        (last,) = c.execute("SELECT value FROM meta WHERE name = 'sequence'").fetchone()
        c.execute("UPDATE meta SET value = ? WHERE name = 'sequence'", (str(int(last) + 1),))
        return number_for(self._prefix, int(last) + 1), self.stamp()

    def _number_of(self, key: str, digest: str) -> str | None:
        rows = self.file.read("SELECT number, digest FROM transactions WHERE key = ?", (key,))
        if not rows:
            return None
        if rows[0]["digest"] != digest:
            raise KeyReused("this key is already used for another body")
        self._doubtful.discard(key)
        return str(rows[0]["number"])

    def settle_doubts(self) -> int:
        """Park what was refused to a resident when the disk failed but is in the file after all; returns how many."""
        found = 0
        for key in tuple(self._doubtful):
            with self.file.write() as c:
                if c.execute("SELECT 1 FROM transactions WHERE key = ?", (key,)).fetchone():
                    self.step(c, key, Event.PARK, reason="told_refused")
                    found += 1
            self._doubtful.discard(key)
        return found

    def receipt_issued(self, key: str, how: str) -> State:
        """Record how the receipt left: ``printed``, ``shown`` or ``owed``; returns the state after it."""
        if how not in RECEIPT_EVENTS:
            raise BadCommit("a receipt is printed, shown or owed")
        with self.file.write() as c:
            row = c.execute("SELECT receipt_how, copies FROM transactions WHERE key = ?", (key,)).fetchone()
            if row is None:
                raise UnknownTransaction("no such transaction")
            has_left = row["receipt_how"] in ("printed", "shown")
            state = self.step(c, key, RECEIPT_EVENTS[how])
            if how != "owed":
                c.execute(
                    "UPDATE transactions SET receipt_how = ?, copies = copies + 1 WHERE key = ?",
                    (how, key),
                )
            elif not has_left:
                c.execute("UPDATE transactions SET receipt_how = 'owed' WHERE key = ?", (key,))
            return state

    def get(self, key: str) -> Transaction:
        """Give one transaction. Raises UnknownTransaction."""
        rows = self.file.read("SELECT * FROM transactions WHERE key = ?", (key,))
        if not rows:
            raise UnknownTransaction("no such transaction")
        return as_transaction(rows[0])

    # -- for the outbox ---------------------------------------------------------------------------------------------

    def day(self) -> str:
        """Today's civil date, ISO."""
        return self._wall().date().isoformat()

    def stamp(self) -> str:
        """Wall time now as ISO 8601 in UTC, to the second."""
        return self._wall().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def step(self, c: sqlite3.Connection, key: str, event: Event, *, reason: str = "") -> State:
        """Take one step of the table inside the caller's transaction, with its audit event.

        Raises UnknownTransaction, IllegalStep.
        """
        row = c.execute("SELECT state, number, visit, sealed FROM transactions WHERE key = ?", (key,)).fetchone()
        if row is None:
            raise UnknownTransaction("no such transaction")
        before = State(row["state"])
        after = step(before, event)
        sealed = row["sealed"] if after in NEEDS_BODY else None
        c.execute(
            "UPDATE transactions SET state = ?, sealed = ?, reason = ? WHERE key = ?",
            (after.value, sealed, reason, key),
        )
        detail = {"number": row["number"], "from": before.value, "to": after.value}
        audit.append(
            c, self.stamp(), event.value, visit=row["visit"], detail=detail | ({"reason": reason} if reason else {})
        )
        return after

    def _close(self, c: sqlite3.Connection, visit: str, outcome: str) -> bool:
        word = audit.cleaned({"outcome": outcome})["outcome"]
        changed = c.execute(
            "UPDATE visits SET closed_at = ?, outcome = ? WHERE id = ? AND closed_at IS NULL",
            (self.stamp(), word, visit),
        ).rowcount
        if changed:
            audit.append(c, self.stamp(), "visit_closed", visit=visit, detail={"outcome": word})
        return bool(changed)


def as_transaction(row: sqlite3.Row) -> Transaction:
    return Transaction(
        row["key"],
        row["seq"],
        row["number"],
        row["visit"],
        row["service"],
        row["schema"],
        State(row["state"]),
        row["sealed"],
        row["digest"],
        row["created_at"],
        row["attempts"],
        row["reason"],
    )

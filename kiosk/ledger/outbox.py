"""What is still to be delivered, and what the platform said. One method, one durable transaction.

The attempt is durable before anything is sent, and the outcome of an attempt that ended without an answer is asked
for, never guessed. Knows no wire and no time-out; those are the courier's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from kiosk.ledger.journal import Journal, Transaction, as_transaction
from kiosk.ledger.states import ANSWERED, WAITING, Event, State

LONGEST_RUN = 10_000  # the platform compares a bounded range in one call
_WAITING = ", ".join(sorted(f"'{state.value}'" for state in WAITING))


@dataclass(frozen=True, slots=True)
class Waiting:
    """A transaction the platform has not answered."""

    key: str
    seq: int
    state: State
    digest: str
    number: str


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive sequences that the platform has answered; ``digest`` as of ``digest_of``."""

    sequence_from: int
    sequence_to: int
    count: int
    digest: str


class Outbox:
    """The courier's view of the ledger."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._file = journal.file

    def recover(self) -> int:
        """After a start: every attempt under way is UNKNOWN now, every open visit ended. Returns how many attempts."""
        self._journal.close_interrupted()
        rows = self._file.read("SELECT key FROM transactions WHERE state = ? ORDER BY seq", (State.SENDING.value,))
        for row in rows:
            self.settle(row["key"], Event.LOST, reason="restarted")
        return len(rows)

    def waiting(self) -> list[Waiting]:
        """List what is to be delivered, in the order of commit. SENDING that nobody sends counts as UNKNOWN."""
        self._journal.settle_doubts()
        rows = self._file.read(
            f"SELECT key, seq, state, digest, number FROM transactions WHERE state IN ({_WAITING}) ORDER BY seq"  # noqa: S608 - our enum's words
        )
        return [Waiting(r["key"], r["seq"], State(r["state"]), r["digest"], r["number"]) for r in rows]

    def begin(self, key: str) -> Transaction:
        """Make the next attempt durable and give what is to be sent. Raises IllegalStep, DiskFull, Closed."""
        with self._file.write() as c:
            state = State(c.execute("SELECT state FROM transactions WHERE key = ?", (key,)).fetchone()["state"])
            if state is State.SENDING:
                self._journal.step(c, key, Event.LOST)
            self._journal.step(c, key, Event.ATTEMPT)
            c.execute(
                "UPDATE transactions SET attempts = attempts + 1, sent_at = ? WHERE key = ?",
                (self._journal.stamp(), key),
            )
            return as_transaction(c.execute("SELECT * FROM transactions WHERE key = ?", (key,)).fetchone())

    def settle(self, key: str, event: Event, *, reason: str = "") -> State:
        """Record what became of an attempt; returns the state after it, the receipt included."""
        with self._file.write() as c:
            state = self._journal.step(c, key, event, reason=reason)
            if event not in (Event.ACCEPTED, Event.REJECTED):
                return state
            c.execute("UPDATE transactions SET answered_at = ? WHERE key = ?", (self._journal.stamp(), key))
            row = c.execute("SELECT receipt_how, reverses FROM transactions WHERE key = ?", (key,)).fetchone()
            if state is State.ACKED and row["reverses"]:
                self._journal.step(c, row["reverses"], Event.REVERSAL_ACCEPTED)
            if state is State.ACKED and row["receipt_how"]:  # the receipt left before the platform answered
                left = Event.RECEIPT_OWED if row["receipt_how"] == "owed" else Event.RECEIPT_ISSUED
                state = self._journal.step(c, key, left)
            return state

    def state_of(self, key: str) -> tuple[State, str]:
        """Give state and reason. Raises UnknownTransaction."""
        transaction = self._journal.get(key)
        return transaction.state, transaction.reason

    def release(self, number: str) -> State | None:
        """Let a parked transaction go again; None when none is parked under ``number``."""
        rows = self._file.read("SELECT key FROM transactions WHERE number = ? AND state = 'parked'", (number,))
        return self.settle(rows[0]["key"], Event.RELEASE, reason="released") if rows else None

    def note(self, what: str, **detail: str) -> None:
        """Add an audit event that belongs to no visit."""
        self._journal.note(what, detail)

    def tidy(self) -> None:
        """Truncate the WAL, renew the ballast."""
        self._file.checkpoint()

    def gaps(self) -> list[int]:
        """List sequences that are missing below the last one given out: each is an alarm."""
        (last,) = self._file.read("SELECT value FROM meta WHERE name = 'sequence'")
        present = {row["seq"] for row in self._file.read("SELECT seq FROM transactions")}
        return [seq for seq in range(1, int(last["value"]) + 1) if seq not in present]

    def runs(self, after: int = 0) -> list[Run]:
        """List the runs of answered transactions with sequences above ``after``, for reconciliation."""
        rows = self._file.read(
            "SELECT seq, number, digest, state FROM transactions WHERE seq > ? ORDER BY seq", (after,)
        )
        runs: list[Run] = []
        part: list[tuple[int, str]] = []
        for row in rows:
            if State(row["state"]) in ANSWERED:
                if part and (row["seq"] != part[-1][0] + 1 or len(part) == LONGEST_RUN):
                    runs.append(_run(part))
                    part = []
                part.append((row["seq"], f"{row['number']}:{row['digest']}\n"))
            elif part:
                runs.append(_run(part))
                part = []
        return [*runs, _run(part)] if part else runs


def _run(part: list[tuple[int, str]]) -> Run:
    return Run(part[0][0], part[-1][0], len(part), digest_of(line for _, line in part))


def digest_of(lines: Iterable[str]) -> str:
    """Give the reconciliation digest: hex SHA-256 over the sorted lines ``number:digest`` + newline."""
    return hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()

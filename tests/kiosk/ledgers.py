"""What the ledger's and courier's tests share: a ledger in a folder, and a platform that can be told to misbehave."""

from __future__ import annotations

import hashlib
import random
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from kiosk.clock import ManualClock
from kiosk.ledger.file import LedgerFile
from kiosk.ledger.journal import Journal
from kiosk.ledger.outbox import Outbox, digest_of
from kiosk.ledger.schema import MIGRATIONS
from kiosk.uplink.bodies import Acknowledgement, AckState, Envelope, Reconciliation
from kiosk.uplink.courier import Courier
from kiosk.uplink.errors import RateLimited, Refused, Slow, Unreachable

T = TypeVar("T")
WALL = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
ROOMY = {"min_free_bytes": 0, "ballast_bytes": 4096}


def open_journal(folder: Path, **options: int) -> Journal:
    return Journal(LedgerFile(folder / "ledger.db", MIGRATIONS, **{**ROOMY, **options}), "B7", lambda: WALL)


def sealed_body(text: str = "body") -> tuple[bytes, str]:
    sealed = b"\x01" + hashlib.sha512(text.encode()).digest() * 2
    return sealed, hashlib.sha256(sealed).hexdigest()


def commit(journal: Journal, text: str = "body", *, key: str | None = None, **more: Any) -> tuple[str, str]:
    """Commit one transaction in a visit of its own; returns (key, number)."""
    key = key or str(uuid.uuid4())
    sealed, digest = sealed_body(text)
    visit = more.pop("visit", None) or journal.open_visit("report-problem")
    values = {"service": "report-problem", "schema": 1, "sealed": sealed, "digest": digest, "receipt": "{}", **more}
    return key, journal.commit(visit=visit, key=key, **values)


class ScriptedPlatform:
    """The other end of the door: takes each key once, and plays the next word of ``script`` for each call.

    Words: ok, lost_before (never arrives), lost_after (arrives, no answer), down (surely not sent), reject, 409, 422,
    429, 403. ``poisoned``: numbers that are always answered with 500.
    """

    def __init__(self) -> None:
        self.script: list[str] = []
        self.poisoned: set[str] = set()
        self.effects: list[str] = []  # numbers, one entry for each time something was really done
        self.calls: list[tuple[str, str]] = []
        self.missing: list[int] = []
        self.before_answer: Callable[[], None] = lambda: None
        self._known: dict[str, Acknowledgement] = {}
        self._rows: dict[int, str] = {}

    async def deliver(self, envelope: Envelope, *, within_s: float | None = None) -> Acknowledgement:
        self.calls.append(("deliver", envelope.number))
        word = self.script.pop(0) if self.script else "ok"
        if envelope.number in self.poisoned:
            raise Unreachable("deliver", "500")
        self._refuse("deliver", word)
        if envelope.key not in self._known:
            state = AckState.REJECTED if word == "reject" else AckState.ACCEPTED
            reason = "bad-body" if word == "reject" else None
            self._known[envelope.key] = Acknowledgement(
                key=envelope.key,
                digest=envelope.digest,
                number=envelope.number,
                state=state,
                accepted_at="2026-03-01T08:30:00Z",
                signature=b"",
                reason=reason,
            )
            self.effects.append(envelope.number)
            self._rows[envelope.sequence] = f"{envelope.number}:{envelope.digest}\n"
        if word == "lost_after":
            raise Slow("deliver", "no complete answer")
        self.before_answer()
        return self._known[envelope.key]

    async def outcome_of(
        self, key: str, digest: str, number: str, *, within_s: float | None = None
    ) -> Acknowledgement | None:
        self.calls.append(("outcome_of", number))
        word = self.script.pop(0) if self.script else "ok"
        if number in self.poisoned:
            raise Unreachable("outcome_of", "500")
        self._refuse("outcome_of", word)
        if word == "lost_after":
            raise Slow("outcome_of", "no complete answer")
        return self._known.get(key)

    async def reconcile(
        self, sequence_from: int, sequence_to: int, count: int, digest: str, *, within_s: float | None = None
    ) -> Reconciliation:
        self.calls.append(("reconcile", f"{sequence_from}-{sequence_to}"))
        self._refuse("reconcile", self.script.pop(0) if self.script else "ok")
        rows = {s: r for s, r in self._rows.items() if sequence_from <= s <= sequence_to and s not in self.missing}
        return Reconciliation(
            matches=len(rows) == count and digest_of(rows.values()) == digest,
            missing=[s for s in range(sequence_from, sequence_to + 1) if s not in rows],
        )

    def _refuse(self, call: str, word: str) -> None:
        if word == "lost_before":
            raise Slow(call, "no complete answer")
        if word == "down":
            raise Unreachable(call, "no connection", may_have_arrived=False)
        if word in ("409", "422", "403"):
            kind = {"409": "being-processed", "422": "key-reused", "403": "wrong-booth"}[word]
            raise Refused(call, kind, kind, int(word))
        if word == "429":
            raise RateLimited(call, "rate-limited", "later", 429, 40)


class LogBook:
    """Keeps the log lines of a test."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, object]]] = []

    def __call__(self, event: str, *, level: str = "info", **fields: object) -> None:
        self.lines.append((event, {"level": level, **fields}))

    def names(self) -> list[str]:
        return [name for name, _ in self.lines]


async def right_here(work: Callable[[], T]) -> T:
    return work()


def make_courier(journal: Journal, platform: ScriptedPlatform, clock: ManualClock, log: LogBook) -> Courier:
    return Courier(Outbox(journal), platform, clock, booth="B7", desk=right_here, note=log, chance=random.Random(7))

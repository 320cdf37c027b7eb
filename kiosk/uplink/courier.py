"""Delivers the outbox: each transaction once, whatever breaks on the way. Knows states and answers, not what is inside.

The attempt is durable before a byte leaves; an attempt without an answer is queried by its key before it is sent
again; what fails on its own while others pass is parked and blocks nobody. Order is the order of commit, except that
the resident who waits right now is served at once. All waiting is on the injected clock.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from kiosk.clock import Clock, within
from kiosk.ledger.file import Closed, DiskFull, LedgerError
from kiosk.ledger.journal import Transaction
from kiosk.ledger.outbox import Outbox, Waiting
from kiosk.ledger.states import ANSWERED, Event, IllegalStep, State
from kiosk.uplink.bodies import Acknowledgement, AckState, Envelope, Reconciliation
from kiosk.uplink.errors import RateLimited, Refused, UplinkError

BACKOFF_FIRST_S = 1.0
BACKOFF_LAST_S = 300.0
DELIVER_WITHIN_S = 10.0
BEING_PROCESSED_S = 2.0  # 409: the platform has it in hand
RECONCILE_EVERY_S = 3600.0
RECONCILE_AGAIN_S = 300.0  # after a failed one
POISON_AFTER = 10  # failures of one transaction while others passed
_BOOTH_IS_REFUSED = frozenset({401, 403})  # certificate or clock: not this transaction's fault

T = TypeVar("T")


class Door(Protocol):
    """The platform as the courier needs it; ``kiosk.uplink.client.Backend`` is one."""

    async def deliver(self, envelope: Envelope, *, within_s: float | None = None) -> Acknowledgement: ...

    async def outcome_of(
        self, key: str, digest: str, number: str, *, within_s: float | None = None
    ) -> Acknowledgement | None: ...

    async def reconcile(
        self, sequence_from: int, sequence_to: int, count: int, digest: str, *, within_s: float | None = None
    ) -> Reconciliation: ...


class Desk(Protocol):
    """Runs a ledger call where it may block (the keeper: a thread of its own; a core test: right here)."""

    async def __call__(self, work: Callable[[], T]) -> T: ...


class Note(Protocol):
    """Writes a log line: an event's name and fields without personal data."""

    def __call__(self, event: str, *, level: str = "info", **fields: object) -> None: ...


@dataclass(slots=True)
class _Trouble:
    """What is remembered about a transaction that failed; ``passed``: how many others had, at its first failure."""

    failures: int
    due: float
    passed: int


class Courier:
    """One per keeper. ``recover`` first, then ``run`` until cancelled; ``nudge`` after each commit."""

    def __init__(
        self, outbox: Outbox, door: Door, clock: Clock, *, booth: str, desk: Desk, note: Note, chance: random.Random
    ) -> None:
        self._outbox = outbox
        self._door = door
        self._clock = clock
        self._booth = booth
        self._desk = desk
        self._note = note
        self._chance = chance
        self._troubles: dict[str, _Trouble] = {}
        self._under_way: set[str] = set()
        self._waiters: dict[str, set[asyncio.Future[tuple[str, str]]]] = {}
        self._urgent: set[asyncio.Task[None]] = set()
        self._moved = asyncio.Event()
        self._pause_until = 0.0
        self._failures_in_a_row = 0
        self._passed = 0

    async def recover(self) -> None:
        """Put the ledger in order after a start, before anything is accepted. Raises LedgerError."""
        restarted = await self._desk(self._outbox.recover)
        gaps = await self._desk(self._outbox.gaps)
        self._note("ledger_recovered", count=restarted)
        if gaps:
            self._note("sequence_gap", level="error", count=len(gaps), sequence=gaps[0])
            await self._desk(lambda: self._outbox.note("sequence_gap", count=str(len(gaps))))

    async def run(self) -> None:
        """Deliver and reconcile until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._deliver())
                group.create_task(self._reconcile())
        finally:
            for task in tuple(self._urgent):
                task.cancel()
            await asyncio.gather(*self._urgent, return_exceptions=True)

    def nudge(self, key: str) -> None:
        """Deliver this one now: a resident waits for it."""
        task = asyncio.get_running_loop().create_task(self._serve_now(key))
        self._urgent.add(task)
        task.add_done_callback(self._urgent.discard)

    async def acknowledgement(self, key: str, within_s: float) -> tuple[str, str]:
        """Wait for the platform's answer: ("accepted" | "rejected" | "pending", reason).

        Raises UnknownTransaction.
        """
        future: asyncio.Future[tuple[str, str]] = asyncio.get_running_loop().create_future()
        self._waiters.setdefault(key, set()).add(future)
        try:
            state, reason = await self._desk(lambda: self._outbox.state_of(key))
            if state in ANSWERED:
                return _answer(state, reason)
            return await within(self._clock, within_s, future) or ("pending", "")
        finally:
            waiters = self._waiters.get(key, set())
            waiters.discard(future)
            if not waiters:
                self._waiters.pop(key, None)

    # -- delivering -------------------------------------------------------------------------------------------------

    async def _deliver(self) -> None:
        while True:
            self._moved.clear()
            waiting = await self._list()
            now = self._clock.now()
            due = [(self._due(item.key), item) for item in waiting or () if item.key not in self._under_way]
            ready = [item for at, item in due if at <= now]
            if ready and self._pause_until <= now:
                await self._attend(ready[0])
                continue
            next_due = min((at for at, _ in due), default=now + BACKOFF_LAST_S)
            wake_at = self._pause_until if waiting is None else max(self._pause_until, next_due)
            await within(self._clock, max(wake_at - now, 0.0), self._moved.wait())

    async def _list(self) -> list[Waiting] | None:
        try:
            return await self._desk(self._outbox.waiting)
        except LedgerError as error:
            self._hold(error)
            return None

    async def _serve_now(self, key: str) -> None:
        for item in await self._list() or ():
            if item.key == key and key not in self._under_way:
                await self._attend(item)
        self._moved.set()

    async def _attend(self, item: Waiting) -> None:
        """Take one transaction one step on; never raises for a fault."""
        self._under_way.add(item.key)
        sent: Transaction | None = None
        try:
            if item.state is not State.PENDING:
                known = await self._door.outcome_of(item.key, item.digest, item.number, within_s=DELIVER_WITHIN_S)
                if known is not None:
                    await self._settled(item, known)
                    return
            sent = await self._desk(lambda: self._outbox.begin(item.key))
            answer = await self._door.deliver(self._envelope(sent), within_s=DELIVER_WITHIN_S)
            await self._settled(item, answer)
        except LedgerError as error:
            self._hold(error)
        except IllegalStep:
            pass  # taken back meanwhile: the next list does not have it
        except UplinkError as error:
            await self._failed(item, error, was_sent=sent is not None)
        finally:
            self._under_way.discard(item.key)
            self._moved.set()

    def _envelope(self, sent: Transaction) -> Envelope:
        assert sent.sealed is not None  # the table keeps it while anything is to be sent
        return Envelope(
            booth=self._booth,
            key=sent.key,
            number=sent.number,
            sequence=sent.seq,
            service=sent.service,
            schema=sent.schema,
            created_at=sent.created_at,
            sealed=sent.sealed,
            digest=sent.digest,
        )

    async def _settled(self, item: Waiting, answer: Acknowledgement) -> None:
        is_accepted = answer.state is AckState.ACCEPTED
        reason = "" if is_accepted else (answer.reason or "")
        event = Event.ACCEPTED if is_accepted else Event.REJECTED
        self._failures_in_a_row = 0
        self._pause_until = 0.0
        self._passed += 1
        self._troubles.pop(item.key, None)
        try:
            state = await self._desk(lambda: self._record(item, event, reason))
            self._note("answered", number=item.number, state=state.value, reason=reason)
        finally:  # signed is signed, even when it cannot be written down now: it is asked for again later
            for future in self._waiters.get(item.key, set()):
                if not future.done():
                    future.set_result((answer.state.value, reason))

    def _record(self, item: Waiting, event: Event, reason: str) -> State:
        return self._outbox.settle(item.key, event, reason=reason)

    async def _failed(self, item: Waiting, error: UplinkError, *, was_sent: bool) -> None:
        """Judge a failed attempt: wait, try again later, or park."""
        word = error.kind if isinstance(error, Refused) else type(error).__name__.lower()
        event = Event.LOST if error.may_have_arrived else Event.NOT_TAKEN
        is_links_fault = True
        delay_s: float | None = None
        if isinstance(error, RateLimited):
            event, delay_s = Event.NOT_TAKEN, float(error.retry_after_s)
        elif isinstance(error, Refused) and error.status == 409:
            event, delay_s, is_links_fault = Event.LOST, BEING_PROCESSED_S, False
        elif isinstance(error, Refused) and error.status in _BOOTH_IS_REFUSED:
            event = Event.NOT_TAKEN
        elif isinstance(error, Refused) and was_sent:
            event = Event.PARK
        trouble = self._troubles.setdefault(item.key, _Trouble(0, 0.0, self._passed))
        trouble.failures += 1
        if is_links_fault and trouble.failures >= POISON_AFTER and self._passed > trouble.passed:
            event, word = Event.PARK, f"poisoned.{word}"
        delay_s = self.backoff_s(trouble.failures) if delay_s is None else delay_s
        trouble.due = self._clock.now() + delay_s
        level = "error" if event is Event.PARK else "warning"
        self._note(
            "parked" if event is Event.PARK else "not_delivered",
            level=level,
            number=item.number,
            reason=word,
            attempt=trouble.failures,
            delay_s=round(delay_s, 1),
        )
        try:
            if was_sent or event is Event.PARK:
                await self._desk(lambda: self._record(item, event, word))
        except LedgerError as failure:
            self._hold(failure)
        if event is Event.PARK:
            self._troubles.pop(item.key, None)
        elif is_links_fault:
            self._failures_in_a_row += 1
            if self._failures_in_a_row > 1:  # after the first failure another one is tried: maybe it passes
                self._pause_until = self._clock.now() + self.backoff_s(self._failures_in_a_row - 1)

    def backoff_s(self, failures: int) -> float:
        """Give the wait after the ``failures``-th failure in a row: 1 s doubling to 300 s, of it half by chance."""
        full = min(BACKOFF_FIRST_S * 2.0 ** min(failures - 1, 20), BACKOFF_LAST_S)
        return max(full * (0.5 + self._chance.random() / 2), BACKOFF_FIRST_S)

    def _due(self, key: str) -> float:
        trouble = self._troubles.get(key)
        return trouble.due if trouble else 0.0

    def _hold(self, error: LedgerError) -> None:
        self._note("ledger_trouble", level="error", reason=error.why)
        self._pause_until = self._clock.now() + (10.0 if isinstance(error, Closed | DiskFull) else BACKOFF_LAST_S)

    # -- reconciling ------------------------------------------------------------------------------------------------

    async def _reconcile(self) -> None:
        """At start everything, then every hour what came since."""
        confirmed = 0
        while True:
            wait_s = RECONCILE_EVERY_S
            try:
                confirmed = await self._compare(confirmed)
                await self._desk(self._outbox.tidy)
            except UplinkError as error:
                self._note("not_reconciled", level="warning", reason=type(error).__name__.lower())
                wait_s = RECONCILE_AGAIN_S
            except LedgerError as error:
                self._hold(error)
                wait_s = RECONCILE_AGAIN_S
            await self._clock.sleep(wait_s)

    async def _compare(self, confirmed: int) -> int:
        """Compare every run above ``confirmed``; returns up to where everything is answered and matches."""
        is_unbroken = True
        since = confirmed
        for run in await self._desk(lambda: self._outbox.runs(since)):
            result = await self._door.reconcile(
                run.sequence_from, run.sequence_to, run.count, run.digest, within_s=DELIVER_WITHIN_S
            )
            is_unbroken = is_unbroken and result.matches and run.sequence_from == confirmed + 1
            if is_unbroken:
                confirmed = run.sequence_to
            if not result.matches:
                await self._alarm(run.sequence_from, run.sequence_to, len(result.missing))
        return confirmed

    async def _alarm(self, first: int, last: int, missing: int) -> None:
        detail = {"from": str(first), "to": str(last), "missing": str(missing)}
        self._note("reconciliation_mismatch", level="error", sequence=first, count=missing)
        await self._desk(lambda: self._outbox.note("reconciliation_mismatch", **detail))


def _answer(state: State, reason: str) -> tuple[str, str]:
    return ("rejected", reason) if state is State.REJECTED else ("accepted", "")

"""The keeper's end of the line: serves what visit processes ask, from ledger and courier. Sees nothing in the clear.

One ``Session`` a visit process. Ledger calls of a session keep their order; waiting for the platform's answer does
not hold them up.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Awaitable, Callable
from functools import partial

from kiosk import line
from kiosk.ledger.attempts import Attempts
from kiosk.ledger.file import LedgerError
from kiosk.ledger.journal import Journal
from kiosk.ledger.states import IllegalStep
from kiosk.uplink.courier import Courier, Desk, Note

Send = Callable[[line.Message], Awaitable[None]]
LONGEST_WAIT_S = 60.0  # for an acknowledgement
_Request = line.OpenVisit | line.Commit | line.AwaitAcknowledgement | line.ReceiptIssued | line.AskAttempts


class Counter:
    """What every session needs; one per keeper."""

    def __init__(self, journal: Journal, courier: Courier, desk: Desk, note: Note) -> None:
        self.journal = journal
        self.attempts = Attempts(journal.file, journal.day)
        self.courier = courier
        self.desk = desk
        self.note = note


class Session:
    """One visit process at the counter. ``put`` its messages, ``end`` it when the process left or died.

    ``is_active``: set by who shows the process; before that it may open and commit nothing.
    """

    def __init__(self, counter: Counter, send: Send) -> None:
        self.is_active = False
        self._counter = counter
        self._send = send
        self._visits: list[str] = []
        self._queue: asyncio.Queue[line.Message | None] = asyncio.Queue()
        self._waits: set[asyncio.Task[None]] = set()
        self._serving = asyncio.get_running_loop().create_task(self._serve())

    def put(self, message: line.Message) -> None:
        """Take a message; it is served in its turn."""
        self._queue.put_nowait(message)

    async def end(self, outcome: str) -> None:
        """Serve what was put, then close the visits that are still open with ``outcome``."""
        self._queue.put_nowait(None)
        await self._serving
        for task in self._waits:
            task.cancel()
        await asyncio.gather(*self._waits, return_exceptions=True)
        for visit in tuple(self._visits):
            await self._fact(partial(self._close, visit, outcome))

    async def _serve(self) -> None:
        while (message := await self._queue.get()) is not None:
            if isinstance(message, line.AwaitAcknowledgement):
                task = asyncio.get_running_loop().create_task(self._request(message))
                self._waits.add(task)
                task.add_done_callback(self._waits.discard)
            elif isinstance(message, _Request):
                await self._request(message)
            elif isinstance(message, line.CloseVisit):
                await self._fact(partial(self._close, message.visit, message.outcome))
            elif isinstance(message, line.Audited):
                await self._fact(partial(self._audit, message))

    async def _fact(self, work: Callable[[], None]) -> None:
        try:
            await self._counter.desk(work)
        except LedgerError as error:
            self._counter.note("not_audited", level="error", reason=error.why)

    def _close(self, visit: str, outcome: str) -> None:
        if visit in self._visits:
            self._counter.journal.close_visit(visit, outcome)
            self._visits.remove(visit)

    def _audit(self, message: line.Audited) -> None:
        if message.visit == "" or message.visit in self._visits:
            self._counter.journal.note(message.what, message.detail, visit=message.visit)

    async def _request(self, message: _Request) -> None:
        try:
            reply = await self._answer(message)
        except LedgerError as error:
            self._counter.note("refused", level="warning", reason=error.why)
            reply = line.Refused(message.ask, error.why)
        except (IllegalStep, sqlite3.Error) as error:
            self._counter.note("refused", level="error", reason="ledger_error", error=type(error).__name__)
            reply = line.Refused(message.ask, "ledger_error")
        with contextlib.suppress(ConnectionError):  # the process died; what was committed stays committed
            await self._send(reply)

    async def _answer(self, message: _Request) -> line.Message:
        journal, courier, desk = self._counter.journal, self._counter.courier, self._counter.desk
        if isinstance(message, line.OpenVisit | line.Commit | line.AskAttempts) and not self.is_active:
            return line.Refused(message.ask, "not_active")
        if isinstance(message, line.OpenVisit):
            service = message.service
            await desk(self._counter.attempts.forget_old)
            visit = await desk(lambda: journal.open_visit(service))
            self._visits.append(visit)
            return line.VisitOpened(message.ask, visit)
        if isinstance(message, line.Commit):
            if message.visit not in self._visits:
                return line.Refused(message.ask, "unknown_visit")
            number = await desk(lambda: self._commit(message))
            courier.nudge(message.key)
            return line.Committed(message.ask, number)
        if isinstance(message, line.AskAttempts):
            return await desk(partial(self._attempts, message))
        if isinstance(message, line.ReceiptIssued):
            key, how = message.key, message.how
            await desk(lambda: journal.receipt_issued(key, how))
            return line.Done(message.ask)
        within_s = min(max(message.within_s, 0.0), LONGEST_WAIT_S)
        return line.Acknowledged(message.ask, *await courier.acknowledgement(message.key, within_s))

    def _attempts(self, message: line.AskAttempts) -> line.Attempts:
        counts = self._counter.attempts
        key = counts.key()
        if not message.tag:
            return line.Attempts(message.ask, key)
        used = counts.count(message.tag) if message.count else counts.used(message.tag)
        return line.Attempts(message.ask, key, used)

    def _commit(self, message: line.Commit) -> str:
        return self._counter.journal.commit(
            visit=message.visit,
            key=message.key,
            service=message.service,
            schema=message.schema,
            sealed=message.sealed,
            digest=message.digest,
            receipt=message.receipt,
        )

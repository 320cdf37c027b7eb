"""The visit process' end of the line to the keeper: what a visit may ask of the machine, as plain async calls.

Refuses to know the ledger, the courier and their files: what was committed is delivered, and that is the keeper's
matter. Holds nothing of a resident; ``sealed`` is opaque here too.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

from kiosk import line
from kiosk.ledger.attempts import tag_of
from kiosk.line import Acknowledged

Reply = line.VisitOpened | line.Committed | line.Acknowledged | line.Attempts | line.Done | line.Refused
Order = line.Show | line.Quit
R = TypeVar("R", line.VisitOpened, line.Committed, line.Acknowledged, line.Attempts, line.Done)

ANSWER_WITHIN_S = 8.0  # a commit waits for one fsync; a disk that needs longer is failing
_REPLIES = (line.VisitOpened, line.Committed, line.Acknowledged, line.Attempts, line.Done, line.Refused)


class KeeperError(Exception):
    """The keeper did not do what the visit asked."""


class KeeperRefused(KeeperError):
    """The keeper said no. ``why``: disk_full, ledger_closed, key_reused, unknown_visit, unknown_transaction, ..."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the keeper refused: {why}")
        self.why = why


class KeeperGone(KeeperError):
    """The line ended, or no answer came in time. After a commit: assume nothing, promise no number."""


class KeeperLine:
    """One line, one visit process; use from one event loop. Build with ``KeeperLine.connect``.

    Facts (``warm``, ``alive``, ...) return when written; requests when answered. Raises KeeperGone, KeeperRefused.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._asks: dict[int, asyncio.Future[Reply]] = {}
        self._number = 0
        self._orders: asyncio.Queue[Order | None] = asyncio.Queue()
        self._ended = asyncio.Event()
        self._reading = asyncio.get_running_loop().create_task(self._read(reader))

    @classmethod
    async def connect(cls, fd: int) -> KeeperLine:
        """Take over the socket the keeper passed (its number stands in ``BOOTH_LINE_FD``)."""
        return cls(*await asyncio.open_connection(sock=socket.socket(fileno=fd)))

    @property
    def is_up(self) -> bool:
        """False once the keeper is gone: nothing can be committed any more."""
        return not self._ended.is_set()

    # -- facts ------------------------------------------------------------------------------------------------------

    async def warm(self) -> None:
        """Say: imported, window made, ready to be shown at once."""
        await self._tell(line.Warm())

    async def showing(self) -> None:
        """Say: the first frame of the welcome screen is on the glass."""
        await self._tell(line.Showing())

    async def alive(self, frames: int) -> None:
        """Say how many frames were completed since start; every 2 s or so, from the event loop that draws."""
        await self._tell(line.Alive(frames))

    async def stands(self, standing: tuple[str, ...]) -> None:
        """Say what the watch says of the booth itself, for the process after this one."""
        await self._tell(line.Stands(standing))

    async def leaving(self, outcome: str) -> None:
        """Say: the goodbye was shown, show the next one; this process ends within a second."""
        await self._tell(line.Leaving(outcome))

    async def close_visit(self, visit: str, outcome: str) -> None:
        """Write the visit's end into the audit chain. ``outcome``: served, cancelled, timed_out, ..."""
        await self._tell(line.CloseVisit(visit, outcome))

    async def audit(self, visit: str, what: str, detail: dict[str, str] | None = None) -> None:
        """Add an audit row. ``what`` and the keys of ``detail`` are words; nothing personal in the values."""
        await self._tell(line.Audited(visit, what, detail or {}))

    # -- requests ---------------------------------------------------------------------------------------------------

    async def open_visit(self, service: str) -> str:
        """Open a visit; returns its opaque id, for enquiries, commit and audit."""
        return (await self._ask(lambda n: line.OpenVisit(n, service), line.VisitOpened, ANSWER_WITHIN_S)).visit

    async def commit(
        self, *, visit: str, key: str, service: str, schema: int, sealed: bytes, digest: str, receipt: str
    ) -> str:
        """Make a transaction durable; returns its public number, e.g. ``B7-000204-6``.

        ``key``: uuid4 text; ``sealed``: see ``kiosk.ledger.vault.seal``; ``digest``: hex SHA-256 of it; ``receipt``:
        JSON of the masked receipt. The same key with the same digest gives the same number again.
        """
        build = lambda n: line.Commit(n, visit, key, service, schema, sealed, digest, receipt)  # noqa: E731
        return (await self._ask(build, line.Committed, ANSWER_WITHIN_S)).number

    async def acknowledgement(self, key: str, within_s: float) -> Acknowledged:
        """Wait up to ``within_s`` for the platform's answer: state accepted, rejected (with reason) or pending."""
        try:
            return await self._ask(
                lambda n: line.AwaitAcknowledgement(n, key, within_s), line.Acknowledged, within_s + 2.0
            )
        except KeeperGone:
            return Acknowledged(0, "pending")  # it is committed: the next keeper delivers it

    async def receipt_issued(self, key: str, how: str) -> None:
        """Record how the receipt left: ``printed``, ``shown`` or ``owed``."""
        await self._ask(lambda n: line.ReceiptIssued(n, key, how), line.Done, ANSWER_WITHIN_S)

    async def attempts_today(self, number: str, purpose: str = "face") -> int:
        """Give how often the document of this ``number`` was tried today, in all visits. The number stays here."""
        return await self._attempts(number, purpose, count=False)

    async def count_attempt(self, number: str, purpose: str = "face") -> int:
        """Count one try of the document of this ``number``; gives how often it was tried today, this one included."""
        return await self._attempts(number, purpose, count=True)

    async def _attempts(self, number: str, purpose: str, *, count: bool) -> int:
        key = (await self._ask(line.AskAttempts, line.Attempts, ANSWER_WITHIN_S)).key
        tag = tag_of(key, purpose, number)
        return (await self._ask(lambda n: line.AskAttempts(n, tag, count), line.Attempts, ANSWER_WITHIN_S)).used

    # -- orders -----------------------------------------------------------------------------------------------------

    async def orders(self) -> AsyncIterator[Order]:
        """Give the keeper's orders (Show, Quit) as they come; ends with the line. One consumer."""
        while (order := await self._orders.get()) is not None:
            yield order

    async def close(self) -> None:
        """Hang up. Idempotent."""
        self._reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reading
        self._hang_up()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    # -- inside -----------------------------------------------------------------------------------------------------

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while (message := await line.receive(reader)) is not None:
                if isinstance(message, line.Show | line.Quit):
                    self._orders.put_nowait(message)
                elif isinstance(message, _REPLIES):
                    future = self._asks.pop(message.ask, None)
                    if future is not None and not future.done():
                        future.set_result(message)
        except ValueError:
            pass  # not our keeper's words: the same as no keeper
        finally:
            self._hang_up()

    def _hang_up(self) -> None:
        self._ended.set()
        asks, self._asks = self._asks, {}
        for future in asks.values():
            if not future.done():
                future.set_exception(KeeperGone("the keeper ended before it answered"))
                future.exception()  # whoever asked may have been cancelled meanwhile
        self._orders.put_nowait(None)
        self._writer.close()

    async def _tell(self, message: line.Message) -> None:
        if self._ended.is_set():
            raise KeeperGone("the line to the keeper has ended")
        try:
            await line.send(self._writer, message)
        except ConnectionError:
            raise KeeperGone("the line to the keeper broke") from None

    async def _ask(self, build: Callable[[int], line.Message], shape: type[R], within_s: float) -> R:
        self._number += 1
        number = self._number
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._asks[number] = future
        try:
            async with asyncio.timeout(within_s):
                await self._tell(build(number))
                reply = await future
        except TimeoutError:
            raise KeeperGone(f"the keeper did not answer within {within_s:g} s") from None
        finally:
            self._asks.pop(number, None)
        if isinstance(reply, line.Refused):
            raise KeeperRefused(reply.why)
        if not isinstance(reply, shape):
            raise KeeperGone("the keeper answered something else")
        return reply

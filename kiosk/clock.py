"""Time as a thing that is passed in, so that tests never sleep and stories can skip waits.

Durations are seconds; ``now()`` is monotonic and never compared with wall time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from datetime import datetime
from typing import Protocol, TypeVar

T = TypeVar("T")


class Clock(Protocol):
    def now(self) -> float:
        """Monotonic seconds."""
        ...

    def today(self) -> datetime:
        """Local wall time, for words on screen and paper only."""
        ...

    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """Real time; ``skip`` moves it forward for stories (waits that are due wake at once)."""

    def __init__(self) -> None:
        self._skipped_s = 0.0
        self._moved = asyncio.Event()

    def now(self) -> float:
        return time.monotonic() + self._skipped_s

    def today(self) -> datetime:
        return datetime.now().astimezone()

    async def sleep(self, seconds: float) -> None:
        due = self.now() + seconds
        while (left := due - self.now()) > 0:
            try:
                await asyncio.wait_for(self._moved.wait(), left)
            except TimeoutError:
                return
            await asyncio.sleep(0)

    def skip(self, seconds: float) -> None:
        self._skipped_s += seconds
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()


class ManualClock:
    """Time stands still until ``advance``; for tests."""

    def __init__(self, today: datetime) -> None:
        self._now = 1000.0
        self._today = today
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> float:
        return self._now

    def today(self) -> datetime:
        return self._today

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._now + seconds, future))
        await future

    async def settle(self) -> None:
        """Let every task that can run do so."""
        for _ in range(20):
            await asyncio.sleep(0)

    async def advance(self, seconds: float) -> None:
        """Move on, waking sleepers in the order of their time."""
        end = self._now + seconds
        await self.settle()
        while due := sorted((at, i) for i, (at, f) in enumerate(self._sleepers) if at <= end and not f.done()):
            at, index = due[0]
            self._now = max(self._now, at)
            self._sleepers.pop(index)[1].set_result(None)
            await self.settle()
            self._sleepers = [(when, f) for when, f in self._sleepers if not f.done()]
        self._now = end
        await self.settle()


async def within(clock: Clock, seconds: float, work: Awaitable[T]) -> T | None:
    """The result of ``work``, or None when ``seconds`` of the injected clock pass first (``work`` is cancelled)."""
    task = asyncio.ensure_future(work)
    timer = asyncio.ensure_future(clock.sleep(seconds))
    try:
        await asyncio.wait({task, timer}, return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else None
    finally:
        for one in (task, timer):
            one.cancel()
        await asyncio.gather(task, timer, return_exceptions=True)

"""Keeps the drivers of one link running: starts them, starts them anew when they break their promise, and leaves them
alone for a while when that does not help, so that a broken driver costs its own link and nothing else.

A driver promises to raise nothing but ``FieldError`` and to end every call within its deadline. Knows no wire.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

from hardware.field import Driver, FieldError, Take
from kiosk.config import ConfigError

Make = Callable[[], tuple[Driver, ...]]

BROKEN_DEADLINES = 3
RESTARTS = 5
RESTARTS_WITHIN_S = 60.0
QUARANTINE_S = 60.0  # then it is tried once more
OPEN_WITHIN_S = 5.0
CLOSE_WITHIN_S = 2.0
SILENT_S = 10.0  # a driver that says nothing of any device for so long is asked whether it is there
PROBE_S = 2.0
GRACE_S = 0.5


class Attendant:
    """One link. ``take`` gets the samples; ``on_news(text)``: "" runs, else why it is in quarantine.

    ``on_start`` is called whenever drivers were opened: what stood must be ordered again.
    """

    def __init__(
        self, make: Make, take: Take, *, on_news: Callable[[str], None], on_start: Callable[[], None],
        note: Callable[[str], None] = lambda _: None,
    ) -> None:  # fmt: skip
        self._make = make
        self._sink = take
        self._on_news = on_news
        self._on_start = on_start
        self._note = note
        self.drivers: tuple[Driver, ...] = ()
        self._driver_of: dict[str, Driver] = {}
        self.quarantine = ""  # why; "" while it is served
        self.restarts = 0
        self._generation = 0  # samples of a driver that was given up are not taken
        self._broken = 0
        self._restarted: deque[float] = deque(maxlen=RESTARTS)
        self._task: asyncio.Task[None] | None = None
        self._probes: dict[int, asyncio.Task[None]] = {}
        self._quiet_since: dict[int, float] = {}
        self._is_closed = False

    def driver_of(self, device: str) -> Driver | None:
        """Who drives ``device``."""
        if device not in self._driver_of:
            for driver in self.drivers:
                self._driver_of |= dict.fromkeys(driver.health(), driver)
        return self._driver_of.get(device)

    def answered_s(self, device: str) -> float:
        """When its driver last had an answer of it, CLOCK_MONOTONIC; 0.0 for never."""
        with contextlib.suppress(Exception):
            driver = self.driver_of(device)
            return 0.0 if driver is None else driver.health()[device].answered_s
        return 0.0

    def start(self) -> None:
        """Make and open the drivers, beside everything else."""
        self._task = asyncio.get_running_loop().create_task(self._start())

    def keep(self, for_s: float) -> None:
        """The watch is alive."""
        for driver in self.drivers:
            try:
                driver.keep(for_s)
            except Exception as error:  # the boundary: one driver's fault is not the watch's
                self.restart(f"{type(error).__name__} in keep")
                return

    def broke(self, why: str) -> None:
        """A deadline was broken; the third time the drivers are started anew."""
        self._broken += 1
        self._note(why)
        if self._broken >= BROKEN_DEADLINES:
            self.restart(why)

    def restart(self, why: str) -> None:
        """Give the drivers up and open fresh ones; the fifth time in a minute leave the link alone."""
        if self._is_closed or (self._task is not None and not self._task.done()):
            return
        loop = asyncio.get_running_loop()
        self._broken = 0
        self.restarts += 1
        self._restarted.append(loop.time())
        is_hopeless = len(self._restarted) == RESTARTS and loop.time() - self._restarted[0] < RESTARTS_WITHIN_S
        self._task = loop.create_task(self._isolate(why) if is_hopeless else self._start(why))

    def look(self, now: float, heard_at: Callable[[str], float]) -> None:
        """Ask a driver that has said nothing for long whether it is there. Call about once a second."""
        for number, driver in enumerate(self.drivers):
            try:
                devices = list(driver.health())
            except Exception as error:  # the boundary
                self.restart(f"{type(error).__name__} in health")
                return
            last = max((heard_at(device) for device in devices), default=now)
            since = max(last, self._quiet_since.get(number, now))
            self._quiet_since.setdefault(number, now)
            if now - since >= SILENT_S and number not in self._probes:
                self._quiet_since[number] = now
                self._probes[number] = asyncio.get_running_loop().create_task(self._probe(number, driver, devices[0]))

    async def close(self) -> None:
        """Stop; outputs fall by their hold time. Ends within its deadline whatever the drivers do."""
        self._is_closed = True
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task}, timeout=GRACE_S)
        await self._give_up()

    # -- inside -------------------------------------------------------------------------------------------------------

    async def _start(self, why: str = "") -> None:
        if why:
            self._note(f"started anew: {why}")
            await self._give_up()
        self._generation += 1
        try:
            drivers = self._make()
        except Exception as error:  # the boundary: what cannot be made is its own link's matter
            await self._isolate(str(error) if isinstance(error, (ConfigError, FieldError)) else repr(error)[:200])
            return
        self.drivers = drivers
        self._quiet_since.clear()
        for driver in drivers:
            problem = await _bounded(driver.open(self._taker(self._generation)), OPEN_WITHIN_S)
            if problem:
                self._later(f"{problem} in open")
                return
        self._say("")
        self._on_start()

    async def _isolate(self, why: str) -> None:
        await self._give_up()
        self._say(why)
        await asyncio.sleep(QUARANTINE_S)
        self._restarted.clear()
        asyncio.get_running_loop().call_soon(self.restart, "quarantine is over")

    def _later(self, why: str) -> None:
        """Restart when this task has ended, with a pause that keeps five restarts within a minute."""
        asyncio.get_running_loop().call_later(PROBE_S, self.restart, why)

    async def _give_up(self) -> None:
        self._generation += 1
        drivers, self.drivers, self._driver_of = self.drivers, (), {}
        probes, self._probes = list(self._probes.values()), {}
        for probe in probes:
            probe.cancel()
        for driver in drivers:
            await _bounded(driver.close(), CLOSE_WITHIN_S)

    async def _probe(self, number: int, driver: Driver, device: str) -> None:
        problem = await _bounded(driver.poll(device, within_s=PROBE_S), PROBE_S + GRACE_S)
        self._probes.pop(number, None)
        if problem:
            self.broke(f"{problem} in poll")

    def _taker(self, generation: int) -> Take:
        def take(samples: Any) -> None:
            if generation == self._generation:
                self._sink(samples)

        return take

    def _say(self, why: str) -> None:
        if why != self.quarantine:
            self.quarantine = why
            self._on_news(why)


async def _bounded(call: Coroutine[Any, Any, Any], within_s: float) -> str:
    """Wait for a driver's call, not for ever and not for its consent; "" or what was wrong with it."""
    task = asyncio.get_running_loop().create_task(call)
    try:
        await asyncio.wait({task}, timeout=within_s)
    finally:
        task.add_done_callback(_heed)
        if not task.done():
            task.cancel()
    if not task.done():
        return "no end"
    if task.cancelled():
        return "cancelled itself"
    error = task.exception()
    return "" if error is None or isinstance(error, FieldError) else type(error).__name__


def _heed(task: asyncio.Task[Any]) -> None:
    if not task.cancelled():
        task.exception()

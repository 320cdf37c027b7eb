"""The driver of one Modbus link (``field.Driver``): asks by the schedule, hands over samples, keeps outputs refreshed.

A wire that is lost is opened again by its name, for ever; what was asked meanwhile fails as ``Gone``. Knows registers
by their plan, not what they mean.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Protocol

from hardware.field import Command, Config, DeviceHealth, FieldError, Gone, RawSample, Take, Timeout
from hardware.modbus.outputs import Leases
from hardware.modbus.pdu import Request
from hardware.modbus.plan import Block, Unit
from hardware.modbus.schedule import Backoff, Schedule, Turn
from hardware.modbus.unanswered import Shape

REOPEN_S = (0.5, 1.0, 2.0)
LAST_WORDS_S = 0.5
TELL_S = 0.9  # five such within the 5 s in which a link's loss is found


class Master(Protocol):
    """One wire: ``rtu_master.RtuMaster`` or ``tcp_master.TcpMaster``. ``parallel``: questions at once."""

    parallel: int
    late: Counter[int]

    @property
    def where(self) -> str: ...

    @property
    def worst_s(self) -> float: ...

    @property
    def is_open(self) -> bool: ...

    async def open(self) -> None: ...

    def close(self) -> None: ...

    def avoid(self, unit: int) -> frozenset[Shape]: ...

    async def exchange(self, unit: int, request: Request) -> tuple[int, ...]: ...


class _LineLost(Exception):
    """The wire is gone: begin again."""


class ModbusLink:
    """Use from one event loop. Raises ``Config`` for a device or a unit number given twice."""

    def __init__(
        self, master: Master, units: Iterable[Unit], *, backoff: Backoff | None = None,
        chance: random.Random | None = None,
    ) -> None:  # fmt: skip
        self._master = master
        given = tuple(units)
        self._units = {unit.device: unit for unit in given}
        if len(self._units) < len(given) or len({unit.number for unit in given}) < len(given):
            raise Config("a device or a unit number is there twice", where=master.where)
        self._backoff = backoff or Backoff()
        self._chance = chance or random.Random()  # noqa: S311 - jitter
        self._leases = Leases(given, self._backoff.cap_s)
        self._health = {device: DeviceHealth() for device in self._units}
        self._schedule: Schedule | None = None
        self._waiting: dict[Turn, asyncio.Future[tuple[RawSample, ...]]] = {}
        self._commands: dict[Turn, Command] = {}
        self._writing = asyncio.Lock()
        self._sleepers: set[asyncio.Future[None]] = set()
        self._take: Take = _nobody
        self._task: asyncio.Task[None] | None = None
        self._error: FieldError = Gone("the wire does not open", where=master.where)

    @property
    def where(self) -> str:
        """The link for a log."""
        return self._master.where

    async def open(self, take: Take) -> None:
        """Begin asking; samples go to ``take``."""
        self._take = take
        if self._task is None:
            self._leases.begin(time.monotonic())
            self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Stop asking and let go of the wire."""
        task, self._task = self._task, None
        if task is not None:
            ends_s = time.monotonic() + LAST_WORDS_S
            while self._master.is_open and self._leases.end_presses(time.monotonic()) and time.monotonic() < ends_s:
                self._rouse()
                await asyncio.sleep(0.01)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self._master.close()
        self._abandon(Gone("the link was closed", where=self.where))

    def keep(self, for_s: float) -> None:
        """The watch is alive: standing outputs are refreshed for so long."""
        self._leases.keep(time.monotonic() + for_s)

    def health(self) -> Mapping[str, DeviceHealth]:
        """Counts by device."""
        for unit in self._units.values():
            self._health[unit.device].late = self._master.late[unit.number]
        return self._health

    async def poll(self, device: str, *, within_s: float) -> tuple[RawSample, ...]:
        """Ask one device for all its points now."""
        unit = self._units.get(device)
        if unit is None:
            raise Config(f"there is no device {device}", where=self.where)
        found: tuple[RawSample, ...] = ()
        ends_s = time.monotonic() + within_s
        for block in unit.blocks:
            found += await self._turn(Turn(unit, block.request, block), max(0.0, ends_s - time.monotonic()))
        return found

    async def command(self, command: Command, *, within_s: float) -> None:
        """Set an output; returns when the unit confirmed. A safe value is written until it did, whatever is raised."""
        unit, request = self._leases.check(command, time.monotonic())
        self._leases.release(command, time.monotonic())
        turn = Turn(unit, request)
        self._commands[turn] = command
        try:
            await self._turn(turn, within_s)
        finally:
            self._commands.pop(turn, None)

    async def _turn(self, turn: Turn, within_s: float) -> tuple[RawSample, ...]:
        if self._schedule is None:
            raise Gone("the wire is not there", where=self.where)
        answer: asyncio.Future[tuple[RawSample, ...]] = asyncio.get_running_loop().create_future()
        self._waiting[turn] = answer
        self._schedule.write(turn)
        self._rouse()
        try:
            return await asyncio.wait_for(answer, within_s)
        except TimeoutError:
            raise Timeout("not done within the deadline", where=self.where) from None
        finally:
            self._waiting.pop(turn, None)
            if self._schedule is not None:
                self._schedule.withdraw(turn)

    async def _run(self) -> None:
        failures = 0
        telling: asyncio.Task[None] | None = asyncio.create_task(self._tell(TELL_S))
        try:
            while True:
                try:
                    await self._master.open()
                    failures = 0
                    if telling is not None:
                        telling.cancel()
                    telling = None
                    await self._serve()
                    self._error = Gone("the wire is gone", where=self.where)
                except FieldError as failed:
                    self._error = failed.with_traceback(None)
                except Exception as broken:  # the boundary: a fault in here must not end the watch over this link
                    self._error = Gone(f"{type(broken).__name__} in the driver", where=self.where)
                self._master.close()
                self._abandon(self._error)
                telling = telling or asyncio.create_task(self._tell(0.0))
                await asyncio.sleep(min(self._backoff.cap_s, REOPEN_S[min(failures, len(REOPEN_S) - 1)]))
                failures += 1
        finally:
            if telling is not None:
                telling.cancel()

    async def _tell(self, after_s: float) -> None:
        """While the wire is away every question is a missed one, and is told so: sooner than a link must be found."""
        await asyncio.sleep(after_s)
        for failures in itertools.count():
            at_s, wall_s = time.monotonic(), time.time()
            for unit in self._units.values():
                self._note(unit, self._error, at_s, 0.0)
                if unit.points:
                    points = unit.points
                    self._take(tuple(RawSample(unit.device, p, None, self._error, at_s, wall_s) for p in points))
            await asyncio.sleep(min(TELL_S, self._backoff.first_s * 2.0 ** min(failures, 16)))

    async def _serve(self) -> None:
        now_s = time.monotonic()
        self._schedule = Schedule(
            self._units.values(), self._master.worst_s, now_s, self._backoff, self._chance, self._chance.random()
        )
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._master.parallel):
                    group.create_task(self._work(self._schedule))
        except* _LineLost:
            pass

    async def _work(self, schedule: Schedule) -> None:
        while True:
            now_s = time.monotonic()
            if self._leases.wakes_s() <= now_s:
                await self._refresh(now_s)
            turn = schedule.next(time.monotonic())
            if turn is None:
                await self._sleep(min(schedule.wakes_s(), self._leases.wakes_s()))
            else:
                await self._ask(schedule, turn)
            if not self._master.is_open:
                raise _LineLost

    async def _ask(self, schedule: Schedule, turn: Turn) -> None:
        waiter = self._waiting.get(turn)
        began_s = time.monotonic()
        values: tuple[int, ...] = ()
        error: FieldError | None = None
        try:
            if turn.block is not None:
                values = await self._read(turn.unit, turn.block)
            else:
                async with self._writing:
                    command = self._commands.get(turn)
                    if command is None:
                        return  # withdrawn meanwhile
                    self._leases.grant(command, began_s)
                    await self._master.exchange(turn.unit.number, turn.request)
                    self._leases.confirmed(command, turn.request)
        except FieldError as failed:
            error = failed.with_traceback(None)
        at_s = time.monotonic()
        took_s = at_s - began_s
        health = self._note(turn.unit, error, at_s, took_s)
        schedule.done(turn, at_s, error, took_s)
        was_sick, health.is_sick = health.is_sick, schedule.is_sick(turn.unit.number)
        if was_sick and not health.is_sick:
            self._leases.returned(turn.unit, at_s)
        samples = self._samples(turn, values, error, at_s, took_s)
        if samples:
            self._take(samples)
        if waiter is not None and not waiter.done():
            if error is None:
                waiter.set_result(samples)
            else:
                waiter.set_exception(error)

    async def _read(self, unit: Unit, block: Block) -> tuple[int, ...]:
        """Ask for the block; after an unanswered question first for less, or for something else of the unit.

        So a late answer is not taken for it, and the unit need not be left alone until none can come any more.
        """
        avoided = self._master.avoid(unit.number)
        if block.request.shape in avoided:
            shorter = (block.shorter(quantity) for quantity in range(block.quantity - 1, 0, -1))
            others = (one.request for one in unit.blocks)
            for probe in itertools.chain(shorter, others):
                if probe.shape not in avoided:
                    await self._master.exchange(unit.number, probe)
                    break
        return await self._master.exchange(unit.number, block.request)

    def _samples(
        self, turn: Turn, values: tuple[int, ...], error: FieldError | None, at_s: float, took_s: float
    ) -> tuple[RawSample, ...]:
        if turn.block is None:
            return ()
        wall_s = time.time()
        device = turn.unit.device
        if error is not None:
            is_sick = self._health[device].is_sick
            points = turn.unit.points if is_sick else tuple(point for point, _ in turn.block.readers)
            return tuple(RawSample(device, point, None, error, at_s, wall_s, took_s) for point in points)
        found = []
        for point, read in turn.block.readers:
            try:
                found.append(RawSample(device, point, read(values), None, at_s, wall_s, took_s))
            except FieldError as failed:
                found.append(RawSample(device, point, None, failed.with_traceback(None), at_s, wall_s, took_s))
        return tuple(found)

    async def _refresh(self, now_s: float) -> None:
        async with self._writing:
            for lease in self._leases.due(now_s):
                began_s, request = time.monotonic(), lease.request
                error: FieldError | None = None
                try:
                    await self._master.exchange(lease.unit.number, request)
                except FieldError as failed:
                    error = failed.with_traceback(None)
                at_s = time.monotonic()
                self._leases.done(lease, request, is_confirmed=error is None)
                self._note(lease.unit, error, at_s, at_s - began_s)

    def _note(self, unit: Unit, error: FieldError | None, at_s: float, took_s: float) -> DeviceHealth:
        health = self._health[unit.device]
        health.note(error, at_s, took_s)
        return health

    def _abandon(self, error: FieldError) -> None:
        self._schedule = None
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(error)

    async def _sleep(self, until_s: float) -> None:
        loop = asyncio.get_running_loop()
        sleeper: asyncio.Future[None] = loop.create_future()
        self._sleepers.add(sleeper)
        timer = loop.call_at(until_s, _wake, sleeper) if until_s < float("inf") else None
        try:
            await sleeper
        finally:
            self._sleepers.discard(sleeper)
            if timer is not None:
                timer.cancel()

    def _rouse(self) -> None:
        for sleeper in self._sleepers:
            _wake(sleeper)


def _wake(sleeper: asyncio.Future[None]) -> None:
    if not sleeper.done():
        sleeper.set_result(None)


def _nobody(_samples: object) -> None:
    """Before the link is open."""

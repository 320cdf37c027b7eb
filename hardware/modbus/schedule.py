"""Whose turn it is on a link: earliest deadline first within a priority, and the sick kept from the healthy.

A unit that did not answer is sick: nothing of it is asked but one probe per slot (1, 2, 4, 4 s). Probes go when nobody
healthy waits, and beyond that on a credit of a tenth of the time, so that the healthy keep nine tenths of a line that
is full. Every question of a healthy unit keeps its own grid: being late once moves nothing later. The clock is passed
in; knows no wire.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Iterable
from dataclasses import dataclass, field

from hardware.field import FieldError, Garbage, Gone, Priority, Timeout
from hardware.modbus.pdu import Request
from hardware.modbus.plan import Block, Unit

SICK_SHARE = 0.1
_START_S = 5.0
_JITTER = 0.2  # of a slot, downwards only: the cap is a promise


@dataclass(frozen=True)
class Backoff:
    """Slots of a sick unit: ``first_s``, doubled up to ``cap_s``. A fire link of its own takes 0.1 and 1.0."""

    first_s: float = 1.0
    cap_s: float = 4.0

    def slot_s(self, failures: int, chance: random.Random) -> float:
        """The wait after so many failures in a row."""
        slot_s = min(self.cap_s, self.first_s * 2.0 ** min(failures - 1, 16))
        return slot_s * (1 - _JITTER * chance.random())


@dataclass(eq=False, slots=True)
class Job:
    """One block's place in time."""

    unit: Unit
    block: Block
    due_s: float
    is_queued: bool = False


@dataclass(eq=False, slots=True)
class Turn:
    """One question to ask now. ``block`` is None for a write."""

    unit: Unit
    request: Request
    block: Block | None = None
    job: Job | None = None
    is_probe: bool = False
    is_on_credit: bool = False


@dataclass(eq=False, slots=True)
class _State:
    jobs: list[Job]
    failures: int = 0
    garbage: int = 0
    is_sick: bool = False
    is_asked: bool = False
    probe_s: float = 0.0


@dataclass(eq=False)
class Schedule:
    """``worst_s``: what a silent unit costs. Feed it the time; it never goes back.

    ``offset``: 0..1, so that the links of a site do not ask in step.
    """

    units: Iterable[Unit]
    worst_s: float
    now_s: float
    backoff: Backoff = field(default_factory=Backoff)
    chance: random.Random = field(default_factory=random.Random)
    offset: float = 0.0

    def __post_init__(self) -> None:
        self._count = itertools.count()
        self._waiting: list[tuple[float, int, Job]] = []  # by when they are due
        self._ready: list[tuple[int, float, int, Job]] = []  # by priority and deadline
        self._probes: list[tuple[float, int, Unit]] = []
        self._urgent: list[tuple[int, Turn]] = []
        self._credit_s = 0.0
        self._credited_s = self.now_s
        self._states = {
            unit.number: _State([Job(unit, block, 0.0) for block in unit.blocks]) for unit in self.units
        }  # fmt: skip
        jobs = [job for state in self._states.values() for job in state.jobs]
        self._stagger(jobs, self.now_s, self.offset)

    def _stagger(self, jobs: list[Job], now_s: float, offset: float = 0.0) -> None:
        """Spread the first questions, so that a start is no storm; a slow block is not kept waiting for its period."""
        for at, job in enumerate(jobs):
            self._put(job, now_s + min(job.block.every_s, _START_S) * (at + offset) / len(jobs))

    def _put(self, job: Job, due_s: float) -> None:
        if not job.is_queued:
            job.due_s, job.is_queued = due_s, True
            heapq.heappush(self._waiting, (due_s, next(self._count), job))

    def is_sick(self, unit: int) -> bool:
        """True while it is only probed."""
        return self._states[unit].is_sick

    def write(self, turn: Turn) -> None:
        """Put a command before everything else; commands keep their order."""
        heapq.heappush(self._urgent, (next(self._count), turn))

    def withdraw(self, turn: Turn) -> None:
        """Take a command back that is not asked yet."""
        self._urgent = [entry for entry in self._urgent if entry[1] is not turn]
        heapq.heapify(self._urgent)

    def next(self, now_s: float) -> Turn | None:
        """The question to ask now; None while nothing is due (see ``wakes_s``)."""
        self._credit_s = min(2 * self.worst_s, self._credit_s + SICK_SHARE * (now_s - self._credited_s))
        self._credited_s = now_s
        if self._urgent:
            return heapq.heappop(self._urgent)[1]
        while self._waiting and self._waiting[0][0] <= now_s:
            _, number, job = heapq.heappop(self._waiting)
            deadline_s = job.due_s + job.block.every_s
            heapq.heappush(self._ready, (job.block.priority, deadline_s, number, job))
        is_probe_due = bool(self._probes) and self._probes[0][0] <= now_s
        if is_probe_due and self._may_probe():
            unit = heapq.heappop(self._probes)[2]
            block = min(unit.blocks, key=lambda one: one.priority)
            is_on_credit = bool(self._ready)
            self._states[unit.number].is_asked = True
            return Turn(unit, block.request, block, is_probe=True, is_on_credit=is_on_credit)
        if self._ready:
            job = heapq.heappop(self._ready)[3]
            job.is_queued = False
            return Turn(job.unit, job.block.request, job.block, job)
        return None

    def _may_probe(self) -> bool:
        if not self._ready:
            return True
        return self._ready[0][0] >= Priority.TELEMETRY and self._credit_s >= self.worst_s

    def wakes_s(self) -> float:
        """When ``next`` will have something; infinity for never."""
        times = [heap[0][0] for heap in (self._waiting, self._probes) if heap]
        return min(times, default=float("inf"))

    def done(self, turn: Turn, now_s: float, error: FieldError | None, took_s: float) -> None:
        """A question ended. Give every turn back once."""
        if turn.is_on_credit:
            self._credit_s -= took_s
        state = self._states[turn.unit.number]
        is_failed = isinstance(error, (Timeout, Garbage, Gone))
        # One damaged frame is the line's fault as often as the unit's.
        is_pardoned = isinstance(error, Garbage) and not state.is_sick and state.garbage == 0 and error.wait_s == 0
        if turn.job is not None and (not is_failed or is_pardoned) and not state.is_sick:
            self._again(turn.job, now_s)
        if is_pardoned:
            state.garbage += 1
        elif is_failed:
            self._fail(turn, state, now_s, error)
        else:
            self._recover(turn, state, now_s)

    def _again(self, job: Job, now_s: float) -> None:
        missed = max(0, int((now_s - job.due_s) // job.block.every_s))
        self._put(job, job.due_s + job.block.every_s * (missed + 1))

    def _fail(self, turn: Turn, state: _State, now_s: float, error: FieldError | None) -> None:
        if state.is_sick and not turn.is_probe:
            return  # a command: the probes go on in their own slots
        state.failures += 1
        state.is_sick = True
        state.is_asked = False
        if turn.unit.blocks:
            wait_s = error.wait_s if isinstance(error, Garbage) else 0.0
            state.probe_s = now_s + max(wait_s, self.backoff.slot_s(state.failures, self.chance))
            self._waiting = [entry for entry in self._waiting if entry[2].unit is not turn.unit]
            self._ready = [entry for entry in self._ready if entry[3].unit is not turn.unit]
            heapq.heapify(self._waiting)
            heapq.heapify(self._ready)
            for job in state.jobs:
                job.is_queued = False
            heapq.heappush(self._probes, (state.probe_s, next(self._count), turn.unit))

    def _recover(self, turn: Turn, state: _State, now_s: float) -> None:
        state.failures = state.garbage = 0
        if not state.is_sick or (not turn.is_probe and state.is_asked):
            return
        state.is_sick = state.is_asked = False
        self._probes = [entry for entry in self._probes if entry[2] is not turn.unit]
        heapq.heapify(self._probes)
        self._stagger(state.jobs, now_s)

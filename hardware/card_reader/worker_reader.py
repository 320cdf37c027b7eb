"""A card reader as its front door describes it, over any driver in a worker that speaks ``messages``.

Decides when a card is read (once for each insertion) and when a reading is given up; the driver process that saw a
card ends with ``stop()``. Knows no wire, no layout and no error code.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

import msgspec

from hardware.card_reader import (
    AccessKey,
    CardError,
    CardMisplaced,
    CardMute,
    CardProtected,
    CardReaderStatus,
    CardRemoved,
    CardUnknown,
    CardUnreadable,
    Document,
    DocumentKind,
    KeyNeeded,
    KeyRefused,
    Media,
    ProgressListener,
    ReaderLost,
)
from hardware.card_reader.deadline import Cause, Deadline
from hardware.card_reader.messages import Answer, Key, Lying, Pulse, Read, Seen, Step, Told
from hardware.device import DeviceError, DeviceGone, Health, StatusListener
from hardware.worker import Worker

ERRORS = (
    CardError, CardRemoved, CardMute, CardUnreadable, CardUnknown, CardMisplaced, CardProtected, KeyNeeded, KeyRefused,
    ReaderLost,
)  # fmt: skip
_LOST = frozenset({Health.OFFLINE, Health.NO_DEVICE, Health.HARDWARE_ERROR, Health.POWER_OFF})
_LOOK_S = 0.1  # how often a reading's deadline is looked at
_FOREVER_S = 86_400.0  # of the worker's own deadline: the reading's is kept here
RETRY_S = 1.0


class _Reading:
    """One reading under way, which outlives a caller that went away."""

    def __init__(self, number: int, card: Lying, key: Key | None, deadline: Deadline) -> None:
        self.number = number
        self.card = card
        self.key = key
        self.deadline = deadline
        self.listeners: list[ProgressListener] = []
        self.task: asyncio.Task[Answer]


@dataclass(frozen=True)
class Wire:
    """One driver and its settings. ``where`` names it in errors, ``cure`` says what to do when it is away.

    ``read_within_s``: deadline of one reading instead of the one the driver pulses, None for that.
    """

    driver: str  # MODULE:CLASS
    options: msgspec.Struct
    where: str
    cure: str
    environment: Mapping[str, str] = field(default_factory=dict)
    read_within_s: float | None = None
    first_status_within_s: float = 3.0


class WorkerCardReader:
    """``CardReader`` over a driver in a worker. Use from one event loop."""

    def __init__(self, wire: Wire, kinds: tuple[DocumentKind, ...], today: Callable[[], date] = date.today) -> None:
        self._wire = wire
        self._kinds = kinds
        self._today = today
        self._listeners: list[StatusListener] = []
        self._status = CardReaderStatus(Health.OFFLINE, "not started", _now_s())
        self._seen = Seen(Health.OFFLINE, Media.UNKNOWN)
        self._spent: dict[str, float] = {}  # insertions that gave their document or error, and until when they count
        self._changed = asyncio.Event()
        self._steps: tuple[Step, ...] = ()
        self._reading: _Reading | None = None
        self._number = 0
        self._worker = Worker(
            wire.driver,
            wire.options,
            errors=ERRORS,
            on_event=self._on_event,
            on_restart=self._on_restart,
            environment=wire.environment,
        )

    @property
    def status(self) -> CardReaderStatus:
        """The last known status; never blocks."""
        return self._status

    @property
    def kinds(self) -> tuple[DocumentKind, ...]:
        """The documents this reader can read."""
        return self._kinds

    @property
    def last_steps(self) -> tuple[Step, ...]:
        """How long each step of the last document took, in milliseconds; nothing personal."""
        return self._steps

    @property
    def worker_pid(self) -> int | None:
        """Process id of the driver, for whoever measures or watches it."""
        return self._worker.pid

    async def start(self) -> None:
        """Start the driver; returns when it said how the reader is (or after ``first_status_within_s``)."""
        if self._worker.pid is not None:
            return
        self._set(CardReaderStatus(Health.STARTING, "", _now_s()))
        await self._worker.start()
        until = time.monotonic() + self._wire.first_status_within_s
        while self._status.health is Health.STARTING and (left_s := until - time.monotonic()) > 0:
            await self._change(left_s)

    async def stop(self) -> None:
        """End the driver's process and forget the card; idempotent. Whoever waits gets ``ReaderLost``."""
        await self._worker.stop()
        if self._reading is not None:
            await asyncio.wait({self._reading.task})
        self._seen, self._steps = Seen(Health.OFFLINE, Media.UNKNOWN), ()
        self._spent.clear()
        self._set(CardReaderStatus(Health.OFFLINE, "stopped", _now_s()))

    def watch(self, listener: StatusListener) -> Callable[[], None]:
        """Call ``listener`` on the loop at every change of status; the result unsubscribes."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    async def wait_for_document(
        self, key: AccessKey | None = None, on_progress: ProgressListener | None = None
    ) -> Document:
        """Wait until a card is presented and read (see the front door)."""
        flat = Key.of(key)
        while True:
            reading = self._reading
            if reading is None:
                if (card := self._unread()) is None:
                    self._demand_reader()
                    await self._change(self._retry_s())
                    continue
                reading = self._begin(card, flat)
            elif reading.key != flat:  # of a caller that went away: its end is awaited, its answer belongs to nobody
                await asyncio.wait({reading.task})
                continue
            return await self._result(reading, on_progress)

    async def wait_for_removal(self) -> None:
        """Return when no card is present; ``ReaderLost`` when nobody can tell."""
        while self._status.media is not Media.NOT_PRESENT:
            self._demand_reader()
            await self._change()

    # -- one reading -----------------------------------------------------------------------------------------------

    def _begin(self, card: Lying, key: Key | None) -> _Reading:
        self._number += 1
        deadline = Deadline(time.monotonic(), self._wire.read_within_s)
        self._reading = reading = _Reading(self._number, card, key, deadline)
        reading.task = asyncio.create_task(self._read(reading))
        reading.task.add_done_callback(lambda task: task.cancelled() or task.exception())  # perhaps nobody waits
        return reading

    async def _read(self, reading: _Reading) -> Answer:
        card = reading.card
        call = asyncio.ensure_future(
            self._worker.call(
                "read",
                Read(
                    reading.number,
                    card.reader,
                    card.insertion,
                    self._today(),
                    reading.key,
                    card.insertion in self._spent,
                ),
                reply=Answer,
                within_s=_FOREVER_S,
            )
        )
        cause: Cause | None = None
        try:
            while not call.done():
                left_s = reading.deadline.left_s(time.monotonic())
                if left_s == 0.0 and cause is None:
                    cause = reading.deadline.cause(time.monotonic())
                    self._worker.kill()
                await asyncio.wait({call}, timeout=_LOOK_S if cause else min(left_s, _LOOK_S))
            return call.result()
        except DeviceError as error:
            if isinstance(error, DeviceGone) and self._status.is_usable:
                self._on_restart()  # it is on its way
            raise _as_card_error(error, card.reader, cause) from None
        finally:
            call.cancel()
            self._reading = None
            if reading.deadline.is_held:
                self._show()
            self._wake()

    async def _result(self, reading: _Reading, on_progress: ProgressListener | None) -> Document:
        if on_progress is not None:
            reading.listeners.append(on_progress)
        try:
            answer = await asyncio.shield(reading.task)  # a caller that goes away spends no insertion
            if answer.reading is None:
                raise KeyNeeded(answer.message, where=answer.where, accepts=answer.accepts)
        except (KeyNeeded, KeyRefused):
            raise
        except (CardRemoved, ReaderLost):
            # A card that is back before the daemon looked again has no new insertion, nor has one whose driver or
            # daemon fell over: after a while it counts anew.
            self._spent[reading.card.insertion] = time.monotonic() + RETRY_S
            raise
        except CardError:
            self._spent[reading.card.insertion] = float("inf")
            raise
        finally:
            if on_progress is not None:
                reading.listeners.remove(on_progress)
        self._spent[reading.card.insertion] = float("inf")
        self._steps = answer.steps
        return answer.reading.document()

    def _unread(self) -> Lying | None:
        now_s = time.monotonic()
        if self._status.media is not Media.PRESENT:
            return None
        return next((card for card in self._seen.cards if self._spent.get(card.insertion, 0.0) <= now_s), None)

    def _retry_s(self) -> float | None:
        """Seconds until a card that was called removed counts anew, if one still lies there."""
        left = [self._spent.get(card.insertion, 0.0) - time.monotonic() for card in self._seen.cards]
        return min((left_s for left_s in left if 0.0 < left_s < float("inf")), default=None)

    # -- what the driver says --------------------------------------------------------------------------------------

    def _demand_reader(self) -> None:
        if self._status.health in _LOST:
            raise ReaderLost(
                self._status.reason or "the card reader is away",
                where=self._wire.where,
                cure=self._wire.cure,
            )

    async def _change(self, within_s: float | None = None) -> None:
        changed = self._changed
        try:
            await asyncio.wait_for(changed.wait(), within_s)
        except TimeoutError:
            return

    def _on_event(self, name: str, raw: msgspec.Raw) -> None:
        now_s, reading = time.monotonic(), self._reading
        if name == "status":
            self._seen = msgspec.msgpack.decode(raw, type=Seen)
            there = {card.insertion for card in self._seen.cards}
            # A restarted daemon counts insertions anew, and a counter comes round.
            self._spent = {insertion: until for insertion, until in self._spent.items() if insertion in there}
            if reading is not None:
                is_lost = self._seen.health in _LOST
                reading.deadline.presence(now_s, is_lost=is_lost, is_lifted=reading.card.insertion not in there)
            self._show()
        elif name == "pulse":
            pulse = msgspec.msgpack.decode(raw, type=Pulse)
            if reading is not None and pulse.number == reading.number:
                was_held = reading.deadline.is_held
                reading.deadline.pulse(now_s, pulse)
                if was_held or pulse.is_held:
                    self._show()
        elif name == "progress":
            told = msgspec.msgpack.decode(raw, type=Told)
            if reading is not None and told.number == reading.number:
                reading.deadline.touch(now_s)
                for listener in tuple(reading.listeners):
                    listener(told.progress())

    def _show(self) -> None:
        seen = self._seen
        is_held = self._reading is not None and self._reading.deadline.is_held and seen.health is Health.ONLINE
        health, reason = (
            (Health.DEVICE_BUSY, "another program holds the card") if is_held else (seen.health, seen.reason)
        )
        self._set(CardReaderStatus(health, reason, _now_s(), seen.media))

    def _on_restart(self) -> None:
        self._set(CardReaderStatus(Health.STARTING, "the driver was replaced", _now_s()))

    def _set(self, status: CardReaderStatus) -> None:
        self._status = status
        self._wake()
        for listener in tuple(self._listeners):
            listener(status)

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


def _as_card_error(error: DeviceError, reader: str, cause: Cause | None) -> CardError:
    if cause is Cause.LIFTED:
        return CardRemoved("the card was taken away while it was read; its driver was replaced", where=reader)
    if cause is Cause.SILENT:
        return CardMute("the card did not answer in time; its driver was replaced", where=reader)
    if isinstance(error, CardError):
        return error
    if isinstance(error, DeviceGone):
        return ReaderLost("the driver ended while it read the card", where=reader, cure="it is started anew by itself")
    return CardUnreadable(error.message, where=reader)


def _now_s() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)

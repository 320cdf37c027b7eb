"""The card reader as its front door describes it, over the PC/SC driver in a worker.

Decides when a card is read (once for each insertion) and how long it may take; the driver process that saw a card ends
with ``stop()``. Knows no layout and no error code.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import msgspec

from hardware.card_reader import (
    AccessKey,
    CardError,
    CardMute,
    CardProtected,
    CardReaderStatus,
    CardRemoved,
    CardUnknown,
    CardUnreadable,
    Document,
    DocumentKind,
    Media,
    ProgressListener,
    ReaderLost,
)
from hardware.card_reader.messages import Options, Read, Reading, Seen, Step
from hardware.device import DeviceError, DeviceGone, DeviceTimeout, Health, StatusListener
from hardware.worker import Worker

ERRORS = (CardError, CardRemoved, CardMute, CardUnreadable, CardUnknown, CardProtected, ReaderLost)
_LOST = frozenset({Health.OFFLINE, Health.NO_DEVICE, Health.HARDWARE_ERROR, Health.POWER_OFF})


@dataclass(frozen=True)
class ReaderOptions:
    """``reader``: part of the PC/SC reader's name, "" for any. ``socket``: the daemon's socket, "" for the system's.

    ``read_within_s``: deadline of one read. A social security card gives its 11 short records in about half a second;
    after 5 s it is not going to.
    """

    reader: str = ""
    socket: str = ""
    read_within_s: float = 5.0
    first_status_within_s: float = 3.0


class PcscCardReader:
    """``CardReader`` over PC/SC. Use from one event loop."""

    def __init__(self, options: ReaderOptions | None = None, *, today: Callable[[], date] = date.today) -> None:
        self._options = options or ReaderOptions()
        self._today = today
        self._listeners: list[StatusListener] = []
        self._status = CardReaderStatus(Health.OFFLINE, "not started", _now_s())
        self._seen: Seen | None = None
        self._spent = ""  # the insertion that gave its document or its error
        self._changed = asyncio.Event()
        self._steps: tuple[Step, ...] = ()
        self._worker = Worker(
            "hardware.card_reader.pcsc:Driver",
            Options(reader=self._options.reader),
            errors=ERRORS,
            on_event=self._on_event,
            on_restart=self._on_restart,
            environment={"PCSCLITE_CSOCK_NAME": self._options.socket} if self._options.socket else {},
        )

    @property
    def status(self) -> CardReaderStatus:
        """The last known status; never blocks."""
        return self._status

    @property
    def kinds(self) -> tuple[DocumentKind, ...]:
        """The documents this reader can read."""
        return (DocumentKind.SOCIAL_SECURITY_CARD,)

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
        until = time.monotonic() + self._options.first_status_within_s
        while self._status.health is Health.STARTING and (left_s := until - time.monotonic()) > 0:
            await self._change(left_s)

    async def stop(self) -> None:
        """End the driver's process and forget the card; idempotent. Whoever waits gets ``ReaderLost``."""
        await self._worker.stop()
        self._seen, self._spent, self._steps = None, "", ()
        self._set(CardReaderStatus(Health.OFFLINE, "stopped", _now_s()))

    def watch(self, listener: StatusListener) -> Callable[[], None]:
        """Call ``listener`` on the loop at every change of status; the result unsubscribes."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    async def wait_for_document(
        self, key: AccessKey | None = None, on_progress: ProgressListener | None = None
    ) -> Document:
        """Wait until a card is presented and read (see the front door)."""
        while not self._has_unread():
            self._demand_reader()
            await self._change()
        seen = self._seen
        assert seen is not None  # _has_unread() said so
        try:
            reading = await self._worker.call(
                "read",
                Read(seen.reader, seen.insertion, self._today()),
                reply=Reading,
                within_s=self._options.read_within_s,
            )
        except asyncio.CancelledError:
            raise  # nobody got an answer: this insertion may be read again
        except DeviceError as error:
            self._spent = seen.insertion
            raise _as_card_error(error, seen.reader) from None
        self._spent = seen.insertion
        self._steps = reading.steps
        return reading.document()

    async def wait_for_removal(self) -> None:
        """Return when no card is present; ``ReaderLost`` when nobody can tell."""
        while self._status.media is not Media.NOT_PRESENT:
            self._demand_reader()
            await self._change()

    def _has_unread(self) -> bool:
        return self._status.media is Media.PRESENT and self._seen is not None and self._seen.insertion != self._spent

    def _demand_reader(self) -> None:
        if self._status.health in _LOST:
            raise ReaderLost(
                self._status.reason or "the card reader is away",
                where=self._options.reader or "card reader",
                cure="check that pcscd runs and that the reader is plugged in",
            )

    async def _change(self, within_s: float | None = None) -> None:
        changed = self._changed
        try:
            await asyncio.wait_for(changed.wait(), within_s)
        except TimeoutError:
            return

    def _on_event(self, name: str, raw: msgspec.Raw) -> None:
        if name != "status":
            return
        seen = msgspec.msgpack.decode(raw, type=Seen)
        if seen.health in _LOST:
            self._spent = ""  # a restarted daemon counts insertions anew
        self._seen = seen
        self._set(CardReaderStatus(seen.health, seen.reason, _now_s(), seen.media))

    def _on_restart(self) -> None:
        self._set(CardReaderStatus(Health.STARTING, "the driver was replaced", _now_s()))

    def _set(self, status: CardReaderStatus) -> None:
        self._status = status
        self._changed.set()
        self._changed = asyncio.Event()
        for listener in tuple(self._listeners):
            listener(status)


def _as_card_error(error: DeviceError, reader: str) -> CardError:
    if isinstance(error, CardError):
        return error
    if isinstance(error, DeviceTimeout):
        return CardMute("the card did not answer in time; its driver was replaced", where=reader)
    if isinstance(error, DeviceGone):
        return ReaderLost("the driver ended while it read the card", where=reader, cure="it is started anew by itself")
    return CardUnreadable(error.message, where=reader)


def _now_s() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)

"""Several readers behind one door: PC/SC cards here, resident cards on a SAM module there; the first document wins.

The others go on waiting without losing an insertion. Knows the front door only, no driver and no wire.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from hardware.card_reader import (
    AccessKey,
    CardError,
    CardReader,
    CardReaderStatus,
    Document,
    DocumentKind,
    Media,
    Progress,
    ProgressListener,
    ReaderLost,
)
from hardware.card_reader.messages import Step
from hardware.device import DeviceStatus, Health, StatusListener

# Which state speaks for all: what can serve a resident first, then what may soon.
_ORDER = (Health.ONLINE, Health.DEVICE_BUSY, Health.STARTING)


class MeasuredReader(CardReader, Protocol):
    """A reader that knows how long its last document took."""

    @property
    def last_steps(self) -> tuple[Step, ...]: ...


class SeveralReaders:
    """``CardReader`` over at least one other. Use from one event loop. ``ValueError`` for none."""

    def __init__(self, readers: Sequence[MeasuredReader]) -> None:
        if not readers:
            raise ValueError("at least one card reader is needed")
        self._readers = tuple(readers)
        self._listeners: list[StatusListener] = []
        self._changed = asyncio.Event()
        self._steps: tuple[Step, ...] = ()
        self._waiting: dict[MeasuredReader, asyncio.Task[Document]] = {}  # also who was done with another
        self._key: AccessKey | None = None
        for reader in self._readers:
            reader.watch(self._on_status)

    @property
    def status(self) -> CardReaderStatus:
        """The best of all; ``media`` is present when any has a card; ``reason`` names those that cannot serve."""
        return combined([reader.status for reader in self._readers])

    @property
    def kinds(self) -> tuple[DocumentKind, ...]:
        """The documents of the readers that can serve now; of all when none can."""
        usable = [reader for reader in self._readers if reader.status.is_usable] or self._readers
        return tuple(dict.fromkeys(kind for reader in usable for kind in reader.kinds))

    @property
    def last_steps(self) -> tuple[Step, ...]:
        """How long each step of the last document took, of whichever reader gave it."""
        return self._steps

    async def start(self) -> None:
        """Start all; one that fails does not keep the others from starting, unless all do."""
        failed = [
            result
            for result in await asyncio.gather(*(reader.start() for reader in self._readers), return_exceptions=True)
            if isinstance(result, BaseException)
        ]
        if len(failed) == len(self._readers):
            raise failed[0]

    async def stop(self) -> None:
        """Stop all; idempotent."""
        self._end(self._waiting)
        await asyncio.gather(*(reader.stop() for reader in self._readers))

    def watch(self, listener: StatusListener) -> Callable[[], None]:
        """Call ``listener`` at every change of any reader with the status of all; the result unsubscribes."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    async def wait_for_document(
        self, key: AccessKey | None = None, on_progress: ProgressListener | None = None
    ) -> Document:
        """Give the first document, or raise the first error, of any; ``ReaderLost`` only when all are away.

        Progress is of one reading: of the reader that begins first, for as long as it is there.
        """
        telling: MeasuredReader | None = None

        def listener(reader: MeasuredReader) -> ProgressListener:
            def progress(told: Progress) -> None:
                nonlocal telling
                telling = telling or reader
                if telling is reader and on_progress is not None:
                    on_progress(told)

            return progress

        if key != self._key:  # who was asked without the key is asked again
            self._end(reader for reader, task in self._waiting.items() if not task.done())
            self._key = key
        # An answer kept from last time is worth something only as long as its card lies there.
        self._end(reader for reader in self._waiting if reader.status.media is not Media.PRESENT)
        try:
            while True:
                for reader in self._readers:
                    if reader not in self._waiting and reader.status.is_usable:
                        self._waiting[reader] = asyncio.ensure_future(reader.wait_for_document(key, listener(reader)))
                await self._any_done()
                for reader in self._readers:
                    task = self._waiting.get(reader)
                    if task is None or not task.done():
                        continue
                    del self._waiting[reader]
                    telling = None if telling is reader else telling
                    if not isinstance(task.exception(), ReaderLost):
                        document = task.result()
                        self._steps = reader.last_steps
                        return document
                if not self._waiting and not any(self._may_come(reader) for reader in self._readers):
                    status = self.status
                    raise ReaderLost(status.reason or "no card reader is there", where="card readers")
        finally:
            # One that finished in the very moment another did keeps its answer for the next call; the rest are
            # cancelled, which spends no insertion.
            self._end(reader for reader, task in self._waiting.items() if not task.done())

    async def wait_for_removal(self) -> None:
        """Return when no reader has a card; ``ReaderLost`` when none can tell."""
        self._end(self._waiting)  # what was read of a card that leaves is forgotten
        while True:
            if all(not reader.status.is_usable for reader in self._readers):
                raise ReaderLost(self.status.reason or "no card reader is there", where="card readers")
            full = [one for one in self._readers if one.status.is_usable and one.status.media is Media.PRESENT]
            if not full:
                return
            results = await asyncio.gather(*(reader.wait_for_removal() for reader in full), return_exceptions=True)
            for result in results:
                if isinstance(result, BaseException) and not isinstance(result, CardError):
                    raise result
            await asyncio.sleep(0)

    async def _any_done(self) -> None:
        """Wait until a reader has an answer, or anything changes."""
        changed = asyncio.ensure_future(self._changed.wait())
        try:
            await asyncio.wait({changed, *self._waiting.values()}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            changed.cancel()

    def _may_come(self, reader: MeasuredReader) -> bool:
        return reader.status.is_usable or reader.status.health is Health.STARTING

    def _end(self, readers: Iterable[MeasuredReader]) -> None:
        for reader in tuple(readers):
            task = self._waiting.pop(reader)
            if not task.cancel():
                task.exception()  # it is done, and nobody will ask for its answer

    def _on_status(self, _status: DeviceStatus) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
        status = self.status
        for listener in tuple(self._listeners):
            listener(status)


def combined(each: Sequence[CardReaderStatus]) -> CardReaderStatus:
    """One status for several readers."""
    health = next((health for health in _ORDER if any(one.health is health for one in each)), each[0].health)
    media = {one.media for one in each}
    speaking = [one.media for one in each if one.is_usable]
    if Media.PRESENT in media:
        one_media = Media.PRESENT
    elif speaking and all(one is Media.NOT_PRESENT for one in speaking):
        one_media = Media.NOT_PRESENT
    else:
        one_media = next((one for one in speaking if one is not Media.NOT_PRESENT), Media.UNKNOWN)
    reasons = dict.fromkeys(one.reason for one in each if one.reason and one.health is not Health.ONLINE)
    return CardReaderStatus(health, "; ".join(reasons), max(one.since_s for one in each), one_media)

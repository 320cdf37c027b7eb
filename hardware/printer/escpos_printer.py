"""The printer as the rest of the booth sees it: the front door's protocol over the ESC/POS driver's process.

Never blocks and touches no wire; a driver that hangs is killed by its worker and the caller gets a ``PrinterError``.
"""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Callable

import msgspec

from hardware.device import DeviceError, DeviceGone, DeviceTimeout, Health, StatusListener
from hardware.printer import (
    CoverOpen,
    Exit,
    Page,
    PaperJammed,
    PaperOut,
    PrinterError,
    PrinterStatus,
    PrinterUnplugged,
)
from hardware.printer.messages import Nothing, PrinterOptions, Report, from_report, split_font_path, to_job
from hardware.worker import Worker

DRIVER = "hardware.printer.escpos:EscposDriver"
START_S = 5.0  # a cold import of the driver on a slow machine
GRACE_S = 10.0  # how much longer than its own deadline the driver may take before it is killed


class EscposPrinter:
    """``hardware.printer.Printer`` over network, USB or serial. Use from one event loop.

    Raises ``ValueError`` for a font that is not there: said at start-up, not at the first receipt.
    """

    def __init__(self, options: PrinterOptions) -> None:
        for key, path in (("font_regular", options.font_regular), ("font_bold", options.font_bold)):
            if not split_font_path(path)[0].is_file():
                raise ValueError(f"printer: {key} = {path!r} is not a file; install fonts-noto-cjk or correct the path")
        self._options = options
        self._status = PrinterStatus(Health.STARTING, since_s=_boottime_s())
        self._listeners: list[StatusListener] = []
        self._changed = asyncio.Condition()
        self._talking = asyncio.Lock()  # the driver does one thing at a time; a look must not wait behind a page
        self._notices: set[asyncio.Task[None]] = set()
        self._worker = Worker(
            DRIVER,
            options,
            errors=(PrinterError, PaperOut, PaperJammed, CoverOpen, PrinterUnplugged),
            on_event=self._on_event,
            on_restart=self._on_restart,
        )

    @property
    def status(self) -> PrinterStatus:
        return self._status

    @property
    def pid(self) -> int | None:
        """Process id of the driver, or None."""
        return self._worker.pid

    async def start(self) -> None:
        """Start the driver and look at the printer once (0.4 s on two cores, python-escpos' import included)."""
        await self._worker.start()
        await self._refresh(START_S)

    async def stop(self) -> None:
        await self._worker.stop()
        for notice in list(self._notices):
            notice.cancel()
        self._set(PrinterStatus(Health.OFFLINE, "the driver is stopped"))

    def watch(self, listener: StatusListener) -> Callable[[], None]:
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    async def refresh(self) -> PrinterStatus:
        """Ask the printer now (at most ``status_within_s``); while it prints, give what is known."""
        return await self._refresh(self._options.status_within_s * 2 + 1.0)

    async def _refresh(self, within_s: float) -> PrinterStatus:
        if self._talking.locked() and self._status.health is Health.DEVICE_BUSY:
            return self._status
        async with self._talking:
            try:
                report = await self._worker.call("status", Nothing(), reply=Report, within_s=within_s)
            except (DeviceTimeout, DeviceGone) as error:
                self._set(PrinterStatus(Health.OFFLINE, error.message))
            else:
                self._set(from_report(report, 0.0))
        return self._status

    async def print(self, page: Page) -> None:
        """Print one page; returns when it is cut. A caller who is cancelled leaves the page to come out whole."""
        job = to_job(page)
        printing = asyncio.ensure_future(self._print(job))
        try:
            await asyncio.shield(printing)
        except asyncio.CancelledError:
            printing.add_done_callback(_forget)
            raise

    async def _print(self, job: msgspec.Struct) -> None:
        async with self._talking:
            before = self._status
            self._set(dataclasses.replace(before, health=Health.DEVICE_BUSY))
            try:
                within_s = self._options.print_within_s + GRACE_S
                report = await self._worker.call("print", job, reply=Report, within_s=within_s)
            except PrinterError:
                if self._status.health is Health.DEVICE_BUSY:  # the page was refused; the printer is as it was
                    self._set(before)
                raise
            except DeviceError as error:
                self._set(PrinterStatus(Health.OFFLINE, error.message))
                message = f"{error.message}; whether the page came out is unknown"
                raise PrinterError(message, where=self._options.where, cure="look at the exit") from error
            self._set(from_report(report, 0.0))

    async def wait_for_taken(self) -> None:
        """Return when the paper was taken, at once without a sensor; ``PrinterUnplugged`` if nobody can tell."""
        async with self._changed:
            while self._options.has_exit_sensor and self._status.exit is not Exit.NOT_PRESENT:
                if not self._status.is_usable and self._status.exit is Exit.UNKNOWN:
                    raise PrinterUnplugged(self._status.reason, where=self._options.where)
                await self._changed.wait()

    def _on_event(self, name: str, body: msgspec.Raw) -> None:
        if name == "status":
            self._set(from_report(msgspec.msgpack.decode(body, type=Report), 0.0))

    def _on_restart(self) -> None:
        self._set(PrinterStatus(Health.STARTING, "the driver was replaced"))

    def _set(self, status: PrinterStatus) -> None:
        if dataclasses.replace(status, since_s=self._status.since_s) == self._status:
            return
        self._status = dataclasses.replace(status, since_s=_boottime_s())
        for listener in list(self._listeners):
            listener(self._status)
        notice = asyncio.get_running_loop().create_task(self._notify())
        self._notices.add(notice)
        notice.add_done_callback(self._notices.discard)

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()


def _forget(printing: asyncio.Future[None]) -> None:
    if not printing.cancelled():
        printing.exception()


def _boottime_s() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)

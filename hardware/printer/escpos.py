"""The ESC/POS driver, run by ``hardware.worker`` in a process of its own.

Turns a page into one job (our pictures, the printer's own QR code, the cut) by python-escpos and gives it to the
session. A thread looks at the printer every ``poll_s`` seconds and emits ``status`` when something changed. Holds
residents' words only while it prints them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import segno
from PIL import Image

from hardware.printer import Exit, Page, PrinterError, PrinterStatus
from hardware.printer.messages import Job, Nothing, PrinterOptions, Report, from_job, to_report
from hardware.printer.raster import Typesetter
from hardware.printer.session import Session
from hardware.printer.wire import load

QR_MODULE_MM = 0.75
QR_ERROR_M = 1  # python-escpos: 0 L, 1 M, 2 Q, 3 H
TAKEN_POLL_S = 0.25  # while a slip waits to be taken


def compose(page: Page, typesetter: Typesetter, rows_per_image: int) -> bytes:
    """Give the whole page as one ESC/POS job, from ESC @ to the cut."""
    paper = load("escpos.printer.dummy").Dummy()
    paper.hw("INIT")
    for part in typesetter.parts(page):
        if isinstance(part, Image.Image):
            paper.image(part, fragment_height=rows_per_image)
        else:
            modules = segno.make_qr(part.text, error="m", boost_error=False).symbol_size(border=4)[0]
            size = min(typesetter.dots(QR_MODULE_MM), typesetter.width_dots // modules, 16)
            if size < 2:
                raise PrinterError("the QR code is too wide for the paper", where="page", cure="shorten its text")
            paper.print_and_feed(1)  # with the line below: the quiet zone
            paper.set(align="center")
            paper.qr(part.text, ec=QR_ERROR_M, size=size, native=True)
            paper.set(align="left")
            paper.print_and_feed(1)
    paper.cut(feed=False)  # GS V 66 0: feeds to the cutter by itself
    return bytes(paper.output)


class EscposDriver:
    """See ``hardware.worker.Driver``. Verbs: ``print`` (Job -> Report), ``status`` (Nothing -> Report)."""

    options = PrinterOptions

    def __init__(self, options: PrinterOptions) -> None:
        load("escpos.printer")  # here, before there is a second thread
        self._options = options
        self._typesetter = Typesetter(options.width_dots, options.dpi, options.font_regular, options.font_bold)
        self._session = Session(options)
        self._using = threading.Lock()
        self._ending = threading.Event()
        self._emit: Callable[[str, msgspec.Struct], None] = lambda name, body: None
        self._last: Report | None = None

    def commands(self) -> Mapping[str, tuple[type[msgspec.Struct], Callable[[Any], msgspec.Struct | None]]]:
        return {"print": (Job, self._print), "status": (Nothing, self._status)}

    def begin(self, emit: Callable[[str, msgspec.Struct], None]) -> None:
        self._emit = emit
        threading.Thread(target=self._watch, name="printer-status", daemon=True).start()

    def end(self) -> None:
        self._ending.set()
        if self._using.acquire(timeout=0.3):
            self._session.close()

    def _watch(self) -> None:
        pause_s = 0.0
        while not self._ending.wait(pause_s):
            with self._using:
                if self._ending.is_set():
                    return
                report = self._learn(self._session.status())
            pause_s = self._options.poll_s
            if report.exit is Exit.PRESENT:
                pause_s = min(pause_s, TAKEN_POLL_S)

    def _learn(self, status: PrinterStatus) -> Report:
        """Keep a status and emit it if it is news; called with the lock held, so that news keep their order."""
        report = to_report(status)
        if report != self._last:
            self._last = report
            self._emit("status", report)
        return report

    def _status(self, _: Nothing | None) -> Report:
        with self._using:
            return self._learn(self._session.status())

    def _print(self, job: Job) -> Report:
        data = compose(from_job(job), self._typesetter, self._options.rows_per_image)
        with self._using:
            try:
                return self._learn(self._session.print(data))
            except PrinterError:
                self._learn(self._session.status())
                raise

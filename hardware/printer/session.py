"""One conversation with the printer: asks for its state, sends a job once, and knows when the paper is out.

Joins the wire, the status rounds and the clock. Never sends a byte of a job twice: whoever wants another copy asks
for it. Knows no page, no dots and no process.
"""

from __future__ import annotations

import contextlib

from hardware.device import Health
from hardware.printer import CoverOpen, Paper, PaperJammed, PaperOut, PrinterError, PrinterStatus, PrinterUnplugged
from hardware.printer.messages import PrinterOptions
from hardware.printer.status import CLEAR_BUFFERS, GS_R_PAPER, Kind, Reading, Replies, StatusRound
from hardware.printer.wire import Wire, now_s, open_wire

LOOK_EVERY_S = 0.3  # how often a printing printer is asked whether it is still well
SILENT_S = 5.0  # a printing printer that answers nothing for so long is given up
CLEARED_WITHIN_S = 0.1  # printers without DLE DC4 fn = 8 say nothing; the others answer at once
MAX_DRAINED_BYTES = 4096
PIECE_BYTES = 4096
CUT_OFF = b"\x1b@\x1dV\x42\x00"  # ESC @, GS V 66 0: feed to the knife and cut


def fault_of(status: PrinterStatus, where: str) -> PrinterError | None:
    """The named error that keeps this printer from printing, or None."""
    if status.is_cover_open:
        return CoverOpen("the cover is open", where=where, cure="close it until it clicks")
    if status.paper is Paper.JAMMED:
        return PaperJammed("the cutter is stuck", where=where, cure="open the cover and remove the paper")
    if status.paper is Paper.OUT:
        return PaperOut("the paper is out", where=where, cure="put in a new roll")
    if status.health is Health.NO_DEVICE:
        return PrinterUnplugged(status.reason, where=where, cure="check power and cable")
    if not status.can_print:
        return PrinterError(status.reason or "the printer is not ready", where=where, cure="switch it off and on")
    return None


class Session:
    """The driver's side of the connection; used by one thread at a time."""

    def __init__(self, options: PrinterOptions) -> None:
        self._options = options
        self._wire: Wire | None = None
        self._replies = Replies()
        self._markers = 0
        self._owes_cut = False  # part of a page hangs in the printer

    def close(self) -> None:
        """Drop the connection and whatever is still on it."""
        wire, self._wire = self._wire, None
        self._replies = Replies()
        self._markers = 0
        if wire is not None:
            with contextlib.suppress(OSError):
                wire.close()

    def status(self) -> PrinterStatus:
        """Ask the printer within ``status_within_s`` seconds, connecting first where needed. Raises nothing."""
        deadline_s = now_s() + self._options.status_within_s
        for is_last in (False, True):
            try:
                reading = self._look(deadline_s)
            except PrinterError as error:
                is_old = self._wire is not None
                self.close()
                # A connection that died since the last look is replaced once; one that cannot be made is not.
                if is_last or not is_old or now_s() >= deadline_s:
                    return PrinterStatus(Health.NO_DEVICE, error.message)
                continue
            if reading is not None:
                status = reading.status(self._options.has_exit_sensor)
                self._cut_off_rest(status)
                return status
            self.close()  # what comes late comes on a dead connection
            if now_s() >= deadline_s:
                break
        return PrinterStatus(Health.OFFLINE, f"no valid status within {self._options.status_within_s:g} s")

    def _look(self, deadline_s: float) -> Reading | None:
        if self._wire is None:
            self._wire = open_wire(self._options, max(0.05, deadline_s - now_s()))
            self._clear()
        return self._round(deadline_s)

    def _clear(self) -> None:
        """Make the printer forget what it holds: a page cut short must not come out for the next resident."""
        assert self._wire is not None
        self._wire.write(CLEAR_BUFFERS)
        end_s = now_s() + CLEARED_WITHIN_S
        while (left_s := end_s - now_s()) > 0:
            if any(reply.kind is Kind.CLEARED for reply in self._replies.feed(self._wire.read(left_s))):
                break

    def _cut_off_rest(self, status: PrinterStatus) -> None:
        """Cut off a page that was broken off, as soon as the printer can: or it would hang on the next one's slip."""
        if self._owes_cut and status.can_print and self._wire is not None:
            self._owes_cut = False
            with contextlib.suppress(PrinterError):
                self._wire.write(CUT_OFF)

    def _drain(self) -> None:
        assert self._wire is not None
        drained = 0
        while drained < MAX_DRAINED_BYTES and (data := self._wire.read(0)):
            drained += len(data)
            self._markers += sum(reply.kind is Kind.MARKER for reply in self._replies.feed(data))

    def _round(self, deadline_s: float) -> Reading | None:
        assert self._wire is not None
        self._drain()
        now = now_s()
        asking = StatusRound(now, deadline_s - now)
        while (wait_s := asking.wait_s(now)) > 0:
            if query := asking.to_send(now):
                self._wire.write(query)
            for reply in self._replies.feed(self._wire.read(wait_s)):
                if reply.kind is Kind.STATUS:
                    asking.take(reply.byte, now_s())
                elif reply.kind is Kind.MARKER:
                    self._markers += 1
            now = now_s()
        return asking.reading()

    def print(self, job: bytes) -> PrinterStatus:
        """Send ``job`` once and return when the printer has confirmed it; gives the status after it.

        Raises ``PrinterError``, before the first byte where the printer is not ready. After an error the printer was
        told to forget the rest, and what is out is cut off when the printer is well again.
        """
        deadline_s = now_s() + self._options.print_within_s
        fault = fault_of(self.status(), self._options.where)
        if fault is not None:
            raise fault
        assert self._wire is not None
        try:
            self._markers = 0
            self._send(job + GS_R_PAPER, deadline_s)
            self._confirm(deadline_s)
        except PrinterError as error:
            # With a new roll the rest of the old one is pulled out by hand.
            self._owes_cut = not isinstance(error, PaperOut)
            self._abandon()
            raise
        return self.status()

    def _send(self, job: bytes, deadline_s: float) -> None:
        assert self._wire is not None
        for start in range(0, len(job), PIECE_BYTES):
            if now_s() >= deadline_s:
                message = f"the printer did not take the page within {self._options.print_within_s:g} s"
                raise PrinterError(message, where=self._options.where, cure="see whether the line is too slow")
            self._wire.write(job[start : start + PIECE_BYTES])

    def _confirm(self, deadline_s: float) -> None:
        """Wait for the marker behind the job, looking at the printer meanwhile: one that stopped sends no marker."""
        assert self._wire is not None
        look_s = now_s() + LOOK_EVERY_S
        answered_s = now_s()
        while not self._markers:
            now = now_s()
            if now >= deadline_s:
                message = f"the printer did not confirm within {self._options.print_within_s:g} s"
                raise PrinterError(message, where=self._options.where, cure="see whether the paper moves")
            if now < look_s:
                data = self._wire.read(min(look_s, deadline_s) - now)
                self._markers += sum(reply.kind is Kind.MARKER for reply in self._replies.feed(data))
                continue
            reading = self._round(min(now + self._options.status_within_s, deadline_s))
            look_s = now_s() + LOOK_EVERY_S
            if reading is not None:
                answered_s = now_s()
                fault = fault_of(reading.status(self._options.has_exit_sensor), self._options.where)
                if fault is not None and not self._markers:
                    raise fault
            elif now_s() - answered_s > SILENT_S and not self._markers:
                message = "the printer stopped answering while it printed"
                raise PrinterUnplugged(message, where=self._options.where, cure="check power and cable")

    def _abandon(self) -> None:
        with contextlib.suppress(PrinterError):
            if self._wire is not None:
                self._clear()
        self.close()

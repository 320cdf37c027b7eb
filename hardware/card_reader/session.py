"""One reading of one card over PC/SC: connect, hold a transaction, walk the families, power down. Runs in the worker.

Sends what a family yields and gives back what the card says; measures every step. Knows no family and no layout.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from smartcard import scard

from hardware.card_reader import CardError, CardMute, CardRemoved, Document, Progress, detection
from hardware.card_reader.family import Task
from hardware.card_reader.messages import Options, Pulse, Read, Step, Told
from hardware.card_reader.winscard import IN_USE, demand, require

Emit = Callable[[str, msgspec.Struct], None]
PULSE_S = 0.25
HELD_AFTER_S = 0.3  # a turn that takes longer is told to whoever watches
HELD_POLL_S = 0.1


class Session:
    """One connection to one card, from power-up to power-down. ``steps`` are there even after an error."""

    def __init__(self, context: int, wanted: Read, options: Options, emit: Emit) -> None:
        self._context = context
        self._wanted = wanted
        self._options = options
        self._emit = emit
        self._share = 0.0
        self._pulsed_s = 0.0
        self.steps: list[Step] = []
        self.has_named = False  # a masked name was told

    def read(self) -> Document:
        """Read the card. Raises ``CardError``; ``CardRemoved`` also when it is another card's turn by now."""
        began = time.perf_counter()
        with self._turn():
            card, protocol = self._connect()
        # What answers nothing has no power to lose; and a daemon that fails to take it from a card that is on its way
        # out calls the slot empty until that card, put back at once, is lifted again.
        ending = scard.SCARD_LEAVE_CARD
        try:
            # Held during the whole read: another program of this computer must not reset or select under our feet.
            with self._turn():
                demand(scard.SCardBeginTransaction(card), "beginning a transaction")
            if self._wanted.is_again:  # the daemon may not know that this card was out and lost its power
                protocol = self._power_up(card)
            self._note("connect", began)
            document = self._walk(card, protocol)
            # Nothing is published that two cards may have given: the daemon counted no removal since the beginning.
            require(self._context, self._wanted.reader, self._wanted.insertion)
            ending = scard.SCARD_UNPOWER_CARD
            return document
        except (CardRemoved, CardMute):
            raise
        except CardError:
            ending = scard.SCARD_UNPOWER_CARD
            raise
        finally:
            began = time.perf_counter()
            scard.SCardEndTransaction(card, scard.SCARD_LEAVE_CARD)
            scard.SCardDisconnect(card, ending)
            self._note("disconnect", began)

    def _connect(self) -> tuple[int, int]:
        """Connect; while another program holds the card alone, wait for it to end (or for the card to be lifted)."""
        while True:
            code, card, protocol = scard.SCardConnect(
                self._context,
                self._wanted.reader,
                scard.SCARD_SHARE_SHARED,
                scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1,
            )
            if code & 0xFFFFFFFF != IN_USE:
                demand(code, "connecting")
                return card, protocol
            require(self._context, self._wanted.reader, self._wanted.insertion)
            time.sleep(HELD_POLL_S)

    def _power_up(self, card: int) -> int:
        code, protocol = scard.SCardReconnect(
            card, scard.SCARD_SHARE_SHARED, scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1, scard.SCARD_UNPOWER_CARD
        )
        demand(code, "powering the card up")
        return int(protocol)

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """Tell the parent while another program has the card: its watch stops meanwhile."""
        told = threading.Event()

        def tell() -> None:
            told.set()
            self._emit("pulse", Pulse(self._wanted.number, is_held=True))

        timer = threading.Timer(HELD_AFTER_S, tell)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            if told.is_set():
                self._emit("pulse", Pulse(self._wanted.number))

    def _walk(self, card: int, protocol: int) -> Document:
        wanted = self._wanted
        code, _, _, _, atr = scard.SCardStatus(card)
        demand(code, "asking for the ATR")
        task = Task(
            today=wanted.today,
            key=wanted.key.key() if wanted.key else None,
            report=self._report,
            trust_folder=Path(self._options.trust_folder) if self._options.trust_folder else None,
            allows_extended=any(part in wanted.reader for part in self._options.extended),
            atr=bytes(atr),
        )
        pci = scard.SCARD_PCI_T0 if protocol == scard.SCARD_PROTOCOL_T0 else scard.SCARD_PCI_T1
        reading = detection.read(task, self._begin_family)
        command = next(reading)
        while True:
            answer = self._transmit(card, pci, command)
            try:
                command = reading.send(answer)
            except StopIteration as done:
                document: Document = done.value
                return document

    def _transmit(self, card: int, pci: Any, command: bytes) -> bytes:
        began = time.perf_counter()
        code, answer = scard.SCardTransmit(card, pci, list(command))
        demand(code, "talking to the card")
        self._note(command[:4].hex(), began)
        if len(answer) < 2:  # a card pulled during a command looks like this, and so does a mute one
            raise CardMute(f"the card answered {len(answer)} bytes")
        if time.monotonic() - self._pulsed_s > PULSE_S:
            self._pulse(Pulse(self._wanted.number))
        return bytes(answer)

    def _begin_family(self, family: detection.Family) -> None:
        self._pulse(Pulse(self._wanted.number, family.name, family.budget_s, family.answer_within_s))

    def _report(self, progress: Progress) -> None:
        self._share = max(self._share, min(progress.share, 1.0))
        self.has_named = self.has_named or progress.seen is not None
        self._emit(
            "progress", Told.of(self._wanted.number, Progress(progress.phase, self._share, progress.seen))
        )  # counts as a pulse
        self._pulsed_s = time.monotonic()

    def _pulse(self, pulse: Pulse) -> None:
        self._pulsed_s = time.monotonic()
        self._emit("pulse", pulse)

    def _note(self, name: str, began_s: float) -> None:
        self.steps.append(Step(name, (time.perf_counter() - began_s) * 1000))

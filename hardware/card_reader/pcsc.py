"""The PC/SC driver, run in a worker: a monitor loop of its own and one transaction for each read.

``smartcard.scard`` is used directly, because pyscard's monitor threads end for good when the daemon restarts. A hung
card blocks ``SCardTransmit`` for ever; this module does not try to be clever about it: the parent's deadline ends the
process. Knows readers and error codes, no layout of any card but through ``ssse``.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from smartcard import scard

from hardware.card_reader import CardError, CardMute, CardRemoved, CardUnreadable, Media, ReaderLost, ssse
from hardware.card_reader.messages import Options, Read, Reading, Seen, Step
from hardware.device import Health

POLL_MS = 500  # a bound on how long a missed notification can matter
BACK_OFF_S = (0.2, 2.0)
GONE_WITHIN_MS = 900  # pcscd looks at a polled slot every 0.4 s: after two looks a card that was pulled is known to be
_NEW_READERS = "\\\\?PnP?\\Notification"

_REMOVED = frozenset({0x8010000C, 0x80100069, 0x80100016})  # no smart card, removed card, not transacted
_MUTE = frozenset({0x80100066, 0x80100067, 0x8010002F, 0x8010000F})  # unresponsive, unpowered, comm error, protocol
_LOST = frozenset({0x8010001D, 0x8010001E, 0x80100013, 0x80100009, 0x80100017, 0x8010002E, 0x80100014, 0x80100001})
_IN_USE = 0x8010000B
_TIMEOUT = 0x8010000A
_CHANGED: int = scard.SCARD_STATE_CHANGED
_AWAY: int = scard.SCARD_STATE_UNKNOWN | scard.SCARD_STATE_UNAVAILABLE | scard.SCARD_STATE_IGNORE


class Driver:
    """The worker's driver (see ``hardware.worker.Driver``). Verb: ``read``. Event: ``status`` (``Seen``)."""

    options = Options

    def __init__(self, options: Options) -> None:
        self._options = options
        self._ending = threading.Event()

    def commands(self) -> Mapping[str, tuple[type[msgspec.Struct], Callable[[Any], msgspec.Struct | None]]]:
        """Verbs of the pipe."""
        return {"read": (Read, self.read)}

    def begin(self, emit: Callable[[str, msgspec.Struct], None]) -> None:
        """Start the monitor loop; it emits ``status`` at once and at every change."""
        threading.Thread(target=self._monitor, args=(emit,), name="pcsc-monitor", daemon=True).start()

    def end(self) -> None:
        """Let the monitor loop end."""
        self._ending.set()

    # -- the monitor loop ------------------------------------------------------------------------------------------

    def _monitor(self, emit: Callable[[str, msgspec.Struct], None]) -> None:
        pause_s = BACK_OFF_S[0]
        last: Seen | None = None

        def tell(seen: Seen) -> None:
            nonlocal last, pause_s
            if seen.health is Health.ONLINE:
                pause_s = BACK_OFF_S[0]
            if seen != last:
                last = seen
                emit("status", seen)

        while not self._ending.is_set():
            try:
                self._watch(tell)
            except CardError as lost:  # whatever the code: a dying daemon leaves the client library with strange ones
                tell(Seen(Health.OFFLINE, Media.UNKNOWN, lost.message))
                self._ending.wait(pause_s)
                pause_s = min(pause_s * 2, BACK_OFF_S[1])

    def _watch(self, tell: Callable[[Seen], None]) -> None:
        """Report changes until the daemon or all readers fail; ``ReaderLost`` then."""
        context = _open_context()
        try:
            states: dict[str, int] = {}
            while not self._ending.is_set():
                names = [name for name in _readers(context) if self._options.reader in name]
                states = {name: states.get(name, scard.SCARD_STATE_UNAWARE) for name in names}
                states = _changes(context, {**states, _NEW_READERS: 0}, 0 if 0 in states.values() else POLL_MS)
                states.pop(_NEW_READERS, None)
                states = {name: state for name, state in states.items() if not state & _AWAY}
                tell(self._seen(states))
        finally:
            scard.SCardReleaseContext(context)

    def _seen(self, states: Mapping[str, int]) -> Seen:
        if not states:
            wanted = f" whose name contains {self._options.reader!r}" if self._options.reader else ""
            return Seen(Health.NO_DEVICE, Media.UNKNOWN, f"the daemon runs but knows no reader{wanted}")
        for name, state in states.items():
            if state & scard.SCARD_STATE_PRESENT:
                return Seen(Health.ONLINE, Media.PRESENT, reader=name, insertion=_insertion(name, state))
        return Seen(Health.ONLINE, Media.NOT_PRESENT, reader=next(iter(states)))

    # -- one read --------------------------------------------------------------------------------------------------

    def read(self, wanted: Read) -> Reading:
        """Read the card of ``wanted.insertion`` within one transaction.

        Raises ``CardRemoved`` (also when another card lies there by now), ``CardMute``, ``CardUnreadable``,
        ``CardUnknown``, ``CardProtected``, ``ReaderLost``.
        """
        context = _open_context()
        try:
            try:
                self._require(context, wanted)
                return _Session(context, wanted.reader).read(wanted)
            except CardError as error:
                # No answer may mean no card; nonsense comes from a card that is there.
                if isinstance(error, CardMute) and _is_gone(context, wanted):
                    raise CardRemoved("the card was taken away while it was read", where=wanted.reader) from error
                error.where = error.where or wanted.reader
                raise
        finally:
            scard.SCardReleaseContext(context)

    def _require(self, context: int, wanted: Read) -> None:
        state = _changes(context, {wanted.reader: 0}, 0)[wanted.reader]
        if not state & scard.SCARD_STATE_PRESENT or _insertion(wanted.reader, state) != wanted.insertion:
            raise CardRemoved("the card is not there any more", where=wanted.reader)


class _Session:
    """One connection to one card, from power-up to power-down."""

    def __init__(self, context: int, reader: str) -> None:
        self._context = context
        self._reader = reader
        self._steps: list[Step] = []

    def read(self, wanted: Read) -> Reading:
        """Connect, hold a transaction, run the protocol, power the card down."""
        began = time.perf_counter()
        code, card, protocol = scard.SCardConnect(
            self._context, self._reader, scard.SCARD_SHARE_SHARED, scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
        )
        _raise(code, "connecting")
        try:
            # Held during the whole read: another program of this computer must not reset or select under our feet.
            _raise(scard.SCardBeginTransaction(card), "beginning a transaction")
            self._note("connect", began)
            pci = scard.SCARD_PCI_T0 if protocol == scard.SCARD_PROTOCOL_T0 else scard.SCARD_PCI_T1
            document = self._run(card, pci, wanted)
        finally:
            began = time.perf_counter()
            scard.SCardEndTransaction(card, scard.SCARD_LEAVE_CARD)
            scard.SCardDisconnect(card, scard.SCARD_UNPOWER_CARD)
            self._note("disconnect", began)
        return Reading.of(document, tuple(self._steps))

    def _run(self, card: int, pci: Any, wanted: Read) -> Any:
        protocol = ssse.read(wanted.today)
        command = next(protocol)
        while True:
            began = time.perf_counter()
            code, answer = scard.SCardTransmit(card, pci, list(command))
            _raise(code, "talking to the card")
            self._note(command[:4].hex(), began)
            if len(answer) < 2:  # a card pulled during a command looks like this, and so does a mute one
                raise CardMute(f"the card answered {len(answer)} bytes")
            try:
                command = protocol.send(bytes(answer))
            except StopIteration as done:
                return done.value

    def _note(self, name: str, began_s: float) -> None:
        self._steps.append(Step(name, (time.perf_counter() - began_s) * 1000))


def _insertion(reader: str, state: int) -> str:
    return f"{reader}#{(state >> 16) & 0xFFFF}"


def _open_context() -> int:
    code, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
    _raise(code, "establishing a context")
    return int(context)


def _readers(context: int) -> list[str]:
    code, names = scard.SCardListReaders(context, [])
    if code & 0xFFFFFFFF == 0x8010002E:  # no reader at all is no failure of the daemon
        return []
    _raise(code, "listing the readers")
    return list(names)


def _changes(context: int, states: Mapping[str, int], within_ms: int) -> dict[str, int]:
    """Wait for a change against ``states`` (name to event state); give the new states, counter included."""
    code, now = scard.SCardGetStatusChange(context, within_ms, list(states.items()))
    if code & 0xFFFFFFFF != _TIMEOUT:
        _raise(code, "watching the reader")
    return {name: state & ~_CHANGED for name, state, _ in now}


def _is_gone(context: int, wanted: Read) -> bool:
    """Tell whether that card left, looking for as long as the daemon needs to notice."""
    until = time.monotonic() + GONE_WITHIN_MS / 1000
    state = 0
    while True:
        try:
            state = _changes(context, {wanted.reader: state}, max(0, int((until - time.monotonic()) * 1000)))[
                wanted.reader
            ]
        except ReaderLost:
            return False
        if not state & scard.SCARD_STATE_PRESENT or _insertion(wanted.reader, state) != wanted.insertion:
            return True
        if time.monotonic() >= until:
            return False


def _raise(code: int, doing: str) -> None:
    code &= 0xFFFFFFFF
    if code == scard.SCARD_S_SUCCESS:
        return
    text = f"{doing}: PC/SC {code:08X}"
    if code in _REMOVED:
        raise CardRemoved(text)
    if code in _MUTE:
        raise CardMute(text)
    if code in _LOST:
        raise ReaderLost(text, cure="check that pcscd runs and that the reader is plugged in")
    if code == _IN_USE:
        raise CardUnreadable(text, cure="end the other program that holds the card (scdaemon, a browser)")
    raise CardUnreadable(text)

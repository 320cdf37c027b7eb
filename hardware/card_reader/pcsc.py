"""The PC/SC driver, run in a worker: a monitor loop of its own and one session for each reading.

``smartcard.scard`` is used directly, because pyscard's monitor threads end for good when the daemon restarts. A hung
card blocks ``SCardTransmit`` for ever; nothing here tries to be clever about it: a reading pulses, and the parent ends
this process when the pulse stops. Knows readers and presences, no layout of any card.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from hardware.card_reader import CardError, CardMute, CardRemoved, KeyNeeded, Media, detection
from hardware.card_reader.messages import Answer, Lying, Options, Read, Reading, Seen
from hardware.card_reader.session import Emit, Session
from hardware.card_reader.winscard import (
    GONE_WITHIN_MS,
    NEW_READERS,
    changes,
    insertion,
    is_away,
    is_gone,
    is_present,
    open_context,
    readers,
    release_context,
    require,
)
from hardware.device import Health

POLL_MS = 500  # a bound on how long a missed notification can matter
BACK_OFF_S = (0.2, 2.0)


class Driver:
    """The worker's driver (see ``hardware.worker``). Verb: ``read``. Events: ``status``, ``pulse``, ``progress``."""

    options = Options

    def __init__(self, options: Options) -> None:
        self._options = options
        self._ending = threading.Event()
        self._emit: Emit = lambda _name, _body: None

    def commands(self) -> Mapping[str, tuple[type[msgspec.Struct], Callable[[Any], msgspec.Struct | None]]]:
        """Verbs of the pipe."""
        return {"read": (Read, self.read)}

    def begin(self, emit: Emit) -> None:
        """Start the monitor loop, which emits ``status`` at once and at every change; then load the families."""
        self._emit = emit
        threading.Thread(target=self._monitor, args=(emit,), name="pcsc-monitor", daemon=True).start()
        for family in detection.FAMILIES:  # now, not while somebody waits with a card in the hand
            family.load()

    def end(self) -> None:
        """Let the monitor loop end."""
        self._ending.set()

    # -- the monitor loop ------------------------------------------------------------------------------------------

    def _monitor(self, emit: Emit) -> None:
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
        with _context() as context:
            states: dict[str, int] = {}
            while not self._ending.is_set():
                names = [name for name in readers(context) if self._options.reader in name]
                states = {name: states.get(name, 0) for name in names}
                states = changes(context, {**states, NEW_READERS: 0}, 0 if 0 in states.values() else POLL_MS)
                states.pop(NEW_READERS, None)
                states = {name: state for name, state in states.items() if not is_away(state)}
                tell(self._seen(states))

    def _seen(self, states: Mapping[str, int]) -> Seen:
        if not states:
            wanted = f" whose name contains {self._options.reader!r}" if self._options.reader else ""
            return Seen(Health.NO_DEVICE, Media.UNKNOWN, f"the daemon runs but knows no reader{wanted}")
        cards = tuple(Lying(name, insertion(name, state)) for name, state in states.items() if is_present(state))
        return Seen(Health.ONLINE, Media.PRESENT if cards else Media.NOT_PRESENT, cards=cards)

    # -- one reading -----------------------------------------------------------------------------------------------

    def read(self, wanted: Read) -> Answer:
        """Read the card of ``wanted.insertion`` within one transaction.

        Raises ``CardError``; ``CardRemoved`` also when another card lies there by now. ``KeyNeeded`` is an answer.
        """
        with _context() as context:
            try:
                return self._read(context, wanted)
            except _LostContact:
                return self._read(context, msgspec.structs.replace(wanted, is_again=True))

    def _read(self, context: int, wanted: Read) -> Answer:
        session = Session(context, wanted, self._options, self._emit)
        try:
            require(context, wanted.reader, wanted.insertion)
            document = session.read()
        except CardRemoved:
            raise
        except CardError as error:
            # No answer may mean no card, which the daemon notices late; nonsense may come from another card.
            within_ms = GONE_WITHIN_MS if isinstance(error, CardMute) else 0
            if is_gone(context, wanted.reader, wanted.insertion, within_ms):
                raise CardRemoved("the card was taken away while it was read", where=wanted.reader) from error
            error.where = error.where or wanted.reader
            if isinstance(error, CardMute) and not wanted.is_again:
                self._once_more(session, error)
            if isinstance(error, KeyNeeded):
                return Answer(accepts=error.accepts, message=error.message, where=error.where)
            raise
        return Answer(Reading.of(document), steps=tuple(session.steps))

    def _once_more(self, session: Session, error: CardMute) -> None:
        """A card that was swapped or put back between two of the daemon's looks is as silent as a broken one.

        It is read anew from power-up; but a name that was told must be taken back first, by an error.
        """
        if session.has_named:
            raise CardRemoved("the card lost its contact while it was read", where=error.where) from error
        raise _LostContact from error


class _LostContact(Exception):
    """A card that was never noticed to leave answers nothing."""


@contextlib.contextmanager
def _context() -> Iterator[int]:
    context = open_context()
    try:
        yield context
    finally:
        release_context(context)

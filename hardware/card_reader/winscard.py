"""The calls and codes of PC/SC this driver uses, with the front door's errors for them.

``smartcard.scard`` gives codes and lists; here they become exceptions and words. Knows no reader's state and no card.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from smartcard import scard

from hardware.card_reader import CardMute, CardRemoved, CardUnreadable, ReaderLost

GONE_WITHIN_MS = 900  # pcscd looks at a polled slot every 0.4 s: after two looks a card that was pulled is known to be
NEW_READERS = "\\\\?PnP?\\Notification"
IN_USE = 0x8010000B

_REMOVED = frozenset({0x8010000C, 0x80100069, 0x80100016})  # no smart card, removed card, not transacted
# Unresponsive, unpowered, reset under our feet, communication and protocol errors.
_MUTE = frozenset({0x80100066, 0x80100067, 0x80100068, 0x8010002F, 0x8010000F})
_LOST = frozenset({0x8010001D, 0x8010001E, 0x80100013, 0x80100009, 0x80100017, 0x8010002E, 0x80100014, 0x80100001})
_NO_READER = 0x8010002E
_TIMEOUT = 0x8010000A
_CHANGED: int = scard.SCARD_STATE_CHANGED
_AWAY: int = scard.SCARD_STATE_UNKNOWN | scard.SCARD_STATE_UNAVAILABLE | scard.SCARD_STATE_IGNORE


def demand(code: int, doing: str) -> None:
    """Raise the front door's error for ``code``, unless it is success."""
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
    raise CardUnreadable(text)


def open_context() -> int:
    """Connect to the daemon; ``ReaderLost`` when it is not there."""
    code, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
    demand(code, "establishing a context")
    return int(context)


def release_context(context: int) -> None:
    """Let the daemon go."""
    scard.SCardReleaseContext(context)


def readers(context: int) -> list[str]:
    """Name all readers of this computer."""
    code, names = scard.SCardListReaders(context, [])
    if code & 0xFFFFFFFF == _NO_READER:  # no reader at all is no failure of the daemon
        return []
    demand(code, "listing the readers")
    return list(names)


def changes(context: int, states: Mapping[str, int], within_ms: int) -> dict[str, int]:
    """Wait for a change against ``states`` (name to event state); give the new states, counter included."""
    code, now = scard.SCardGetStatusChange(context, within_ms, list(states.items()))
    if code & 0xFFFFFFFF != _TIMEOUT:
        demand(code, "watching the reader")
    return {name: state & ~_CHANGED for name, state, _ in now}


def is_present(state: int) -> bool:
    """Tell whether a card lies there."""
    return bool(state & scard.SCARD_STATE_PRESENT)


def is_away(state: int) -> bool:
    """Tell whether the reader itself is gone."""
    return bool(state & _AWAY)


def insertion(reader: str, state: int) -> str:
    """Name the presence that ``state`` shows: the daemon counts every insertion and every removal."""
    return f"{reader}#{(state >> 16) & 0xFFFF}"


def require(context: int, reader: str, wanted: str) -> None:
    """Raise ``CardRemoved`` unless the presence ``wanted`` still lasts."""
    state = changes(context, {reader: 0}, 0)[reader]
    if not is_present(state) or insertion(reader, state) != wanted:
        raise CardRemoved("the card is not there any more", where=reader)


def is_gone(context: int, reader: str, wanted: str, within_ms: int = GONE_WITHIN_MS) -> bool:
    """Tell whether that presence ended, looking for as long as the daemon needs to notice (0: as it knows now)."""
    until = time.monotonic() + within_ms / 1000
    state = 0
    while True:
        try:
            left_ms = max(0, int((until - time.monotonic()) * 1000))
            state = changes(context, {reader: state}, left_ms)[reader]
        except ReaderLost:
            return False
        if not is_present(state) or insertion(reader, state) != wanted:
            return True
        if time.monotonic() >= until:
            return False

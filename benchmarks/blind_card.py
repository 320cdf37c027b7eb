"""The reference of the card reader: a client that sends commands it was given and understands nothing.

``python -m benchmarks.blind_card see | gone | read | replay FILE``: waits for a card at the daemon of
PCSCLITE_CSOCK_NAME; prints a line of JSON when it is ready, and one with the time (CLOCK_MONOTONIC) when it saw the
card, saw it gone again or had read it, and how long that took from the connection on. ``read`` sends a social security
card's commands, ``replay`` the lines of hex in a file. A process of its own: the PC/SC library asks for its daemon's
place once.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from smartcard import scard

_AID = bytes.fromhex("7378312E73682EC9E7BBE1B1A3D5CF")  # LD/T 33: the social security application
_RECORDS = {
    0x05: ((0x03, 4), (0x04, 12), (0x05, 4), (0x06, 4), (0x07, 9)),
    0x06: ((0x08, 18), (0x09, 30), (0x4E, 20), (0x0A, 1), (0x0B, 1), (0x0D, 4)),
}
_WITHIN_MS = 10_000
_SERVICE_WITHIN_S = 5.0


def _context() -> int:
    """A daemon that is only just starting is waited for."""
    until = time.monotonic() + _SERVICE_WITHIN_S
    while True:
        result, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
        if result == scard.SCARD_S_SUCCESS or time.monotonic() > until:
            _demand(result)
            return int(context)
        time.sleep(0.05)


def _exchange(commands: list[bytes], *, until_gone: bool = False) -> tuple[float, float]:
    """Wait for a card and send it ``commands``, whatever it answers; when that began (connecting) and was done."""
    context = _context()
    try:
        result, readers = scard.SCardListReaders(context, [])
        _demand(result)
        states = [(readers[0], scard.SCARD_STATE_UNAWARE)]
        result, states = scard.SCardGetStatusChange(context, 0, states)
        print(json.dumps({"is_ready": True}), flush=True)
        while not states[0][1] & scard.SCARD_STATE_PRESENT:
            result, states = scard.SCardGetStatusChange(context, _WITHIN_MS, [states[0][:2]])
            _demand(result)
        began_s = time.monotonic()
        while until_gone and states[0][1] & scard.SCARD_STATE_PRESENT:
            result, states = scard.SCardGetStatusChange(context, _WITHIN_MS, [states[0][:2]])
            _demand(result)
        if until_gone:
            return began_s, time.monotonic()
        if not commands:
            return began_s, began_s
        result, card, protocol = scard.SCardConnect(
            context, readers[0], scard.SCARD_SHARE_SHARED, scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
        )
        _demand(result)
        header = scard.SCARD_PCI_T0 if protocol == scard.SCARD_PROTOCOL_T0 else scard.SCARD_PCI_T1
        for command in commands:
            result, _answer = scard.SCardTransmit(card, header, list(command))
            _demand(result)
        ended_s = time.monotonic()
        scard.SCardDisconnect(card, scard.SCARD_UNPOWER_CARD)
        return began_s, ended_s
    finally:
        scard.SCardReleaseContext(context)


def _commands() -> Iterator[bytes]:
    yield bytes((0x00, 0xA4, 0x04, 0x00, len(_AID))) + _AID
    for file, records in _RECORDS.items():
        yield bytes((0x00, 0xA4, 0x02, 0x00, 2, 0xEF, file))
        for tag, size in records:
            yield bytes((0x00, 0xB2, tag, 0x00, size + 2))


def _chosen(what: str, files: list[str]) -> list[bytes]:
    if what == "replay":
        return [bytes.fromhex(line) for line in Path(files[0]).read_text().split()]
    return list(_commands()) if what == "read" else []


def _demand(result: int) -> None:
    if result != scard.SCARD_S_SUCCESS:
        raise RuntimeError(f"PC/SC: {scard.SCardGetErrorMessage(result)}")


if __name__ == "__main__":
    _began_s, _at_s = _exchange(_chosen(sys.argv[1], sys.argv[2:]), until_gone=sys.argv[1] == "gone")
    print(json.dumps({"at_s": _at_s, "took_ms": (_at_s - _began_s) * 1000}), flush=True)

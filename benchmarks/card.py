"""A card put on the reader until its document is there, beside a blind exchange: the same commands, nothing understood.

Both pass the real PC/SC daemon, which looks at a virtual slot every 0.4 s; so many rounds and medians.
"""

from __future__ import annotations

import asyncio
import os
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figure import Figure, Options
from hardware.card_reader.rig import Rig, rig
from hardware.card_reader.simulator import CardFields, VirtualCard

_AID = bytes.fromhex("7378312E73682EC9E7BBE1B1A3D5CF")  # LD/T 33: the social security application
_RECORDS = {0x05: ((0x03, 4), (0x04, 12), (0x05, 4), (0x06, 4), (0x07, 9)),
            0x06: ((0x08, 18), (0x09, 30), (0x4E, 20), (0x0A, 1), (0x0B, 1), (0x0D, 4))}  # fmt: skip
_HOLDER = CardFields("110105194912319024", "张秀英", "2")  # synthetic
_WITHIN_S = 10.0


def read(options: Options) -> Iterator[Figure]:
    """Insertions at any moment of the daemon's round, driver and blind client in turns."""
    ours, blind = asyncio.run(_read(options.times(15)))
    yield Figure("card.read", ours, "ms", "blind exchange of the same commands, median", blind)


async def _read(count: int) -> tuple[float, float]:
    ours: list[float] = []
    blind: list[float] = []
    chance = random.Random(7)
    with tempfile.TemporaryDirectory(prefix="booth-card-") as folder:
        async with rig(Path(folder) / "pcscd") as table:
            for _ in range(count):
                ours.append(await _document_ms(table, chance))
                blind.append(await _blind_ms(table, chance))
    return statistics.median(ours), statistics.median(blind)


async def _document_ms(table: Rig, chance: random.Random) -> float:
    waiting = asyncio.ensure_future(table.reader.wait_for_document())
    await asyncio.sleep(0.1 + chance.random() * 0.4)
    began_s = time.monotonic()
    await table.slot.present(VirtualCard(_HOLDER))
    await asyncio.wait_for(waiting, _WITHIN_S)
    took_ms = (time.monotonic() - began_s) * 1000
    await _take(table)
    return took_ms


async def _blind_ms(table: Rig, chance: random.Random) -> float:
    """Our driver only watches meanwhile, as another program on the same daemon."""
    waiting = asyncio.ensure_future(asyncio.to_thread(_exchange, str(table.daemon.socket), has_commands=True))
    await asyncio.sleep(0.1 + chance.random() * 0.4)
    began_s = time.monotonic()
    await table.slot.present(VirtualCard(_HOLDER))
    ended_s = await asyncio.wait_for(waiting, _WITHIN_S)
    await _take(table)
    return (ended_s - began_s) * 1000


async def _take(table: Rig) -> None:
    await table.slot.remove()
    await asyncio.wait_for(table.reader.wait_for_removal(), _WITHIN_S)
    await asyncio.sleep(0.1)


async def card_seen_s(count: int) -> float:
    """Seconds until the daemon itself reports a card that was presented, median."""
    found = []
    chance = random.Random(7)
    with tempfile.TemporaryDirectory(prefix="booth-card-") as folder:
        async with rig(Path(folder) / "pcscd") as table:
            for _ in range(count):
                waiting = asyncio.ensure_future(
                    asyncio.to_thread(_exchange, str(table.daemon.socket), has_commands=False)
                )
                await asyncio.sleep(0.1 + chance.random() * 0.4)
                began_s = time.monotonic()
                await table.slot.present(VirtualCard(_HOLDER))
                found.append(await asyncio.wait_for(waiting, _WITHIN_S) - began_s)
                await _take(table)
    return statistics.median(found)


def _exchange(daemon: str, *, has_commands: bool) -> float:
    """Wait for a card and send it the layout's commands, whatever it answers; the time when that was done."""
    os.environ["PCSCLITE_CSOCK_NAME"] = daemon
    from smartcard import scard

    result, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
    _demand(result)
    try:
        result, readers = scard.SCardListReaders(context, [])
        _demand(result)
        states = [(readers[0], scard.SCARD_STATE_UNAWARE)]
        result, states = scard.SCardGetStatusChange(context, 0, states)
        while not states[0][1] & scard.SCARD_STATE_PRESENT:
            result, states = scard.SCardGetStatusChange(context, int(_WITHIN_S * 1000), [states[0][:2]])
            _demand(result)
        if not has_commands:
            return time.monotonic()
        result, card, protocol = scard.SCardConnect(
            context, readers[0], scard.SCARD_SHARE_SHARED, scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
        )
        _demand(result)
        header = scard.SCARD_PCI_T0 if protocol == scard.SCARD_PROTOCOL_T0 else scard.SCARD_PCI_T1
        for command in _commands():
            result, _answer = scard.SCardTransmit(card, header, list(command))
            _demand(result)
        ended_s = time.monotonic()
        scard.SCardDisconnect(card, scard.SCARD_LEAVE_CARD)
        return ended_s
    finally:
        scard.SCardReleaseContext(context)


def _commands() -> Iterator[bytes]:
    yield bytes((0x00, 0xA4, 0x04, 0x00, len(_AID))) + _AID
    for file, records in _RECORDS.items():
        yield bytes((0x00, 0xA4, 0x02, 0x00, 2, 0xEF, file))
        for tag, size in records:
            yield bytes((0x00, 0xB2, tag, 0x00, size + 2))


def _demand(result: int) -> None:
    from smartcard import scard

    if result != scard.SCARD_S_SUCCESS:
        raise RuntimeError(f"PC/SC: {scard.SCardGetErrorMessage(result)}")

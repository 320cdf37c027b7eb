"""A document taken away while it is read: how long until whoever waits is told so. The longest of several pulls.

Over PC/SC nobody can know before the daemon does, which looks at a slot every 0.4 s: the reference is a blind client of
the same daemon and the same pulls.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.documents import blind_client, card_table, passport
from benchmarks.documents_sam import BAUD, CARD, blind_ms
from benchmarks.figure import Figure, Options
from hardware.card_reader import AccessKey, CardReader, CardRemoved
from hardware.card_reader.rig import Rig
from hardware.card_reader.sdt.messages import SamOptions
from hardware.card_reader.sdt.reader import SamCardReader
from hardware.card_reader.sdt.simulator import Misbehaviour as SamMisbehaviour
from hardware.card_reader.sdt.simulator import Pace, SamOnPty
from hardware.card_reader.simulator import Misbehaviour, VirtualCard

AT_MOST_MS = 1000
_COMMANDS = 30  # of a passport's reading, at least
_REPLY_BYTES = 1295  # of a resident card's text and photo, on the wire
_WITHIN_S = 10.0
_LOOK_S = 0.002


def pcsc(options: Options) -> Iterator[Figure]:
    """A passport pulled at seeded commands of its reading."""
    ours, theirs = asyncio.run(_pcsc(options.times(8)))
    reference = "a blind client of the same daemon and the same pulls, longest"
    yield Figure("documents.pulled", max(ours), "ms", reference, max(theirs), at_most=AT_MOST_MS)


def sam(options: Options) -> Iterator[Figure]:
    """A resident card pulled at seeded bytes of the module's answer."""
    ours, whole_ms = asyncio.run(_sam(options.times(8)))
    reference = "the whole card exchanged blindly"
    yield Figure("documents.sam_pulled", max(ours), "ms", reference, whole_ms, at_most=AT_MOST_MS)


async def _pcsc(count: int) -> tuple[list[float], list[float]]:
    make, key = passport("passport_bac")
    ours: list[float] = []
    theirs: list[float] = []
    chance = random.Random(11)
    async with card_table() as table:
        for _ in range(count):
            at = chance.randrange(_COMMANDS)
            pulled_s: list[float] = []

            async def pull(at: int = at, pulled_s: list[float] = pulled_s) -> None:
                pulled_s += await _pull(table, make(), key, at)

            heard = await blind_client(table, ("gone",), pull)
            ours.append((pulled_s[1] - pulled_s[0]) * 1000)
            theirs.append((heard["at_s"] - pulled_s[0]) * 1000)
            await asyncio.wait_for(table.reader.wait_for_removal(), _WITHIN_S)
    return ours, theirs


async def _pull(table: Rig, card: VirtualCard, key: AccessKey, at: int) -> tuple[float, float]:
    """Give when the card went, and when that was told."""
    waiting = asyncio.ensure_future(table.reader.wait_for_document(key))
    await table.slot.present(card, Misbehaviour(pull_at=at, delay_ms=5))
    pulled_s = await _when(lambda: table.slot.commands > at)
    return pulled_s, await _removed_s(waiting)


async def _sam(count: int) -> tuple[list[float], float]:
    chance = random.Random(11)
    with tempfile.TemporaryDirectory(prefix="booth-sam-") as folder:
        module = SamOnPty(Path(folder), pace=Pace(BAUD))
        await module.plug()
        reader = SamCardReader(SamOptions(str(module.path)))
        try:
            await reader.start()
            ours = [await _sam_pull(module, reader, chance.randrange(1, _REPLY_BYTES)) for _ in range(count)]
            await reader.stop()
            whole_ms, _ = await blind_ms(module)
        finally:
            await reader.stop()
            await module.unplug()
    return ours, whole_ms


async def _sam_pull(module: SamOnPty, reader: CardReader, at: int) -> float:
    waiting = asyncio.ensure_future(reader.wait_for_document())
    await module.present(CARD, SamMisbehaviour(pull_at=at))
    pulled_s = await _when(lambda: module.card is None)
    told_s = await _removed_s(waiting)
    await asyncio.wait_for(reader.wait_for_removal(), _WITHIN_S)
    return (told_s - pulled_s) * 1000


async def _when(has_happened: Callable[[], bool]) -> float:
    until_s = time.monotonic() + _WITHIN_S
    while not has_happened():
        if time.monotonic() > until_s:
            raise TimeoutError("the card was not read far enough to be pulled")
        await asyncio.sleep(_LOOK_S)
    return time.monotonic()


async def _removed_s(waiting: asyncio.Future[object]) -> float:
    try:
        await asyncio.wait_for(waiting, _WITHIN_S)
    except CardRemoved:
        return time.monotonic()
    raise RuntimeError("a card that was pulled gave a document")

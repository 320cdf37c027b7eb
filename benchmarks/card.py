"""A card put on the reader until its document is there, beside a blind exchange: the same commands, nothing understood.

Both pass the real PC/SC daemon, which looks at a virtual slot every 0.4 s; so many rounds and medians.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.child import environment, module, said
from benchmarks.figure import Figure, Options
from hardware.card_reader.rig import Rig, rig
from hardware.card_reader.ssse.virtual import CardFields, VirtualSocialCard

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
    await table.slot.present(VirtualSocialCard(_HOLDER))
    await asyncio.wait_for(waiting, _WITHIN_S)
    took_ms = (time.monotonic() - began_s) * 1000
    await _take(table)
    return took_ms


async def _blind_ms(table: Rig, chance: random.Random, what: str = "read") -> float:
    """Our driver only watches meanwhile, as another program on the same daemon."""
    env = environment(PCSCLITE_CSOCK_NAME=str(table.daemon.socket))
    with module("benchmarks.blind_card", what, env=env) as child:
        await asyncio.to_thread(said, child)  # it is ready
        await asyncio.sleep(chance.random() * 0.4)
        began_s = time.monotonic()
        await table.slot.present(VirtualSocialCard(_HOLDER))
        ended_s = float((await asyncio.wait_for(asyncio.to_thread(said, child), _WITHIN_S))["at_s"])
    await _take(table)
    return (ended_s - began_s) * 1000


async def _take(table: Rig) -> None:
    await table.slot.remove()
    await asyncio.wait_for(table.reader.wait_for_removal(), _WITHIN_S)
    await asyncio.sleep(0.1)


async def card_seen_s(count: int) -> float:
    """Seconds until the daemon itself reports a card that was presented, median."""
    chance = random.Random(7)
    with tempfile.TemporaryDirectory(prefix="booth-card-") as folder:
        async with rig(Path(folder) / "pcscd") as table:
            return statistics.median([await _blind_ms(table, chance, "see") for _ in range(count)]) / 1000

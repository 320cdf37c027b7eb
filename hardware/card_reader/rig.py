"""A whole card reader on this computer, for tests and benchmarks: private daemon, virtual slot, and the real driver.

Never imported by the product.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from hardware.card_reader.daemon import PrivatePcscd
from hardware.card_reader.reader import PcscCardReader, ReaderOptions
from hardware.card_reader.simulator import CardSlot


@dataclass(frozen=True)
class Rig:
    """What is on the table; the reader is started and the slot empty."""

    daemon: PrivatePcscd
    slot: CardSlot
    reader: PcscCardReader


@contextlib.asynccontextmanager
async def rig(
    folder: Path, options: ReaderOptions | None = None, *, today: Callable[[], date] = date.today
) -> AsyncIterator[Rig]:
    """Set everything up in ``folder`` and take it away afterwards. Raises ``DaemonFailed``."""
    daemon = PrivatePcscd(folder)
    await daemon.start()
    slot = CardSlot(daemon.card_door)
    reader = PcscCardReader(replace(options or ReaderOptions(), socket=str(daemon.socket)), today=today)
    try:
        await reader.start()
        yield Rig(daemon, slot, reader)
    finally:
        await slot.remove()
        await reader.stop()
        await daemon.stop()

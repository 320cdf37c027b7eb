"""A door bus with virtual readers and the driver before it, for tests."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable

from hardware.access import Measure, Output, Reader
from hardware.access.osdp import OsdpLink
from hardware.access.simulator import VirtualDoorBus, VirtualReader
from hardware.access.virtual import FACE, TEMPERATURE, VENDOR
from hardware.field import RawSample

KEY = bytes(range(1, 17))

CARD_KEY = b"the hashes' key!"


def reader_at(address: int, **changes: object) -> Reader:
    """A reader with all that one can have."""
    given = {
        "inputs": {"contact": 0, "exit_button": 1}, "outputs": {"lock": Output(0, 10.0)}, "tamper": "tamper",
        "power": "power", "keyed": "key", "cards": "reader", "face": Measure(VENDOR, FACE, 0),
        "measures": {"temperature": Measure(VENDOR, TEMPERATURE)}, "card_key": CARD_KEY,
    }  # fmt: skip
    return Reader(**({"device": f"door-{address}", "address": address, "key": KEY} | given | changes))


class Told:
    """What the link handed over."""

    def __init__(self) -> None:
        self.all: list[RawSample] = []

    def take(self, samples: Iterable[RawSample]) -> None:
        self.all += samples

    def values(self, device: str) -> dict[str, object]:
        """The last word of each point: its value, or the error's word."""
        return {
            one.point: one.value if one.error is None else one.error.word for one in self.all if one.device == device
        }

    def words(self, device: str) -> list[str]:
        return [one.error.word for one in self.all if one.device == device and one.error is not None]


async def until(is_so: Callable[[], object], within_s: float = 30.0) -> None:
    async with asyncio.timeout(within_s):
        while not is_so():
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def doors(
    virtual: Iterable[VirtualReader], readers: Iterable[Reader], *, driver: str = ""
) -> AsyncIterator[tuple[VirtualDoorBus, OsdpLink, Told]]:
    """The bus is plugged in and the link is open."""
    bus = VirtualDoorBus(virtual)
    await bus.start()
    link = OsdpLink(bus.port, readers, **({"driver": driver} if driver else {}))
    told = Told()
    try:
        await link.open(told.take)
        yield bus, link, told
    finally:
        await link.close()
        await bus.stop()

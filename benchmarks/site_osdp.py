"""The door bus on simulated readers: how soon one is back, how soon a card is known, what a dead one costs the others.

The reference is libosdp's control panel as its own Python package runs it (one panel for the bus, a refresh every
20 ms), on a bus like ours, in the same run and in a process of its own. Its 300 s after a loss cannot be waited for:
the figure beside ours is how long it was watched without coming back.
"""

from __future__ import annotations

import asyncio
import json
import os
import select
import statistics
import sys
import time
import tty
from collections.abc import Callable, Iterable, Iterator

from benchmarks.child import module
from benchmarks.figure import Figure, Options, percentile
from benchmarks.processes import weight
from hardware.access import Output, Reader
from hardware.access.osdp import OsdpLink
from hardware.access.simulator import VirtualDoorBus, VirtualReader
from hardware.field import RawSample
from kiosk.site.health import Health, Promise, State
from kiosk.site.points import Cause

KEY = bytes(range(1, 17))
READERS = 4
CARD = (32, bytes((0x0B, 0x00, 0x71, 0x55)))
SILENT_S = 12.0
WATCHED_S = 20.0
SPAN_S = 10.0
LOST_AFTER_S = 10.0
TICK_S = 0.1  # of the watch
_WITHIN_S = 30.0


def doors(options: Options) -> Iterator[Figure]:
    """All figures of one bus of four readers."""
    bus = VirtualDoorBus([VirtualReader(address, KEY) for address in range(1, READERS + 1)])
    yield from asyncio.run(_measured(bus, options))


async def _measured(bus: VirtualDoorBus, options: Options) -> list[Figure]:
    bare_bus = VirtualDoorBus([VirtualReader(address, KEY) for address in range(1, READERS + 1)])
    await bus.start()
    await bare_bus.start()
    told = Told()
    link = OsdpLink(bus.port, [_reader(address) for address in range(1, READERS + 1)])
    try:
        with module("benchmarks.site_osdp", bare_bus.port) as child:
            bare = Bare(child.stdout.fileno() if child.stdout is not None else -1)
            await link.open(told.take)
            await _until(lambda: len(told.online) == READERS and len(bare.online) == READERS)
            bare_loss = asyncio.create_task(_bare_loss(bare_bus, bare))
            cards, bare_cards = await _cards(bus, told, bare_bus, bare, options.times(40, 10))
            cost, lost_s = await _dead(bus, told)
            back = [await _back(bus, told, phase) for phase in range(options.times(5))]
            bare_cost, bare_silent_s, bare_back_s = await bare_loss
            kilobytes = weight(link._worker.pid or os.getpid()).pss_kb
    finally:
        await link.close()
        await bus.stop()
        await bare_bus.stop()
    waits = "bare libosdp: still offline after" if bare_back_s is None else "bare libosdp"
    return [
        Figure("site.osdp_back", max(back), "s", waits, bare_back_s or bare_silent_s, at_most=5),
        Figure("site.osdp_lost", lost_s, "s", "promised; a tick of the watch on top", LOST_AFTER_S,
               at_most=LOST_AFTER_S + TICK_S),
        Figure("site.osdp_card", 1000 * statistics.median(cards), "ms", "bare libosdp, card to its callback",
               1000 * statistics.median(bare_cards), at_most_times=1.0),
        Figure("site.osdp_card_p95", 1000 * percentile(cards, 95), "ms", "bare libosdp, card to its callback",
               1000 * percentile(bare_cards, 95)),
        Figure("site.osdp_dead", cost, "%", "bare libosdp, in the 8 s until it gives up", bare_cost, at_most=10),
        Figure("site.osdp_memory", kilobytes / 1024, "MB", "PSS of the bus's process", None, at_most=25),
    ]  # fmt: skip


def _reader(address: int) -> Reader:
    return Reader(
        f"door-{address}", address, KEY, inputs={"contact": 0, "exit_button": 1}, outputs={"lock": Output(0, 10.0)},
        tamper="tamper", cards="reader",
    )  # fmt: skip


class Told:
    """What the link handed over, with its health as the watch would see it."""

    def __init__(self) -> None:
        self.online: set[str] = set()
        self.card_s: float | None = None
        self.health: dict[str, Health] = {}
        self.lost_s: dict[str, float] = {}

    def take(self, samples: Iterable[RawSample]) -> None:
        for sample in samples:
            if sample.point == "reader":
                self.card_s = time.monotonic()
            elif sample.error is not None:
                self.online.discard(sample.device)
            elif sample.point == "contact":
                self.online.add(sample.device)
            if sample.device in self.health:
                self._judge(sample)

    def _judge(self, sample: RawSample) -> None:
        health = self.health[sample.device]
        if sample.error is None:
            health.answered(sample.at_s)
        else:
            health.missed(sample.at_s, Cause(sample.error.word))

    def tick(self) -> None:
        """As the watch does, which looks at a device in doubt at every tick."""
        now_s = time.monotonic()
        for device, health in self.health.items():
            health.tick(now_s)
            if health.state is State.LOST:
                self.lost_s.setdefault(device, now_s)


class Bare:
    """What the bare panel's process says, a line of JSON each."""

    def __init__(self, end: int) -> None:
        self.online: set[int] = set()
        self.card_s: float | None = None
        self._text = b""
        asyncio.get_running_loop().add_reader(end, self._read, end)

    def _read(self, end: int) -> None:
        data = os.read(end, 65536)
        if not data:
            asyncio.get_running_loop().remove_reader(end)
        *lines, self._text = (self._text + data).split(b"\n")
        for line in lines:
            word, value, at_s = json.loads(line)
            if word == "card":
                self.card_s = at_s
            else:
                self.online = set(value)


async def _until(is_so: Callable[[], object]) -> None:
    async with asyncio.timeout(_WITHIN_S):
        while not is_so():  # noqa: ASYNC110 - it is told in many places
            await asyncio.sleep(0.002)


async def _cards(
    bus: VirtualDoorBus, told: Told, bare_bus: VirtualDoorBus, bare: Bare, count: int
) -> tuple[list[float], list[float]]:
    """Seconds from a card before the reader until it is told, ours and the bare one's, by turns."""
    ours, theirs = [], []
    for at in range(count):
        await asyncio.sleep(0.05 + 0.0013 * at)  # never in step with the polls
        for one, side, found in ((bus, told, ours), (bare_bus, bare, theirs)):
            side.card_s = None  # type: ignore[attr-defined]
            held_s = time.monotonic()
            one.readers[1].present_card(*CARD, is_wiegand=False)
            await _until(lambda side=side: side.card_s is not None)  # type: ignore[misc]
            found.append(side.card_s - held_s)  # type: ignore[attr-defined]
    return ours, theirs


async def _rate(bus: VirtualDoorBus, span_s: float) -> float:
    before = bus.readers[1].answers
    await asyncio.sleep(span_s)
    return (bus.readers[1].answers - before) / span_s


async def _dead(bus: VirtualDoorBus, told: Told) -> tuple[float, float]:
    """Per cent by which a healthy reader's polls get longer when another is dead; when the watch says lost."""
    well = await _rate(bus, SPAN_S)
    device = f"door-{READERS}"
    told.health[device] = Health(Promise(LOST_AFTER_S), time.monotonic())
    await asyncio.sleep(1.0)
    bus.readers[READERS].faults.is_silent = True
    silent_s = time.monotonic()
    ill = await _rate(bus, SPAN_S - 1)
    while device not in told.lost_s:
        told.tick()
        await asyncio.sleep(TICK_S)
    lost_s = told.lost_s[device] - silent_s
    del told.health[device]
    bus.readers[READERS].faults.is_silent = False
    await _until(lambda: len(told.online) == READERS)
    return (well / ill - 1) * 100, lost_s


async def _back(bus: VirtualDoorBus, told: Told, phase: int) -> float:
    """Seconds from the reader's return until its contact is known again."""
    bus.readers[2].faults.is_silent = True
    await _until(lambda: "door-2" not in told.online)
    await asyncio.sleep(SILENT_S / 4 + 0.31 * phase)
    bus.readers[2].faults.is_silent = False
    returned_s = time.monotonic()
    await _until(lambda: "door-2" in told.online)
    return time.monotonic() - returned_s


async def _bare_loss(bus: VirtualDoorBus, bare: Bare) -> tuple[float, float, float | None]:
    """What the dead one costs there, and how long it was watched after the return; when it came back, if it did."""
    await asyncio.sleep(SPAN_S)  # the cards first
    well = await _rate(bus, 5.0)
    bus.readers[READERS].faults.is_silent = True
    ill = await _rate(bus, 8.0)
    await _until(lambda: READERS not in bare.online)
    bus.readers[READERS].faults.is_silent = False
    returned_s = time.monotonic()
    while (watched_s := time.monotonic() - returned_s) < WATCHED_S:
        if READERS in bare.online:
            return (well / ill - 1) * 100, watched_s, watched_s
        await asyncio.sleep(0.05)
    return (well / ill - 1) * 100, watched_s, None


class _Wire:
    """A pty for libosdp, as a plain program would write it."""

    id = 1

    def __init__(self, path: str) -> None:
        self._end = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(self._end)

    def read(self, most: int) -> bytes:
        return os.read(self._end, most) if select.select([self._end], [], [], 0)[0] else b""

    def write(self, data: bytes) -> int:
        return os.write(self._end, data)

    def flush(self) -> None:
        while self.read(4096):
            pass


def _bare(path: str) -> None:
    """The reference: ``osdp.ControlPanel`` for all readers, until its standard input ends."""
    import osdp

    wire = _Wire(path)

    def say(word: str, value: object) -> None:
        sys.stdout.write(json.dumps([word, value, time.monotonic()]) + "\n")
        sys.stdout.flush()

    def heard(_reader: int, event: dict[str, object]) -> int:
        if event["event"] == osdp.Event.CardRead:
            say("card", None)
        return 0

    flags = [osdp.LibFlag.EnforceSecure]
    infos = [osdp.PDInfo(address, wire, scbk=KEY, flags=flags) for address in range(1, READERS + 1)]
    panel = osdp.ControlPanel(infos, log_level=osdp.LogLevel.Emergency, event_handler=heard)
    panel.start()
    before = None
    while not select.select([sys.stdin], [], [], 0.02)[0]:
        online = [address for address in range(1, READERS + 1) if panel.is_online(address)]
        if online != before:
            say("online", online)
            before = online
    panel.stop()


if __name__ == "__main__":
    _bare(sys.argv[1])

"""A resident card on a virtual SAM module at 115 200 baud: one reading beside the same bytes exchanged blindly.

The module works at no time for the first figure, so that what is measured is the line and us; for the second it takes
its time as modules in the field do, and the card is laid down at any moment between two looks.
"""

from __future__ import annotations

import asyncio
import os
import random
import select
import statistics
import tempfile
import threading
import time
import tty
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

from benchmarks.figure import Figure, Options, percentile
from hardware.card_reader.sdt import commands, frames, session
from hardware.card_reader.sdt.connect import connect
from hardware.card_reader.sdt.document import document
from hardware.card_reader.sdt.messages import SamOptions
from hardware.card_reader.sdt.reader import SamCardReader
from hardware.card_reader.sdt.simulator import Pace, SamOnPty, VirtualSamCard
from hardware.card_reader.sdt.wlt import portrait

BAUD = 115200
CARD = VirtualSamCard.resident("110105194912319024", "张秀英", "2")  # synthetic
_WITHIN_S = 10.0
_TALK = (commands.FIND, commands.SELECT, commands.READ_TEXT, commands.READ_ADDED, commands.FIND)


def read(options: Options) -> Iterator[Figure]:
    """Readings, then blind exchanges; the line's own time is what neither can beat."""
    ours, blind, line = asyncio.run(_read(options.times(15)))
    reference = f"blind exchange of the same bytes, median (the line alone: {line:.0f} ms)"
    yield Figure("documents.sam", ours, "ms", reference, blind, at_most=round(1.15 * line, 1), at_most_times=1.15)


def present(options: Options) -> Iterator[Figure]:
    """A card laid down at any moment until its text is parsed, p95."""
    ours, blind = asyncio.run(_present(options.times(15)))
    yield Figure("documents.sam_present", ours, "ms", "blind client with the same looks, p95", blind, at_most=1500)


async def _read(count: int) -> tuple[float, float, float]:
    with tempfile.TemporaryDirectory(prefix="booth-sam-") as folder:
        sam = SamOnPty(Path(folder), pace=Pace(BAUD, {}))
        await sam.plug()
        try:
            ours = [await _one(sam, _our_reading) for _ in range(count)]
            blind = []
            sizes = 0
            for _ in range(count):
                took_ms, sizes = await blind_ms(sam)
                blind.append(took_ms)
        finally:
            await sam.unplug()
    return statistics.median(ours), statistics.median(blind), sizes * 10 / BAUD * 1000


async def _one(sam: SamOnPty, reading: Callable[[Path], float]) -> float:
    await sam.present(CARD, swap_s=0.0)
    return await asyncio.to_thread(reading, sam.path)


def _our_reading(port: Path) -> float:
    """From the first byte out to the finished document."""
    module = connect(SamOptions(str(port), baud=BAUD))
    try:
        began_s = time.monotonic()
        card = module.conversation.run(session.read_card(lambda _phase: None))
        made = document(card, portrait(card.photo, ""), date(2026, 1, 1))
        took_s = time.monotonic() - began_s
    finally:
        module.conversation.line.close()
    assert made.number == "110105194912319024"
    return took_s * 1000


async def blind_ms(sam: SamOnPty) -> tuple[float, int]:
    await sam.present(CARD, swap_s=0.0)
    return await asyncio.to_thread(_exchange_blindly, sam.path)


def _exchange_blindly(port: Path) -> tuple[float, int]:
    """The same commands; of the replies only the length is looked at. Gives milliseconds and bytes."""
    handle = _open_at_speed(port)
    try:
        began_s = time.monotonic()
        size = sum(_one_blindly(handle, command.frame) for command in _TALK)
        return (time.monotonic() - began_s) * 1000, size
    finally:
        os.close(handle)


def _open_at_speed(port: Path) -> int:
    import termios

    handle = os.open(port, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(handle)
    attributes = termios.tcgetattr(handle)
    attributes[4] = attributes[5] = termios.B115200
    termios.tcsetattr(handle, termios.TCSANOW, attributes)
    return handle


def _one_blindly(handle: int, frame: bytes) -> int:
    os.write(handle, frame)
    data = b""
    while len(data) < frames.HEAD_BYTES or len(data) < frames.HEAD_BYTES + int.from_bytes(data[5:7]):
        ready, _, _ = select.select([handle], [], [], _WITHIN_S)
        if not ready:
            raise TimeoutError("the virtual module does not answer")
        data += os.read(handle, 4096)
    return len(frame) + len(data)


async def _present(count: int) -> tuple[float, float]:
    chance = random.Random(7)
    with tempfile.TemporaryDirectory(prefix="booth-sam-") as folder:
        sam = SamOnPty(Path(folder), pace=Pace(BAUD))
        await sam.plug()
        try:
            ours = await _our_presentations(sam, count, chance)
            blind = [await _blind_presentation(sam, chance) for _ in range(count)]
        finally:
            await sam.unplug()
    return percentile(ours, 95), percentile(blind, 95)


async def _our_presentations(sam: SamOnPty, count: int, chance: random.Random) -> list[float]:
    reader = SamCardReader(SamOptions(str(sam.path)))
    await reader.start()
    took: list[float] = []
    try:
        for _ in range(count):
            waiting = asyncio.ensure_future(reader.wait_for_document())
            await asyncio.sleep(0.1 + chance.random() * 0.4)
            began_s = time.monotonic()
            await sam.present(CARD)
            await asyncio.wait_for(waiting, _WITHIN_S)
            took.append((time.monotonic() - began_s) * 1000)
            await sam.remove()
            await asyncio.wait_for(reader.wait_for_removal(), _WITHIN_S)
    finally:
        await reader.stop()
    return took


async def _blind_presentation(sam: SamOnPty, chance: random.Random) -> float:
    """A client that looks as often, and then exchanges the same bytes."""
    found, ending = threading.Event(), threading.Event()

    def client() -> float:
        handle = _open_at_speed(sam.path)
        try:
            while _one_blindly(handle, commands.FIND.frame) != len(commands.FIND.frame) + 15:
                if ending.wait(0.3):
                    raise TimeoutError("no card came")
            found.set()
            for command in _TALK[1:]:
                _one_blindly(handle, command.frame)
            return time.monotonic()
        finally:
            os.close(handle)

    waiting = asyncio.ensure_future(asyncio.to_thread(client))
    try:
        await asyncio.sleep(0.1 + chance.random() * 0.4)
        began_s = time.monotonic()
        await sam.present(CARD)
        return (await asyncio.wait_for(asyncio.shield(waiting), _WITHIN_S) - began_s) * 1000
    finally:
        ending.set()
        await asyncio.wait({waiting})
        await sam.remove()

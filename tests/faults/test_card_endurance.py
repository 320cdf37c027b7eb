"""Fault: a thousand cards. Descriptors, threads and memory stay flat in booth and driver; no PIN is tried."""

import asyncio
import contextlib
import gc
import os
from pathlib import Path

import pytest

from hardware.card_reader.reader import PcscCardReader, ReaderOptions
from hardware.card_reader.rig import rig
from hardware.card_reader.simulator import CardSlot
from tests.hardware.card_reader.deck import deck
from tests.torture import is_torture

pytestmark = [pytest.mark.peer, pytest.mark.timeout(7200 if is_torture() else 240)]

INSERTIONS = 1000 if is_torture() else 100
SETTLED = INSERTIONS // 4  # caches are filled by then
NAMES = ("social_3", "nhi", "thai", "passport_bac")
GROWTH_KB = 3000  # of the rest; a portrait kept of each reading would be more, and so would a leaked thread


def weigh(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    field = {line.split(":")[0]: line.split()[1] for line in status.splitlines() if len(line.split()) > 1}
    return len(os.listdir(f"/proc/{pid}/fd")), int(field["Threads"]), int(field["VmRSS"])


async def insertions(reader, slot, count, tried):
    """Present one card after the other; a swap is as fast as the daemon looks."""
    dealt = deck()
    for number in range(count):
        one = dealt[NAMES[number % len(NAMES)]]
        card = one.make()
        await slot.present(card, swap_s=0.45)
        await asyncio.wait_for(reader.wait_for_document(one.key), 15)
        tried.append(card.tries_left == one.make().tries_left)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(reader.wait_for_document(one.key), 0.001)  # a call that goes away leaves nothing


async def test_many_insertions_leave_nothing_behind(tmp_path):
    async with rig(tmp_path / "pcscd", ReaderOptions(reader="00 00")) as table:
        other = PcscCardReader(ReaderOptions(reader="00 01", socket=str(table.daemon.socket)))
        await other.start()
        lanes = [(table.reader, table.slot), (other, CardSlot(table.daemon.card_door, 1))]
        try:
            tried = []
            await asyncio.gather(*(insertions(*lane, SETTLED // 2, tried) for lane in lanes))
            gc.collect()
            pids = (os.getpid(), *(reader.worker_pid for reader, _ in lanes))
            before = [weigh(pid) for pid in pids]
            await asyncio.gather(*(insertions(*lane, (INSERTIONS - SETTLED) // 2, tried) for lane in lanes))
            gc.collect()
            assert (os.getpid(), *(reader.worker_pid for reader, _ in lanes)) == pids  # no driver was replaced
            after = [weigh(pid) for pid in pids]
            assert tried == [True] * (2 * (SETTLED // 2) + 2 * ((INSERTIONS - SETTLED) // 2))
            for (files, threads, kb), (files_now, threads_now, kb_now) in zip(before, after, strict=True):
                assert files_now <= files + 1
                assert threads_now <= threads + 1
                assert kb_now - kb < GROWTH_KB
        finally:
            await lanes[1][1].remove()
            await other.stop()

"""Fault: the reader, or its daemon, goes away and comes back. Both are said within 5 s and the next card is read."""

import asyncio
import time
from datetime import date

import pytest

from hardware.card_reader import Media, ReaderLost
from hardware.card_reader.rig import rig
from hardware.card_reader.simulator import Misbehaviour
from hardware.card_reader.ssse.virtual import CardFields, VirtualSocialCard
from hardware.device import Health

pytestmark = pytest.mark.peer

FIELDS = CardFields("11010519491231002X", "张秀英", "2", date(1949, 12, 31))


async def until(reader, is_right, within_s=5.0):
    right = asyncio.Event()
    forget = reader.watch(lambda status: is_right(status) and right.set())
    began = time.monotonic()
    if not is_right(reader.status):
        await asyncio.wait_for(right.wait(), within_s)
    forget()
    return time.monotonic() - began


async def test_a_daemon_that_is_killed_is_lost_and_found_again(tmp_path):
    async with rig(tmp_path / "pcscd") as table:
        waiting = asyncio.create_task(table.reader.wait_for_document())
        await asyncio.sleep(0)
        table.daemon.kill_pcscd()
        with pytest.raises(ReaderLost) as caught:
            await asyncio.wait_for(waiting, 5)
        assert caught.value.cure
        assert table.reader.status.health is Health.OFFLINE
        assert table.reader.status.media is Media.UNKNOWN
        assert not table.reader.status.is_usable
        await table.daemon.stop()
        with pytest.raises(ReaderLost):
            await asyncio.wait_for(table.reader.wait_for_removal(), 5)
        await table.daemon.start()
        await until(table.reader, lambda status: status.health is Health.ONLINE)
        await table.slot.present(VirtualSocialCard(FIELDS))
        assert (await asyncio.wait_for(table.reader.wait_for_document(), 5)).name == "张秀英"


async def test_a_card_that_lies_there_is_read_anew_after_the_reader_came_back(tmp_path):
    async with rig(tmp_path / "pcscd") as table:
        await table.slot.present(VirtualSocialCard(FIELDS))
        assert (await asyncio.wait_for(table.reader.wait_for_document(), 5)).name == "张秀英"
        await table.daemon.stop()
        await until(table.reader, lambda status: status.health is Health.OFFLINE)
        await table.daemon.start()
        await until(table.reader, lambda status: status.media is Media.PRESENT)
        assert (await asyncio.wait_for(table.reader.wait_for_document(), 5)).name == "张秀英"


async def test_the_driver_starts_before_its_daemon(tmp_path):
    async with rig(tmp_path / "pcscd") as table:
        await table.reader.stop()
        await table.daemon.stop()
        await table.reader.start()
        assert table.reader.status.health is Health.OFFLINE
        await table.daemon.start()
        await until(table.reader, lambda status: status.health is Health.ONLINE)


async def test_a_reader_that_is_back_under_another_name_is_found(tmp_path):
    async with rig(tmp_path / "pcscd") as table:
        await table.slot.present(VirtualSocialCard(FIELDS))
        assert (await asyncio.wait_for(table.reader.wait_for_document(), 5)).name == "张秀英"
        await table.daemon.stop()
        await until(table.reader, lambda status: status.health is Health.OFFLINE)
        table.daemon.reader_name = "Acme 9000 [CCID] (0815)"
        await table.daemon.start()
        took_s = await until(table.reader, lambda status: status.media is Media.PRESENT)
        assert took_s < 5
        assert (await asyncio.wait_for(table.reader.wait_for_document(), 5)).name == "张秀英"


async def test_a_daemon_that_is_killed_in_the_middle_of_a_read_is_lost_and_the_read_is_made_anew(tmp_path):
    async with rig(tmp_path / "pcscd") as table:
        waiting = asyncio.create_task(table.reader.wait_for_document())
        await table.slot.present(VirtualSocialCard(FIELDS), Misbehaviour(delay_ms=20))
        while table.slot.commands < 5:
            await asyncio.sleep(0.005)
        table.daemon.kill_pcscd()
        with pytest.raises(ReaderLost):
            await asyncio.wait_for(waiting, 5)
        await table.daemon.stop()
        await table.daemon.start()
        await until(table.reader, lambda status: status.media is Media.PRESENT)
        assert (await asyncio.wait_for(table.reader.wait_for_document(), 5)).name == "张秀英"

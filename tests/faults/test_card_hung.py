"""Fault: the card stops answering for good. The driver is killed at its deadline and the next card is read."""

import asyncio
import time
from datetime import date

import pytest

from hardware.card_reader import CardMute, CardRemoved, Media
from hardware.card_reader.reader import ReaderOptions
from hardware.card_reader.rig import rig
from hardware.card_reader.simulator import Misbehaviour
from hardware.card_reader.ssse.virtual import CardFields, VirtualSocialCard

pytestmark = pytest.mark.peer

RECOVERED_WITHIN_S = 5
FIELDS = CardFields("11010519491231002X", "张秀英", "2", date(1949, 12, 31))


async def test_a_hung_card_is_mute_after_the_deadline_and_the_next_is_read(tmp_path):
    async with rig(tmp_path / "pcscd", ReaderOptions(read_within_s=0.7)) as table:
        pid = table.reader.worker_pid
        await table.slot.present(VirtualSocialCard(FIELDS), Misbehaviour(hang_at=8))
        began = time.monotonic()
        with pytest.raises(CardMute, match="did not answer in time"):
            await asyncio.wait_for(table.reader.wait_for_document(), 5)
        assert 0.6 < time.monotonic() - began < 3
        await table.slot.remove()
        await asyncio.wait_for(table.reader.wait_for_removal(), 5)
        assert table.reader.worker_pid != pid
        await table.slot.present(VirtualSocialCard(FIELDS))
        document = await asyncio.wait_for(table.reader.wait_for_document(), 5)
        assert document.name == "张秀英"


async def test_a_hung_card_is_not_read_again_by_the_new_driver(tmp_path):
    async with rig(tmp_path / "pcscd", ReaderOptions(read_within_s=0.5)) as table:
        await table.slot.present(VirtualSocialCard(FIELDS), Misbehaviour(hang_at=0))
        with pytest.raises(CardMute):
            await asyncio.wait_for(table.reader.wait_for_document(), 5)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(table.reader.wait_for_document(), 1.5)
        assert table.slot.commands == 1
        assert table.reader.status.media is Media.PRESENT  # the resident is told to take it out


async def test_a_hung_card_does_not_keep_the_booth_from_stopping(tmp_path):
    async with rig(tmp_path / "pcscd") as table:
        waiting = asyncio.create_task(table.reader.wait_for_document())
        await table.slot.present(VirtualSocialCard(FIELDS), Misbehaviour(hang_at=3))
        while table.slot.commands < 4:
            await asyncio.sleep(0.01)
        began = time.monotonic()
        await table.reader.stop()
        assert time.monotonic() - began < 2
        with pytest.raises(Exception, match="driver"):
            await waiting


async def test_a_card_without_a_reply_for_30_s_is_named_and_the_next_card_is_read_by_itself(tmp_path):
    """With the limits of the product: a command may last three seconds, and nobody restarts anything."""
    async with rig(tmp_path / "pcscd") as table:
        await table.slot.present(VirtualSocialCard(FIELDS), Misbehaviour(hang_at=6, hang_s=30))
        with pytest.raises(CardMute, match="did not answer in time"):
            await asyncio.wait_for(table.reader.wait_for_document(), 10)
        await table.slot.remove()
        await asyncio.wait_for(table.reader.wait_for_removal(), RECOVERED_WITHIN_S)
        await table.slot.present(VirtualSocialCard(FIELDS))
        document = await asyncio.wait_for(table.reader.wait_for_document(), RECOVERED_WITHIN_S)
        assert document.name == "张秀英"


async def test_a_hung_card_that_is_pulled_is_removed_at_once(tmp_path):
    async with rig(tmp_path / "pcscd") as table:
        waiting = asyncio.create_task(table.reader.wait_for_document())
        await table.slot.present(VirtualSocialCard(FIELDS), Misbehaviour(hang_at=6))
        while table.slot.commands < 7:
            await asyncio.sleep(0.01)
        await table.slot.remove()
        with pytest.raises(CardRemoved):
            await asyncio.wait_for(waiting, 2)

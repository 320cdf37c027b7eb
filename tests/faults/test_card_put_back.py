"""Fault: a card is pulled out in the middle and put back at once, sooner than the daemon looks. It is read again."""

import asyncio

import pytest

from hardware.card_reader import CardRemoved
from hardware.card_reader.rig import rig
from hardware.card_reader.simulator import Misbehaviour
from hardware.card_reader.ssse.virtual import VirtualSocialCard
from tests.hardware.card_reader.deck import WOMAN
from tests.torture import some

pytestmark = pytest.mark.peer

GAPS_S = [n / 100 for n in range(0, 101, 5)]


async def test_a_card_put_back_after_any_gap_is_read(tmp_path):
    async with rig(tmp_path / "pcscd") as table:
        for gap_s in some(GAPS_S, 5):
            await table.slot.present(VirtualSocialCard(WOMAN), Misbehaviour(pull_at=5))
            with pytest.raises(CardRemoved):
                await asyncio.wait_for(table.reader.wait_for_document(), 5)
            await asyncio.sleep(gap_s)
            await table.slot.present(VirtualSocialCard(WOMAN), swap_s=0)
            assert (await asyncio.wait_for(table.reader.wait_for_document(), 5)).name == WOMAN.name
            await table.slot.remove()
            await asyncio.wait_for(table.reader.wait_for_removal(), 5)


async def test_an_ended_read_that_is_put_back_at_once_is_read_once_more_only_when_it_was_away(tmp_path):
    """A card that only lies there is not read twice, however long it lies."""
    async with rig(tmp_path / "pcscd") as table:
        await table.slot.present(VirtualSocialCard(WOMAN))
        await asyncio.wait_for(table.reader.wait_for_document(), 5)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(table.reader.wait_for_document(), 1.5)

"""Fault: the card is pulled out while it is read. At whatever command: CardRemoved, and the next card is read."""

import asyncio
import random
from datetime import date

import pytest

from hardware.card_reader import CardRemoved, Media
from hardware.card_reader.rig import rig
from hardware.card_reader.simulator import Misbehaviour
from hardware.card_reader.ssse.virtual import CardFields, VirtualSocialCard

pytestmark = pytest.mark.peer

FIELDS = CardFields("11010519491231002X", "张秀英", "2", date(1949, 12, 31))
COMMANDS = 14  # of one read of a 3.00 card; the control below holds this figure
PLACES = (0, *sorted(random.Random(20260601).sample(range(1, COMMANDS - 1), 4)), COMMANDS - 1)


async def test_a_card_pulled_at_any_command_is_removed_and_the_next_is_read(tmp_path):
    async with rig(tmp_path / "pcscd") as table:
        for place in PLACES:
            await table.slot.present(VirtualSocialCard(FIELDS), Misbehaviour(pull_at=place))
            with pytest.raises(CardRemoved):
                await asyncio.wait_for(table.reader.wait_for_document(), 5)
            await asyncio.wait_for(table.reader.wait_for_removal(), 5)
        await table.slot.present(VirtualSocialCard(FIELDS))
        document = await asyncio.wait_for(table.reader.wait_for_document(), 5)
        assert document.name == "张秀英"
        assert table.slot.commands == COMMANDS  # control: the places above did cover the read from end to end


async def test_a_card_pulled_by_hand_in_the_middle(tmp_path):
    async with rig(tmp_path / "pcscd") as table:
        waiting = asyncio.create_task(table.reader.wait_for_document())
        await table.slot.present(VirtualSocialCard(FIELDS), Misbehaviour(delay_ms=20))
        while table.slot.commands < 6:
            await asyncio.sleep(0.005)
        await table.slot.remove()
        with pytest.raises(CardRemoved) as caught:
            await asyncio.wait_for(waiting, 5)
        assert "张" not in str(caught.value)
        await asyncio.wait_for(table.reader.wait_for_removal(), 5)
        assert table.reader.status.media is Media.NOT_PRESENT

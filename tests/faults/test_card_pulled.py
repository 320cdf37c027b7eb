"""Fault: the card is pulled out while it is read. At whatever command: CardRemoved, and the next card is read."""

import asyncio

import pytest

from hardware.card_reader import CardRemoved, Media
from hardware.card_reader.rig import rig
from hardware.card_reader.simulator import Misbehaviour
from hardware.card_reader.ssse.virtual import VirtualSocialCard
from tests.hardware.card_reader.deck import WOMAN, deck
from tests.torture import some

pytestmark = pytest.mark.peer

REMOVED_WITHIN_S = 1.0  # after the pull
SLACK_S = 1.0  # of a machine that does other things, too; the figure itself is the benchmark documents.pulled


@pytest.mark.parametrize(("name", "count"), [("social_3", 6), ("thai", 3), ("nhi", 2), ("passport_bac", 4)])
async def test_a_card_pulled_at_any_command_is_removed_and_the_next_is_read(name, count, tmp_path):
    dealt = deck()[name]
    async with rig(tmp_path / "pcscd") as table:
        await table.slot.present(dealt.make())
        whole = await asyncio.wait_for(table.reader.wait_for_document(dealt.key), 10)
        commands = table.slot.commands
        for place in some(range(commands), count):
            await table.slot.present(dealt.make(), Misbehaviour(pull_at=place))
            waiting = asyncio.create_task(table.reader.wait_for_document(dealt.key))
            while table.slot.commands <= place:
                await asyncio.sleep(0.005)
            with pytest.raises(CardRemoved) as caught:
                await asyncio.wait_for(waiting, REMOVED_WITHIN_S + SLACK_S)
            assert whole.name not in str(caught.value)
            await asyncio.wait_for(table.reader.wait_for_removal(), 5)
        await table.slot.present(dealt.make())
        assert await asyncio.wait_for(table.reader.wait_for_document(dealt.key), 10) == whole
        assert table.slot.commands == commands  # control: the places above did cover the read from end to end


async def test_a_card_pulled_by_hand_in_the_middle(tmp_path):
    async with rig(tmp_path / "pcscd") as table:
        waiting = asyncio.create_task(table.reader.wait_for_document())
        await table.slot.present(VirtualSocialCard(WOMAN), Misbehaviour(delay_ms=20))
        while table.slot.commands < 6:
            await asyncio.sleep(0.005)
        await table.slot.remove()
        with pytest.raises(CardRemoved) as caught:
            await asyncio.wait_for(waiting, 5)
        assert "张" not in str(caught.value)
        await asyncio.wait_for(table.reader.wait_for_removal(), 5)
        assert table.reader.status.media is Media.NOT_PRESENT

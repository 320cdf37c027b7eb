"""Fault: one card is swapped for another of the same make in no time. Each is read, and neither for the other."""

import asyncio
from datetime import date

import pytest

from hardware.card_reader import CardRemoved
from hardware.card_reader.rig import rig
from hardware.card_reader.simulator import Misbehaviour
from hardware.card_reader.ssse.virtual import CardFields, VirtualSocialCard

pytestmark = pytest.mark.peer

WOMAN = CardFields("11010519491231002X", "张秀英", "2", date(1949, 12, 31))
MAN = CardFields("34052419800101001X", "李建国", "1", date(1980, 1, 1))


async def test_a_swap_without_a_gap_gives_the_second_card(tmp_path):
    async with rig(tmp_path / "pcscd") as table:
        for fields in (WOMAN, MAN, WOMAN):
            await table.slot.present(VirtualSocialCard(fields), swap_s=0)
            document = await asyncio.wait_for(table.reader.wait_for_document(), 5)
            assert document.name == fields.name


async def test_a_swap_during_the_read_gives_no_mixed_document(tmp_path):
    async with rig(tmp_path / "pcscd") as table:
        waiting = asyncio.create_task(table.reader.wait_for_document())
        await table.slot.present(VirtualSocialCard(WOMAN), Misbehaviour(delay_ms=20))
        while table.slot.commands < 9:
            await asyncio.sleep(0.005)
        await table.slot.present(VirtualSocialCard(MAN))
        with pytest.raises(CardRemoved):
            await asyncio.wait_for(waiting, 5)
        document = await asyncio.wait_for(table.reader.wait_for_document(), 5)
        assert (document.name, document.number) == ("李建国", "34052419800101001X")

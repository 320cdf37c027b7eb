"""Fault: one card is swapped for another of the same make in no time. Each is read, and neither for the other."""

import asyncio

import pytest

from hardware.card_reader import CardError, CardRemoved
from hardware.card_reader.rig import rig
from hardware.card_reader.simulator import Misbehaviour
from hardware.card_reader.ssse.virtual import VirtualSocialCard
from tests.hardware.card_reader.deck import MAN, WOMAN
from tests.torture import some

pytestmark = pytest.mark.peer

COMMANDS = 14
PEOPLE = {fields.number: fields for fields in (WOMAN, MAN)}


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


async def test_a_swap_within_50_ms_at_any_command_mixes_nobody(tmp_path):
    async with rig(tmp_path / "pcscd") as table:
        for place in some([(at, gap_s) for at in range(COMMANDS) for gap_s in (0.0, 0.02, 0.05)], 6):
            at, gap_s = place
            await table.slot.present(VirtualSocialCard(WOMAN), Misbehaviour(delay_ms=5))
            waiting = asyncio.create_task(table.reader.wait_for_document())
            while table.slot.commands <= at and not waiting.done():
                await asyncio.sleep(0.001)
            await table.slot.present(VirtualSocialCard(MAN), swap_s=gap_s)
            names = []
            for _ in range(4):  # whatever was read of the first, then the second
                try:
                    document = await asyncio.wait_for(waiting, 5)
                except CardError as error:
                    assert isinstance(error, CardRemoved), place  # noqa: PT017
                else:
                    fields = PEOPLE[document.number]
                    assert (document.name, document.birth) == (fields.name, fields.birth), place
                    assert (document.card_number, document.valid_to) == (fields.card_number, fields.expires), place
                    names.append(document.name)
                    if fields is MAN:
                        break
                waiting = asyncio.create_task(table.reader.wait_for_document())
            assert names[-1:] == [MAN.name], place
            await table.slot.remove()
            await asyncio.wait_for(table.reader.wait_for_removal(), 5)

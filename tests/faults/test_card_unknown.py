"""Fault: a card of another kind. It is named as such, nothing on it is read, and a misplaced ID card says where to."""

import asyncio

import pytest

from hardware.card_reader import CardMisplaced, CardUnknown
from hardware.card_reader.rig import rig
from hardware.card_reader.ssse.virtual import CardFields, Traits, VirtualSocialCard

pytestmark = pytest.mark.peer

FIELDS = CardFields("11010519491231002X", "张秀英")
READ_RECORD, READ_BINARY, GET_DATA = 0xB2, 0xB0, 0xCA


class Recorded:
    """A card, and what it was asked."""

    def __init__(self, respond, atr="3B6500002063CB6600"):
        self.respond_, self.atr, self.commands = respond, bytes.fromhex(atr), []

    def reset(self):
        pass

    def respond(self, command):
        self.commands.append(command)
        return self.respond_(command)


async def test_a_bank_card_is_unknown(tmp_path):
    card = Recorded(VirtualSocialCard(FIELDS, Traits(is_bank_card=True)).respond)
    async with rig(tmp_path / "pcscd") as table:
        await table.slot.present(card)
        with pytest.raises(CardUnknown, match="a bank card") as caught:
            await asyncio.wait_for(table.reader.wait_for_document(), 5)
        assert not isinstance(caught.value, CardMisplaced)
        assert "identity document" in caught.value.cure
        asked = {command[1] for command in card.commands}
    assert not asked & {READ_RECORD, GET_DATA}
    assert 0xA4 in asked  # control: the card was asked


async def test_a_card_of_no_kind_is_unknown(tmp_path):
    async with rig(tmp_path / "pcscd") as table:
        await table.slot.present(Recorded(lambda _command: b"\x6d\x00"))
        with pytest.raises(CardUnknown, match="no document this reader knows"):
            await asyncio.wait_for(table.reader.wait_for_document(), 5)


async def test_a_resident_card_on_the_plain_reader_is_sent_to_the_id_area(tmp_path):
    def respond(command):
        return bytes(8) + b"\x90\x00" if command == bytes.fromhex("0036000008") else b"\x6d\x00"

    async with rig(tmp_path / "pcscd") as table:
        await table.slot.present(Recorded(respond, "3B8880010000000000508187FF51"))
        with pytest.raises(CardMisplaced, match="resident ID card") as caught:
            await asyncio.wait_for(table.reader.wait_for_document(), 5)
        assert "ID area" in caught.value.cure

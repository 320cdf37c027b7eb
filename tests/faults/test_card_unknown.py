"""Fault: a card of another kind (a bank card). It is named as such, and nothing on it is read."""

import asyncio

import pytest

from hardware.card_reader import CardUnknown
from hardware.card_reader.rig import rig
from hardware.card_reader.ssse.virtual import CardFields, Traits, VirtualSocialCard

pytestmark = pytest.mark.peer


async def test_a_bank_card_is_unknown(tmp_path):
    async with rig(tmp_path / "pcscd") as table:
        await table.slot.present(
            VirtualSocialCard(CardFields("11010519491231002X", "张秀英"), Traits(is_bank_card=True))
        )
        with pytest.raises(CardUnknown, match="no social security application"):
            await asyncio.wait_for(table.reader.wait_for_document(), 5)
        assert table.slot.commands == 1

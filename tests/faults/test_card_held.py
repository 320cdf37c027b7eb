"""Fault: another program holds the card. It is said, nothing is spent, and the read goes on when that one lets go."""

import asyncio
import contextlib
import os
import sys
from pathlib import Path

import pytest

from hardware.card_reader import CardRemoved
from hardware.card_reader.rig import rig
from hardware.card_reader.ssse.virtual import VirtualSocialCard
from hardware.device import Health
from tests.hardware.card_reader.deck import MAN, WOMAN

pytestmark = pytest.mark.peer

HOLDER = Path(__file__).with_name("card_holder.py")


@contextlib.asynccontextmanager
async def held(table, how):
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(HOLDER), how, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PCSCLITE_CSOCK_NAME": str(table.daemon.socket)},
    )  # fmt: skip
    try:
        assert await asyncio.wait_for(process.stdout.readline(), 10) == b"held\n"
        yield process
    finally:
        process.stdin.close()
        await asyncio.wait_for(process.wait(), 5)


async def until(reader, is_right, within_s=5.0):
    right = asyncio.Event()
    forget = reader.watch(lambda status: is_right(status) and right.set())
    if not is_right(reader.status):
        await asyncio.wait_for(right.wait(), within_s)
    forget()


@pytest.mark.parametrize("how", ["exclusive", "transaction"])
async def test_a_card_another_program_holds_is_read_when_it_lets_go(how, tmp_path):
    async with rig(tmp_path / "pcscd") as table:
        await table.slot.present(VirtualSocialCard(WOMAN))
        await until(table.reader, lambda status: status.media.value == "present")
        async with held(table, how):
            waiting = asyncio.create_task(table.reader.wait_for_document())
            await until(table.reader, lambda status: status.health is Health.DEVICE_BUSY)
            assert table.reader.status.reason == "another program holds the card"
            assert table.reader.status.is_usable
            await asyncio.sleep(1.0)
            assert not waiting.done()
        document = await asyncio.wait_for(waiting, 5)
        assert document.name == WOMAN.name
        assert table.reader.status.health is Health.ONLINE


@pytest.mark.parametrize("how", ["exclusive", "transaction"])
async def test_a_held_card_that_is_lifted_is_removed_and_the_next_is_read(how, tmp_path):
    async with rig(tmp_path / "pcscd") as table:
        await table.slot.present(VirtualSocialCard(WOMAN))
        await until(table.reader, lambda status: status.media.value == "present")
        async with held(table, how):
            waiting = asyncio.create_task(table.reader.wait_for_document())
            await until(table.reader, lambda status: status.health is Health.DEVICE_BUSY)
            await table.slot.remove()
            with pytest.raises(CardRemoved):
                await asyncio.wait_for(waiting, 5)
        await table.slot.present(VirtualSocialCard(MAN))
        assert (await asyncio.wait_for(table.reader.wait_for_document(), 10)).name == MAN.name

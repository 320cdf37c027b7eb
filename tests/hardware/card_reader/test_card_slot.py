"""The other end of the wire, with a test in vpcd's place: what a card says, and every way it can misbehave."""

import asyncio

import pytest

from hardware.card_reader.simulator import GARBAGE, CardSlot, Misbehaviour

ATR = bytes.fromhex("3B6500002063CB6600")
POWER_ON, GIVE_ATR = b"\x01", b"\x04"


class Echo:
    """A card that answers a command with its own bytes."""

    atr = ATR

    def __init__(self):
        self.resets = 0

    def reset(self):
        self.resets += 1

    def respond(self, command):
        return command + b"\x90\x00"


class Vpcd:
    """The reader's side of the wire."""

    def __init__(self):
        self.lines = asyncio.Queue()

    async def start(self):
        self._server = await asyncio.start_server(lambda *line: self.lines.put_nowait(line), "127.0.0.1", 0)
        return f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def card(self):
        self.reader, self.writer = await asyncio.wait_for(self.lines.get(), 5)

    def send(self, message):
        self.writer.write(len(message).to_bytes(2) + message)

    async def say(self, message, within_s=5.0):
        self.send(message)
        size = int.from_bytes(await asyncio.wait_for(self.reader.readexactly(2), within_s))
        return await self.reader.readexactly(size)

    async def stop(self):
        self.writer.close()
        self._server.close()


@pytest.fixture
async def laid():
    vpcd = Vpcd()
    slot = CardSlot(await vpcd.start())

    async def lay(how=None):
        card = Echo()
        await slot.present(card, how)
        await vpcd.card()
        return vpcd, slot, card

    yield lay
    await slot.remove()
    await vpcd.stop()


async def test_a_card_gives_its_own_atr_is_reset_and_answers(laid):
    vpcd, slot, card = await laid()
    assert await vpcd.say(GIVE_ATR) == ATR
    vpcd.send(POWER_ON)
    assert await vpcd.say(b"\x00\xa4") == b"\x00\xa4\x90\x00"
    assert card.resets == 2  # when it was put down, and at power-up
    assert slot.commands == 1


async def test_an_answer_of_the_command_before(laid):
    vpcd, _, _ = await laid(Misbehaviour(late_at=1))
    assert [await vpcd.say(bytes((n, n))) for n in range(3)] == [
        b"\x00\x00\x90\x00", b"\x00\x00\x90\x00", b"\x01\x01\x90\x00",
    ]  # fmt: skip


async def test_half_an_answer_and_nonsense(laid):
    vpcd, _, _ = await laid(Misbehaviour(truncate_at=0, garbage_at=1))
    assert await vpcd.say(b"\x01\x02") == b"\x01\x02"
    assert await vpcd.say(b"\x01\x02") == GARBAGE


async def test_a_mute_card(laid):
    vpcd, _, _ = await laid(Misbehaviour(is_mute=True))
    assert len(await vpcd.say(b"\x01\x02")) == 1


async def test_a_card_that_is_pulled_closes_the_line(laid):
    vpcd, slot, _ = await laid(Misbehaviour(pull_at=1))
    await vpcd.say(b"\x01\x02")
    with pytest.raises(asyncio.IncompleteReadError):
        await vpcd.say(b"\x01\x02")
    assert slot.card is None


async def test_a_hung_card_answers_no_more_and_is_taken_out_all_the_same(laid):
    vpcd, slot, _ = await laid(Misbehaviour(hang_at=1))
    await vpcd.say(b"\x01\x02")
    with pytest.raises(TimeoutError):
        await vpcd.say(b"\x01\x02", 0.1)
    await slot.remove()
    assert await vpcd.reader.read() == b""


async def test_a_card_that_hangs_for_a_while_goes_on(laid):
    vpcd, _, _ = await laid(Misbehaviour(hang_at=0, hang_s=0.05))
    assert await vpcd.say(b"\x01\x02") == b"\x01\x02\x90\x00"
    assert await vpcd.say(b"\x03\x04", 5.0) == b"\x03\x04\x90\x00"


async def test_a_paced_card_takes_its_time_by_the_size_of_the_answer(laid):
    """At least: how much more is the machine's affair."""
    vpcd, _, _ = await laid(Misbehaviour(ms_a_block=100, delay_ms=10))
    clock = asyncio.get_running_loop().time
    began = clock()
    await vpcd.say(bytes(254))  # a block of 256 with its status word
    assert clock() - began >= 0.109
    began = clock()
    await vpcd.say(bytes(62))
    assert clock() - began >= 0.034

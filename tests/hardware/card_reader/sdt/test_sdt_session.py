"""What is said to a module in which order, over no wire and with a clock that only waiting moves."""

import pytest

from hardware.card_reader import CardMute, CardRemoved, CardUnknown, CardUnreadable, Phase, ReaderLost
from hardware.card_reader.sdt import commands, frames, session
from hardware.card_reader.sdt.conversation import Conversation
from hardware.card_reader.sdt.memory import MemoryLine
from hardware.card_reader.sdt.misbehaviour import Misbehaviour
from hardware.card_reader.sdt.session import CardState, ModuleFault, Presence
from hardware.card_reader.sdt.virtual import Traits, VirtualSamCard, finger

ANNA = VirtualSamCard.resident("11010519491231002X", "张秀英", "2", address="旧路1号", added_address="新路1号")
BO = VirtualSamCard.resident("34052419800101001X", "李建国", "1", address="旧路2号", added_address="新路2号")
CHEN = VirtualSamCard.resident("440524188001010014", "陈大文", "1", address="旧路3号")


class Desk:
    """A module on the desk, and our end of its line."""

    def __init__(self, traits=None, **more):
        self.line = MemoryLine(traits, **more)
        self.conversation = Conversation(self.line, clock=self.line.clock)
        self.presence = Presence()
        self.phases = []

    def lay(self, card, how=None):
        self.line.player.play(card, how)

    def look(self):
        self.presence = self.conversation.run(session.look(self.presence))
        return self.presence

    def read(self, **more):
        return self.conversation.run(session.read_card(self.phases.append, **more))

    def kept(self, card):
        self.presence = Presence(card.state, self.presence.count)


def test_the_order_of_one_reading():
    desk = Desk()
    desk.lay(CHEN)
    card = desk.read()
    assert (card.block["name"], card.added_address) == ("陈大文", "")
    assert card.state is CardState.READ
    # GA/T 467-2019: find, select, read, for each presentation; more may be read while the card stays
    assert [body.hex() for body in desk.line.written] == ["2001", "2002", "3001", "3003", "2001"]
    assert desk.phases == [Phase.OPENING, Phase.READING, Phase.CHECKING]


@pytest.mark.parametrize(
    "traits",
    [
        Traits(finds_again=True),
        Traits(counts_address=True),
        Traits(selects_by_itself=True),
        Traits(finds_again=True, selects_by_itself=True),
    ],
)
def test_modules_of_other_makers_read_the_same(traits):
    desk = Desk(traits, chunk_bytes=7)
    desk.lay(ANNA)
    card = desk.read()
    assert (card.block["name"], card.added_address) == ("张秀英", "新路1号")


def test_a_module_without_added_addresses():
    desk = Desk(Traits(has_added_address=False))
    desk.lay(ANNA)
    card = desk.read()
    assert (card.block["name"], card.added_address) == ("张秀英", None)


def test_fingerprints_are_dropped():
    desk = Desk(Traits(sends_fingers=True))
    desk.lay(VirtualSamCard(CHEN.block, fingers=finger(0x0B) + finger(0x10)))
    card = desk.read()
    assert card.block["name"] == "陈大文"
    assert len(card.photo) == 1024
    assert b"\x30\x10" not in desk.line.written
    assert finger(0x0B) not in b"".join(value for value in (card.photo, card.block.raw) if value)


@pytest.mark.parametrize("traits", [Traits(), Traits(finds_again=True), Traits(says_timeout=True)])
def test_a_card_comes_stays_and_leaves(traits):
    desk = Desk(traits)
    assert desk.look().state is CardState.NOTHING
    desk.lay(CHEN)
    assert desk.look() == Presence(CardState.FOUND, 1)
    assert desk.look() == Presence(CardState.FOUND, 1)
    desk.kept(desk.read())
    for _ in range(3):  # "none found" does not mean that it left
        assert desk.look().state is CardState.READ
    desk.lay(None)
    assert desk.look().state is CardState.NOTHING
    desk.lay(CHEN)
    assert desk.look() == Presence(CardState.FOUND, 2, desk.presence.is_proven)


@pytest.mark.parametrize("traits", [Traits(), Traits(finds_again=True)])
def test_a_card_changed_between_two_looks_is_a_new_one(traits):
    desk = Desk(traits)
    desk.lay(CHEN)
    desk.look()
    desk.kept(desk.read())
    desk.look()
    desk.lay(BO)
    assert (desk.look().state, desk.presence.count) == (CardState.FOUND, 2)
    assert desk.read().block["name"] == "李建国"


@pytest.mark.parametrize("traits", [Traits(has_added_address=False), Traits(has_added_address=False, finds_again=True)])
def test_a_module_that_cannot_tell_is_reset_to_look_anew(traits):
    desk = Desk(traits)
    desk.lay(CHEN)
    desk.look()
    desk.kept(desk.read())
    for _ in range(3):
        assert (desk.look().state, desk.presence.count) == (CardState.FOUND, 1)  # the same presentation
    desk.lay(None)
    assert desk.look().state is CardState.NOTHING


def test_a_card_can_be_read_again_for_whoever_missed_it():
    desk = Desk()
    desk.lay(CHEN)
    assert desk.read().block["name"] == "陈大文"
    assert desk.read(was_read=True).block["name"] == "陈大文"


# -- a card pulled at every byte ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command", [commands.FIND, commands.SELECT, commands.READ_TEXT, commands.READ_ADDED], ids=lambda one: one.name
)
def test_pulled_at_every_byte_of_a_frame(command):
    whole = {"find": 15, "select": 19, "read_text": 1295, "read_added": 81}[command.name]
    for at in range(whole):
        desk = Desk()
        desk.lay(ANNA, Misbehaviour(on=command, pull_at=at))
        began_s = desk.line.now_s
        with pytest.raises(CardRemoved):
            desk.read()
        assert desk.line.now_s - began_s < 1.0, at
        assert desk.look().state is CardState.NOTHING
        desk.lay(BO)
        assert desk.look().state is CardState.FOUND
        assert (card := desk.read()).block["name"] == "李建国"
        assert card.added_address == "新路2号"


@pytest.mark.parametrize("command", [commands.FIND, commands.SELECT], ids=lambda one: one.name)
def test_pulled_after_the_last_byte_of_a_frame(command):
    desk = Desk()
    desk.lay(ANNA, Misbehaviour(on=command, pull_at=19))
    with pytest.raises(CardRemoved):
        desk.read()


def test_pulled_after_everything_was_read_is_a_document():
    desk = Desk()
    desk.lay(CHEN, Misbehaviour(on=commands.READ_ADDED, pull_at=11))
    assert desk.read().block["name"] == "陈大文"


# -- two cards swapped fast -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("after", [commands.FIND, commands.SELECT, commands.READ_TEXT, commands.READ_ADDED])
@pytest.mark.parametrize(
    "traits",
    [Traits(), Traits(selects_by_itself=True), Traits(finds_again=True),
     Traits(finds_again=True, selects_by_itself=True), Traits(has_added_address=False)],
    ids=["standard", "selects", "finds", "both", "no-address"],
)  # fmt: skip
@pytest.mark.parametrize(("first", "second"), [(ANNA, BO), (CHEN, BO), (ANNA, CHEN)])
def test_two_cards_never_mix(after, traits, first, second):
    desk = Desk(traits)
    desk.lay(first, Misbehaviour(on=after, swap_for=second))
    try:
        card = desk.read()
    except CardRemoved:
        assert desk.look().state is CardState.FOUND
        card = desk.read()
    except CardMute:  # nothing was read: the one that lies there is to be lifted
        desk.lay(second)
        card = desk.read()
    name, added = card.block["name"], card.added_address
    assert (name, added) in {
        ("张秀英", "新路1号"), ("李建国", "新路2号"), ("陈大文", ""),
        ("张秀英", None), ("李建国", None), ("陈大文", None),
    }  # fmt: skip


def test_a_swap_a_module_does_not_notice_is_noticed():
    # This module reads the new address of whatever lies there, and goes on finding what it has read.
    desk = Desk(Traits(selects_by_itself=True, finds_again=True))
    desk.lay(ANNA, Misbehaviour(on=commands.READ_TEXT, swap_for=BO))
    with pytest.raises(CardRemoved, match="another card"):
        desk.read()
    assert desk.look().state is CardState.FOUND
    assert desk.read().added_address == "新路2号"


# -- noise, silence, lateness ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [commands.FIND, commands.SELECT, commands.READ_TEXT, commands.READ_ADDED])
@pytest.mark.parametrize(
    "how",
    [{"is_wrong": True}, {"garbage": b"\xaa\xaa\xaa\x96" * 50}, {"garbage": frames.PREAMBLE + b"\xff\xff"},
     {"delay_ms": 900}],
    ids=["check-byte", "noise", "no-length", "slow"],
)  # fmt: skip
def test_noise_and_slowness_are_survived(command, how):
    desk = Desk()
    desk.lay(ANNA, Misbehaviour(on=command, **how))
    card = desk.read()
    assert (card.block["name"], card.added_address) == ("张秀英", "新路1号")


@pytest.mark.parametrize("at", [1, 6, 7, 500, 1294])
def test_a_reply_that_stops_while_the_card_lies_there(at):
    desk = Desk()
    desk.lay(ANNA, Misbehaviour(cut_at=at))
    with pytest.raises(CardMute) as caught:
        desk.read()
    assert "stopped" in caught.value.message or "no reply" in caught.value.message
    assert "again" in caught.value.cure


def test_a_check_byte_that_is_wrong_again_and_again():
    desk = Desk()
    desk.lay(ANNA, Misbehaviour(is_wrong=True, times=0))
    with pytest.raises(CardMute, match="check byte"):
        desk.read()
    assert desk.line.written.count(commands.READ_TEXT.code) == 2  # sent again once


def test_a_module_that_hangs_is_lost():
    desk = Desk()
    desk.lay(ANNA, Misbehaviour(hangs=True))
    with pytest.raises(ReaderLost, match="does not answer"):
        desk.read()
    assert desk.line.now_s < 6.0
    desk.line.player.power_up()
    assert desk.conversation.run(session.introduce()) == "05.03-20200101-0001234567-0007654321"
    desk.lay(BO)
    assert desk.read().block["name"] == "李建国"


@pytest.mark.parametrize("command", [commands.FIND, commands.SELECT, commands.READ_TEXT])
def test_a_late_reply_is_nobodys(command):
    desk = Desk()
    desk.lay(ANNA, Misbehaviour(on=command, is_late=True))
    with pytest.raises((CardMute, CardRemoved)):
        desk.read()
    desk.lay(BO)
    assert desk.look().state is CardState.FOUND
    assert desk.read().block["name"] == "李建国"


def test_the_late_text_of_one_card_is_not_the_next_ones():
    desk = Desk()
    desk.lay(ANNA, Misbehaviour(is_late=True))
    with pytest.raises(session.Silent):
        desk.conversation.run(until_the_text())
    desk.line.player.module.lay(BO)  # in the twinkling of an eye; the text of the first is still owed
    assert desk.read().block["name"] == "李建国"


def until_the_text():
    yield commands.FIND
    yield commands.SELECT
    yield commands.READ_TEXT


def test_replies_that_are_none_of_this_command_do_not_count_for_ever():
    desk = Desk()
    desk.lay(ANNA, Misbehaviour(on=commands.FIND, garbage=frames.encode(b"\0\0\x81") * 9, times=0))
    with pytest.raises((CardMute, CardUnreadable)):
        desk.look()


def test_a_reply_that_dribbles_for_ever_ends():
    class Dribble(MemoryLine):
        def read(self, within_s):
            self.now_s += min(0.29, within_s)
            data, self._waiting = self._waiting[:1], self._waiting[1:]
            return data or (frames.PREAMBLE + b"\x05\x08")[:1]

    line = Dribble()
    line.player.play(ANNA)
    with pytest.raises((CardMute, CardUnreadable)):
        Conversation(line, clock=line.clock).exchange(commands.NUMBER)
    assert line.now_s < 5.0


# -- what the module says -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [0x41, 0x31, 0x32, 0x33, 0x47, 0x80, 0x81])
def test_a_card_that_must_be_presented_again(status):
    desk = Desk()
    desk.lay(VirtualSamCard(CHEN.block, read_status=status))
    with pytest.raises(CardMute, match=f"{status:02X}") as caught:
        desk.read()
    assert "again" in caught.value.cure
    assert desk.look().state is CardState.FOUND  # it lies there


def test_a_card_of_another_kind():
    desk = Desk()
    desk.lay(VirtualSamCard(CHEN.block, is_other_kind=True))
    with pytest.raises(CardUnknown, match="another kind"):
        desk.read()


@pytest.mark.parametrize("status", [0x24, 0x3F, 0x77])
def test_a_refusal(status):
    desk = Desk()
    desk.lay(VirtualSamCard(CHEN.block, read_status=status))
    with pytest.raises(CardUnreadable, match=f"{status:02X}"):
        desk.read()


@pytest.mark.parametrize("status", [0x60, 0x66])
def test_a_broken_module(status):
    desk = Desk(Traits(self_test=status))
    with pytest.raises(ModuleFault, match=f"{status:02X}"):
        desk.conversation.run(session.introduce())


def test_a_block_that_breaks_its_layout():
    desk = Desk()
    desk.lay(VirtualSamCard(CHEN.block[:248] + b"Q\0" + CHEN.block[250:]))
    with pytest.raises(CardUnknown):
        desk.read()


def test_nothing_there():
    with pytest.raises(CardRemoved):
        Desk().read()

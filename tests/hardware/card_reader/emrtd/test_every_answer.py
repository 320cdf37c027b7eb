"""Malformed files, and something wrong with every single answer: an error or a true document."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hardware.card_reader import (
    CardError,
    CardProtected,
    CardRemoved,
    CardUnknown,
    CardUnreadable,
    Document,
    KeyRefused,
    MrzKey,
    Result,
)
from hardware.card_reader.emrtd import read
from hardware.card_reader.emrtd.virtual import EF_CARD_ACCESS, EF_COM, EF_SOD, Contents, VirtualChip
from hardware.card_reader.emrtd.virtual_access import PaceOffer
from hardware.card_reader.emrtd.virtual_lds import Holder
from hardware.card_reader.emrtd.virtual_messaging import Fault
from hardware.card_reader.emrtd.virtual_specimens import (
    Plan,
    Specimen,
)
from hardware.card_reader.family import Task

from .documents import BAC, PACE_ALL, TODAY, changed, not_passed, result_of, specimen, task, with_file
from .driving import run

# -- malformed files ---------------------------------------------------------------------------------------------------

NESTED = b"\x30\x82\x01\x00" * 1000
MALFORMED = {
    "another tag": b"\x62" + bytes.fromhex("5B5F1F58") + b"<" * 88,
    "indefinite": bytes.fromhex("6180") + bytes(60),
    "cut off": bytes.fromhex("615B5F1F58") + b"<" * 20,
    "too long": bytes.fromhex("6182FFFF") + bytes(300),
    "longer than any chip": bytes.fromhex("6184FFFFFFFF") + bytes(300),
    "length of five bytes": bytes.fromhex("6185") + bytes(300),
    "length of 127 bytes": bytes.fromhex("61FF") + bytes(300),
    "a tag of many bytes": b"\x7f" + b"\xff" * 80,
    "empty object": bytes.fromhex("6100"),
    "empty file": b"",
    "one byte": b"\x61",
    "a zone of 87": bytes.fromhex("615A5F1F57") + b"<" * 87,
    "a zone in lower case": bytes.fromhex("615B5F1F58") + b"a" * 88,
    "nested": b"\x61\x81\xc8" + NESTED[:200],
}


@pytest.mark.parametrize("raw", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_dg1_is_unreadable(raw):
    one = specimen(BAC)
    with pytest.raises(CardUnreadable):
        run(read(task(one)), with_file(one, 0x0101, raw))


@pytest.mark.parametrize("identifier", [0x0102, 0x010B, 0x010C, 0x010E, EF_COM, EF_SOD])
@pytest.mark.parametrize("body", [NESTED, b"\x80" * 64, b"\x1f" * 64, b"\xff" * 500, b""], ids=range(5))
def test_a_malformed_file_is_unreadable(identifier, body):
    one = specimen(PACE_ALL)
    if not body and identifier in (0x010B, 0x010C):
        pytest.skip("a group without fields breaks no rule")
    tag = one.contents.files[identifier][:1]
    raw = tag + b"\x82" + len(body).to_bytes(2) + body
    with pytest.raises(CardUnreadable):
        run(read(task(one)), with_file(one, identifier, raw))


@pytest.mark.parametrize("identifier", [0x0101, 0x0102, EF_SOD])
def test_a_group_cut_off_in_the_chip_is_unreadable(identifier):
    one = specimen(BAC)
    with pytest.raises(CardUnreadable):
        run(read(task(one)), with_file(one, identifier, one.contents.files[identifier][:-7]))


def test_a_chip_without_dg1_is_unreadable():
    one = specimen(BAC)
    with pytest.raises(CardUnreadable):
        run(read(task(one)), with_file(one, 0x0101, None))


def test_malformed_card_access_is_unreadable():
    one = specimen(BAC)
    chip = changed(one, master_files={EF_CARD_ACCESS: bytes.fromhex("3106300406020101")})
    with pytest.raises(CardUnreadable):
        run(read(task(one)), chip)


class Miser:
    """A chip in the clear that gives one byte at a time of a file that seems long."""

    def __init__(self) -> None:
        self.commands = 0

    def respond(self, command: bytes) -> bytes:
        self.commands += 1
        if command[1] == 0xA4:
            return b"\x90\x00" if command[2] != 0 else b"\x6a\x82"
        offset = int.from_bytes(command[2:4])
        head = bytes.fromhex("3182 0F00")
        return (head[offset : offset + 1] or b"\x00") + b"\x90\x00"


def test_a_chip_that_gives_byte_after_byte_is_left_soon():
    miser = Miser()
    with pytest.raises(CardError):
        run(read(Task(TODAY, MrzKey("A", TODAY, TODAY))), miser)
    assert miser.commands < 200


# -- every command -----------------------------------------------------------------------------------------------------

# A short curve, because the chip's own arithmetic is what takes the time.
PULLED = {
    "bac": Plan(has_details=False, chip_auth="AES-128", chip_auth_curve="secp192r1", active_auth="ec"),
    "pace": Plan(has_details=False, pace=(PaceOffer("CAM", "AES-128", "secp192r1"),)),
}


@pytest.mark.parametrize("plan", PULLED.values(), ids=PULLED.keys())
def test_a_pull_at_every_command_publishes_nothing(plan):
    one = specimen(plan)
    total: list[bytes] = []
    run(read(task(one)), one.chip(), lambda command, _: total.append(command))
    for at in range(len(total)):
        protocol = read(task(one))
        chip = one.chip()
        command = next(protocol)
        for _ in range(at):
            command = protocol.send(chip.respond(command))
        with pytest.raises(CardRemoved):
            protocol.throw(CardRemoved("pulled"))
        with pytest.raises(StopIteration) as ended:
            protocol.send(b"\x90\x00")
        assert ended.value.value is None


WHOLE = (Fault.WRONG_MAC, Fault.NAKED_STATUS)  # in every answer; the others in every third, to be quick


@pytest.mark.parametrize("fault", list(Fault))
def test_a_fault_in_every_protected_answer(fault):
    """Either one of the reader's errors, or a whole and true document: nothing in between."""
    one = specimen(PULLED["bac"])
    true = run(read(task(one)), one.chip())
    for at in range(0, count_protected(one), 1 if fault in WHOLE else 3):
        chip = one.chip(faults={at: fault})
        try:
            document = run(read(task(one)), chip)
        except CardUnreadable:
            continue
        assert (document.name, document.card_number, document.birth) == (true.name, true.card_number, true.birth)
        assert document.portrait == true.portrait
        # What the chip says under its own MAC counts: it may refuse a proof, or deny to have a security object.
        refused = {"chip_authentication", "active_authentication"}
        denied = {"sod_signature", "dg_hashes", "signer_valid"} if fault is Fault.OTHER_STATUS else set()
        assert not_passed(document) - refused - denied <= not_passed(true)


def outcome(protocol, respond) -> Document | None:
    """Drive a reading whose n-th command (from 0) is answered by ``respond(n, command)``; None: one of its errors."""
    command = next(protocol)
    for number in range(10_000):
        try:
            command = protocol.send(respond(number, command))
        except StopIteration as done:
            return done.value
        except (CardUnreadable, CardProtected, CardUnknown, KeyRefused):
            return None
    raise AssertionError("no end")


def count_protected(one: Specimen) -> int:
    sent: list[bytes] = []
    run(read(task(one)), one.chip(), lambda command, _: sent.append(command))
    return len([command for command in sent if command[0] & 0x0C])


HOSTILE = [b"", b"\x90", b"\x90\x00", b"\x6f\x00", b"\x30\x80\x90\x00", b"\x7c\x00\x90\x00", bytes(300), b"\xff" * 258,
           b"\x61\xff", b"\x6c\x00", NESTED[:254] + b"\x90\x00"]  # fmt: skip


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_a_hostile_answer_to_a_command_is_an_error_or_changes_nothing(number):
    answer = HOSTILE[number]
    one = specimen(PULLED["pace"])
    total: list[bytes] = []
    run(read(task(one)), one.chip(), lambda command, _: total.append(command))
    for at in (*range(12), *range(12 + number % 4, len(total), 4)):
        chip = one.chip()

        def respond(number: int, command: bytes, at: int = at, chip: VirtualChip = chip) -> bytes:
            reply = chip.respond(command)
            return answer if number == at else reply

        document = outcome(read(task(one)), respond)
        assert document is None or document.card_number == one.holder.number


def test_a_session_dropped_twice_is_unreadable():
    one = specimen(BAC)
    with pytest.raises(CardUnreadable, match="twice"):
        run(read(task(one)), one.chip(faults={3: Fault.NAKED_STATUS, 20: Fault.NAKED_STATUS}))


def test_two_chips_swapped_between_two_commands_are_never_mixed():
    one, other = specimen(BAC), specimen(replace(BAC, holder=replace(Holder(), primary="LINDQVIST")))
    total: list[bytes] = []
    run(read(task(one)), one.chip(), lambda command, _: total.append(command))
    for at in range(len(total)):
        chips = (one.chip(), other.chip())

        def respond(number: int, command: bytes, at: int = at, chips: tuple[VirtualChip, ...] = chips) -> bytes:
            return chips[number >= at].respond(command)

        document = outcome(read(task(one)), respond)
        if document is not None:
            assert document.latin_name in ("ERIKSSON ANNA MARIA", "LINDQVIST ANNA MARIA")
            assert result_of(document, "dg_hashes") is Result.PASS


def test_contents_have_no_repr():
    assert "ERIKSSON" not in repr(Contents(b"ERIKSSON", {}))

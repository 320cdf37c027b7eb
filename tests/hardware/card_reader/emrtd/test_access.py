"""Finding a chip and entering it: the first commands, byte by byte."""

from __future__ import annotations

from datetime import date

import pytest

from hardware.card_reader import CardUnknown, CardUnreadable, KeyNeeded, MrzKey
from hardware.card_reader.emrtd.access import Access
from hardware.card_reader.emrtd.channel import Channel
from hardware.card_reader.emrtd.primitives import Suite
from hardware.card_reader.emrtd.secure_messaging import SecureMessaging
from hardware.card_reader.family import Task

from .scripted import answers, play

TODAY = date(2026, 3, 1)
KEY = MrzKey("L898902C", date(1969, 8, 6), date(1994, 6, 23))

# Doc 9303-10, 3.6 and 3.10: SELECT by name and by identifier, without Le
APPLICATION = "00A4040C07 A0000002471001"
MASTER_FILE = "00A4000C02 3F00"
CARD_ACCESS = "00A4020C02 011C"
INFOS = "31143012060A04007F0007020204020202010202010D"


def test_a_chip_with_pace():
    access = Access(Task(TODAY, KEY))
    play(
        access.find(),
        (APPLICATION, "9000"),
        (MASTER_FILE, "9000"),
        (CARD_ACCESS, "9000"),
        ("00B0000004", f"{INFOS[:8]} 9000"),
        ("00B0000412", f"{INFOS[8:]} 9000"),
    )
    assert access.entrance.card_access is not None
    assert len(access.entrance.card_access.pace) == 1


@pytest.mark.parametrize("refusal", ["6A82", "6A86", "6D00", "6700"])
@pytest.mark.parametrize("absent", ["6A82", "6283", "6982", "6A86"])
def test_a_chip_without_master_file_or_card_access(refusal, absent):
    # Found on passports of New Zealand, China, Australia and Ukraine; Malaysia answers 6283
    access = Access(Task(TODAY, KEY))
    play(access.find(), (APPLICATION, "9000"), (MASTER_FILE, refusal), ("00A4000C", refusal), (CARD_ACCESS, absent))
    assert access.entrance.card_access is None


def test_ef_atr_info_is_asked_for_only_where_the_reader_passes_long_answers():
    access = Access(Task(TODAY, KEY, allows_extended=True))
    play(
        access.find(),
        (APPLICATION, "9000"),
        (MASTER_FILE, "9000"),
        ("00A4020C02 2F01", "9000"),
        ("00B0000000", "7F66080202040002020800 9000"),  # ISO/IEC 7816-4, 12.7.1: 1024 and 2048 bytes
        (CARD_ACCESS, "6A82"),
    )
    assert access.files.block_bytes == 2000


@pytest.mark.parametrize("content", ["", "7F66", "7F6680", "7F6604020204 00", "7F66080202010002020100", "430100"])
def test_an_ef_atr_info_that_promises_nothing(content):
    access = Access(Task(TODAY, KEY, allows_extended=True))
    answers(access.find(), "9000", "9000", "9000", f"{content}9000", "6A82")
    assert access.files.block_bytes == 256


@pytest.mark.parametrize("status", ["6A82", "6A81", "6A86", "6D00", "6E00", "6999"])
def test_a_card_of_another_kind_has_heard_one_command(status):
    with pytest.raises(CardUnknown):
        answers(Access(Task(TODAY)).find(), status)


def test_a_chip_that_opens_the_application_after_pace_only():
    access = Access(Task(TODAY, KEY))
    answers(access.find(), "6982", "9000", "9000", f"{INFOS[:8]}9000", f"{INFOS[8:]}9000")
    assert access.entrance.card_access is not None
    with pytest.raises(CardUnknown):
        answers(Access(Task(TODAY, KEY)).find(), "6982", "9000", "6A82")


def test_an_early_chip_opens_without_a_key():
    access = Access(Task(TODAY))
    play(access.enter(), (APPLICATION, "9000"), ("00A4020C02 011E", "9000"), ("00B0000004", "60145F01 9000"))
    assert access.entrance.way == "open"


@pytest.mark.parametrize("replies", [("6982",), ("9000", "6982"), ("9000", "9000", "6982"), ("9000", "9000", "9000")])
def test_others_say_that_they_want_one(replies):
    with pytest.raises(KeyNeeded):
        answers(Access(Task(TODAY)).enter(), *replies)


def test_an_announced_answer_is_fetched_under_secure_messaging_too():
    # T=0: '61 xx' is not protected; what GET RESPONSE gives is. Values of Doc 9303-11, D.4
    channel = Channel()
    keys = (bytes.fromhex("979EC13B1CBFE9DCD01AB0FED307EAE5"), bytes.fromhex("F1CB1F1FB5ADF208806B89DC579DC1F8"))
    channel.session = SecureMessaging(Suite.TDES, *keys, 0x887022120C06C226)
    status = play(
        channel.select_file(0x011E),
        ("0CA4020C15 8709016375432908C044F6 8E08BF8B92D635FF24F8 00", "610E"),
        ("00C000000E", "99029000 8E08FA855A5D4C50A8ED 9000"),
    )
    assert status == 0x9000


def test_answers_announced_for_ever_end():
    channel = Channel()
    channel.session = SecureMessaging(Suite.AES128, bytes(16), bytes(16))
    with pytest.raises(CardUnreadable, match="without an end"):
        answers(channel.select_file(0x011E), *["AA6110"] * 20)

"""The Thai ID card's protocol against its virtual card and against nonsense. No daemon."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.card_reader import (
    CardError,
    CardProtected,
    CardUnknown,
    CardUnreadable,
    DocumentKind,
    Result,
    Sex,
    thai_id,
)
from hardware.card_reader.ssse.virtual import CardFields as SocialFields
from hardware.card_reader.ssse.virtual import VirtualSocialCard
from hardware.card_reader.thai_id.virtual import CardFields, VirtualThaiCard
from tests.hardware.card_reader.driving import Spoilt, drive, results, task

JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 4 + b"\xff\xd9"
FIELDS = CardFields(portrait=JPEG)  # nobody's name, a number that only checks out


def read(fields=FIELDS, **more):
    card = VirtualThaiCard(fields, **more)
    return drive(thai_id.read(task(card)), card.respond)


def test_a_card_is_read_whole():
    document, commands = read()
    assert document.kind is DocumentKind.THAI_ID_CARD
    assert (document.number, document.name, document.latin_name) == ("1234567890121", "สมมติ ตัวอย่าง", "Tuayang Sommut")
    # Buddhist years: 2523 is 1980, 2563 is 2020, 2572 is 2029
    assert (document.birth, document.sex) == (date(1980, 1, 15), Sex.MALE)
    assert (document.valid_from, document.valid_to) == (date(2020, 2, 1), date(2029, 1, 14))
    assert document.address == "99/9 หมู่ที่ 1 ตำบลตัวอย่าง อำเภอตัวอย่าง จังหวัดตัวอย่าง"
    assert document.issuer == "ท้องถิ่นเขตตัวอย่าง/กรุงเทพมหานคร"
    assert document.portrait == JPEG
    assert set(results(document).values()) == {Result.PASS}
    # SELECT by AID; 13 bytes at 0004; fetched as announced
    assert commands[0] == "00A4040008A000000054480001"
    assert commands[2:4] == ["80B0000402000D", "00C000000D"]
    assert all(command[2:4] in ("A4", "B0", "C0") for command in commands)  # nothing is written, no PIN is sent


def test_the_first_generation_wants_another_get_response():
    document, commands = read(is_first_generation=True)
    assert document == read()[0]
    assert commands[3] == "00C000010D"


@pytest.mark.parametrize(
    ("raw", "natural", "surname_first"),
    [
        ("นาย#สมมติ#กลาง#ตัวอย่าง", "สมมติ กลาง ตัวอย่าง", "ตัวอย่าง สมมติ กลาง"),
        ("#A##B", "A B", "B A"),
        ("ONLY ONE", "ONLY ONE", "ONLY ONE"),
        ("A#B", "A B", "A B"),
        ("####", "", ""),
    ],
)
def test_names_are_split_by_their_sign(raw, natural, surname_first):
    encoded = raw.encode("tis-620").ljust(100)
    assert thai_id.person(encoded)[0] == natural
    assert thai_id.person(encoded, surname_first=True)[0] == surname_first


def test_an_unknown_byte_in_a_name_is_marked_and_no_control_character_reaches_a_screen():
    assert thai_id.text(b"A\xfeB")[1] is False
    assert thai_id.text(b"A\x1b[31mB") == ("A[31mB", False)


@pytest.mark.parametrize(
    ("change", "name", "result"),
    [
        ({"number": "1234567890122"}, "number_checksum", Result.FAIL),
        ({"expires": "25690531"}, "expired", Result.FAIL),
        ({"expires": "25690601"}, "expired", Result.PASS),
        ({"expires": "99999999"}, "expired", Result.PASS),
        ({"expires": "        "}, "expired", Result.NOT_DONE),
        ({"portrait": b""}, "portrait", Result.WARN),
    ],
)
def test_checks(change, name, result):
    document, _ = read(replace(FIELDS, **change))
    assert results(document)[name] is result
    assert all(check.reason for check in document.checks if check.result is not Result.PASS)


def test_a_card_for_life():
    assert read(replace(FIELDS, expires="99999999"))[0].valid_to == "long_term"


def test_a_birthday_nobody_knows():
    assert read(replace(FIELDS, birth="24800000"))[0].birth is None


@pytest.mark.parametrize(("raw", "sex"), [(b"2", Sex.FEMALE), (b"0", Sex.UNKNOWN), (b"x", Sex.UNKNOWN)])
def test_sex(raw, sex):
    assert thai_id.sex_of(raw) is sex


def test_another_card_is_unknown_and_nothing_was_read():
    card = VirtualSocialCard(SocialFields("11010519491231002X", "张秀英"))
    protocol = thai_id.read(task(card))
    command = next(protocol)
    with pytest.raises(CardUnknown):
        protocol.send(card.respond(command))


@pytest.mark.parametrize(
    "answer", [b"", b"\x90", b"\x6f\x00", b"\x90\x00", b"\x12" * 13 + b"\x90\x00", b"A" * 13 + b"\x90\x00"]
)
def test_a_malformed_number_is_unreadable(answer):
    card = VirtualThaiCard(FIELDS)
    with pytest.raises(CardUnreadable):
        drive(thai_id.read(task(card)), Spoilt(card, 3, answer).respond)


def test_a_place_that_wants_a_secret_is_said():
    card = VirtualThaiCard(FIELDS)
    with pytest.raises(CardProtected, match="6982"):
        drive(thai_id.read(task(card)), Spoilt(card, 2, b"\x69\x82").respond)


def test_errors_carry_no_personal_data():
    card = VirtualThaiCard(FIELDS)
    _, commands = drive(thai_id.read(task(card)), card.respond)
    for at in range(len(commands)):
        try:
            drive(thai_id.read(task(card)), Spoilt(card, at, b"\x6f\x00").respond)
        except CardError as error:
            assert not {"1234567890121", "สมมติ"} & set(str(error).split())  # noqa: PT017


@given(st.lists(st.binary(max_size=260), max_size=80), st.data())
def test_any_answers_end_in_a_document_or_a_card_error(answers, data):
    card, supply = VirtualThaiCard(FIELDS), iter(answers)

    def respond(command):
        real = card.respond(command)
        return next(supply, b"\x6f\x00") if data.draw(st.booleans()) else real

    try:
        document, _ = drive(thai_id.read(task(card)), respond, limit=400)
    except CardError:
        return
    assert document.name


@given(st.binary(max_size=300))
def test_the_virtual_card_answers_any_command(command):
    assert len(VirtualThaiCard(FIELDS).respond(command)) >= 2


def test_the_virtual_card_counts_pins():
    card = VirtualThaiCard(FIELDS)
    assert card.respond(bytes.fromhex("0020000004FFFFFFFF")) == b"\x63\xc2"
    assert card.tries_left == 2

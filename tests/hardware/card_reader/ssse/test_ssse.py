"""The social security card's protocol against a virtual card of every kind, and against nonsense. No daemon."""

import functools
import operator
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
    ssse,
)
from hardware.card_reader.family import Task
from hardware.card_reader.ssse.virtual import CardFields, Traits, VirtualSocialCard, Way
from tests.hardware.card_reader.driving import TODAY, Spoilt, drive, results

# The number is the example of GB 11643-1999; the name belongs to nobody.
FIELDS = CardFields("11010519491231002X", "张秀英", "2", date(1949, 12, 31))


def read(fields=FIELDS, today=TODAY, **traits):
    return drive(ssse.read(Task(today)), VirtualSocialCard(fields, Traits(**traits)).respond)


def test_a_third_generation_card_is_read_whole():
    document, commands = read()
    assert document.kind is DocumentKind.SOCIAL_SECURITY_CARD
    assert (document.number, document.name, document.sex) == ("11010519491231002X", "张秀英", Sex.FEMALE)
    assert (document.birth, document.ethnicity, document.card_number) == (date(1949, 12, 31), "01", "A12345678")
    assert (document.issuer, document.valid_from, document.valid_to) == (
        "110100000000",
        date(2020, 1, 1),
        date(2040, 1, 1),
    )
    assert document.source == "ssse 3.00"
    assert document.portrait is None
    assert set(results(document).values()) == {Result.PASS}
    # LD/T 33-2015: SELECT by the name "sx1.sh.社会保障", no Le byte; SELECT EF05; READ RECORD by tag
    assert commands[:3] == ["00A404000F7378312E73682EC9E7BBE1B1A3D5CF", "00A4020002EF05", "00B2030006"]
    assert len(commands) == 14


VARIANTS = [
    {"version": version, "way": way, "reads_by_tag": by_tag, "selects_files": selects}
    for version in ("1.00", "2.00", "3.00", "4.10")
    for way in Way
    for by_tag in (True, False)
    for selects in (True, False)
]


@pytest.mark.parametrize("traits", VARIANTS, ids=lambda traits: "-".join(map(str, traits.values())))
def test_every_kind_of_card_gives_the_same_document(traits):
    document, _ = read(**traits)
    expected, _ = read()
    assert replace(document, source="") == replace(expected, source="")
    assert document.source == f"ssse {traits['version']}"


@pytest.mark.parametrize("by_tag", [True, False])
def test_the_order_of_the_records_does_not_matter(by_tag):
    assert read(shuffled=True, reads_by_tag=by_tag)[0] == read()[0]


def test_the_order_does_matter_to_the_card():
    """Control for the test above: the virtual card really hands out another record under the same number."""
    select = [bytes.fromhex("00A404000F7378312E73682EC9E7BBE1B1A3D5CF"), bytes.fromhex("00A4020002EF06")]
    answers = []
    for shuffled in (False, True):
        card = VirtualSocialCard(FIELDS, Traits(shuffled=shuffled))
        answers.append([card.respond(command) for command in (*select, bytes.fromhex("00B2010400"))][-1])
    assert answers[0][0] == 0x08
    assert answers[1][0] == 0x0D


def test_a_card_that_takes_the_tag_for_a_record_number_is_read_by_its_tags():
    card = VirtualSocialCard(FIELDS, Traits(shuffled=True))

    def respond(command: bytes) -> bytes:
        if command[1] == 0xB2 and command[3] == 0x00:
            command = command[:3] + b"\x04" + command[4:]
        return card.respond(command)

    assert drive(ssse.read(Task(TODAY)), respond)[0] == read()[0]


@pytest.mark.parametrize("blank", [False, True])
def test_a_long_name_is_whole(blank):
    name = "阿布都热依木·买买提江·托合提"  # 30 bytes of GBK are 15 characters; this has more bytes with the dots
    name += "阿卜"
    document, _ = read(replace(FIELDS, name=name), blank_padding=blank)
    assert document.name == name
    assert results(document)["name_decoded"] is Result.PASS


def test_a_layout_1_card_has_no_extension_and_is_not_asked_for_one():
    _, commands = read(version="1.00")
    assert not any(command.startswith("00B24E") for command in commands)


def test_a_contactless_card_is_the_same_card_with_another_atr():
    card, other = VirtualSocialCard(FIELDS, Traits(is_contactless=True)), VirtualSocialCard(FIELDS)
    assert card.atr != other.atr
    # PC/SC part 3, 3.1.3.2.3: 3B 8n 80 01, n historical bytes, and the XOR of all but the first byte is 0
    assert card.atr[:4] == bytes.fromhex("3B888001")
    assert functools.reduce(operator.xor, card.atr[1:]) == 0
    assert drive(ssse.read(Task(TODAY)), card.respond)[0] == read()[0]


@pytest.mark.parametrize("answer", ["6D00", "6985", "6982", "6A82", "6F00"])
def test_whatever_refuses_the_application_is_another_card(answer):
    with pytest.raises(CardUnknown):
        drive(ssse.read(Task(TODAY)), change_answer(0, bytes.fromhex(answer)))


def test_a_blocked_application_is_said_to_be():
    with pytest.raises(CardProtected, match="blocked"):
        drive(ssse.read(Task(TODAY)), change_answer(0, bytes.fromhex("6283")))


def test_a_card_of_another_kind_is_unknown():
    with pytest.raises(CardUnknown, match="6A82"):
        read(is_bank_card=True)


def test_a_protected_card_is_said_to_be_and_no_pin_is_sent():
    card = VirtualSocialCard(FIELDS, Traits(needs_pin_for_ef06=True))
    commands = []

    def respond(command: bytes) -> bytes:
        commands.append(command)
        return card.respond(command)

    with pytest.raises(CardProtected, match="6982"):
        drive(ssse.read(Task(TODAY)), respond)
    assert all(command[1] != 0x20 for command in commands)
    assert card.tries_left == 6


def test_the_virtual_card_does_count_pins():
    """Control for the test above."""
    card = VirtualSocialCard(FIELDS)
    assert card.respond(bytes.fromhex("0020000003888888")) == b"\x63\xc5"
    assert card.tries_left == 5


@pytest.mark.parametrize(
    ("fields", "name", "result"),
    [
        (replace(FIELDS, number="110105194912310021"), "number_checksum", Result.FAIL),
        (replace(FIELDS, birth=date(1949, 12, 30)), "birth_matches", Result.WARN),
        (replace(FIELDS, birth=None), "birth_matches", Result.NOT_DONE),
        (replace(FIELDS, sex="1"), "sex_matches", Result.WARN),
        (replace(FIELDS, sex="9"), "sex_matches", Result.WARN),
        (replace(FIELDS, sex="0"), "sex_matches", Result.NOT_DONE),
        (replace(FIELDS, sex="7"), "sex_matches", Result.NOT_DONE),
        (replace(FIELDS, expires=TODAY), "expired", Result.PASS),
        (replace(FIELDS, expires=date(2026, 5, 31)), "expired", Result.FAIL),
        (replace(FIELDS, expires=None), "expired", Result.NOT_DONE),
    ],
)
def test_checks(fields, name, result):
    document, _ = read(fields)
    assert results(document)[name] is result
    assert all(check.reason for check in document.checks if check.result is not Result.PASS)
    assert all(fields.number not in check.reason for check in document.checks)


def test_a_small_x_is_read_as_a_large_one():
    assert read(replace(FIELDS, number="11010519491231002x"))[0].number == "11010519491231002X"


def change_answer(at: int, answer: bytes):
    """A card whose answer number ``at`` is another."""
    return Spoilt(VirtualSocialCard(FIELDS), at, answer).respond


@pytest.mark.parametrize(
    "answer",
    ["", "90", "6F00", "9000", "08FF9000", "0800", "0812" + "80" * 18 + "9000", "0812" + "FF" * 30 + "319000"],
)
def test_a_malformed_number_record_is_unreadable(answer):
    with pytest.raises(CardUnreadable):
        drive(ssse.read(Task(TODAY)), change_answer(8, bytes.fromhex(answer)))


@pytest.mark.parametrize("version", ["333333", "00000000", "332E3G"])
def test_a_version_of_another_form_is_unreadable(version):
    raw = version.replace("G", "0").encode() if "G" in version else bytes.fromhex(version)
    with pytest.raises(CardUnreadable):
        drive(ssse.read(Task(TODAY)), change_answer(2, bytes((3, len(raw))) + raw + b"\x90\x00"))


def test_a_missing_record_is_named_by_its_tag():
    card = VirtualSocialCard(FIELDS)

    def respond(command: bytes) -> bytes:
        real = card.respond(command)
        return b"\x6a\x83" if real[:2] == b"\x08\x12" else real

    with pytest.raises(CardUnreadable, match="EF06 has no record 08"):
        drive(ssse.read(Task(TODAY)), respond)


def test_a_record_longer_than_the_layout_says_is_asked_for_again():
    fields = replace(FIELDS, card_number="A1234567890")
    document, commands = read(fields)
    assert document.card_number == "A1234567890"
    assert commands[6:8] == ["00B207000B", "00B207000D"]


def test_errors_carry_no_personal_data():
    for at in range(14):
        for answer in (b"\x6f\x00", b"", b"\x90\x00", b"\xff\xfe\xfd\x90\x00"):
            try:
                drive(ssse.read(Task(TODAY)), change_answer(at, answer))
            except CardError as error:
                assert not {"张", "1949", "110105"} & set(str(error).split())  # noqa: PT017
                assert "1949" not in str(error)  # noqa: PT017


@given(st.lists(st.binary(max_size=40), max_size=60), st.data())
def test_any_answers_end_in_a_document_or_a_card_error(answers, data):
    """Bounded: never more than 100 commands, whatever the card says; and one family of errors."""
    card, supply = VirtualSocialCard(FIELDS), iter(answers)

    def respond(command: bytes) -> bytes:
        real = card.respond(command)
        return next(supply, b"\x6f\x00") if data.draw(st.booleans()) else real

    try:
        document, _ = drive(ssse.read(Task(TODAY)), respond, limit=2000)
    except CardError:
        return
    assert document.name


@given(st.binary(min_size=0, max_size=300))
def test_the_virtual_card_answers_any_command(command):
    assert len(VirtualSocialCard(FIELDS).respond(command)) >= 2

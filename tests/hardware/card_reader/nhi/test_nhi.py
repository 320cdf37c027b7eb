"""Taiwan's health insurance card: its protocol against its virtual card and against nonsense. No daemon."""

import contextlib
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.card_reader import CardError, CardProtected, CardUnknown, CardUnreadable, DocumentKind, Result, Sex, nhi
from hardware.card_reader.nhi.virtual import CardFields, VirtualNhiCard
from hardware.card_reader.thai_id.virtual import CardFields as ThaiFields
from hardware.card_reader.thai_id.virtual import VirtualThaiCard
from tests.hardware.card_reader.driving import Spoilt, drive, results, task

FIELDS = CardFields()


def read(fields=FIELDS, birth_at=42):
    card = VirtualNhiCard(fields, birth_at)
    return drive(nhi.read(task(card)), card.respond)


@pytest.mark.parametrize("birth_at", [42, 43])
def test_a_card_of_either_layout_is_read_whole(birth_at):
    document, commands = read(birth_at=birth_at)
    assert document.kind is DocumentKind.NHI_CARD
    assert (document.number, document.name, document.card_number) == ("A123456789", "王小明", "000012345678")
    # years of the Republic: 69 is 1980, 109 is 2020
    assert (document.birth, document.valid_from, document.sex) == (date(1980, 1, 15), date(2020, 2, 1), Sex.MALE)
    assert results(document) == {
        "number_checksum": Result.PASS, "expired": Result.NOT_DONE, "name_decoded": Result.PASS,
    }  # fmt: skip
    assert commands == ["00A4040010D1580000010000000000000000001100", "00CA1100020000"]


def test_a_name_of_ten_characters_and_rare_ones():
    # 恒 and 碁 are in Big5 as Windows writes it (cp950) and not in the plain one; ten characters fill the field
    assert read(replace(FIELDS, name="王恒碁王恒碁王恒碁王"))[0].name == "王恒碁王恒碁王恒碁王"


def test_an_undecodable_name_is_marked():
    record = bytearray(VirtualNhiCard(FIELDS)._basic_data())
    record[12:14] = b"\xff\xfe"
    document = nhi.parse(bytes(record))
    assert results(document)["name_decoded"] is Result.WARN


@pytest.mark.parametrize(
    ("number", "is_valid"),
    [
        ("A123456789", True), ("A123456788", False), ("Z123456780", True), ("F131104093", True),
        ("A800000014", True),  # residents from abroad since 2021
        ("AC01234567", True),  # and before: the second letter's units
        ("A12345678", False), ("a123456789", False), ("A323456789", False), ("A1２3456789", False), ("", False),
    ],
)  # fmt: skip
def test_the_numbers_check_digit(number, is_valid):
    assert nhi.number_is_valid(number) is is_valid


def test_a_wrong_check_digit_fails():
    assert results(read(replace(FIELDS, number="A123456788"))[0])["number_checksum"] is Result.FAIL


@pytest.mark.parametrize(
    "raw", [b"", bytes(57), b"A" * 56, b"000012345678" + b"\x00" * 20 + b"A123456789" + b"0690115X1090201"]
)
def test_records_of_another_form_are_unreadable(raw):
    with pytest.raises(CardUnreadable):
        nhi.parse(raw)


def test_a_date_no_calendar_has():
    with pytest.raises(CardUnreadable, match="calendar"):
        nhi.day(b"0690230")
    assert nhi.day(b"0690000") is None


def test_another_card_is_unknown():
    card = VirtualThaiCard(ThaiFields())
    with pytest.raises(CardUnknown):
        drive(nhi.read(task(card)), card.respond)


@pytest.mark.parametrize(("answer", "error"), [("6982", CardProtected), ("6A88", CardUnreadable), ("", CardUnreadable)])
def test_what_a_card_may_refuse(answer, error):
    card = VirtualNhiCard(FIELDS)
    with pytest.raises(error):
        drive(nhi.read(task(card)), Spoilt(card, 1, bytes.fromhex(answer)).respond)


@given(st.binary(max_size=300))
def test_any_record_gives_a_document_or_one_error(raw):
    with contextlib.suppress(CardError):
        assert nhi.parse(raw).name


@given(st.binary(max_size=300))
def test_the_virtual_card_answers_any_command(command):
    assert len(VirtualNhiCard(FIELDS).respond(command)) >= 2

"""Documents of all four kinds with their checks; holders are synthetic, numbers are the standards' examples."""

from datetime import date

import pytest

from hardware.card_reader import CardUnreadable, DocumentKind, Result, Sex
from hardware.card_reader.sdt import text
from hardware.card_reader.sdt.document import Portrait, document
from hardware.card_reader.sdt.session import CardData
from hardware.card_reader.sdt.text import Layout
from hardware.card_reader.sdt.virtual import VirtualSamCard, text_block

TODAY = date(2026, 6, 1)


def made(card, *, added="", portrait=None, today=TODAY):
    return document(CardData(text.parse(card.block), card.photo, added), portrait or Portrait(), today)


def results(document):
    return {check.name: check.result for check in document.checks}


def test_a_resident_card():
    # GB 11643-1999, example: 11010519491231002X (sum 167, remainder 2: X)
    read = made(VirtualSamCard.resident("11010519491231002X", "张秀英", "2", valid_to="long_term"))
    assert (read.kind, read.source) == (DocumentKind.RESIDENT_ID_CARD, "sdt")
    assert (read.number, read.name, read.sex, read.birth) == (
        "11010519491231002X", "张秀英", Sex.FEMALE, date(1949, 12, 31),
    )  # fmt: skip
    assert (read.ethnicity, read.address, read.issuer) == ("汉", "演示省样板市模范路1号", "样板市公安局")
    assert (read.valid_from, read.valid_to) == (date(2020, 1, 1), "long_term")
    assert (read.latin_name, read.nationality, read.card_number) == ("", "", "")
    assert len(read.portrait_raw) == 1024
    assert read.portrait is None
    assert results(read) == {
        "number_checksum": Result.PASS, "birth_matches": Result.PASS, "sex_matches": Result.PASS,
        "expired": Result.PASS, "name_decoded": Result.PASS, "newest_address": Result.PASS,
        "photo_decoded": Result.NOT_DONE,
    }  # fmt: skip
    assert "photo not decodable" in {check.name: check.reason for check in read.checks}["photo_decoded"]


@pytest.mark.parametrize(
    "number",
    [
        "440524188001010014",  # GB 11643-1999, example (sum 195, remainder 8: 4)
        "34052419800101001X",  # sum 189, remainder 2: X
        "34052419800101001x",
    ],
)
def test_numbers_with_a_right_check_character(number):
    read = made(VirtualSamCard.resident(number, "李建国", "1"))
    assert read.number == number.upper()
    assert results(read)["number_checksum"] is Result.PASS


# J cards: 810000 Hong Kong, 820000 Macau, 830000 Taiwan
@pytest.mark.parametrize("number", ["810000199001010019", "820000199001010037", "830000199001010020"])
def test_a_residence_permit(number):
    sex = "1" if int(number[16]) % 2 else "2"
    read = made(VirtualSamCard.special_regions(number, "陈大文", sex, permit_number="H12345678"))
    assert (read.kind, read.source) == (DocumentKind.RESIDENCE_PERMIT, "sdt J")
    assert (read.number, read.card_number) == (number, "H12345678")
    assert {results(read)[name] for name in ("number_checksum", "birth_matches", "sex_matches")} == {Result.PASS}


def test_a_permanent_residence_card_of_2017():
    card = VirtualSamCard.foreigner_2017("KAZ110090123105", "IVANOVA ANNA", "2", date(1990, 12, 31), nationality="KAZ")
    read = made(card)
    assert (read.kind, read.source) == (DocumentKind.PERMANENT_RESIDENCE_CARD, "sdt I 2017")
    assert (read.name, read.latin_name, read.nationality) == ("IVANOVA ANNA", "IVANOVA ANNA", "KAZ")
    assert (read.number, read.birth, read.sex) == ("KAZ110090123105", date(1990, 12, 31), Sex.FEMALE)
    assert results(read)["number_checksum"] is Result.NOT_DONE
    wrong = VirtualSamCard.foreigner_2017("KAZ11009012310", "IVANOVA ANNA", "2", date(1990, 12, 31), nationality="KAZ")
    assert results(made(wrong))["number_checksum"] is Result.FAIL


def test_a_permanent_residence_card_of_2023():
    long_name = "MARIA DE LOS ANGELES FERNANDEZ DE LA CONCHA"
    card = VirtualSamCard.foreigner_2023(
        "911156819890101004", long_name, "2", date(1989, 1, 1), nationality="ESP", name="玛丽亚"
    )
    read = made(card)
    assert (read.kind, read.source) == (DocumentKind.PERMANENT_RESIDENCE_CARD, "sdt Y 2023")
    assert (read.name, read.latin_name, read.nationality) == ("玛丽亚", long_name, "ESP")
    assert (read.number, read.issuer) == ("911156819890101004", "国家移民管理局")
    assert results(read)["number_checksum"] is Result.PASS


def test_the_newest_address_is_the_address():
    card = VirtualSamCard.resident("11010519491231002X", "张秀英", "2", address="旧路1号")
    assert made(card, added="新路2号").address == "新路2号"
    assert made(card, added="").address == "旧路1号"
    unsure = made(card, added=None)
    assert unsure.address == "旧路1号"
    assert results(unsure)["newest_address"] is Result.NOT_DONE


def test_what_does_not_agree_is_a_warning_and_a_wrong_number_is_not():
    fields = {"name": "张秀英", "sex": "1", "birth": "19500101", "number": "110105194912310021"}
    read = made(VirtualSamCard(text_block(Layout.RESIDENT, fields)))
    assert results(read)["number_checksum"] is Result.FAIL
    assert results(read)["birth_matches"] is Result.WARN
    assert results(read)["sex_matches"] is Result.WARN
    assert results(read)["expired"] is Result.NOT_DONE


# GB/T 2261.1: 0 and 9 are neither male nor female
@pytest.mark.parametrize(
    ("code", "sex", "result"), [("0", Sex.UNKNOWN, Result.NOT_DONE), ("9", Sex.UNSPECIFIED, Result.WARN)]
)
def test_a_sex_that_is_neither_is_no_guess(code, sex, result):
    read = made(VirtualSamCard.resident("11010519491231002X", "张秀英", code))
    assert read.sex is sex
    assert results(read)["sex_matches"] is result


@pytest.mark.parametrize(
    ("last", "today", "result"),
    [(date(2026, 6, 1), TODAY, Result.PASS), (date(2026, 5, 31), TODAY, Result.FAIL)],
)
def test_an_expired_card_is_a_document_all_the_same(last, today, result):
    card = VirtualSamCard.resident("11010519491231002X", "张秀英", "2", valid_to=last)
    assert results(made(card, today=today))["expired"] is result


def test_an_unknown_ethnic_group_keeps_its_code():
    assert made(VirtualSamCard.resident("11010519491231002X", "张", "2", ethnicity="57")).ethnicity == "未知(57)"


def test_a_rare_character_is_said():
    read = made(VirtualSamCard.resident("11010519491231002X", "张\ue863", "2"))
    assert read.name == "张\ue863"
    assert results(read)["name_decoded"] is Result.WARN


def test_a_picture_and_a_photo_that_could_not_be_decoded():
    card = VirtualSamCard.resident("11010519491231002X", "张秀英", "2")
    with_picture = made(card, portrait=Portrait(b"BM..."))
    assert with_picture.portrait == b"BM..."
    assert results(with_picture)["photo_decoded"] is Result.PASS
    assert results(made(card, portrait=Portrait(None, "why", Result.WARN)))["photo_decoded"] is Result.WARN


@pytest.mark.parametrize("fields", [{"name": "张秀英"}, {"number": "11010519491231002X"}, {}])
def test_a_card_without_name_or_number_is_no_document(fields):
    with pytest.raises(CardUnreadable, match="no name or no number"):
        made(VirtualSamCard(text_block(Layout.RESIDENT, fields)))


def test_nothing_personal_in_what_a_log_may_print():
    card = VirtualSamCard.resident("11010519491231002X", "张秀英", "2")
    data = CardData(text.parse(card.block), card.photo, "新路2号")
    for thing in (card, data, data.block, made(card)):
        assert "张秀英" not in repr(thing)
        assert "110105" not in repr(thing)

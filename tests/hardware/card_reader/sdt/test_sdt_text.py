"""The text block of all four kinds (GA/T 467-2019), written here by hand at the offsets of its tables."""

import contextlib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.card_reader import CardUnknown, CardUnreadable, Sex
from hardware.card_reader.sdt import ethnicity, text
from hardware.card_reader.sdt.text import Layout


def block(letter, **places):
    """A block of blanks (U+0020) with texts at byte offsets: ``at_52="..."``."""
    data = bytearray(b"\x20\x00" * 128)
    for place, value in places.items():
        at = int(place.removeprefix("at_"))
        encoded = value if isinstance(value, bytes) else value.encode("utf-16-le", errors="surrogatepass")
        data[at : at + len(encoded)] = encoded
    data[248:250] = letter.encode("utf-16-le")
    assert len(data) == 256
    return bytes(data)


RESIDENT = block(
    " ", at_0="张秀英", at_30="2", at_32="01", at_36="19491231", at_52="北京市朝阳区示范路1号",
    at_122="11010519491231002X", at_158="样板市公安局", at_188="20200101", at_204=b"\x7f\x95\x1f\x67" + b"\x20\x00" * 6,
)  # fmt: skip


def test_a_resident_card():
    read = text.parse(RESIDENT)
    assert read.layout is Layout.RESIDENT
    assert read.fields == {
        "name": "张秀英", "sex": "2", "ethnicity": "01", "birth": "19491231", "address": "北京市朝阳区示范路1号",
        "number": "11010519491231002X", "issuer": "样板市公安局", "valid_from": "20200101", "valid_to": "长期",
    }  # fmt: skip
    # 长期 = 7F 95 1F 67, then six blanks
    assert text.last_day(read["valid_to"]) == "long_term"
    assert read.latin_name == ""
    assert not read.has_rare_characters


def test_a_residence_permit_of_the_special_regions():
    read = text.parse(
        block(
            "J", at_0="陈大文", at_30="1", at_36="19900101", at_52="广东省样板市2号", at_122="810000199001010019",
            at_158="样板市公安局", at_188="20200101", at_204="20300101", at_220="H12345678", at_238="02",
        )
    )  # fmt: skip
    assert read.layout is Layout.SPECIAL_REGIONS
    assert (read["permit_number"], read["issue_count"]) == ("H12345678", "02")
    assert (read["number"], read["ethnicity"], read["valid_to"]) == ("810000199001010019", "", "20300101")


def test_a_permanent_residence_card_of_2017():
    read = text.parse(
        block(
            "I", at_0="IVANOVA ANNA PETROVNA", at_120="2", at_122="KAZ110090123105", at_152="KAZ", at_158="安娜",
            at_188="20180101", at_204="20280101", at_220="19901231", at_236="01", at_240="1100",
        )
    )  # fmt: skip
    assert read.layout is Layout.FOREIGNER_2017
    assert (read.latin_name, read["name"], read["sex"]) == ("IVANOVA ANNA PETROVNA", "安娜", "2")
    assert (read["number"], read["nationality"], read["birth"]) == ("KAZ110090123105", "KAZ", "19901231")
    assert (read["valid_from"], read["valid_to"]) == ("20180101", "20280101")
    assert (read["version"], read["issuer"]) == ("01", "1100")


def test_a_permanent_residence_card_of_2023():
    read = text.parse(
        block(
            "Y", at_0="安娜", at_30="2", at_32="00", at_36="19890101", at_52="IVANOVA ANNA",
            at_122="911156819890101004", at_188="20240101", at_204="20340101", at_242="KAZ", at_250="105",
        )
    )  # fmt: skip
    assert read.layout is Layout.FOREIGNER_2023
    assert (read["name"], read.latin_name, read["renewals"]) == ("安娜", "IVANOVA ANNA", "00")
    assert (read["number"], read["nationality"], read["birth"]) == ("911156819890101004", "KAZ", "19890101")
    assert read["previous_link"] == "105"


@pytest.mark.parametrize(
    ("first", "more", "whole"),
    [
        ("A" * 35, "BCD", "A" * 35 + "BCD"),
        ("A" * 34, "BCD", "A" * 34 + " BCD"),  # the blank at the end of the first field parts two names
        ("ANNA", "", "ANNA"),
    ],
)
def test_a_long_name_goes_on_in_a_second_field(first, more, whole):
    assert text.parse(block("Y", at_52=first, at_220=more)).latin_name == whole


def test_the_second_field_of_a_name_ends_before_the_nationality():
    read = text.parse(block("Y", at_52="A" * 35, at_220="B" * 11, at_242="KAZ"))
    assert read.latin_name == "A" * 35 + "B" * 11
    assert read["nationality"] == "KAZ"


def test_rare_characters_are_kept_whole():
    name = "张\U00020bb7\ue863"  # a character of plane 2 (two units), and one of the private use area
    read = text.parse(block(" ", at_0=name, at_122="11010519491231002X"))
    assert read["name"] == name
    assert read.has_rare_characters


def test_half_a_pair_does_not_break_a_name():
    read = text.parse(block(" ", at_0=b"\x20\x5f\x42\xd8", at_122="1"))
    assert read["name"] == "张\ufffd"
    assert read.has_rare_characters
    assert read.raw[:4] == b"\x20\x5f\x42\xd8"  # what the card said is still there
    read["name"].encode()  # and what goes on can be written down


def test_control_characters_do_not_reach_a_screen():
    assert text.parse(block(" ", at_0="张\n秀\u202e英\0"))["name"] == "张秀英"


@pytest.mark.parametrize("raw", [b"", RESIDENT[:-1], RESIDENT + b"\0"])
def test_a_block_of_another_size_is_refused(raw):
    with pytest.raises(CardUnreadable, match="256"):
        text.parse(raw)


def test_a_kind_of_no_layout_is_said_so():
    with pytest.raises(CardUnknown, match="U\\+005A"):
        text.parse(block("Z", at_0="某"))


# GB/T 2261.1: 0 unknown, 1 male, 2 female, 9 unspecified
@pytest.mark.parametrize(
    ("code", "sex"),
    [("0", Sex.UNKNOWN), ("1", Sex.MALE), ("2", Sex.FEMALE), ("9", Sex.UNSPECIFIED), ("", Sex.UNKNOWN),
     ("5", Sex.UNKNOWN)],
)  # fmt: skip
def test_sex_is_never_a_guess(code, sex):
    assert text.sex(code) is sex


def test_ethnic_groups():
    # GB/T 3304-1991: 01..56, and the two of the register
    assert len(ethnicity.GROUPS) == 58
    assert [ethnicity.group(code) for code in ("01", "05", "43", "46", "56", "97", "98")] == [
        "汉", "维吾尔", "乌孜别克", "德昂", "基诺", "其他", "外国血统中国籍",
    ]  # fmt: skip
    assert len(set(ethnicity.GROUPS.values())) == 58
    assert ethnicity.group("57") == "未知(57)"
    assert ethnicity.group("") == ""


def test_dates():
    assert text.day("20240229") == date(2024, 2, 29)
    assert text.day("19900000") is None  # a birthday nobody knows
    assert text.day("") is None
    assert text.last_day("20300101") == date(2030, 1, 1)
    for wrong in ("2024-2-9", "２０２４０２２９", "202402", "长 期"):
        with pytest.raises(CardUnreadable):
            text.last_day(wrong)


def test_the_newest_address():
    stored = "样板市新村3号".ljust(35).encode("utf-16-le")
    assert len(stored) == 70
    assert text.address(stored) == "样板市新村3号"
    assert text.address(b"\x00\x46" + stored) == "样板市新村3号"  # some modules write its length before it
    assert text.address(b"") == ""
    for wrong in (stored[:-1], stored + b"\0\0", b"\x00\x45" + stored):
        with pytest.raises(CardUnreadable):
            text.address(wrong)


@given(st.binary(min_size=256, max_size=256), st.sampled_from([" ", "J", "I", "Y"]))
def test_any_block_becomes_text_that_can_be_written_down(raw, letter):
    read = text.parse(raw[:248] + letter.encode("utf-16-le") + raw[250:])
    "".join([*read.fields.values(), read.latin_name]).encode()


@given(st.binary(max_size=300))
def test_any_bytes_are_a_block_or_refused(raw):
    with contextlib.suppress(CardUnreadable, CardUnknown):
        text.parse(raw)

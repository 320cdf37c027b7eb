"""Records of the social security card and their value formats (LD/T 32-2015)."""

import contextlib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.card_reader import CardUnreadable
from hardware.card_reader.ssse import record


def test_the_version_record_of_a_third_generation_card():
    # LD/T 32-2015: 03 04 33 2E 30 30 is the record "specification version" with the value 3.00
    tag, value = record.parse(bytes.fromhex("0304332E3030"))
    assert (tag, record.alphanumeric(value)) == (0x03, "3.00")


@pytest.mark.parametrize("raw", ["", "03", "0305332E3030", "0303332E3030", "03FF00"])
def test_a_record_whose_length_is_not_what_is_there_is_unreadable(raw):
    with pytest.raises(CardUnreadable):
        record.parse(bytes.fromhex(raw))


def test_a_record_padded_to_the_slot_of_the_file_is_read():
    assert record.parse(bytes.fromhex("0304332E3030FFFF0000")) == (3, b"3.00")


def test_wanted_bytes_is_the_whole_record():
    assert record.wanted_bytes(bytes.fromhex("0912AABB")) == 20
    assert record.wanted_bytes(b"") == 2


def test_numeric_items_lose_their_padding():
    assert record.compressed_number(bytes.fromhex("110105FFFFFF")) == "110105"
    assert record.compressed_number(bytes.fromhex("12345F")) == "12345"
    assert record.compressed_number(b"") == ""
    with pytest.raises(CardUnreadable):
        record.compressed_number(bytes.fromhex("11A105"))


@pytest.mark.parametrize("padding", [b"", b"\x00\x00", b"\x20\x20", b"\xff\xff", b"\x20\x00\xff"])
def test_text_items_lose_their_padding(padding):
    assert record.alphanumeric(b"A12345678" + padding) == "A12345678"


def test_text_items_hold_printable_characters_only():
    with pytest.raises(CardUnreadable):
        record.alphanumeric(b"A1\x002345")
    with pytest.raises(CardUnreadable):
        record.alphanumeric(b"A1\x80")


def test_dates():
    assert record.day(bytes.fromhex("20191231")) == date(2019, 12, 31)
    assert record.day(bytes.fromhex("FFFFFFFF")) is None
    assert record.day(bytes(4)) is None
    for wrong in ("20230230", "2019123F", "2019", "00000101"):
        with pytest.raises(CardUnreadable):
            record.day(bytes.fromhex(wrong))


def test_names_in_gbk_and_beyond():
    assert record.name("张秀英".encode("gbk").ljust(30, b"\x00")) == ("张秀英", True)
    # 㛃 (U+36C3) and 𠮷 (U+20BB7) have four bytes in GB 18030 and none in GBK
    assert record.name("王㛃𠮷".encode("gb18030").ljust(30, b"\x00")) == ("王㛃𠮷", True)


def test_a_long_name_is_joined_before_it_is_decoded():
    name = "阿布都热依木·买买提江·托合提"
    raw = name.encode("gb18030") + b"\x20"
    raw = b"A" + raw  # so that byte 30 falls inside a character
    assert record.name(raw[:30], raw[30:].ljust(20, b"\x00")) == ("A" + name, True)
    with pytest.raises(UnicodeDecodeError):  # control: the cut does fall inside a character
        raw[:30].decode("gb18030")


def test_blanks_inside_a_name_stay_even_at_the_cut():
    first = "ABDURAHMAN MUHAMMAD ABDULLAH ".ljust(30)[:29] + " "
    assert record.name(first.encode(), b"IBN SAID".ljust(20, b"\x00"))[0].endswith("ABDULLAH  IBN SAID")


def test_a_name_with_undecodable_bytes_is_marked():
    name, is_whole = record.name("张".encode("gbk") + b"\x81\x20")
    assert name.startswith("张")
    assert not is_whole


def test_control_characters_never_reach_a_screen():
    name, is_whole = record.name("张\x1b[31m\u202e英".encode("gb18030"))
    assert name == "张[31m英"
    assert not is_whole


@pytest.mark.parametrize("raw", [b"", bytes(30), b"\x20" * 30, b"\xff" * 30])
def test_a_blank_name_is_unreadable(raw):
    with pytest.raises(CardUnreadable, match="blank"):
        record.name(raw)


@given(st.binary(max_size=300), st.binary(max_size=30))
def test_any_bytes_give_a_value_or_one_error(raw, other):
    parsers = (
        record.parse,
        record.compressed_number,
        record.alphanumeric,
        record.day,
        lambda it: record.name(it, other),
    )
    for parser in parsers:
        with contextlib.suppress(CardUnreadable):
            parser(raw)

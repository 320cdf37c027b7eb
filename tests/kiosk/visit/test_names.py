"""Names: masked, in letters the typeface has, speakable; never a row of empty boxes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.card_reader import masked_name
from kiosk.visit.names import mask_names, spoken, written
from screens.typeface import coverage
from tests.kiosk.visit.hall import CATALOGUES, ROOT

EN, ZH = CATALOGUES.text("en"), CATALOGUES.text("zh")
TYPEFACE = coverage(ROOT / "assets" / "fonts" / "NotoSansSC-Regular.otf")


def can_write(words: str) -> bool:
    return all(ord(letter) in TYPEFACE for letter in words if not letter.isspace())


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("ERIKSSON ANNA MARIA", "E*** A*** M***"),
        ("Wolfeschlegelsteinhausenbergerdorff Hubert", "W*** H***"),
        ("O'Neill Bo", "O*** B*"),
        ("Nguyễn Thị", "N*** T**"),
        ("Zoe\u0301 Łukasz", "Z** Ł***"),  # a mark of its own is part of its letter
        ("阿依古丽·买买提", "阿******提"),
        ("𠮷野", "𠮷*"),
        ("สมชาย ใจดี", "ส*** ใ***"),
    ],
)
def test_masks(name: str, masked: str) -> None:
    assert masked_name(name) == masked
    assert masked_name(masked) == masked


def test_both_names_where_there_are_two() -> None:
    assert mask_names("穆丽卡", "MUSTERMANN ERIKA") == "穆*卡 M*** E***"
    assert mask_names("MUSTERMANN ERIKA", "MUSTERMANN ERIKA") == "M*** E***"
    assert mask_names("", "MUSTERMANN ERIKA") == "M*** E***"


@pytest.mark.parametrize(
    ("masked", "latin", "shown"),
    [
        ("张*英", "", "张*英"),
        ("A*** M***", "", "A*** M***"),
        ("Ł*** Š*** Ø***", "", "L*** S*** Ø*** (other letters)"),
        ("Đ*** Ğ*** Ə***", "", "Đ*** G*** E*** (other letters)"),
        ("ส*** ใ***", "JAIDEE SOMCHAI", "J*** S*** (other letters)"),
        ("ส***", "", "〔U+0E2A〕*** (other letters)"),
        ("张*\U00020000", "", "张*〔hē〕 (other letters)"),
        ("张*\uf8ff", "", "张*〔U+F8FF〕 (other letters)"),  # a maker's private character
    ],
)
def test_what_cannot_be_written_is_replaced_and_said_to_be(masked: str, latin: str, shown: str) -> None:
    assert written(masked, latin, EN, can_write) == shown
    if shown != masked:
        assert written(masked, latin, ZH, can_write).endswith("（代用字）")


@settings(max_examples=150)
@given(st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn")), min_size=1, max_size=12))
def test_no_name_is_ever_an_empty_box(name: str) -> None:
    for text in (EN, ZH):
        assert can_write(written(masked_name(name), "", text, can_write))


@pytest.mark.parametrize(
    ("masked", "zh", "en"),
    [
        ("张*英", "张*英", "张*英"),
        ("E*** A*** M***", "首字母 E、A、M", "initials E, A, M"),
        ("穆*卡 M*** E***", "穆*卡、首字母 M、E", "穆*卡, initials M, E"),
    ],
)
def test_said(masked: str, zh: str, en: str) -> None:
    assert spoken(masked, "", ZH, can_write) == zh.replace("、", ZH(", "))
    assert spoken(masked, "", EN, can_write) == en


def test_letters_without_a_voice_are_said_as_those_that_stand_for_them() -> None:
    assert spoken("ส*** ใ***", "JAIDEE SOMCHAI", EN, can_write) == "initials J, S"
    assert spoken("Ł*** Š***", "", EN, can_write) == "initials L, S"
    assert spoken("张*\U00020000", "ZHANG XIAOHE", EN, can_write) == "张*\U00020000"


@pytest.mark.slow
def test_the_typeface_is_what_its_library_says() -> None:
    """The ranges read here are the map that fontTools makes of them."""
    from fontTools.ttLib import TTFont

    with TTFont(ROOT / "assets" / "fonts" / "NotoSansSC-Regular.otf") as font:
        best = set(font.getBestCmap())
    assert {point for point in range(0x110000) if point in TYPEFACE} == best

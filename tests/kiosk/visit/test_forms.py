"""Answers: every kind, its edges, and that what was taken once is taken again unchanged; masks that hide."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.card_reader import masked_name
from kiosk.visit.forms import Wrong, accept, mask_number, mask_phone, printed, shown, wire_value
from kiosk.visit.services import FieldDefinition, FieldKind
from tests.kiosk.visit.samples import texts

ZH, EN = texts()["zh"], texts()["en"]
TODAY = dt.date(2026, 11, 22)
NUMBER = "11010519491231002X"  # GB 11643-1999, the standard's own example
JPEG = b"\xff\xd8 a picture"


def field(kind: str, **changes: Any) -> FieldDefinition:
    if kind == "choice":
        changes.setdefault("options", [{"id": "dark", "text": "It is dark"}, {"id": "on", "text": "Yes"}])
    return FieldDefinition.model_validate({"id": "f", "kind": kind, "title": "Photo", "label": "Phone"} | changes)


def take(kind: str, raw: Any, **changes: Any) -> Any:
    return accept(field(kind, **changes), raw, text=ZH, today=TODAY)


def wrong(kind: str, raw: Any, text: Any = EN, **changes: Any) -> str:
    with pytest.raises(Wrong) as caught:
        accept(field(kind, **changes), raw, text=text, today=TODAY)
    return caught.value.sentence


# -- what is taken ----------------------------------------------------------------------------------------------------

TAKEN = [
    ("choice", "dark", "dark"),
    ("yes_no", True, True),
    ("yes_no", False, False),
    ("number", "12", 12),
    ("number", 12, 12),
    ("number", "１２", 12),  # full-width digits
    ("number", " 007 ", 7),
    ("number", "0", 0),
    ("date", "20240229", dt.date(2024, 2, 29)),  # leap day
    ("date", "２０２４０２２９", dt.date(2024, 2, 29)),
    ("date", "2026-11-01", dt.date(2026, 11, 1)),
    ("date", dt.date(2026, 11, 1), dt.date(2026, 11, 1)),
    ("date", dt.datetime(2026, 11, 1, 8, 30), dt.date(2026, 11, 1)),
    ("phone", "13800138000", "13800138000"),
    ("phone", "+86 138-0013-8000", "13800138000"),
    ("phone", "008613800138000", "13800138000"),
    ("phone", "8613800138000", "13800138000"),
    ("phone", "１３８００１３８０００", "13800138000"),
    ("phone", "(010) 6555-1234", "01065551234"),
    ("phone", "0755 65551234", "075565551234"),
    ("text", "  东边 的\t路灯\n", "东边 的 路灯"),
    ("text", "3号楼\u3000东边", "3号楼 东边"),  # the ideographic space stays one
    ("text", "a\x00b\x1b\u200d\u202ec", "abc"),  # control and formatting characters
    ("text", "e\u0301", "é"),
    ("text", "e\u200d\u0301", "é"),
    ("text", "路灯😀", "路灯😀"),
    ("photo", JPEG, JPEG),
    ("id_number", NUMBER, NUMBER),
    ("id_number", NUMBER.lower(), NUMBER),
    ("id_number", " 110105 19491231 002x ", NUMBER),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "raw", "value"), TAKEN)
def test_taken_as(kind: str, raw: Any, value: Any) -> None:
    found = take(kind, raw)
    assert found == value
    assert type(found) is type(value)
    assert take(kind, found) == found


def test_every_kind_is_tried() -> None:
    assert {kind for kind, _, _ in TAKEN} == {kind.value for kind in FieldKind}


# -- what is not, and why ---------------------------------------------------------------------------------------------

REFUSED = [
    ("choice", "nowhere", "Please choose one of the answers."),
    ("choice", 1, "Please choose one of the answers."),
    ("choice", ["dark"], "Please choose one of the answers."),
    ("yes_no", "yes", "Please choose one of the answers."),
    ("yes_no", 1, "Please choose one of the answers."),
    ("number", "1a", "Please enter digits only."),
    ("number", "-3", "Please enter digits only."),
    ("number", "1.5", "Please enter digits only."),
    ("number", True, "Please enter digits only."),
    ("number", "9999999999", "The number must be 999999999 or less."),
    ("date", "20230229", "There is no such day. Please enter year, month and day."),
    ("date", "20261301", "There is no such day. Please enter year, month and day."),
    ("date", "2026111", "There is no such day. Please enter year, month and day."),  # 7 digits: which day is it?
    ("date", "in May", "There is no such day. Please enter year, month and day."),
    ("date", "00000101", "There is no such day. Please enter year, month and day."),
    ("phone", "1380013", "The phone number lacks 4 digits. Please add them."),
    ("phone", "1abc", "This is no phone number. Please check the digits."),
    ("phone", "12345678901", "This is no phone number. Please check the digits."),
    ("phone", "138001380001", "This is no phone number. Please check the digits."),
    ("phone", "١٣٨٠٠١٣٨٠٠٠", "This is no phone number. Please check the digits."),  # Arabic-Indic digits
    ("phone", "00123456789", "This is no phone number. Please check the digits."),
    ("text", "\x00\u200d \n", "Phone is still missing. Please fill it in."),
    ("text", "x" * 21, "Please use at most 20 characters."),
    ("photo", b"GIF89a", "The photo did not work. Please try again."),
    ("photo", "x", "The photo did not work. Please try again."),
    ("id_number", "1101051949123100", "An ID number has 18 digits. Please check."),
    ("id_number", "110105194912310021", "One digit is wrong. Please check the number."),
    ("id_number", "110105194902300026", "One digit is wrong. Please check the number."),
]


@pytest.mark.parametrize(("kind", "raw", "sentence"), REFUSED)
def test_refused_with(kind: str, raw: Any, sentence: str) -> None:
    assert wrong(kind, raw) == sentence
    in_chinese = wrong(kind, raw, text=ZH)
    assert in_chinese != sentence
    assert not re.search(r"[A-Za-z]{2,}", in_chinese)


@pytest.mark.parametrize("kind", [kind.value for kind in FieldKind])
@pytest.mark.parametrize("nothing", [None, "", b""])
def test_nothing_is_an_answer_to_an_optional_field_only(kind: str, nothing: Any) -> None:
    assert take(kind, nothing, required=False) is None
    assert "missing" in wrong(kind, nothing)


def test_an_optional_text_of_nothing_visible_is_skipped() -> None:
    assert take("text", " \u200b\x07 ", required=False) is None


@pytest.mark.parametrize(("raw", "is_taken"), [("0", False), ("1", True), ("200", True), ("201", False)])
def test_numbers_have_bounds(raw: str, is_taken: bool) -> None:
    if is_taken:
        assert take("number", raw, minimum=1, maximum=200) == int(raw)
    else:
        assert re.search(r"\b(1|200)\b", wrong("number", raw, minimum=1, maximum=200))


def test_days_are_counted_from_today() -> None:
    past = {"minimum": -3650, "maximum": 0}
    assert take("date", "20261122", **past) == TODAY
    assert wrong("date", "20261123", **past) == "That day is too late. The latest is 22 November 2026."
    assert take("date", TODAY - dt.timedelta(days=3650), **past)
    assert wrong("date", TODAY - dt.timedelta(days=3651), ZH, **past) == "日子太早，最早 2016年11月24日。"
    assert take("date", TODAY + dt.timedelta(days=30), minimum=0, maximum=30)
    assert "too early" in wrong("date", TODAY - dt.timedelta(days=1), minimum=0, maximum=30)


# -- any input at all -------------------------------------------------------------------------------------------------

ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=30), st.binary(max_size=6), st.dates(),
    st.datetimes(), st.from_regex(r"\A[+0]{0,2}(86)?1[3-9][0-9 -]{8,12}\Z"), st.from_regex(r"\A[0-9]{6,9}\Z"),
    st.from_regex(r"\A[1-9][0-9]{16}[0-9Xx]\Z"), st.sampled_from(["dark", JPEG, NUMBER, "e\u200d\u0301 \u3000"]),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(kind=st.sampled_from([kind.value for kind in FieldKind]), raw=ANYTHING, required=st.booleans())
def test_any_answer_is_taken_for_good_or_refused_with_words(kind: str, raw: Any, required: bool) -> None:
    one = field(kind, required=required)
    sentences = []
    for text in (ZH, EN):
        try:
            value = accept(one, raw, text=text, today=TODAY)
        except Wrong as refused:
            sentences.append(refused.sentence)
        else:
            again = accept(one, value, text=text, today=TODAY)
            assert (again, type(again)) == (value, type(value))
            assert (value is None) <= (not required)
            assert shown(one, value, text)
            assert printed(one, value, text)
            wire_value(value)
    assert len(sentences) in (0, 2)
    assert len(set(sentences)) == len(sentences)
    assert all(sentence.strip() for sentence in sentences)


# -- what is seen of it -----------------------------------------------------------------------------------------------


def test_values_as_the_resident_sees_them() -> None:
    assert shown(field("choice"), "dark", ZH) == "不亮"
    assert shown(field("choice"), "gone", ZH) == "gone"
    assert [shown(field("yes_no"), v, ZH) for v in (True, False)] == ["是", "不是"]
    assert shown(field("date"), dt.date(2026, 11, 1), EN) == "1 November 2026"
    assert shown(field("number", unit="Photo"), 3, ZH) == "3 照片"
    assert shown(field("photo"), JPEG, EN) == "1 photo"
    assert shown(field("text", required=False), None, ZH) == "（无）"
    assert shown(field("phone"), "13800138000", ZH) == "138****8000"
    assert shown(field("id_number"), NUMBER, ZH) == "110***********002X"


def test_private_values_never_reach_the_paper() -> None:
    assert printed(field("text", private=True), "幸福里3号楼", ZH) == "（已填）"
    assert printed(field("number", private=True), 12, EN) == "(filled in)"
    assert printed(field("choice", private=True), "dark", EN) == "(filled in)"
    assert printed(field("text", prefill="registry.address"), "幸福里3号楼", ZH) == "（已填）"
    assert printed(field("phone", private=True), "13800138000", ZH) == "138****8000"
    assert printed(field("text"), "路灯", ZH) == "路灯"


@settings(max_examples=40)
@given(st.from_regex(r"\A[0-9]{1,17}[0-9X]\Z"))
def test_a_masked_number_hides_most_of_it(number: str) -> None:
    masked = mask_number(number)
    assert len(masked) == len(number)
    assert masked.count("*") >= len(number) / 2
    assert all(m in ("*", n) for m, n in zip(masked, number, strict=True))


@settings(max_examples=40)
@given(st.from_regex(r"\A[0-9]{1,14}\Z"))
def test_a_masked_phone_hides_at_least_three_digits(phone: str) -> None:
    masked = mask_phone(phone)
    assert len(masked) == len(phone)
    assert masked.count("*") >= min(3, len(phone))


NAMES = st.one_of(
    st.text(alphabet="张王李秀英欧阳娜·小雨", min_size=1, max_size=8),
    st.from_regex(r"\A[A-Z][a-z]{0,8}( [A-Z][a-z]{0,8}){0,3}\Z"),
)


@settings(max_examples=40)
@given(NAMES)
def test_a_masked_name_is_never_the_name(name: str) -> None:
    masked = masked_name(name)
    assert "*" in masked
    assert masked != name
    assert len([c for c in masked if c != "*" and c != " "]) <= max(2, len(name.split()))


def test_masks_of_nothing_are_nothing() -> None:
    assert (masked_name(""), mask_number(""), mask_phone("")) == ("", "", "")


@pytest.mark.parametrize(
    ("name", "masked"),
    [("张秀英", "张*英"), ("李强", "李*"), ("欧阳小雨", "欧**雨"), ("Ann Lee", "A** L**"), ("张", "*")],
)
def test_names(name: str, masked: str) -> None:
    assert masked_name(name) == masked


def test_dates_travel_as_text() -> None:
    assert wire_value(dt.date(2026, 11, 1)) == "2026-11-01"
    assert wire_value(12) == 12

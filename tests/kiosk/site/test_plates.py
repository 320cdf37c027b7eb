"""Plates: one way to write them, marks that rotate, a list that goes on working, and no plate anywhere."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.config import ConfigError
from kiosk.site.plates import AllowList, NoPlate, PlateJudge, PlateKeys, normal

KEYS = PlateKeys("a-secret-of-no-booth")
TODAY, TOMORROW = date(2026, 11, 22), date(2026, 11, 23)


@pytest.mark.parametrize("text", ["沪A·12345", "沪a12345", " 沪A 12345 ", "沪Ａ１２３４５", "沪A-12345", "沪A•12345"])
def test_one_plate_is_written_one_way(text: str) -> None:
    assert normal(text) == "沪A12345"


@pytest.mark.parametrize(
    "text", ["", "无车牌", "unknown plate!", "沪B1", "沪A" + "1" * 20, "../etc/passwd", "沪A123\n45;"]
)
def test_what_is_no_plate_is_not_repeated(text: str) -> None:
    with pytest.raises(NoPlate) as refused:
        normal(text)
    assert not text.strip() or text not in str(refused.value)


@given(st.text(max_size=30))
def test_any_text_is_a_plate_or_none(text: str) -> None:
    try:
        plate = normal(text)
    except NoPlate:
        return
    assert normal(plate) == plate
    assert 4 <= len(plate) <= 12


def test_marks_rotate_by_day_and_depend_on_the_secret() -> None:
    plate = normal("沪A12345")
    assert KEYS.of_day(plate, TODAY) == KEYS.of_day(plate, TODAY)
    assert KEYS.of_day(plate, TODAY) != KEYS.of_day(plate, TOMORROW)
    assert KEYS.of_day(plate, TODAY) != KEYS.of_day(normal("沪A12346"), TODAY)
    other = PlateKeys("another-secret-of-no-booth")
    assert other.of_day(plate, TODAY) != KEYS.of_day(plate, TODAY)
    assert other.listed(plate) != KEYS.listed(plate)
    assert not KEYS.listed(plate).startswith(KEYS.of_day(plate, TODAY))
    assert "no-booth" not in repr(KEYS)
    with pytest.raises(ConfigError, match="shorter"):
        PlateKeys("short")


def test_a_list_works_over_days_and_restarts_and_holds_no_plate(tmp_path: Path) -> None:
    file = tmp_path / "plates.allow"
    allowed = AllowList(file, KEYS)
    assert not allowed.has("沪A12345")
    assert allowed.add("沪A·12345")
    assert not allowed.add("沪a12345")
    assert allowed.add("京B88888")
    assert file.stat().st_mode & 0o777 == 0o600
    assert "12345" not in file.read_text()
    assert "沪" not in file.read_text()
    again = AllowList(file, KEYS)
    assert len(again) == 2
    assert again.has("沪A12345")
    assert not again.has("沪A12346")
    assert allowed.remove("沪A12345")
    assert not allowed.remove("沪A12345")
    assert not again.has("沪A12345")  # it looked again
    assert again.has("京B88888")
    assert os.listdir(tmp_path) == ["plates.allow"]


def test_a_list_of_another_secret_or_a_spoilt_one_is_refused_and_lists_nobody(tmp_path: Path) -> None:
    file = tmp_path / "plates.allow"
    allowed = AllowList(file, KEYS)
    allowed.add("沪A12345")
    good = file.read_text()
    with pytest.raises(ConfigError, match="another secret"):
        AllowList(file, PlateKeys("another-secret-of-no-booth"))
    for spoilt, cause in (
        (good + "沪A12346\n", "cannot be read"),
        (good + "abc\n", ":3: no keyed hash"),
        ("x\n", "no list"),
    ):
        file.write_text(spoilt)
        assert not allowed.has("沪A12345")
        with pytest.raises(ConfigError, match=cause):
            AllowList(file, KEYS)
    file.write_text(good)
    assert allowed.has("沪A12345")
    file.unlink()
    assert not allowed.has("沪A12345")


def test_what_a_camera_reads_becomes_a_word_and_a_mark(tmp_path: Path) -> None:
    allowed = AllowList(tmp_path / "plates.allow", KEYS)
    allowed.add("沪A12345")
    judge = PlateJudge(KEYS, allowed)
    assert judge.word("沪A·12345", is_late=False) == "listed"
    assert judge.word("沪A·12346", is_late=False) == "unlisted"
    assert judge.word("沪A·12345", is_late=True) == "late"
    assert judge.word("无", is_late=False) == "read"
    assert judge.mark("沪A·12345", TODAY) == KEYS.of_day("沪A12345", TODAY)
    assert judge.mark("", TODAY) is None

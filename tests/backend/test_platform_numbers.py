"""Check digits against the standards' own examples, and the seed files."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from backend.bodies import KeyKind
from backend.numbers import (
    id_check_character,
    is_id_number,
    masked,
    masked_document,
    receipt_check_digit,
    receipt_sequence,
)
from backend.seeds import DocumentEntry, SeedError, read_residents


def test_id_number_of_the_standard() -> None:
    # GB 11643-1999 annex A: 11010519491231002X and 440524188001010014
    assert id_check_character("11010519491231002") == "X"
    assert id_check_character("44052418800101001") == "4"
    assert is_id_number("11010519491231002X")
    assert not is_id_number("110105194912310021")
    assert not is_id_number("11010519491231002x")


def test_receipt_check_digit_of_the_standard() -> None:
    # ISO/IEC 7064:2003 MOD 11,10, worked example: 0794 -> 5
    assert receipt_check_digit("0794") == "5"


def test_receipt_number_names_its_booth_and_sequence() -> None:
    assert receipt_sequence("B7-000204-5", "B7") == 204
    assert receipt_sequence("B7-000204-5", "B8") is None
    assert receipt_sequence("B7-000240-5", "B7") is None  # swapped digits
    assert receipt_sequence("B7-204-5", "B7") is None


@pytest.mark.parametrize("place", range(6))
@pytest.mark.parametrize("other", "0123456789")
def test_every_single_wrong_digit_is_noticed(place: int, other: str) -> None:
    digits = "000204"
    changed = digits[:place] + other + digits[place + 1 :]
    assert (receipt_check_digit(changed) == receipt_check_digit(digits)) == (changed == digits)


def test_masks() -> None:
    assert masked("13800138000") == "138****8000"
    assert masked("110105194912319024") == "110***********9024"
    assert masked("1234567") == "*******"


def test_residents_are_those_of_the_stories() -> None:
    found = {entry.id: entry for entry in read_residents()}
    assert set(found) == {
        "zhang", "li", "wang", "chen", "zhao", "sun", "lam", "ho", "tsai", "anna", "erika", "aliya", "somchai",
    }  # fmt: skip
    assert found["zhang"].portrait
    assert not found["li"].portrait
    assert found["zhao"].phone is None
    assert found["chen"].guardian_name == "陈明"
    assert found["sun"].documents[0].expires.isoformat() == "2020-01-01"
    citizens = [entry for entry in found.values() if entry.keys[0].kind == "citizen"]
    assert len(citizens) == 6
    assert all(entry.number[14] == "9" for entry in citizens)  # recognisably synthetic


def test_every_kind_of_document_and_key_is_there() -> None:
    found = read_residents()
    assert {document.kind for entry in found for document in entry.documents} == set(
        get_args(DocumentEntry.model_fields["kind"].annotation)
    )
    assert {key.kind for entry in found for key in entry.keys} == set(get_args(KeyKind))


def test_short_numbers_show_their_ends_only() -> None:
    assert masked_document("L898902C3") == "L******C3"
    assert masked_document("110105194912319024") == "110***********9024"
    assert masked_document("12345") == "*****"


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("[[resident]\n", r"residents\.toml: .*line 1"),
        ('[[resident]]\nid = "x"\n', r"residents\.toml: resident\.0\.name"),
        (None, r"residents\.toml: .*No such file"),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, text: str | None, finding: str) -> None:
    file = tmp_path / "residents.toml"
    if text is not None:
        file.write_text(text)
    with pytest.raises(SeedError, match=finding):
        read_residents(file)


def test_a_wrong_number_is_named(tmp_path: Path) -> None:
    good = (Path(__file__).parents[2] / "backend" / "residents.toml").read_text("utf-8")
    file = tmp_path / "residents.toml"
    file.write_text(good.replace("110105194912319024", "110105194912319025"), "utf-8")
    with pytest.raises(SeedError, match=r"resident\.0: .*check character"):
        read_residents(file)

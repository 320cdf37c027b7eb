"""The photo through a vendor's library: a small one of the same form is compiled here; no card needs one."""

import io

import pytest
from PIL import Image

from hardware.card_reader import Result
from hardware.card_reader.sdt.wlt import portrait

HEAD = bytes.fromhex("574C66007E003200")  # "WL", 102 wide, 126 high


def photo(order=0):
    return HEAD + bytes((order,)) + bytes(1024 - len(HEAD) - 1)


@pytest.mark.peer
@pytest.mark.parametrize(
    ("pixels", "place", "colour"),
    [
        # row 0 of the library is the bottom row of the picture, unless it is told otherwise
        ("bgr", (5, 125), (200, 5, 0)),
        ("bgr", (5, 0), (200, 5, 125)),
        ("rgb", (5, 125), (0, 5, 200)),
        ("bgr-down", (5, 0), (200, 5, 0)),
        ("rgb-down", (5, 125), (125, 5, 200)),
    ],
)
def test_a_picture(library, pixels, place, colour):
    made = portrait(photo(), library, pixels=pixels, within_s=20)
    assert len(made.picture) == 38862  # 54 + 126 x (102 x 3 + 2)
    with Image.open(io.BytesIO(made.picture)) as picture:
        assert (picture.format, picture.size) == ("BMP", (102, 126))
        assert picture.convert("RGB").getpixel(place) == colour


@pytest.mark.peer
def test_a_library_that_makes_a_bitmap_itself(library):
    made = portrait(photo(4), library, within_s=20)
    assert made.picture[:2] == b"BM"
    assert len(made.picture) == 38862


@pytest.mark.peer
@pytest.mark.parametrize(
    ("order", "within_s", "word"),
    [(1, 20, "not licensed"), (2, 20, "signal 6"), (3, 1.0, "did not end within 1 s")],
    ids=["not-licensed", "crash", "hung"],
)
def test_a_library_that_fails_costs_a_picture_and_nothing_else(library, order, within_s, word):
    made = portrait(photo(order), library, within_s=within_s)
    assert made.picture is None
    assert made.result is Result.WARN
    assert "photo not decodable" in made.reason
    assert word in made.reason


@pytest.mark.peer
def test_a_file_that_is_no_library(tmp_path):
    (tmp_path / "lib.so").write_bytes(b"nothing")
    made = portrait(photo(), str(tmp_path / "lib.so"), within_s=20)
    assert made.picture is None
    assert "could not be used" in made.reason


def test_without_a_library():
    made = portrait(photo(), "")
    assert (made.picture, made.result) == (None, Result.NOT_DONE)
    assert made.reason.startswith("photo not decodable")

"""GB 11643-1999: the citizen's number, at the reader's front door."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.card_reader import Sex, number_birth, number_is_valid, number_sex

# GB 11643-1999, the standard's own examples
STANDARD = ("11010519491231002X", "440524188001010014")
# Numbers of residents from Hong Kong, Macau and Taiwan (synthetic), and one of a foreign permanent resident (synthetic)
OTHERS = ("34052419800101001X", "810000199001010019", "820000199001010037", "830000199001010020", "911156819890101004")


@pytest.mark.parametrize("number", STANDARD + OTHERS)
def test_examples_are_valid(number):
    assert number_is_valid(number)


def test_a_small_x_counts():
    assert number_is_valid("11010519491231002x")


def test_birth_and_sex_of_the_standards_examples():
    # "某女性公民 ... 1949年12月31日", "某男性公民 ... 1880年1月1日"
    assert (number_birth(STANDARD[0]), number_sex(STANDARD[0])) == (date(1949, 12, 31), Sex.FEMALE)
    assert (number_birth(STANDARD[1]), number_sex(STANDARD[1])) == (date(1880, 1, 1), Sex.MALE)


@pytest.mark.parametrize(
    "number", ["", "x", "1101051949123100", "11010519491231002X ", "1101051949123100２X", "110105491231002"]
)
def test_other_shapes_are_refused(number):
    assert not number_is_valid(number)
    with pytest.raises(ValueError, match="holds no"):
        number_birth(number)
    with pytest.raises(ValueError, match="holds no"):
        number_sex(number)


def test_a_birth_date_that_never_was_is_refused():
    digits = "11010520230230002"
    for check in "0123456789X":
        assert not number_is_valid(digits + check)


def test_a_foreign_residents_number_tells_neither_birth_nor_sex():
    for question in (number_birth, number_sex):
        with pytest.raises(ValueError, match="holds no"):
            question("911156819890101004")


def test_an_error_does_not_repeat_the_number():
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is what is looked at
        number_birth("11010519491331002X")
    assert "1949" not in str(caught.value)


@given(st.sampled_from(STANDARD), st.integers(0, 17), st.sampled_from("0123456789X"))
def test_any_single_wrong_character_is_found(number, place, character):
    """ISO 7064 MOD 11-2 finds every single substitution."""
    wrong = number[:place] + character + number[place + 1 :]
    assert number_is_valid(wrong) == (wrong == number)


@given(st.sampled_from(STANDARD), st.integers(0, 16))
def test_any_swap_of_neighbours_is_found(number, place):
    wrong = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    assert number_is_valid(wrong) == (wrong == number)


@given(st.text(max_size=20))
def test_any_text_gives_an_answer(text):
    assert number_is_valid(text) in (True, False)

"""The machine readable zone: the specimens of Doc 9303-3 to -6 and 9303-11 appendix D, and the mainland's permits."""

import contextlib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.card_reader import CardUnreadable, MrzKey, Result, Sex
from hardware.card_reader.emrtd.mrz import check_digit, information, key_information, parse

TODAY = date(2026, 3, 1)

# Doc 9303-4, appendix B; 9303-5, appendix B; 9303-6, appendix B: the specimen of Utopia
TD3 = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"
TD1 = "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<"
TD2 = "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\nD231458907UTO7408122F1204159<<<<<<<6"
# Doc 9303-11, D.2: numbers of more than nine characters
LONG_TD1 = "I<UTOD23145890<7349<<<<<<<<<<<3407127M9507122UTO<<<<<<<<<<<2STEVENSON<<PETER<JOHN<<<<<<<<<"
LONG_TD2 = "I<UTOSTEVENSON<<PETER<JOHN<<<<<<<<<<D23145890<UTO3407127M95071227349<<<8"


def failed(zone) -> set[str]:
    return {check.name for check in zone.checks if check.result is not Result.PASS}


def digits(*parts: str) -> str:
    return "".join(part + check_digit(part) for part in parts)


def test_the_passport_of_utopia():
    zone = parse(TD3, TODAY)
    assert (zone.layout, zone.document_code, zone.issuing_state, zone.nationality) == ("TD3", "P", "UTO", "UTO")
    assert (zone.number, zone.optional, zone.sex) == ("L898902C3", "ZE184226B", Sex.FEMALE)
    assert (zone.primary, zone.secondary, zone.latin_name) == ("ERIKSSON", "ANNA MARIA", "ERIKSSON ANNA MARIA")
    assert (zone.birth, zone.expiry) == (date(1974, 8, 12), date(2012, 4, 15))
    assert [check.name for check in zone.checks] == [
        "mrz_number", "mrz_birth", "mrz_expiry", "mrz_optional", "mrz_composite",
    ]  # fmt: skip
    assert not failed(zone)
    assert zone.chinese_name == ""


@pytest.mark.parametrize("text", [TD1, TD2])
def test_the_cards_of_utopia(text):
    zone = parse(text, TODAY)
    assert (zone.document_code, zone.issuing_state, zone.number, zone.sex) == ("I", "UTO", "D23145890", Sex.FEMALE)
    assert (zone.latin_name, zone.birth, zone.expiry) == ("ERIKSSON ANNA MARIA", date(1974, 8, 12), date(2012, 4, 15))
    assert not failed(zone)


@pytest.mark.parametrize("text", [LONG_TD1, LONG_TD2])
def test_a_number_that_goes_on_in_the_optional_data(text):
    # D.2: document number D23145890734, check digit 9, date of birth 340712 7, date of expiry 950712 2;
    # MRZ_information = 'D23145890734934071279507122'
    zone = parse(text, TODAY)
    assert zone.number == "D23145890734"
    assert zone.information == "D23145890734934071279507122"
    assert zone.optional == ""
    assert not failed(zone)
    assert key_information(MrzKey("D23145890734", date(1934, 7, 12), date(1995, 7, 12))) == zone.information


def test_information_of_appendix_d2():
    # D.2, 1: 'L898902C<369080619406236', document number padded to nine with a filler
    assert information("L898902C", "690806", "940623") == "L898902C<369080619406236"
    assert key_information(MrzKey("l898902c", date(1969, 8, 6), date(1994, 6, 23))) == "L898902C<369080619406236"
    # G.1: 'T220001293' || '6408125' || '1010318'
    assert information("T22000129", "640812", "101031") == "T22000129364081251010318"


def test_check_digits_of_9303_3():
    # 9303-3, 4.9, examples: 520727 -> 3; AB2134<<< -> 5; HA672242<6YTO5802254M9601086<<<<<<<<<<<<<< (composite) -> 8
    assert check_digit("520727") == "3"
    assert check_digit("AB2134<<<") == "5"
    assert check_digit("HA672242<658022549601086<<<<<<<<<<<<<<0") == "8"
    with pytest.raises(ValueError, match="character"):
        check_digit("ab")


def test_a_wrong_digit_fails_its_own_check_and_no_other():
    zone = parse(TD3.replace("7408122F", "7408123F"), TODAY)
    assert failed(zone) == {"mrz_birth", "mrz_composite"}
    assert zone.number == "L898902C3"


def test_an_empty_personal_number_may_have_a_filler_for_its_digit():
    lower = "L898902C36UTO7408122F1204159" + "<" * 14 + "<"
    lower += check_digit(lower[0:10] + lower[13:20] + lower[21:43])
    assert not failed(parse(TD3[:45] + lower, TODAY))


def test_a_chinese_passport_has_its_holders_name_in_ideographs():
    # Ordinary passports of the People's Republic have three characters of the name in the optional data
    upper = "P<CHNZHENGJIAN<<YANGBEN<<<<<<<<<<<<<<<<<<<<<"
    lower = f"{digits('E00000000')}CHN{digits('800830')}F{digits('320411')}{digits('NGKELMPONBPJB9')}"
    zone = parse(upper + lower + check_digit(lower[0:10] + lower[13:20] + lower[21:43]), TODAY)
    assert not failed(zone)
    assert zone.chinese_name == "证件样"
    assert zone.latin_name == "ZHENGJIAN YANGBEN"


def to_hong_kong(name: str = "NGKELMPONBPJ", sex: str = "F") -> str:
    number, expiry, birth = digits("C12345678"), digits("341201"), digits("900101")
    upper = f"CS{number}<{expiry}<{birth}<{check_digit(number + expiry + birth)}"
    return upper + f"{name:<<12}ZHENGJIAN<<YANGBEN" + f"{sex:<<30}"


def test_the_permit_to_hong_kong_has_expiry_before_birth():
    zone = parse(to_hong_kong(), TODAY)
    assert (zone.layout, zone.document_code, zone.issuing_state) == ("CN_PERMIT", "CS", "CHN")
    assert (zone.number, zone.birth, zone.expiry) == ("C12345678", date(1990, 1, 1), date(2034, 12, 1))
    assert (zone.chinese_name, zone.latin_name, zone.sex) == ("证件样", "ZHENGJIAN YANGBEN", Sex.FEMALE)
    assert not failed(zone)
    # The keys are made in the usual order all the same: number, birth, expiry.
    assert zone.information == digits("C12345678", "900101", "341201")


@pytest.mark.parametrize(
    ("letters", "name"), [("NFMF", "张"), ("NFMFNDKC", "张英"), ("", ""), ("PPPP", ""), ("NFM", "")]
)
def test_names_in_letters(letters, name):
    # GBK: 张 D5C5, 英 D3A2; each half byte is a letter from A on
    assert parse(to_hong_kong(letters), TODAY).chinese_name == name


def test_newer_numbers_have_two_letters():
    text = to_hong_kong()
    number = digits("CA1234567")
    upper = f"CS{number}{text[12:29]}" + check_digit(number + text[13:20] + text[21:28])
    zone = parse(upper + text[30:], TODAY)
    assert (zone.number, failed(zone)) == ("CA1234567", set())


@pytest.mark.parametrize(
    ("code", "number", "identity", "tail", "optional"),
    [("CR", "H12345678", "K1234567<", "<<<<", "01 K1234567"), ("CT", "12345678<", "A12345678", "3702", "01 A12345678")],
)
def test_permits_of_residents_from_there(code, number, identity, tail, optional):
    number, renewals, expiry, birth = digits(number), digits("01"), digits("330630"), digits("000229")
    upper = f"{code}{number}{renewals}{expiry}M{birth}"
    second = identity + check_digit(identity)
    middle = f"NFMFNDKC{'<' * 10}C{second}" + check_digit(upper[2:22] + upper[23:30] + second)
    zone = parse(upper + middle + f"{'ZHANG<<YING':<<26}" + tail, TODAY)
    assert (zone.layout, zone.document_code, zone.chinese_name) == ("CN_PERMIT", code, "张英")
    assert (zone.number, zone.sex) == (number[:9].strip("<"), Sex.MALE)
    assert (zone.birth, zone.expiry) == (date(2000, 2, 29), date(2033, 6, 30))
    assert zone.latin_name == "ZHANG YING"
    assert zone.optional.startswith(optional)
    assert not failed(zone)


def test_the_permit_of_1999():
    # GA/T 704.14-2015, 4.1: 'C<', then 'CHN'; second line: birth, sex, expiry, number of eleven characters, centuries
    middle = f"{digits('320101')}F{digits('130630')}{digits('H1234567800')}12"
    zone = parse(f"{'C<CHN':<<30}" + middle + "0" + f"{'CHAN<<TAI<MAN':<<30}", TODAY)
    assert (zone.layout, zone.number, zone.sex) == ("CN_PERMIT", "H1234567800", Sex.FEMALE)
    assert (zone.birth, zone.expiry, zone.latin_name) == (date(1932, 1, 1), date(2013, 6, 30), "CHAN TAI MAN")
    assert not failed(zone)


def test_a_card_of_another_state_with_such_a_code_is_td1():
    assert parse("CR" + TD1[2:], TODAY).layout == "TD1"


@pytest.mark.parametrize(
    ("birth", "expiry", "expected"),
    [
        ("260301", "260301", (date(2026, 3, 1), date(2026, 3, 1))),  # born today
        ("260302", "760301", (date(1926, 3, 2), date(2076, 3, 1))),
        ("000229", "770101", (date(2000, 2, 29), date(1977, 1, 1))),
        ("7408<<", "<<<<<<", (None, None)),
        ("990231", "991301", (None, None)),
    ],
)
def test_centuries_are_resolved_against_today(birth, expiry, expected):
    text = TD3.replace("7408122", digits(birth)).replace("1204159", digits(expiry))
    zone = parse(text, TODAY)
    assert (zone.birth, zone.expiry) == expected


@pytest.mark.parametrize("text", ["", TD3[:-1], TD1 + "<", TD3.replace("E", "e"), TD3.replace("A", "Ａ")])
def test_other_shapes_are_unreadable_and_the_error_holds_no_name(text):
    with pytest.raises(CardUnreadable) as caught:
        parse(text, TODAY)
    assert "ERIKSSON" not in str(caught.value).upper()


def test_a_zone_does_not_show_its_holder():
    assert "ERIKSSON" not in repr(parse(TD3, TODAY))


CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<"


@given(st.sampled_from([72, 88, 90]).flatmap(lambda size: st.text(CHARACTERS, min_size=size, max_size=size)))
def test_any_zone_of_the_right_size_is_decoded(text):
    zone = parse(text, TODAY)
    assert zone.text == text
    assert zone.birth is None or zone.birth <= TODAY or zone.layout == "CN_PERMIT"


@given(st.text(max_size=120))
def test_any_text_is_decoded_or_refused(text):
    with contextlib.suppress(CardUnreadable):
        assert parse(text, TODAY).text.isascii()

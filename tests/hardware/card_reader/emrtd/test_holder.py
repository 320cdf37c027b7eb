"""Which source of a chip wins for which field of the document."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from hardware.card_reader import Document, DocumentKind, Result
from hardware.card_reader.emrtd import mrz
from hardware.card_reader.emrtd.holder import document, kind_of
from hardware.card_reader.emrtd.virtual_lds import Holder, dg2, dg11, dg12, td1, td3, travel_permit

from .driving import portrait

TODAY = date(2026, 3, 1)


def made(holder: Holder, write=td3, groups=None) -> Document:
    zone = mrz.parse(write(holder), TODAY)
    return document(zone, {11: dg11(holder)} if groups is None else groups, (), TODAY, "bac")


def check_of(one: Document, name: str) -> Result:
    return next(check.result for check in one.checks if check.name == name)


def test_a_passport_has_no_citizens_number_but_a_valid_personal_one():
    short = Holder()
    for number, expected in (("11010519491231002X", "11010519491231002X"), ("110105194912310021", ""), ("ZE1842", "")):
        zone = mrz.parse(td3(short), TODAY)
        details = dg11(replace(short, personal_number=number))
        one = document(zone, {11: details}, (), TODAY, "bac")
        assert (one.number, one.card_number) == (expected, "L898902C3")


def test_the_name_in_the_holders_script_wins():
    assert made(replace(Holder(), local_name="ЕРИКССОН<<АННА")).name == "ЕРИКССОН АННА"
    assert made(replace(Holder(), local_name="张<<伟")).name == "张伟"
    one = made(replace(Holder(), local_name="张<<伟"), groups={})
    assert (one.name, one.latin_name) == ("ERIKSSON ANNA MARIA",) * 2


def test_a_long_name_is_whole_in_dg11():
    # Doc 9303-4, 4.2.3: names that do not fit are cut; DG11 has them whole
    long = replace(Holder(), primary="NILAVADHANANANDA", secondary="CHAYAPA DEJTHAMRONG KRASUANG PHRAYA")
    whole = f"{long.primary} {long.secondary}"
    one = made(replace(long, local_name=f"{long.primary}<<{long.secondary.replace(' ', '<')}"))
    assert one.latin_name == one.name == whole
    assert len(mrz.parse(td3(long), TODAY).latin_name) < len(whole)
    assert made(replace(Holder(), local_name="SOMEBODY<<ELSE<COMPLETELY<DIFFERENT")).latin_name == "ERIKSSON ANNA MARIA"


def test_dg11_knows_the_century_of_a_birth_and_nothing_else_about_it():
    old = replace(Holder(), birth=date(1925, 5, 6))  # the zone alone would say 2025
    zone = mrz.parse(td3(old), TODAY)
    assert zone.birth == date(2025, 5, 6)

    def with_birth(day: date) -> Document:
        details = bytes.fromhex("5C025F2B 5F2B08") + f"{day:%Y%m%d}".encode()
        return document(zone, {11: b"\x6b" + bytes((len(details),)) + details}, (), TODAY, "bac")

    assert with_birth(date(1925, 5, 6)).birth == date(1925, 5, 6)
    assert with_birth(date(1925, 5, 7)).birth == date(2025, 5, 6)


@pytest.mark.parametrize(
    ("write", "kind"),
    [
        (td3, DocumentKind.PASSPORT),
        (td1, DocumentKind.IDENTITY_CARD),
        (travel_permit, DocumentKind.TRAVEL_PERMIT),
    ],
)
def test_kinds(write, kind):
    assert kind_of(mrz.parse(write(replace(Holder(), number="C12345678")), TODAY)) is kind


def test_issuer_and_dates():
    one = made(Holder(), groups={12: dg12("Utopia Passport Office", date(2024, 5, 1))})
    assert (one.issuer, one.valid_from, one.valid_to) == ("Utopia Passport Office", date(2024, 5, 1), date(2034, 4, 15))
    assert made(Holder(), groups={}).issuer == "UTO"


def test_a_portrait_that_does_not_decode_is_kept_raw_and_told():
    picture = portrait(width=32, height=40)
    one = made(Holder(), groups={2: dg2(picture, width=32, height=40)})
    assert (one.portrait, one.portrait_raw, check_of(one, "portrait_decoded")) == (picture, None, Result.PASS)
    broken = picture[:200]
    one = made(Holder(), groups={2: dg2(broken, width=32, height=40)})
    assert (one.portrait, one.portrait_raw, check_of(one, "portrait_decoded")) == (None, broken, Result.WARN)
    assert check_of(made(Holder(), groups={}), "portrait_decoded") is Result.NOT_DONE


def test_jpeg_2000_becomes_jpeg_and_the_chips_own_is_kept():
    picture = portrait("JPEG2000", 32, 40)
    one = made(Holder(), groups={2: dg2(picture, width=32, height=40)})
    assert one.portrait.startswith(b"\xff\xd8\xff")
    assert one.portrait_raw == picture


def test_wrong_check_digits_are_named():
    text = td3(Holder()).replace("7408122F", "7408123F")
    one = document(mrz.parse(text, TODAY), {}, (), TODAY, "bac")
    (check,) = [check for check in one.checks if check.name == "mrz_check_digits"]
    assert (check.result, check.reason) == (Result.FAIL, "wrong for: birth, composite")


@pytest.mark.parametrize(("today", "result"), [(date(2034, 4, 15), Result.PASS), (date(2034, 4, 16), Result.FAIL)])
def test_the_day_of_expiry_still_counts(today, result):
    zone = mrz.parse(td3(Holder()), TODAY)
    assert check_of(document(zone, {}, (), today, "bac"), "expired") is result


def test_a_name_that_fills_its_field_may_go_on():
    permit = replace(Holder(), primary="ZHENG", secondary="YANG", number="C12345678", local_name="证件样")
    assert check_of(made(permit, travel_permit, {}), "name_whole") is Result.NOT_DONE  # three characters have room
    assert check_of(made(replace(permit, local_name="证件"), travel_permit, {}), "name_whole") is Result.PASS
    assert check_of(made(replace(permit, local_name="证件样本"), travel_permit), "name_whole") is Result.PASS  # DG11
    assert check_of(made(Holder(), groups={}), "name_whole") is Result.PASS
    long = replace(Holder(), primary="NILAVADHANANANDA", secondary="CHAYAPA DEJTHAMRONG KRASUANG PHRAYA")
    assert check_of(made(long, groups={}), "name_whole") is Result.NOT_DONE

"""Which document leads to which key, how it is masked, and what of it may be believed."""

from __future__ import annotations

import datetime as dt
import typing
from typing import Any

import pytest

from backend import bodies
from hardware.card_reader import Check, Document, DocumentKind, Result, Sex
from kiosk.uplink.bodies import RegistryKey
from kiosk.visit.documents import (
    TABLE,
    has_proven_portrait,
    mask_key,
    objection,
    registry_key,
    shapes,
    spoken_key,
    typed_key,
)
from tests.kiosk.visit.hall import CATALOGUES

EVERY = tuple(DocumentKind)


def document(kind: DocumentKind, **changes: Any) -> Document:
    values = {"number": "", "name": "ERIKSSON ANNA MARIA", "sex": Sex.FEMALE, "birth": dt.date(1974, 8, 12)} | changes
    return Document(kind, **values)


def test_every_kind_has_its_row_and_the_platform_knows_its_key() -> None:
    assert set(TABLE) == set(DocumentKind)
    assert {row.key for row in TABLE.values()} == set(typing.get_args(bodies.KeyKind))


@pytest.mark.parametrize(
    ("kind", "changes", "key"),
    [
        ("RESIDENT_ID_CARD", {"number": "11010519491231002x"}, ("citizen", "11010519491231002X", "")),
        ("SOCIAL_SECURITY_CARD", {"number": "11010519491231002X", "card_number": "A1"},
         ("citizen", "11010519491231002X", "")),
        ("RESIDENCE_PERMIT", {"number": "810000199001010019", "card_number": "H12345678"},
         ("residence_permit", "810000199001010019", "")),
        ("PERMANENT_RESIDENCE_CARD", {"number": "911156819890101004", "nationality": "UTO"},
         ("permanent_residence", "911156819890101004", "")),
        ("PASSPORT", {"number": "11010519491231002X", "card_number": "L898902C3", "nationality": "UTO"},
         ("passport", "L898902C3", "UTO")),
        ("TRAVEL_PERMIT", {"card_number": "C12345678", "nationality": "CHN"}, ("travel_permit", "C12345678", "")),
        ("IDENTITY_CARD", {"card_number": "D231 45890<", "nationality": "D"}, ("identity_card", "D23145890", "D")),
        ("THAI_ID_CARD", {"number": "9999900000001"}, ("thai_id", "9999900000001", "")),
        ("NHI_CARD", {"number": "Z299999992", "card_number": "000099990001"}, ("taiwan_id", "Z299999992", "")),
    ],
)  # fmt: skip
def test_keys(kind: str, changes: dict[str, Any], key: tuple[str, str, str]) -> None:
    found = registry_key(document(DocumentKind[kind], **changes))
    assert found is not None
    assert (found.kind, found.value, found.nationality) == key
    # What the booth asks, the platform takes.
    assert bodies.RegistryKey(kind=found.kind, value=found.value, nationality=found.nationality)


def test_a_passport_without_a_country_leads_to_nobody() -> None:
    assert registry_key(document(DocumentKind.PASSPORT, card_number="L898902C3")) is None
    assert registry_key(document(DocumentKind.PASSPORT, number="11010519491231002X", nationality="UTO")) is None


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        ("11010519491231002X", "citizen"), ("810000199001010019", "residence_permit"),
        ("820000199001010037", "residence_permit"), ("830000199001010020", "residence_permit"),
        ("911156819890101004", "permanent_residence"),
    ],
)  # fmt: skip
def test_a_typed_number_says_what_it_is(number: str, kind: str) -> None:
    assert typed_key(number) == RegistryKey(kind=kind, value=number)


@pytest.mark.parametrize(
    ("value", "masked", "said"),
    [
        ("11010519491231002X", "110***********002X", "110***********002X"),
        ("UTO110090123105", "UTO********3105", "UTO********3105"),
        ("L898902C3", "L******C3", "starts with L, ends with C 3"),
        ("9999900000001", "9**********01", "starts with 9, ends with 0 1"),
        ("12345", "*****", "*****"),
    ],
)
def test_masks(value: str, masked: str, said: str) -> None:
    found = mask_key(RegistryKey(kind="passport", value=value))
    assert found == masked
    assert spoken_key(found, CATALOGUES.text("en")) == said


def test_a_key_prints_without_its_number() -> None:
    assert "L898902C3" not in repr(RegistryKey(kind="passport", value="L898902C3", nationality="UTO"))


def checked(kind: DocumentKind = DocumentKind.PASSPORT, **results: Result) -> Document:
    checks = tuple(Check(name, result) for name, result in results.items())
    return document(kind, card_number="L898902C3", number="11010519491231002X", nationality="UTO", checks=checks)


@pytest.mark.parametrize(
    ("results", "accepted", "trouble"),
    [
        ({}, EVERY, ""),
        ({"csca_trust": Result.WARN, "sod_signature": Result.PASS}, EVERY, ""),
        ({"csca_trust": Result.NOT_DONE}, EVERY, ""),
        ({}, (DocumentKind.RESIDENT_ID_CARD,), "document_not_taken"),
        ({"expired": Result.FAIL, "dg_hashes": Result.FAIL}, EVERY, "document_expired"),
        ({"number_checksum": Result.FAIL}, EVERY, "card_unreadable"),
        *(
            ({name: Result.FAIL}, EVERY, "document_doubtful")
            for name in ("dg_hashes", "sod_signature", "chip_authentication", "active_authentication", "csca_trust")
        ),
    ],
)
def test_objections(results: dict[str, Result], accepted: tuple[DocumentKind, ...], trouble: str) -> None:
    assert objection(checked(**results), accepted) == trouble


def test_only_a_portrait_that_somebody_vouches_for_is_compared() -> None:
    proof = {"dg_hashes": Result.PASS, "sod_signature": Result.PASS, "csca_trust": Result.PASS}
    assert has_proven_portrait(checked(**proof))
    for name in proof:
        assert not has_proven_portrait(checked(**(proof | {name: Result.WARN})))
    assert not has_proven_portrait(checked())
    assert has_proven_portrait(checked(DocumentKind.RESIDENT_ID_CARD))  # the SAM module does
    assert not has_proven_portrait(checked(DocumentKind.THAI_ID_CARD))
    assert not has_proven_portrait(checked(DocumentKind.SOCIAL_SECURITY_CARD))


def test_shapes() -> None:
    assert shapes(["passport"]) == ("booklet",)
    assert shapes(kind.value for kind in EVERY) == ("card", "booklet")
    assert shapes(["thai_id_card", "identity_card"]) == ("card",)

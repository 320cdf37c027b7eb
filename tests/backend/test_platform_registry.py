"""What the registry answers, and that every answer leaves an audit row without personal data."""

from __future__ import annotations

import base64
import datetime as dt
import io
from typing import Any

import pytest
from PIL import Image
from pydantic import ValidationError
from sqlalchemy import select

from backend import bodies, enquiries, registry, tables
from backend.problems import Problem
from tests.backend.serving import CHEN, NOBODY, WANG, ZHANG, ZHAO, InProcess, citizen


def lookup(inside: InProcess, number: str, service: str = "pension-alive") -> bodies.Resident:
    return registry.lookup(inside.platform, bodies.Lookup(booth="B7", visit="v1", key=citizen(number), service=service))


def enquire(
    inside: InProcess,
    number: str = WANG,
    *,
    service: str = "contribution-certificate",
    language: str = "zh",
    **changes: str,
) -> bodies.EnquiryAnswer:
    answers = {"insurance": "pension", "period": "last_12", **changes}
    ask = {"booth": "B7", "visit": "v1", "key": citizen(number), "answers": answers, "language": language}
    return enquiries.answer(inside.platform, service, bodies.Enquiry.model_validate(ask))


def months(answer: bodies.EnquiryAnswer) -> list[str]:
    return [row.label for row in answer.rows if row.label.startswith("20")]


def test_zhang_has_everything(inside: InProcess) -> None:
    found = lookup(inside, ZHANG)
    assert (found.name, found.birth, found.sex) == ("张秀英", dt.date(1949, 12, 31), "F")
    assert (found.phone, found.phone_masked, found.has_phone) == ("13800138000", "138****8000", True)
    assert found.facts == {"pension": True, "confirmed_until": None}
    portrait = Image.open(io.BytesIO(base64.b64decode(found.portrait or "")))
    assert (portrait.format, portrait.size) == ("JPEG", (102, 126))


def test_zhao_has_neither_phone_nor_portrait(inside: InProcess) -> None:
    found = lookup(inside, ZHAO)
    assert (found.phone, found.phone_masked, found.phone_token, found.has_phone) == (None, None, None, False)
    assert found.portrait is None


def test_chen_has_a_guardian(inside: InProcess) -> None:
    assert lookup(inside, CHEN, "report-problem").guardian_name == "陈明"


def test_facts_are_those_of_the_service(inside: InProcess) -> None:
    assert lookup(inside, ZHANG, "report-problem").facts == {}
    insurances = ["pension", "medical", "unemployment", "injury", "maternity"]
    assert lookup(inside, WANG, "contribution-certificate").facts == {"insurances": insurances}
    assert lookup(inside, ZHANG, "contribution-certificate").facts == {"insurances": ["medical"]}


def test_whoever_has_no_citizens_number_is_found_by_a_document(inside: InProcess) -> None:
    for key, name in (
        ({"kind": "passport", "value": "L898902C3", "nationality": "UTO"}, "ERIKSSON ANNA MARIA"),
        ({"kind": "identity_card", "value": "D23145890", "nationality": "UTO"}, "ERIKSSON ANNA MARIA"),
        ({"kind": "residence_permit", "value": "810000199001010019"}, "林家豪"),
        ({"kind": "travel_permit", "value": "C12345678"}, "王小雨"),
        ({"kind": "permanent_residence", "value": "911156819890101004"}, "穆丽卡"),
        ({"kind": "permanent_residence", "value": "UTO110090123105"}, "阿丽娅"),
        ({"kind": "taiwan_id", "value": "Z299999992"}, "蔡雅婷"),
        ({"kind": "thai_id", "value": "9999900000001"}, "สมชาย ใจดี"),
    ):
        ask = bodies.Lookup.model_validate({"booth": "B7", "visit": "v1", "key": key, "service": "pension-alive"})
        found = registry.lookup(inside.platform, ask)
        assert (found.name, found.key) == (name, ask.key)


@pytest.mark.parametrize(
    "key",
    [
        {"kind": "passport", "value": "L898902C3"},  # whose?
        {"kind": "citizen", "value": "110105194912319024", "nationality": "CHN"},
        {"kind": "citizen", "value": "L898902C3"},
        {"kind": "residence_permit", "value": "110105194912319024"},
        {"kind": "library_card", "value": "1"},
        {"kind": "passport", "value": "l898902c3", "nationality": "UTO"},
    ],
    ids=str,
)
def test_a_number_that_is_none_of_its_kind_is_refused(key: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        bodies.RegistryKey.model_validate(key)


def test_the_same_number_of_another_country_is_another_passport(inside: InProcess) -> None:
    key = {"kind": "passport", "value": "L898902C3", "nationality": "D"}
    ask = bodies.Lookup.model_validate({"booth": "B7", "visit": "v1", "key": key, "service": "pension-alive"})
    with pytest.raises(Problem, match="unknown-resident"):
        registry.lookup(inside.platform, ask)


def test_unknown_ones_are_named(inside: InProcess) -> None:
    with pytest.raises(Problem, match="unknown-resident"):
        lookup(inside, NOBODY)
    with pytest.raises(Problem, match="unknown-service"):
        lookup(inside, ZHANG, "fortune-telling")


def test_certificate_covers_the_period(inside: InProcess) -> None:
    year = enquire(inside)
    assert (months(year)[0], months(year)[-1], len(months(year))) == ("2026-05", "2025-06", 12)  # it is June 2026
    assert months(year) == sorted(set(months(year)), reverse=True)
    shown = {row.label: row.value for row in year.rows}
    assert shown["2026-05"] == "9350.00 / 2244.00"  # 24 per cent
    assert (shown["险种"], shown["月数"], shown["缴费单位"]) == ("养老保险", "12", "青禾软件技术有限公司")
    everything = enquire(inside, period="all")
    assert len(months(everything)) == 41  # since January 2023
    employers = [row.value for row in everything.rows if row.label == "缴费单位"]
    assert employers == ["青禾软件技术有限公司", "晨光书店有限公司"]
    assert len(months(enquire(inside, period="last_24"))) == 24
    assert year.number in year.verify_url
    assert year.verification_code in year.verify_url
    assert year.verification_code != enquire(inside).verification_code


def test_certificate_speaks_the_residents_language(inside: InProcess) -> None:
    answer = enquire(inside, language="en", insurance="medical")
    assert answer.title == "Contribution certificate"
    assert answer.rows[0].model_dump() == {"label": "Insurance", "value": "Medical"}


@pytest.mark.parametrize("changes", [{"insurance": "fire"}, {"period": "last-12"}], ids=str)
def test_answers_that_are_no_choice_are_refused(inside: InProcess, changes: dict[str, str]) -> None:
    with pytest.raises(Problem, match="bad-request"):
        enquire(inside, **changes)


def test_no_certificate_of_nothing(inside: InProcess) -> None:
    with pytest.raises(Problem, match="nothing-found"):
        enquire(inside, ZHANG)
    with pytest.raises(Problem, match="unknown-resident"):
        enquire(inside, NOBODY)
    with pytest.raises(Problem, match="unknown-service"):
        enquire(inside, service="fortune-telling")


def test_every_enquiry_is_audited_without_personal_data(inside: InProcess) -> None:
    lookup(inside, ZHANG)
    enquire(inside)
    with pytest.raises(Problem):
        lookup(inside, NOBODY)
    with inside.platform.store.begin() as session:
        rows = list(session.scalars(select(tables.AuditRow).order_by(tables.AuditRow.id)))
    found: list[tuple[Any, ...]] = [(row.actor, row.what, row.outcome, row.number_masked, row.visit) for row in rows]
    assert found == [
        ("B7", "lookup", "found", "110***********9024", "v1"),
        ("B7", "enquiry", "answered", "110***********9043", "v1"),
        ("B7", "lookup", "unknown_resident", "110***********9995", "v1"),
    ]
    text = "".join(str(vars(row)) for row in rows)
    assert not any(secret in text for secret in (ZHANG, WANG, "张秀英", "13800138000"))

"""What the registry answers, and that every answer leaves an audit row without personal data."""

from __future__ import annotations

import base64
import datetime as dt
import io
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select

from backend import bodies, registry, tables
from backend.problems import Problem
from tests.backend.serving import CHEN, NOBODY, WANG, ZHANG, ZHAO, InProcess


def lookup(inside: InProcess, number: str, service: str = "pension-alive") -> bodies.Resident:
    return registry.lookup(inside.platform, bodies.Lookup(booth="B7", visit="v1", number=number, service=service))


def certificate(inside: InProcess, number: str = WANG, **changes: str) -> bodies.Certificate:
    ask = {"booth": "B7", "visit": "v1", "number": number, "insurance": "pension", "period": "last-12", **changes}
    return registry.certificate(inside.platform, bodies.CertificateEnquiry.model_validate(ask))


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
    assert lookup(inside, ZHANG, "contribution-certificate").facts == {"insurances": []}


def test_unknown_ones_are_named(inside: InProcess) -> None:
    with pytest.raises(Problem, match="unknown-resident"):
        lookup(inside, NOBODY)
    with pytest.raises(Problem, match="unknown-service"):
        lookup(inside, ZHANG, "fortune-telling")


def test_certificate_covers_the_period(inside: InProcess) -> None:
    year = certificate(inside)
    months = [line.month for line in year.lines]
    assert (months[0], months[-1], year.months_total) == ("2026-05", "2025-06", 12)  # the clock says June 2026
    assert months == sorted(set(months), reverse=True)
    assert (year.lines[0].base, year.lines[0].paid) == ("9350.00", "2244.00")  # 24 per cent
    everything = certificate(inside, period="all")
    assert everything.months_total == 41  # since January 2023
    assert {line.employer for line in everything.lines} == {"晨光书店有限公司", "青禾软件技术有限公司"}
    assert certificate(inside, period="last-24").months_total == 24
    assert year.number in year.verify_url
    assert year.verification_code in year.verify_url
    assert year.verification_code != certificate(inside).verification_code


def test_no_certificate_of_nothing(inside: InProcess) -> None:
    with pytest.raises(Problem, match="no-contributions"):
        certificate(inside, ZHANG)
    with pytest.raises(Problem, match="unknown-resident"):
        certificate(inside, NOBODY)


def test_every_enquiry_is_audited_without_personal_data(inside: InProcess) -> None:
    lookup(inside, ZHANG)
    certificate(inside)
    with pytest.raises(Problem):
        lookup(inside, NOBODY)
    with inside.platform.store.begin() as session:
        rows = list(session.scalars(select(tables.AuditRow).order_by(tables.AuditRow.id)))
    found: list[tuple[Any, ...]] = [(row.actor, row.what, row.outcome, row.number_masked, row.visit) for row in rows]
    assert found == [
        ("B7", "lookup", "found", "110***********9024", "v1"),
        ("B7", "certificate", "issued", "110***********9043", "v1"),
        ("B7", "lookup", "unknown_resident", "110***********9995", "v1"),
    ]
    text = "".join(str(vars(row)) for row in rows)
    assert not any(secret in text for secret in (ZHANG, WANG, "张秀英", "13800138000"))

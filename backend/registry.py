"""The residents' registry: who is behind a number, what the services may know, what was contributed."""

from __future__ import annotations

import base64
import datetime as dt
import secrets
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import bodies, tables
from backend.numbers import masked
from backend.platform import Platform
from backend.problems import Kind, Problem

# employer's and employee's share together, per cent of the base (a plausible city; the figures are fictional)
_RATES = {"pension": "24", "medical": "11.8", "unemployment": "1", "injury": "0.4", "maternity": "0.8"}
_TITLES = {
    "pension": "基本养老保险",
    "medical": "基本医疗保险",
    "unemployment": "失业保险",
    "injury": "工伤保险",
    "maternity": "生育保险",
}
_PERIODS: dict[str, int | None] = {"last-12": 12, "last-24": 24, "all": None}
_BEIJING = dt.timezone(dt.timedelta(hours=8))
_CODE_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # read aloud and typed by people: no 0/O, 1/I


def find(session: Session, number: str) -> tables.Resident | None:
    return session.scalar(select(tables.Resident).where(tables.Resident.number == number))


def lookup(platform: Platform, ask: bodies.Lookup) -> bodies.Resident:
    """Answer an enquiry about a resident, for one service; audited either way."""
    with platform.store.begin() as session:
        service = session.get(tables.Service, ask.service)
        resident = find(session, ask.number)
        outcome = "unknown_service" if service is None else "found" if resident else "unknown_resident"
        platform.audit(session, ask.booth, "lookup", outcome, visit=ask.visit, service=ask.service, number=ask.number)
        facts = _facts(platform, session, resident, ask.service) if service and resident else {}
    if service is None:
        raise Problem(Kind.UNKNOWN_SERVICE)
    if resident is None:
        raise Problem(Kind.UNKNOWN_RESIDENT)
    return bodies.Resident(
        number=resident.number,
        name=resident.name,
        birth=resident.birth,
        sex="M" if resident.sex == "M" else "F",
        address=resident.address,
        has_phone=resident.phone is not None,
        phone=resident.phone,
        phone_masked=masked(resident.phone) if resident.phone else None,
        phone_token=resident.phone_token,
        guardian_name=resident.guardian_name,
        portrait=base64.b64encode(resident.portrait).decode() if resident.portrait else None,
        facts=facts,
    )


def _facts(platform: Platform, session: Session, resident: tables.Resident, service: str) -> dict[str, Any]:
    if service == "pension-alive":
        until = resident.confirmed_until
        is_confirmed = until is not None and until >= today(platform)
        return {
            "pension": resident.has_pension,
            "confirmed_until": until.isoformat() if until and is_confirmed else None,
        }
    if service == "contribution-certificate":
        spans = session.scalars(
            select(tables.ContributionSpan).where(tables.ContributionSpan.number == resident.number)
        )
        paid = {insurance for span in spans for insurance in span.insurances}
        return {"insurances": [insurance for insurance in _RATES if insurance in paid]}
    return {}


def today(platform: Platform) -> dt.date:
    return platform.clock().astimezone(_BEIJING).date()


def certificate(platform: Platform, ask: bodies.CertificateEnquiry) -> bodies.Certificate:
    """Issue a contribution certificate, newest month first; audited either way."""
    service = "contribution-certificate"
    with platform.store.begin() as session:
        resident = find(session, ask.number)
        spans = session.scalars(
            select(tables.ContributionSpan).where(tables.ContributionSpan.number == ask.number)
        ).all()
        lines = _lines([span for span in spans if ask.insurance in span.insurances], ask.insurance, today(platform))
        lines = lines[: _PERIODS[ask.period]]
        outcome = "unknown_resident" if resident is None else "issued" if lines else "no_contributions"
        platform.audit(session, ask.booth, "certificate", outcome, visit=ask.visit, service=service, number=ask.number)
    if resident is None:
        raise Problem(Kind.UNKNOWN_RESIDENT)
    if not lines:
        raise Problem(Kind.NO_CONTRIBUTIONS)
    number = f"C-{today(platform):%Y%m%d}-{secrets.randbelow(10**8):08d}"
    verification_code = "".join(secrets.choice(_CODE_ALPHABET) for _ in range(10))
    return bodies.Certificate(
        title=f"社会保险缴费证明（{_TITLES[ask.insurance]}）",
        number=number,
        verification_code=verification_code,
        verify_url=f"https://booth.example/verify?n={number}&c={verification_code}",
        lines=lines,
        issued_at=platform.clock(),
        months_total=len(lines),
    )


def _lines(spans: list[tables.ContributionSpan], insurance: str, until: dt.date) -> list[bodies.ContributionLine]:
    last_month = (until.replace(day=1) - dt.timedelta(days=1)).strftime("%Y-%m")
    lines: list[bodies.ContributionLine] = []
    for span in spans:
        paid = (Decimal(span.base) * Decimal(_RATES[insurance]) / 100).quantize(Decimal("0.01"))
        month = span.since
        while month <= min(span.until or last_month, last_month):
            lines.append(bodies.ContributionLine(month=month, employer=span.employer, base=span.base, paid=str(paid)))
            year, number = int(month[:4]), int(month[5:])
            month = f"{year + number // 12}-{number % 12 + 1:02d}"
    return sorted(lines, key=lambda line: line.month, reverse=True)

"""Enquiries: questions whose answer is a document now. One function a service; audited either way, never stored."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import bodies, tables
from backend.platform import Platform
from backend.problems import Kind, Problem
from backend.registry import INSURANCES, find, today

# employer's and employee's share together, per cent of the base (a plausible city; the figures are fictional)
_RATES = dict(zip(INSURANCES, ("24", "11.8", "1", "0.4", "0.8"), strict=True))
_NAMES = {
    "zh": dict(zip(INSURANCES, ("养老保险", "医疗保险", "失业保险", "工伤保险", "生育保险"), strict=True)),
    "en": dict(zip(INSURANCES, ("Pension", "Medical", "Unemployment", "Work injury", "Maternity"), strict=True)),
}
_WORDS = {
    "zh": ("社会保险缴费证明", "险种", "缴费单位", "月数", "月份", "基数 / 缴费（元）"),
    "en": ("Contribution certificate", "Insurance", "Employer", "Months", "Month", "Base / paid (yuan)"),
}
_PERIODS: dict[object, int | None] = {"last_12": 12, "last_24": 24, "all": None}
_CODE_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # read aloud and typed by people: no 0/O, 1/I


class _Document(NamedTuple):
    title: str
    rows: list[tuple[str, str]]


class _Month(NamedTuple):
    month: str  # YYYY-MM
    employer: str
    base: str
    paid: str


def answer(platform: Platform, service: str, ask: bodies.Enquiry) -> bodies.EnquiryAnswer:
    """Answer an enquiry. Raises Problem: unknown-service, unknown-resident, nothing-found, bad-request."""
    compose = _SERVICES.get(service)
    with platform.store.begin() as session:
        resident = find(session, ask.key)
        document = compose(session, resident, ask, today(platform)) if compose and resident else None
        outcome = (
            "unknown_service"
            if compose is None
            else "unknown_resident"
            if resident is None
            else "answered"
            if document
            else "nothing_found"
        )
        platform.audit(session, ask.booth, "enquiry", outcome, visit=ask.visit, service=service, number=ask.key.value)
    if compose is None:
        raise Problem(Kind.UNKNOWN_SERVICE)
    if resident is None:
        raise Problem(Kind.UNKNOWN_RESIDENT)
    if document is None:
        raise Problem(Kind.NOTHING_FOUND)
    number = f"C-{today(platform):%Y%m%d}-{secrets.randbelow(10**8):08d}"
    verification_code = "".join(secrets.choice(_CODE_ALPHABET) for _ in range(10))
    return bodies.EnquiryAnswer(
        title=document.title,
        number=number,
        verification_code=verification_code,
        verify_url=f"https://booth.example/verify?n={number}&c={verification_code}",
        rows=[bodies.AnswerRow(label=label, value=value) for label, value in document.rows],
        issued_at=platform.clock(),
    )


def _contribution_certificate(
    session: Session, resident: tables.Resident, ask: bodies.Enquiry, now: dt.date
) -> _Document | None:
    insurance, period = ask.answers.get("insurance"), ask.answers.get("period")
    if insurance not in INSURANCES or period not in _PERIODS:
        raise Problem(Kind.BAD_REQUEST)
    spans = session.scalars(select(tables.ContributionSpan).where(tables.ContributionSpan.number == resident.number))
    months = _months([span for span in spans if insurance in span.insurances], str(insurance), now)[: _PERIODS[period]]
    if not months:
        return None
    title, insurance_word, employer_word, count_word, month_word, paid_word = _WORDS[ask.language]
    employers = list(dict.fromkeys(month.employer for month in months))
    rows = [
        (insurance_word, _NAMES[ask.language][str(insurance)]),
        *((employer_word, employer) for employer in employers),
        (count_word, str(len(months))),
        (month_word, paid_word),
        *((month.month, f"{month.base} / {month.paid}") for month in months),
    ]
    return _Document(title, rows)


def _months(spans: list[tables.ContributionSpan], insurance: str, now: dt.date) -> list[_Month]:
    """Every month paid up to the last whole one, newest first."""
    last = (now.replace(day=1) - dt.timedelta(days=1)).strftime("%Y-%m")
    months: list[_Month] = []
    for span in spans:
        paid = (Decimal(span.base) * Decimal(_RATES[insurance]) / 100).quantize(Decimal("0.01"))
        month = span.since
        while month <= min(span.until or last, last):
            months.append(_Month(month, span.employer, span.base, str(paid)))
            year, number = int(month[:4]), int(month[5:])
            month = f"{year + number // 12}-{number % 12 + 1:02d}"
    return sorted(months, reverse=True)


_SERVICES: dict[str, Callable[[Session, tables.Resident, bodies.Enquiry, dt.date], _Document | None]] = {
    "contribution-certificate": _contribution_certificate,
}

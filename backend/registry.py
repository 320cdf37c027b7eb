"""The residents' registry: who is behind a document's number, what the services may know."""

from __future__ import annotations

import base64
import datetime as dt
from typing import Any

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import bodies, tables
from backend.numbers import masked
from backend.platform import Platform
from backend.problems import Kind, Problem

INSURANCES = ("pension", "medical", "unemployment", "injury", "maternity")
_BEIJING = dt.timezone(dt.timedelta(hours=8))


def find(session: Session, key: bodies.RegistryKey) -> tables.Resident | None:
    row = session.get(tables.ResidentKey, (key.kind, key.value, key.nationality))
    return session.get(tables.Resident, row.resident) if row is not None else None


def lookup(platform: Platform, ask: bodies.Lookup) -> bodies.Resident:
    """Answer an enquiry about a resident, for one service; audited either way."""
    with platform.store.begin() as session:
        service = session.get(tables.Service, ask.service)
        resident = find(session, ask.key)
        outcome = "unknown_service" if service is None else "found" if resident else "unknown_resident"
        platform.audit(
            session, ask.booth, "lookup", outcome, visit=ask.visit, service=ask.service, number=ask.key.value
        )
        facts = _facts(platform, session, resident, ask.service) if service and resident else {}
        has_helper = resident is not None and _has_helper(session, resident)
    if service is None:
        raise Problem(Kind.UNKNOWN_SERVICE)
    if resident is None:
        raise Problem(Kind.UNKNOWN_RESIDENT)
    return bodies.Resident(
        key=ask.key,
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
        has_helper=has_helper,
        facts=facts,
    )


def _has_helper(session: Session, resident: tables.Resident) -> bool:
    return (
        session.scalar(select(tables.Helper.helper).where(tables.Helper.resident == resident.id).limit(1)) is not None
    )


def may_help(platform: Platform, ask: bodies.HelperRequest) -> bodies.Helper:
    """Tell how a helper stands to a resident. Raises Problem unknown-service, unknown-resident, unknown-helper."""
    with platform.store.begin() as session:
        service = session.get(tables.Service, ask.service)
        resident, helper = find(session, ask.key), find(session, ask.helper)
        row = session.get(tables.Helper, (resident.id, helper.id)) if resident and helper else None
        is_adult = helper is not None and _is_adult(helper.birth, today(platform))
        outcome = "allowed" if row is not None and is_adult else "refused"
        platform.audit(
            session, ask.booth, "helper", outcome, visit=ask.visit, service=ask.service, number=ask.key.value
        )
    if service is None or "helper" not in service.identified_by:
        raise Problem(Kind.UNKNOWN_SERVICE)
    if resident is None:
        raise Problem(Kind.UNKNOWN_RESIDENT)
    if row is None or not is_adult:
        raise Problem(Kind.UNKNOWN_HELPER)
    return bodies.Helper.model_validate({"relation": row.relation})


def is_helper(session: Session, resident: tables.Resident, key: object) -> bool:
    """Tell whether ``key`` (as in a transaction's body) is of somebody who may act for ``resident``."""
    try:
        helper = find(session, bodies.RegistryKey.model_validate(key))
    except ValidationError:
        return False
    return helper is not None and session.get(tables.Helper, (resident.id, helper.id)) is not None


def _is_adult(birth: dt.date, now: dt.date) -> bool:
    return now.year - birth.year - ((now.month, now.day) < (birth.month, birth.day)) >= 18


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
        return {"insurances": [insurance for insurance in INSURANCES if insurance in paid]}
    return {}


def today(platform: Platform) -> dt.date:
    return platform.clock().astimezone(_BEIJING).date()

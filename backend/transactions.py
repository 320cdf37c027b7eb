"""Deliveries: an envelope is taken once, opened, judged, answered with a signed acknowledgement; always the same one.

The row is durable before the body is looked at (state processing), so a repeated delivery meets it whatever happened to
the first. A platform that died while processing is overtaken by the booth's next attempt after ``TAKEOVER``.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import enum
import hashlib
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend import bodies, tables
from backend.numbers import receipt_sequence
from backend.platform import Platform
from backend.problems import Kind, Problem
from backend.registry import find, is_helper, today
from backend.sealing import SealError, open_sealed, signed

TAKEOVER = dt.timedelta(seconds=30)
MAX_RANGE = 100_000  # sequences in one reconciliation


class State(enum.Enum):
    PROCESSING = "processing"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


class Reason(enum.Enum):
    """Why a transaction is rejected; words for the booth's message table."""

    UNKNOWN_SERVICE = "unknown-service"
    UNKNOWN_SCHEMA = "unknown-schema"
    CANNOT_OPEN = "cannot-open"
    BAD_BODY = "bad-body"
    NOT_IDENTIFIED = "not-identified"
    UNKNOWN_RESIDENT = "unknown-resident"
    NO_PENSION = "no-pension"


class Opened(BaseModel):
    """The body inside a sealed envelope, schema 1."""

    model_config = ConfigDict(extra="forbid")
    resident: dict[str, Any] | None
    identified_by: Literal["face", "code", "clerk", "helper", "none"]
    helper: dict[str, Any] | None = None
    answers: dict[str, Any]
    photo: str | None
    language: str


def deliver(platform: Platform, envelope: bodies.Envelope) -> tuple[bool, dict[str, Any]]:
    """Take an envelope. Returns (is new, acknowledgement).

    Raises Problem: bad-number, digest-mismatch, key-reused, number-reused, being-processed, bad-request.
    """
    sealed = _sealed(envelope)
    if receipt_sequence(envelope.number, envelope.booth) != envelope.sequence:
        raise Problem(Kind.BAD_NUMBER)
    known = _claim(platform, envelope)
    if known is not None:
        return False, known
    with platform.store.begin() as session:
        row = session.get(tables.Transaction, envelope.key, with_for_update=True)
        if row is None:
            raise Problem(Kind.INTERNAL)
        if row.acknowledgement is None:
            body, reason = _judge(platform, session, envelope, sealed)
            state = State.ACCEPTED if reason is None else State.REJECTED
            row.body, row.state = body, state.value
            fields = {
                "key": row.key,
                "digest": row.digest,
                "number": row.number,
                "state": state.value,
                "reason": reason.value if reason else None,
                "accepted_at": platform.clock().isoformat(timespec="milliseconds"),
            }
            row.acknowledgement = signed(fields, platform.sign_key)
            platform.audit(session, row.booth, "transaction", fields["reason"] or state.value, service=row.service)
        return True, row.acknowledgement


def outcome(platform: Platform, booth: str, key: str) -> dict[str, Any]:
    """Give the acknowledgement of a key. Raises Problem: unknown-key, being-processed."""
    with platform.store.begin() as session:
        row = session.get(tables.Transaction, key)
        if row is None or row.booth != booth:
            raise Problem(Kind.UNKNOWN_KEY)
        if row.acknowledgement is None:
            if platform.clock() - row.received_at >= TAKEOVER:
                raise Problem(Kind.UNKNOWN_KEY)  # processing died: the booth may send it again
            raise Problem(Kind.BEING_PROCESSED)
        return row.acknowledgement


def reconcile(platform: Platform, ask: bodies.ReconciliationRequest) -> bodies.Reconciliation:
    """Compare a booth's range of sequences with ours. Raises Problem bad-request for an empty or huge range."""
    if not 0 <= ask.sequence_to - ask.sequence_from < MAX_RANGE:
        raise Problem(Kind.BAD_REQUEST)
    with platform.store.begin() as session:
        rows = session.execute(
            select(tables.Transaction.sequence, tables.Transaction.number, tables.Transaction.digest).where(
                tables.Transaction.booth == ask.booth,
                tables.Transaction.sequence.between(ask.sequence_from, ask.sequence_to),
            )
        ).all()
    lines = sorted(f"{number}:{digest}\n" for _, number, digest in rows)
    ours = hashlib.sha256("".join(lines).encode()).hexdigest()
    known = {sequence for sequence, _, _ in rows}
    missing = [sequence for sequence in range(ask.sequence_from, ask.sequence_to + 1) if sequence not in known]
    return bodies.Reconciliation(matches=len(rows) == ask.count and ours == ask.digest, missing=missing)


def _sealed(envelope: bodies.Envelope) -> bytes:
    try:
        sealed = base64.b64decode(envelope.sealed, validate=True)
    except (binascii.Error, ValueError):
        raise Problem(Kind.BAD_REQUEST) from None
    if hashlib.sha256(sealed).hexdigest() != envelope.digest:
        raise Problem(Kind.DIGEST_MISMATCH)
    return sealed


def _claim(platform: Platform, envelope: bodies.Envelope) -> dict[str, Any] | None:
    """Make the row, or meet the one that is there: None when this call is to process it, else its acknowledgement."""
    now = platform.clock()
    try:
        with platform.store.begin() as session:
            row = session.get(tables.Transaction, envelope.key, with_for_update=True)
            if row is None:
                session.add(_row(envelope, now))
                return None
            if (row.booth, row.digest, row.number) != (envelope.booth, envelope.digest, envelope.number):
                raise Problem(Kind.KEY_REUSED)
            if row.acknowledgement is not None:
                return row.acknowledgement
            if now - row.received_at < TAKEOVER:
                raise Problem(Kind.BEING_PROCESSED)
            row.received_at = now
            return None
    except IntegrityError:
        pass  # the number is there under another key, or the same key came in twice at this moment
    with platform.store.begin() as session:
        row = session.get(tables.Transaction, envelope.key)
        if row is None:
            raise Problem(Kind.NUMBER_REUSED)
        if (row.booth, row.digest, row.number) != (envelope.booth, envelope.digest, envelope.number):
            raise Problem(Kind.KEY_REUSED)
        if row.acknowledgement is None:
            raise Problem(Kind.BEING_PROCESSED)
        return row.acknowledgement


def _row(envelope: bodies.Envelope, now: dt.datetime) -> tables.Transaction:
    return tables.Transaction(
        key=envelope.key,
        booth=envelope.booth,
        number=envelope.number,
        sequence=envelope.sequence,
        service=envelope.service,
        schema=envelope.schema_,
        digest=envelope.digest,
        created_at=envelope.created_at,
        received_at=now,
        state=State.PROCESSING.value,
        body=None,
        acknowledgement=None,
    )


def _judge(
    platform: Platform, session: Session, envelope: bodies.Envelope, sealed: bytes
) -> tuple[dict[str, Any] | None, Reason | None]:
    service = session.get(tables.Service, envelope.service)
    if service is None:
        return None, Reason.UNKNOWN_SERVICE
    if envelope.schema_ not in service.schemas:
        return None, Reason.UNKNOWN_SCHEMA
    try:
        clear = open_sealed(
            sealed, platform.seal_key, key=envelope.key, service=envelope.service, schema=envelope.schema_
        )
    except SealError:
        return None, Reason.CANNOT_OPEN
    try:
        opened = Opened.model_validate_json(clear)
    except ValidationError:
        return None, Reason.BAD_BODY
    body = opened.model_dump()
    if opened.identified_by not in service.identified_by:
        return body, Reason.NOT_IDENTIFIED
    return body, _effect(platform, session, envelope.service, opened)


def _effect(platform: Platform, session: Session, service: str, opened: Opened) -> Reason | None:
    """What accepting a transaction changes in the registry."""
    if opened.identified_by == "none" or opened.resident is None:
        return None if opened.identified_by == "none" else Reason.BAD_BODY
    try:
        key = bodies.RegistryKey.model_validate(opened.resident.get("key"))
    except ValidationError:
        return Reason.BAD_BODY
    resident = find(session, key)
    if resident is None:
        return Reason.UNKNOWN_RESIDENT
    if opened.identified_by == "helper" and not is_helper(session, resident, opened.helper):
        return Reason.NOT_IDENTIFIED
    if service == "pension-alive":
        if not resident.has_pension:
            return Reason.NO_PENSION
        now = today(platform)
        # valid for 12 months; the 29th of February ends on the 28th
        resident.confirmed_until = now.replace(
            year=now.year + 1, day=28 if (now.month, now.day) == (2, 29) else now.day
        )
    return None

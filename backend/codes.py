"""One-time codes to a registered phone: six digits, five minutes, three attempts, limited by resident and by booth.

The counter is durable before the comparison: a platform that dies in between has counted the attempt.
"""

from __future__ import annotations

import datetime as dt
import enum
import hashlib
import hmac
import math
import secrets

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from backend import bodies, tables
from backend.numbers import masked
from backend.platform import Platform
from backend.problems import Kind, Problem
from backend.registry import find

EXPIRES = dt.timedelta(minutes=5)
RESEND_AFTER = dt.timedelta(seconds=30)
ATTEMPTS = 3
WINDOW = dt.timedelta(hours=1)
PER_RESIDENT = 5
PER_BOOTH = 30


class State(enum.Enum):
    SENT = "sent"
    RIGHT = "right"
    DEAD = "dead"  # three wrong attempts
    REPLACED = "replaced"  # a newer one was sent


class Event(enum.Enum):
    MATCHED = "matched"
    WRONG = "wrong"
    LAST_WRONG = "last_wrong"
    SENT_AGAIN = "sent_again"


TRANSITIONS = {
    (State.SENT, Event.MATCHED): State.RIGHT,
    (State.SENT, Event.WRONG): State.SENT,
    (State.SENT, Event.LAST_WRONG): State.DEAD,
    (State.SENT, Event.SENT_AGAIN): State.REPLACED,
}


def send(platform: Platform, ask: bodies.CodeRequest) -> bodies.CodeSent:
    """Send a code. Raises Problem: unknown-resident, no-phone, rate-limited."""
    now = platform.clock()
    with platform.store.begin() as session:
        resident = find(session, ask.key)
        wait_s = _wait_s(session, resident, ask.booth, now) if resident and resident.phone else 0
        outcome = (
            "unknown_resident"
            if not resident
            else "no_phone"
            if not resident.phone
            else "limited"
            if wait_s
            else "sent"
        )
        platform.audit(session, ask.booth, "code", outcome, visit=ask.visit, number=ask.key.value)
        code_id = secrets.token_urlsafe(16)
        if resident and resident.phone and not wait_s:
            session.execute(
                update(tables.Code)
                .where(tables.Code.number == resident.number, tables.Code.state == State.SENT.value)
                .values(state=TRANSITIONS[State.SENT, Event.SENT_AGAIN].value)
            )
            _send(session, ask, code_id, resident, now)
    if resident is None:
        raise Problem(Kind.UNKNOWN_RESIDENT)
    if resident.phone is None:
        raise Problem(Kind.NO_PHONE)
    if wait_s:
        raise Problem(Kind.RATE_LIMITED, retry_after_s=wait_s)
    return bodies.CodeSent(
        code_id=code_id,
        phone_masked=masked(resident.phone),
        expires_s=int(EXPIRES.total_seconds()),
        resend_after_s=int(RESEND_AFTER.total_seconds()),
    )


def _wait_s(session: Session, resident: tables.Resident, booth: str, now: dt.datetime) -> int:
    """Seconds until another code may be sent; 0 for at once."""
    of_resident, of_booth = tables.Code.number == resident.number, tables.Code.booth == booth
    free_at = max(
        _free_at(session, of_resident, 1, RESEND_AFTER, now),
        _free_at(session, of_resident, PER_RESIDENT, WINDOW, now),
        _free_at(session, of_booth, PER_BOOTH, WINDOW, now),
    )
    return max(0, math.ceil((free_at - now).total_seconds()))


def _free_at(
    session: Session, whose: ColumnElement[bool], limit: int, window: dt.timedelta, now: dt.datetime
) -> dt.datetime:
    """When fewer than ``limit`` codes lie within ``window``."""
    nth_newest = session.scalars(
        select(tables.Code.sent_at).where(whose).order_by(tables.Code.sent_at.desc()).offset(limit - 1).limit(1)
    ).first()
    return now if nth_newest is None else nth_newest + window


def _send(session: Session, ask: bodies.CodeRequest, code_id: str, resident: tables.Resident, now: dt.datetime) -> None:
    code = f"{secrets.randbelow(10**6):06d}"
    session.add(
        tables.Code(
            id=code_id,
            booth=ask.booth,
            visit=ask.visit,
            number=resident.number,
            digest=_digest(code_id, code),
            sent_at=now,
            expires_at=now + EXPIRES,
            attempts=0,
            state=State.SENT.value,
        )
    )
    text = f"【社区服务亭】验证码 {code}，5分钟内有效。您正在社区服务亭办理业务，请勿告诉他人。"
    session.add(tables.Message(at=now, number=resident.number, phone=resident.phone, text=text, code=code))


def verify(platform: Platform, code_id: str, ask: bodies.CodeAttempt) -> bodies.CodeResult:
    """Compare an attempt. Raises Problem: unknown-code, code-dead, code-expired."""
    with platform.store.begin() as session:
        row = _locked(session, code_id, ask)
        if row is None:
            raise Problem(Kind.UNKNOWN_CODE)
        if State(row.state) is not State.SENT or row.attempts >= ATTEMPTS:
            raise Problem(Kind.CODE_DEAD)
        if row.expires_at <= platform.clock():
            raise Problem(Kind.CODE_EXPIRED)
        row.attempts += 1
        attempt, digest = row.attempts, row.digest
    is_right = hmac.compare_digest(digest, _digest(code_id, ask.code))
    event = Event.MATCHED if is_right else Event.LAST_WRONG if attempt >= ATTEMPTS else Event.WRONG
    with platform.store.begin() as session:
        row = _locked(session, code_id, ask)
        if row is None or (state := TRANSITIONS.get((State(row.state), event))) is None:
            raise Problem(Kind.CODE_DEAD)  # replaced in between
        row.state = state.value
        platform.audit(session, ask.booth, "code_attempt", event.value, visit=ask.visit, number=row.number)
    return bodies.CodeResult(is_right=is_right, attempts_left=0 if is_right else ATTEMPTS - attempt)


def _locked(session: Session, code_id: str, ask: bodies.CodeAttempt) -> tables.Code | None:
    return session.scalar(
        select(tables.Code)
        .where(tables.Code.id == code_id, tables.Code.booth == ask.booth, tables.Code.visit == ask.visit)
        .with_for_update()
    )


def _digest(code_id: str, code: str) -> str:
    return hashlib.sha256(f"{code_id}|{code}".encode()).hexdigest()

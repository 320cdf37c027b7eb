"""A remote clerk's approval: the way for those without a face or a phone. All its transitions are in one table."""

from __future__ import annotations

import base64
import datetime as dt
import enum
import secrets

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from backend import bodies, tables
from backend.desk import Pictures
from backend.platform import Platform
from backend.problems import Kind, Problem

EXPIRES = dt.timedelta(minutes=10)  # a booth gives up long before; this clears what a dead booth left


class State(enum.Enum):
    WAITING = "waiting"
    TAKEN = "taken"
    APPROVED = "approved"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Event(enum.Enum):
    TAKE = "take"
    APPROVE = "approve"
    REFUSE = "refuse"
    CANCEL = "cancel"  # by the booth
    EXPIRE = "expire"


TRANSITIONS = {
    (State.WAITING, Event.TAKE): State.TAKEN,
    (State.WAITING, Event.CANCEL): State.CANCELLED,
    (State.WAITING, Event.EXPIRE): State.EXPIRED,
    (State.TAKEN, Event.APPROVE): State.APPROVED,
    (State.TAKEN, Event.REFUSE): State.REFUSED,
    (State.TAKEN, Event.CANCEL): State.CANCELLED,
    (State.TAKEN, Event.EXPIRE): State.EXPIRED,
}
OPEN = (State.WAITING, State.TAKEN)


class NotPossible(Exception):
    """A clerk asked for a step the table does not have, or another clerk has it: the text says which."""


def ask(platform: Platform, request: bodies.ApprovalRequest) -> bodies.Approval:
    """Put a question before the clerks. Raises Problem unknown-service."""
    now = platform.clock()
    with platform.store.begin() as session:
        if session.get(tables.Service, request.service) is None:
            raise Problem(Kind.UNKNOWN_SERVICE)
        _expire(session, now)
        row = tables.Approval(
            id=secrets.token_urlsafe(16),
            **request.model_dump(exclude={"pictures"}),
            state=State.WAITING.value,
            clerk=None,
            asked_at=now,
            expires_at=now + EXPIRES,
            decided_at=None,
        )
        session.add(row)
        session.flush()
        what = "with_pictures" if request.pictures else "waiting"
        platform.audit(session, row.booth, "approval_asked", what, visit=row.visit, service=row.service)
        platform.desk.lay(row.id, now, _decoded(request.pictures))
        return _body(platform, session, row)


def answer(platform: Platform, booth: str, approval_id: str, said: bodies.ClerkAnswer) -> bodies.Approval:
    """Take the resident's answer to a clerk's question. Raises Problem unknown-approval, unknown-question."""
    with platform.store.begin() as session:
        _expire(session, platform.clock())
        row = _of_booth(session, booth, approval_id)
        if not platform.desk.answer(row.id, platform.clock(), said.question_id, said.answer):
            raise Problem(Kind.UNKNOWN_QUESTION)
        return _body(platform, session, row)


def question(platform: Platform, approval_id: str, text: str, clerk: str) -> None:
    """Ask the resident something, as the clerk who has the request; it is asked for no longer than it lies open.

    Raises NotPossible.
    """
    with platform.store.begin() as session:
        _expire(session, platform.clock())
        row = session.scalar(select(tables.Approval).where(tables.Approval.id == approval_id))
        if row is None or State(row.state) is not State.TAKEN or row.clerk != clerk:
            raise NotPossible("take it first")
        if not platform.desk.ask(approval_id, platform.clock(), text):
            raise NotPossible("one question is still open, or there were too many")
        platform.audit(session, clerk, "approval", "asked", visit=row.visit, service=row.service)


def see(platform: Platform, booth: str, approval_id: str) -> bodies.Approval:
    """See how an approval of this booth stands. Raises Problem unknown-approval."""
    with platform.store.begin() as session:
        _expire(session, platform.clock())
        return _body(platform, session, _of_booth(session, booth, approval_id))


def cancel(platform: Platform, booth: str, approval_id: str) -> bodies.Approval:
    """Withdraw an approval; what was decided stays decided. Raises Problem unknown-approval."""
    with platform.store.begin() as session:
        _expire(session, platform.clock())
        row = _of_booth(session, booth, approval_id)
        if (State(row.state), Event.CANCEL) in TRANSITIONS:
            _step(platform, session, row, Event.CANCEL, booth)
        return _body(platform, session, row)


def decide(platform: Platform, approval_id: str, event: Event, clerk: str) -> None:
    """Take, approve or refuse, as ``clerk``; deciding what is still waiting takes it first. Raises NotPossible."""
    with platform.store.begin() as session:
        _expire(session, platform.clock())
        row = session.scalar(select(tables.Approval).where(tables.Approval.id == approval_id).with_for_update())
        if row is None:
            raise NotPossible("no such request")
        if event in (Event.APPROVE, Event.REFUSE) and State(row.state) is State.WAITING:
            _step(platform, session, row, Event.TAKE, clerk)
        if row.clerk not in (None, clerk):
            raise NotPossible("another clerk has taken it")
        _step(platform, session, row, event, clerk)


def pending(platform: Platform) -> list[tables.Approval]:
    """What waits or is taken, oldest first."""
    with platform.store.begin() as session:
        _expire(session, platform.clock())
        open_states = [state.value for state in OPEN]
        rows = select(tables.Approval).where(tables.Approval.state.in_(open_states)).order_by(tables.Approval.asked_at)
        return list(session.scalars(rows))


def _step(platform: Platform, session: Session, row: tables.Approval, event: Event, actor: str) -> None:
    state = TRANSITIONS.get((State(row.state), event))
    if state is None:
        raise NotPossible(f"it is {row.state} already")
    row.state = state.value
    if state is State.TAKEN:
        row.clerk = actor
    elif state not in OPEN:
        row.decided_at = platform.clock()
        platform.desk.drop(row.id)
    session.flush()
    platform.audit(session, actor, "approval", state.value, visit=row.visit, service=row.service)


def _expire(session: Session, now: dt.datetime) -> None:
    open_states = [state.value for state in OPEN]
    session.execute(
        update(tables.Approval)
        .where(tables.Approval.state.in_(open_states), tables.Approval.expires_at <= now)
        .values(state=State.EXPIRED.value, decided_at=now)
        .execution_options(synchronize_session="fetch")
    )


def _of_booth(session: Session, booth: str, approval_id: str) -> tables.Approval:
    row = session.scalar(
        select(tables.Approval)
        .where(tables.Approval.id == approval_id, tables.Approval.booth == booth)
        .with_for_update()
    )
    if row is None:
        raise Problem(Kind.UNKNOWN_APPROVAL)
    return row


def _decoded(pictures: bodies.Pictures | None) -> Pictures | None:
    if pictures is None:
        return None
    try:
        probe, reference = (base64.b64decode(one, validate=True) for one in (pictures.probe, pictures.reference))
    except ValueError:
        raise Problem(Kind.BAD_REQUEST) from None
    return Pictures(probe, reference)


def _body(platform: Platform, session: Session, row: tables.Approval) -> bodies.Approval:
    position = 0
    if State(row.state) is State.WAITING:
        before = select(func.count()).where(
            tables.Approval.state == State.WAITING.value, tables.Approval.asked_at < row.asked_at
        )
        position = (session.scalar(before) or 0) + 1
    line = platform.desk.open_line(row.id, platform.clock())
    asked = {"question_id": line.question_id, "text": line.text} if line else None
    return bodies.Approval.model_validate(
        {"approval_id": row.id, "state": row.state, "clerk": row.clerk, "position": position, "question": asked}
    )

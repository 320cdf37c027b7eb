"""The platform's tables (SQLAlchemy 2), the same on SQLite and PostgreSQL. Changes go through migrations/."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    DateTime,
    Dialect,
    ForeignKey,
    LargeBinary,
    MetaData,
    String,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class UtcTime(TypeDecorator[dt.datetime]):
    """Aware UTC in Python on every database; SQLite keeps no zone by itself."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        return value.astimezone(dt.UTC) if value else None

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar = {
        dt.datetime: UtcTime,
        dict[str, Any]: JSON,
        list[str]: JSON,
        list[int]: JSON,
        list[dict[str, Any]]: JSON,
    }


class Service(Base):
    """A service this platform takes. ``schemas``: of transaction bodies; empty for enquiries."""

    __tablename__ = "services"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    version: Mapped[int]
    is_open: Mapped[bool]
    schemas: Mapped[list[int]]
    identified_by: Mapped[list[str]]


class Resident(Base):
    """A synthetic resident. ``id`` is a word for stories, ``documents`` what their simulated documents carry.

    ``number`` is the registry's own: the citizen's number where there is one, else that of the first document.
    """

    __tablename__ = "residents"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    number: Mapped[str] = mapped_column(String(18), unique=True)
    name: Mapped[str]
    latin_name: Mapped[str]
    nationality: Mapped[str] = mapped_column(String(3))
    birth: Mapped[dt.date]
    sex: Mapped[str] = mapped_column(String(1))
    address: Mapped[str]
    phone: Mapped[str | None]
    phone_token: Mapped[str | None]
    guardian_name: Mapped[str | None]
    portrait: Mapped[bytes | None] = mapped_column(LargeBinary)
    has_pension: Mapped[bool]
    confirmed_until: Mapped[dt.date | None]
    documents: Mapped[list[dict[str, Any]]]
    note: Mapped[str]


class ResidentKey(Base):
    """A number of a document that leads to a resident; somebody may have several. ``nationality``: "" or a country."""

    __tablename__ = "resident_keys"
    kind: Mapped[str] = mapped_column(String(24), primary_key=True)
    value: Mapped[str] = mapped_column(String(22), primary_key=True)
    nationality: Mapped[str] = mapped_column(String(3), primary_key=True)
    resident: Mapped[str] = mapped_column(ForeignKey("residents.id"), index=True)


class Helper(Base):
    """Somebody who may act for a resident. ``relation``: spouse, child, grandchild, guardian or carer."""

    __tablename__ = "helpers"
    resident: Mapped[str] = mapped_column(ForeignKey("residents.id"), primary_key=True)
    helper: Mapped[str] = mapped_column(ForeignKey("residents.id"), primary_key=True)
    relation: Mapped[str] = mapped_column(String(20))


class ContributionSpan(Base):
    """Months (``YYYY-MM``) one employer paid on one base; ``until`` None means still paying."""

    __tablename__ = "contribution_spans"
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(ForeignKey("residents.number"), index=True)
    employer: Mapped[str]
    since: Mapped[str] = mapped_column(String(7))
    until: Mapped[str | None] = mapped_column(String(7))
    base: Mapped[str]
    insurances: Mapped[list[str]]


class Transaction(Base):
    """One envelope and what became of it. Keys are never deleted here (the contract asks for at least 90 days)."""

    __tablename__ = "transactions"
    __table_args__ = (UniqueConstraint("booth", "sequence"),)
    key: Mapped[str] = mapped_column(String(36), primary_key=True)
    booth: Mapped[str] = mapped_column(String(8))
    number: Mapped[str] = mapped_column(String(24), unique=True)
    sequence: Mapped[int]
    service: Mapped[str] = mapped_column(String(40))
    schema: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[dt.datetime]
    received_at: Mapped[dt.datetime]
    state: Mapped[str] = mapped_column(String(12))  # processing | accepted | rejected
    body: Mapped[dict[str, Any] | None]
    acknowledgement: Mapped[dict[str, Any] | None]


class Code(Base):
    """A one-time code; only its digest is kept here."""

    __tablename__ = "codes"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    booth: Mapped[str] = mapped_column(String(8), index=True)
    visit: Mapped[str] = mapped_column(String(64))
    number: Mapped[str] = mapped_column(String(18), index=True)
    digest: Mapped[str] = mapped_column(String(64))
    sent_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    attempts: Mapped[int]
    state: Mapped[str] = mapped_column(String(12))


class Message(Base):
    """The outbox: what a real platform would hand to its message centre. The reference only shows it."""

    __tablename__ = "messages"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[dt.datetime]
    number: Mapped[str] = mapped_column(String(18))
    phone: Mapped[str]
    text: Mapped[str]
    code: Mapped[str | None]


class Approval(Base):
    """A question a booth put before the clerks."""

    __tablename__ = "approvals"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    booth: Mapped[str] = mapped_column(String(8))
    visit: Mapped[str] = mapped_column(String(64))
    service: Mapped[str] = mapped_column(String(40))
    name_masked: Mapped[str]
    number_masked: Mapped[str]
    question: Mapped[str]
    state: Mapped[str] = mapped_column(String(12), index=True)
    clerk: Mapped[str | None]
    asked_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    decided_at: Mapped[dt.datetime | None]


class Clerk(Base):
    __tablename__ = "clerks"
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    password_hash: Mapped[str]
    failures: Mapped[int]
    locked_until: Mapped[dt.datetime | None]


class StaffSession(Base):
    """A clerk who is logged in; the cookie's value is kept as its digest only."""

    __tablename__ = "staff_sessions"
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    clerk: Mapped[str] = mapped_column(ForeignKey("clerks.name"))
    csrf: Mapped[str]
    began_at: Mapped[dt.datetime]
    seen_at: Mapped[dt.datetime]


class AuditRow(Base):
    """Who asked for what, without what was answered."""

    __tablename__ = "audit"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[dt.datetime]
    actor: Mapped[str]
    what: Mapped[str]
    visit: Mapped[str | None]
    service: Mapped[str | None]
    number_masked: Mapped[str | None]
    outcome: Mapped[str]

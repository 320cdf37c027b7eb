"""Tables of what booths report about their sites. ``site_events`` is the record; the rest follows from it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, BigInteger, Float, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from backend.tables import Base


class SiteBooth(Base):
    """A booth as it was last heard. ``committed``: highest row without a gap below it; ``spans``: rows beyond it.

    Whoever takes rows of a booth locks its line here first. ``state``: online, lost, stopped.
    """

    __tablename__ = "site_booths"
    id: Mapped[str] = mapped_column(String(8), primary_key=True)
    grid: Mapped[str] = mapped_column(String(30))
    committed: Mapped[int] = mapped_column(BigInteger)
    spans: Mapped[list[list[int]]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(12))
    state_since: Mapped[dt.datetime]
    heard_at: Mapped[dt.datetime]
    boot: Mapped[str] = mapped_column(String(64))
    session: Mapped[str] = mapped_column(String(64))
    known: Mapped[str] = mapped_column(String(64))  # boot of the birth that is kept here
    newest: Mapped[int] = mapped_column(BigInteger)  # row of the booth's journal, as it said
    clock: Mapped[str] = mapped_column(String(20))
    watch: Mapped[str] = mapped_column(String(12))  # running, silent
    trouble: Mapped[str] = mapped_column(String(40))
    refused: Mapped[int]  # messages that could not be read
    birth: Mapped[dict[str, Any]]


class SiteEvent(Base):
    """One row of a booth's journal, as it was written."""

    __tablename__ = "site_events"
    booth: Mapped[str] = mapped_column(String(24), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    boot: Mapped[str] = mapped_column(Text)
    mono_ms: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[str] = mapped_column(Text)
    clock: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)  # alm, evt, tel, state, cmd, mark
    body: Mapped[str] = mapped_column(Text)  # JSON
    received_at: Mapped[float] = mapped_column(Float(53))  # Unix seconds of the platform


class SiteAlarm(Base):
    """An alarm as the newest row about it has it. ``covers``: word -> [lies on it, row that said so].

    ``waits_since``: nobody has acknowledged since then; ``escalation``: 0, 1 second channel, 2 department.
    """

    __tablename__ = "site_alarms"
    __table_args__ = (Index("ix_site_alarms_state", "state"),)
    booth: Mapped[str] = mapped_column(String(8), primary_key=True)
    key: Mapped[str] = mapped_column(String(100), primary_key=True)
    severity: Mapped[str] = mapped_column(String(12))
    state: Mapped[str] = mapped_column(String(16))
    covers: Mapped[dict[str, Any]]
    seq: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[str] = mapped_column(String(40))
    detail: Mapped[str] = mapped_column(Text)
    who: Mapped[str] = mapped_column(String(100))
    count: Mapped[int]
    waits_since: Mapped[dt.datetime | None]
    escalation: Mapped[int]


class SiteCommand(Base):
    """What staff asked of a booth, and what the booth answered. ``id`` is the idempotency key."""

    __tablename__ = "site_commands"
    __table_args__ = (Index("ix_site_commands_booth_issued_at", "booth", "issued_at"),)
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    booth: Mapped[str] = mapped_column(String(8))
    verb: Mapped[str] = mapped_column(String(16))
    body: Mapped[dict[str, Any]]  # what it is about: key, output, act, for_s
    who: Mapped[str] = mapped_column(String(60))
    reason: Mapped[str] = mapped_column(Text)
    issued_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    sent_at: Mapped[dt.datetime | None]
    result: Mapped[str | None] = mapped_column(String(40))
    text: Mapped[str | None] = mapped_column(Text)
    answered_at: Mapped[dt.datetime | None]


class IngestWorker(Base):
    """An ingest process and when it last said that it works."""

    __tablename__ = "ingest_workers"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    started_at: Mapped[dt.datetime]
    seen_at: Mapped[dt.datetime]

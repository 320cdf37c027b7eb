"""The fleet as staff see it: who is lost, which fire nobody has acknowledged, what was ordered and what came of it.

A booth is lost by silence at our side, on our clock. Commands are kept here until the booth answers them through its
journal; they are said again meanwhile, because a booth does a known id only once. Knows no broker and no page.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
from sqlalchemy import delete, select, update

from backend.platform import Platform
from backend.telemetry_tables import IngestWorker, SiteAlarm, SiteBooth, SiteCommand, SiteEvent

LOST_AFTER = dt.timedelta(seconds=25)  # two heartbeats of 10 s, and the way: found within 30 s
WORKER_SEEN = dt.timedelta(seconds=15)
SAY_AGAIN = dt.timedelta(seconds=10)
LIVES = dt.timedelta(seconds=60)  # a command that is not done by then was meant for another moment
STAGES = ((1, 30, "second channel"), (2, 90, "department"))  # of a fire nobody acknowledges: stage, seconds, whom
LONGEST_S = {"shelve": 8 * 3600, "out_of_service": 24 * 3600, "command": 3600}

MAY_COMMAND = frozenset({"open", "close", "stop", "water", "siren"})  # releases belong to the booth's rules

Verb = Literal["acknowledge", "reset", "shelve", "unshelve", "out_of_service", "in_service", "command"]


class NotOrderedError(ValueError):
    """A command that is not given; the text says why, for the page."""


@dataclass(frozen=True)
class Wish:
    """What staff want: about an alarm (``key``) or an output (``output``, ``act``), for ``for_s`` seconds."""

    verb: Verb
    reason: str
    key: str = ""
    output: str = ""
    act: str = ""
    for_s: float | None = None


@dataclass(frozen=True)
class Order:
    """A command on its way. ``body`` is what the booth reads; ``lives_s`` whole seconds that are left of it."""

    grid: str
    booth: str
    body: bytes
    lives_s: int


def look(platform: Platform, worker: str, started_at: dt.datetime) -> list[str]:
    """What time brings: booths that fell silent, fires that nobody acknowledged. Gives one line for the log of each.

    A worker that has just started has heard nobody yet and calls nobody lost.
    """
    now = platform.clock()
    news: list[str] = []
    with platform.store.begin() as session:
        session.merge(IngestWorker(id=worker, started_at=started_at, seen_at=now))
        session.execute(delete(IngestWorker).where(IngestWorker.seen_at < now - 40 * WORKER_SEEN))
        if now - started_at > LOST_AFTER:
            is_silent = (SiteBooth.state == "online") & (SiteBooth.heard_at < now - LOST_AFTER)
            for name in session.scalars(
                update(SiteBooth).where(is_silent).values(state="lost", state_since=now).returning(SiteBooth.id)
            ):
                news.append(f"{name}: lost")
        waiting = select(SiteAlarm).where(SiteAlarm.severity == "fire", SiteAlarm.waits_since.is_not(None))
        for alarm in session.scalars(waiting.with_for_update()):
            if alarm.covers.get("out_of_service", [False])[0] or alarm.waits_since is None:
                continue
            waits_s = (now - alarm.waits_since).total_seconds()
            for stage, after_s, whom in STAGES:
                if alarm.escalation < stage and waits_s >= after_s:
                    alarm.escalation = stage
                    platform.audit(session, "platform", "site_escalation", f"{alarm.booth}: {whom}")
                    news.append(f"{alarm.booth} {alarm.key}: {whom}")
    return news


def is_ingesting(platform: Platform) -> bool:
    """Somebody takes what booths say: else no booth's silence means anything."""
    with platform.store.begin() as session:
        newest = select(IngestWorker.seen_at).order_by(IngestWorker.seen_at.desc()).limit(1)
        seen = session.scalar(newest)
    return seen is not None and platform.clock() - seen < WORKER_SEEN


def order(platform: Platform, booth: str, wish: Wish, who: str) -> str:
    """Put a command on its way; give its id. Raises NotOrderedError."""
    now = platform.clock()
    with platform.store.begin() as session:
        line = session.get(SiteBooth, booth)
        if line is None:
            raise NotOrderedError("没有这个服务亭。There is no such booth.")
        _check(wish, line.birth)
        known = {"key": wish.key, "output": wish.output, "act": wish.act, "for_s": wish.for_s}
        row = SiteCommand(
            id=str(uuid.uuid4()), booth=booth, verb=wish.verb, who=who, reason=wish.reason.strip(), issued_at=now,
            body={name: value for name, value in known.items() if value not in ("", None)}, expires_at=now + LIVES,
            sent_at=None, result=None, text=None, answered_at=None,
        )  # fmt: skip
        session.add(row)
        platform.audit(session, who, "site_command", f"{booth}: {wish.verb}")
        return row.id


def _check(wish: Wish, birth: dict[str, Any]) -> None:
    if not wish.reason.strip():
        raise NotOrderedError("请写明原因。Say why: it is kept with the act.")
    longest = LONGEST_S.get(wish.verb)
    if wish.verb in ("shelve", "out_of_service") and wish.for_s is None:
        raise NotOrderedError("请写明时长。Say for how long.")
    if wish.for_s is not None and (longest is None or not 0 < wish.for_s <= longest):
        raise NotOrderedError(f"时长不对。At most {longest or 0} s.")
    if wish.verb != "command":
        if not wish.key:
            raise NotOrderedError("请选择报警。Choose an alarm.")
        return
    acts = {one.get("name"): one.get("acts", ()) for one in birth.get("outputs", ())}
    if wish.act not in MAY_COMMAND or wish.act not in acts.get(wish.output, ()):
        raise NotOrderedError("这个设备没有这个动作。The booth has no such output, or it cannot do this.")


def due(platform: Platform) -> list[Order]:
    """Commands to be said now: new ones, and those that nobody answered for a while. They count as said."""
    now = platform.clock()
    with platform.store.begin() as session:
        is_open = SiteCommand.answered_at.is_(None) & (SiteCommand.expires_at > now)
        is_due = SiteCommand.sent_at.is_(None) | (SiteCommand.sent_at < now - SAY_AGAIN)
        rows = list(session.scalars(select(SiteCommand).where(is_open & is_due).limit(500).with_for_update()))
        lines = select(SiteBooth.id, SiteBooth.grid).where(SiteBooth.id.in_({row.booth for row in rows}))
        grids: dict[str, str] = dict(session.execute(lines).all())  # type: ignore[arg-type]
        for row in rows:
            row.sent_at = now
        return [
            Order(grids[row.booth], row.booth, _body(row), max(1, int((row.expires_at - now).total_seconds())))
            for row in rows
            if row.booth in grids
        ]


def _body(row: SiteCommand) -> bytes:
    issued, expires = row.issued_at.timestamp(), row.expires_at.timestamp()
    head = {"id": row.id, "verb": row.verb, "who": row.who, "reason": row.reason, "issued": issued, "expires": expires}
    return msgspec.json.encode(head | row.body)


def start_anew(platform: Platform, booth: str, who: str) -> None:
    """A booth's journal was replaced and counts from 1 again: put its old rows aside under another name and forget
    where it stood. Raises NotOrderedError unless the booth itself said so.
    """
    with platform.store.begin() as session:
        line = session.get(SiteBooth, booth, with_for_update=True)
        if line is None or line.trouble != "journal_behind":
            raise NotOrderedError("这个服务亭没有换过日志。This booth's journal was not replaced.")
        aside = f"{booth}~{platform.clock():%Y%m%d%H%M%S}"
        session.execute(update(SiteEvent).where(SiteEvent.booth == booth).values(booth=aside))
        session.execute(delete(SiteAlarm).where(SiteAlarm.booth == booth))
        line.committed, line.spans, line.trouble, line.known = 0, [], "", ""
        platform.audit(session, who, "site_start_anew", aside)

"""Booths' messages into the database, many at a time, each row once; what may be acknowledged comes out.

One transaction a call (a booth never heard of is entered by one before). It locks the lines of the booths that spoke,
in order of their names, so that any number of workers may do this at once: which rows are here without a gap is decided
under that lock and told after the commit.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from backend.alarm_state import fold, read_alarms, write_alarms
from backend.platform import Platform
from backend.spans import TooScatteredError, covered
from backend.telemetry_tables import SiteBooth, SiteCommand
from backend.telemetry_wire import Birth, Death, Heard, Row, Rows, State

_COLUMNS = ("booth", "seq", "boot", "mono_ms", "at", "clock", "kind", "body", "received_at")
_SQLITE = (
    f"INSERT INTO site_events ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608
    " ON CONFLICT (booth, seq) DO NOTHING"
)
_TYPES = ("text", "bigint", "text", "bigint", "text", "text", "text", "text", "float8")
_POSTGRES = (
    f"INSERT INTO site_events ({', '.join(_COLUMNS)})"  # noqa: S608
    f" SELECT * FROM unnest({', '.join(f'%s::{one}[]' for one in _TYPES)}) ON CONFLICT (booth, seq) DO NOTHING"
)
_BOOTH = SiteBooth.__table__
_COMMAND = SiteCommand.__table__


@dataclass(frozen=True)
class Told:
    """What a booth is told after the commit. ``birth``: the id of the birth that this answers, "" for none."""

    grid: str
    booth: str
    seq: int
    known: str
    birth: str = ""


@dataclass
class _Booth:
    """A booth's line while the transaction has it."""

    values: dict[str, Any]
    rows: list[Row] = field(default_factory=list)
    births: list[str] = field(default_factory=list)
    is_told: bool = False


def take(platform: Platform, messages: Sequence[Heard]) -> list[Told]:
    """Commit what these messages say; give what may be said then. Raises SQLAlchemy's errors: nothing was taken."""
    now = platform.clock()
    by_booth: dict[str, list[Heard]] = defaultdict(list)
    for one in messages:
        by_booth[one.booth].append(one)
    _enter(platform, {name: said[-1].grid for name, said in by_booth.items()}, now)
    with platform.store.engine.begin() as connection:
        booths = {name: _Booth(values) for name, values in _lock(connection, list(by_booth)).items()}
        for name in sorted(by_booth):
            for one in by_booth[name]:
                _apply(booths[name], one, now)
        _insert(connection, {name: booth.rows for name, booth in booths.items()}, now.timestamp())
        _alarms(connection, booths, now)
        _answers(connection, booths, now)
        _put_back(connection, booths)
    return [
        Told(booth.values["grid"], name, booth.values["committed"], booth.values["known"], birth)
        for name, booth in booths.items()
        if booth.is_told or booth.births
        for birth in (booth.births[-1:] or [""])
    ]


def _enter(platform: Platform, grids: dict[str, str], now: dt.datetime) -> None:
    """Have a line for every booth: in a transaction of its own, because a line that is new and one that is locked are
    waited for in no common order."""
    with platform.store.engine.connect() as connection:
        known = set(connection.scalars(select(_BOOTH.c.id).where(_BOOTH.c.id.in_(grids))))
    missing = sorted(grids.keys() - known)
    if not missing:
        return
    blank = {
        "committed": 0, "spans": [], "state": "online", "state_since": now, "heard_at": now, "boot": "",
        "session": "", "known": "", "newest": 0, "clock": "", "watch": "", "trouble": "", "refused": 0,
        "birth": {},
    }  # fmt: skip
    with platform.store.engine.begin() as connection:
        insert = sqlite.insert(_BOOTH) if connection.dialect.name == "sqlite" else postgresql.insert(_BOOTH)
        lines = [{"id": name, "grid": grids[name], **blank} for name in missing]
        connection.execute(insert.on_conflict_do_nothing(), lines)


def _lock(connection: Connection, names: list[str]) -> dict[str, dict[str, Any]]:
    lines = connection.execute(select(_BOOTH).where(_BOOTH.c.id.in_(names)).order_by(_BOOTH.c.id).with_for_update())
    return {line.id: dict(line._mapping) for line in lines}


def _apply(booth: _Booth, heard: Heard, now: dt.datetime) -> None:
    values, said = booth.values, heard.said
    if isinstance(said, Death):
        if said.session == values["session"]:  # of the connection that we know; an older one's comes too late
            _becomes(values, said.why, now)
        return
    values["heard_at"], values["grid"] = now, heard.grid
    _becomes(values, "online", now)
    if said is None:
        values["refused"] += 1
    elif isinstance(said, Rows):
        _take_rows(booth, said)
    else:
        values |= {
            "boot": plain(said.boot, 64),
            "session": plain(said.session, 64),
            "newest": said.seq,
            "clock": plain(said.qtime, 20),
        }
        if isinstance(said, State):
            values |= {"watch": plain(said.watch, 12), "trouble": plain(said.trouble, 40)}
            booth.is_told |= values["known"] != values["boot"]  # its birth was lost: it says it again
        elif isinstance(said, Birth):
            values["known"] = values["boot"]
            values["watch"] = "running"
            values["birth"] = {
                "site": said.site, "digest": said.digest, "devices": said.devices, "links": said.links,
                "outputs": said.outputs,
            }  # fmt: skip
            booth.births.append(said.id)


def _take_rows(booth: _Booth, said: Rows) -> None:
    values = booth.values
    if said.first is not None and said.last is not None:
        try:
            values["committed"], values["spans"] = covered(values["committed"], values["spans"], said.first, said.last)
        except TooScatteredError:
            return  # not acknowledged: it comes again
        booth.is_told = True
    booth.rows += said.rows


def _becomes(values: dict[str, Any], state: str, now: dt.datetime) -> None:
    if values["state"] != state:
        values["state"], values["state_since"] = state, now


def _insert(connection: Connection, rows: dict[str, list[Row]], received_at: float) -> None:
    encode = msgspec.json.encode
    values = [
        (booth, one.seq, plain(one.boot, 64), one.tmono, plain(one.time, 40), plain(one.qtime, 20),
         plain(one.class_, 10), encode(one.body).decode(), received_at)
        for booth, several in rows.items()
        for one in several
    ]  # fmt: skip
    if not values:
        return
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(_SQLITE, values)
    else:
        connection.exec_driver_sql(_POSTGRES, tuple(list(column) for column in zip(*values, strict=True)))


def _alarms(connection: Connection, booths: dict[str, _Booth], now: dt.datetime) -> None:
    for name, booth in booths.items():
        rows = [row for row in booth.rows if row.class_ == "alm"]
        if rows:
            known = read_alarms(connection, name)
            write_alarms(connection, fold(name, known, rows, now))


def _answers(connection: Connection, booths: dict[str, _Booth], now: dt.datetime) -> None:
    found = [
        {
            "of": str(row.body.get("id", ""))[:36], "by": name, "result_": plain(str(row.body.get("result", "")), 40),
            "text_": plain(str(row.body.get("text", "")), 400), "now_": now,
        }
        for name, booth in booths.items()
        for row in booth.rows
        if row.class_ == "cmd"
    ]  # fmt: skip
    if found:
        is_it = (_COMMAND.c.id == bindparam("of")) & (_COMMAND.c.booth == bindparam("by"))
        answer = (
            update(_COMMAND)
            .where(is_it, _COMMAND.c.answered_at.is_(None))  # a repeat is answered, too: the first answer counts
            .values(result=bindparam("result_"), text=bindparam("text_"), answered_at=bindparam("now_"))
        )
        connection.execute(answer, found)


def _put_back(connection: Connection, booths: dict[str, _Booth]) -> None:
    names = [column.name for column in _BOOTH.c if column.name != "id"]
    back = update(_BOOTH).where(_BOOTH.c.id == bindparam("id_")).values({one: bindparam(f"{one}_") for one in names})
    connection.execute(
        back,
        [{"id_": name} | {f"{one}_": booth.values[one] for one in names} for name, booth in booths.items()],
    )


def plain(text: str, longest: int) -> str:
    """Text that every database takes: cut, and without NUL, which PostgreSQL refuses."""
    return text[:longest].replace("\0", "\ufffd")

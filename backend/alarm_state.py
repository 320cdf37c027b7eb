"""How alarms of booths stand, from the rows that tell of their steps, in whatever order rows arrive.

Live alarms overtake the backlog, so a row may come before those that were written earlier. An alarm's life is what its
newest row says; each cover is what the newest row about that cover says. Nothing depends on the order of arrival.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from backend.telemetry_tables import SiteAlarm
from backend.telemetry_wire import Row

UNSEEN = frozenset({"unack", "rtn_unack", "latched_unack"})
SEVERITIES = ("fire", "panic", "intrusion", "fault", "supervisory", "info")
COVERS = frozenset({"out_of_service", "suppressed", "shelved", "chattering", "flood"})
_TABLE = SiteAlarm.__table__

Alarm = dict[str, Any]


def read_alarms(connection: Connection, booth: str) -> dict[str, Alarm]:
    """Every alarm that this booth ever had, by key."""
    lines = connection.execute(select(_TABLE).where(_TABLE.c.booth == booth))
    return {line.key: dict(line._mapping) for line in lines}


def fold(booth: str, known: dict[str, Alarm], rows: Iterable[Row], now: dt.datetime) -> list[Alarm]:
    """The alarms that ``rows`` change, as they are then. A row that tells of no alarm is passed over."""
    changed: dict[str, Alarm] = {}
    for row in rows:
        told = _told(row)
        if told is None:
            continue
        key, what, after = told
        alarm = changed.get(key) or known.get(key) or _new(booth, key)
        if what[:1] in ("+", "-"):
            _cover(alarm, what, row.seq)
        if row.seq > alarm["seq"]:
            alarm |= _life(row, after)
            _wait(alarm, row, now)
        changed[key] = alarm
    return list(changed.values())


def write_alarms(connection: Connection, alarms: list[Alarm]) -> None:
    if not alarms:
        return
    insert = (sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert)(_TABLE)
    rest = {c.name: insert.excluded[c.name] for c in _TABLE.c if c.name not in ("booth", "key")}
    connection.execute(insert.on_conflict_do_update(index_elements=["booth", "key"], set_=rest), alarms)


def _told(row: Row) -> tuple[str, str, str] | None:
    body = row.body
    point, rule, after = (body.get(name) for name in ("point", "rule", "after"))
    if not (isinstance(point, str) and isinstance(rule, str) and isinstance(after, str)):
        return None
    return _text(f"{point}/{rule}", 100), str(body.get("what", "")), _text(after, 16)


def _new(booth: str, key: str) -> Alarm:
    return {
        "booth": booth, "key": key, "severity": "info", "state": "normal", "covers": {}, "seq": 0, "at": "",
        "detail": "", "who": "", "count": 0, "waits_since": None, "escalation": 0,
    }  # fmt: skip


def _life(row: Row, after: str) -> Alarm:
    body = row.body
    severity, count = body.get("severity"), body.get("count")
    return {
        "seq": row.seq,
        "state": after,
        "severity": severity if severity in SEVERITIES else "info",
        "at": _text(row.time, 40),
        "detail": _text(str(body.get("detail", "")), 400),
        "who": _text(str(body.get("who", "")), 100),
        "count": count if isinstance(count, int) and 0 <= count < 2**31 else 0,
    }


def _cover(alarm: Alarm, what: str, seq: int) -> None:
    word = what[1:]
    if word in COVERS and seq > alarm["covers"].get(word, [False, 0])[1]:
        alarm["covers"] = {**alarm["covers"], word: [what[0] == "+", seq]}


def _wait(alarm: Alarm, row: Row, now: dt.datetime) -> None:
    """Since when nobody has acknowledged: by the booth's clock where it is to be trusted, else since we know."""
    if alarm["state"] not in UNSEEN:
        alarm["waits_since"], alarm["escalation"] = None, 0
    elif alarm["waits_since"] is None:
        alarm["waits_since"] = min(now, _moment(row) or now)


def _moment(row: Row) -> dt.datetime | None:
    if row.qtime != "synced":
        return None
    try:
        at = dt.datetime.fromisoformat(row.time)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


def _text(text: str, longest: int) -> str:
    return text[:longest].replace("\0", "\ufffd")

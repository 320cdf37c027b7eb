"""The site in words and columns, for a technician's terminal. Pure: snapshots and rows in, lines out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from kiosk.site.alarm_states import Severity
from kiosk.site.journal import Row
from kiosk.site.messages import AlarmSeen, PointSeen, Snapshot

_STANDING = {
    "evacuate": "EVACUATE: a fire is not reset; everything released stays open",
    "end_visit": "VISITS END: somebody is at the cabinet",
    "close_booth": "CLOSED FOR NEW VISITS",
}
_STATES = {
    "unack": "NEW",
    "acked": "acknowledged",
    "rtn_unack": "gone, not acknowledged",
    "latched_unack": "gone, acknowledge then reset",
    "latched": "gone, reset it",
    "normal": "normal",
}
_LAID = {"shelved", "out_of_service"}  # by somebody, who must take it off again
_HEALTH = ("lost", "degraded", "unknown", "online")
_RANK = {severity.word: severity.value for severity in Severity}


def age(seconds: float) -> str:
    """``12 s``, ``3 min``, ``2 h 5 min``, ``4 d 3 h``."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min"
    if whole < 86_400:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 86_400} d {whole % 86_400 // 3600} h"


def duration_s(text: str) -> float:
    """``45s``, ``30m``, ``8h``, or seconds. Raises ValueError with the cure."""
    units = {"s": 1.0, "m": 60.0, "h": 3600.0}
    number, factor = (text[:-1], units[text[-1]]) if text[-1:] in units else (text, 1.0)
    try:
        seconds = float(number) * factor
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise ValueError(f"{text!r} is no time; write for example 45s, 30m or 8h")
    return seconds


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Columns as wide as what stands in them; the last one may run on."""
    whole = [list(head), *(list(row) for row in rows)]
    widths = [max(len(row[column]) for row in whole) for column in range(len(head) - 1)]
    return [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]).rstrip()
        for row in whole
    ]


def alarm_lines(alarms: Sequence[AlarmSeen], now: datetime) -> list[str]:
    """The most severe first, and of those what nobody has acknowledged yet.

    What hangs below lost equipment is one line: the loss speaks for it.
    """
    hidden = [one for one in alarms if "suppressed" in one.covers]
    alarms = [one for one in alarms if one not in hidden and (one.state != "normal" or set(one.covers) & _LAID)]
    more = [f"and {len(hidden)} suppressed: what is in their way is lost"] if hidden else []
    if not alarms:
        return more or ["no alarms"]
    order = sorted(alarms, key=lambda one: (_RANK[one.severity], one.state != "unack", one.raised_at, one.key))
    rows = [
        (
            one.severity.upper() if one.severity in ("fire", "panic") else one.severity,
            ", ".join((_STATES.get(one.state, one.state), *(cover.replace("_", " ") for cover in one.covers))),
            age((now - datetime.fromisoformat(one.raised_at)).total_seconds()) if one.raised_at else "",
            one.key,
            one.detail
            + (f" (x{one.count})" if one.count > 1 else "")
            + (f" by {one.acked_by}" if one.acked_by else ""),
        )
        for one in order
    ]
    return [*table(("SEVERITY", "STATE", "SINCE", "ALARM", "DETAIL"), rows), *more]


def status_lines(snapshot: Snapshot, now: datetime, *, has_points: bool) -> list[str]:
    """All of it on one screen."""
    lines = [f"site {snapshot.site}   {now:%H:%M:%S}   journal row {snapshot.seq}"]
    lines += [_STANDING[word] for word in ("evacuate", "end_visit", "close_booth") if word in snapshot.standing]
    if snapshot.released:
        lines.append(f"released until reset: {', '.join(snapshot.released)}")
    if (test := snapshot.walk_test) is not None:
        lines.append(f"walk test by {test.who}: {', '.join(test.devices)}; ends in {age(test.left_s)}")
    lines += ["", *alarm_lines(snapshot.alarms, now), ""]
    counts = Counter(one.state for one in snapshot.health)
    lines.append("equipment: " + ", ".join(f"{counts[state]} {state}" for state in _HEALTH if counts[state]))
    troubled = sorted((one for one in snapshot.health if one.state != "online"), key=lambda o: _HEALTH.index(o.state))
    if troubled:
        rows = [
            (one.state, one.name, ", ".join((*one.signs, *((one.cause,) if one.cause else ())))) for one in troubled
        ]
        lines += table(("STATE", "DEVICE", "WHY"), rows)
    if has_points:
        lines += ["", *table(("POINT", "VALUE", "QUALITY", "CONFIRMED"), map(_point_row, snapshot.points))]
    return lines


def _point_row(point: PointSeen) -> tuple[str, str, str, str]:
    if point.value is None:
        value = "-"
    elif isinstance(point.value, str):
        value = point.value
    else:
        value = f"{point.value:g} {point.unit}".rstrip()
    quality = point.quality + (f" ({point.cause})" if point.cause else "")
    return point.name, value, quality, f"{age(point.age_s)} ago" if point.value is not None else ""


def row_line(row: Row, body: Mapping[str, Any]) -> str:
    """One row of the journal on one line."""
    doubt = "" if row.clock == "synced" else f" ({row.clock})"
    return f"{row.seq:>8}  {row.at[:19].replace('T', ' ')}{doubt}  {row.kind:<5}  {_said(row.kind, body)}"


def _said(kind: str, body: Mapping[str, Any]) -> str:
    if kind == "alm":
        detail = f": {body['detail']}" if body.get("detail") else ""
        what = f"{body['severity']} {body['point']}/{body['rule']} {body['what']} -> {body['after']}"
        return f"{what} by {body['who']}{detail}"
    if kind == "state":
        why = ", ".join([*body["signs"], *([body["cause"]] if body["cause"] else [])])
        return f"{body['name']} {body['before']} -> {body['after']}" + (f" ({why})" if why else "")
    if kind == "cmd":
        target = body.get("key") or body.get("output") or ", ".join(body.get("devices", ()))
        why = f": {body['reason']}" if body.get("reason") else ""
        return f"{body['verb']} {target} {body.get('act', '')} by {body['who']} -> {body['result']}{why}"
    if kind == "tel":
        return " ".join(f"{one['n']}={one.get('vs', one.get('v', '?'))}" for one in body["points"])
    more = " ".join(f"{name}={value}" for name, value in body.items() if name != "what" and value not in ("", None))
    return f"{body.get('what', '')} {more}".rstrip()

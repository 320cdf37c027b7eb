"""Alarms as plain data and back: for a power cut, a restart, a reload. Knows no file.

Monotonic readings mean nothing after a reboot, so a snapshot holds ages; whoever restores says how long the booth was
away (0 when the wall clock cannot be trusted: then a shelf lasts a little longer, never shorter than promised).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from kiosk.site.alarm_states import NEVER_ON_FIRE, Cover, Severity, State
from kiosk.site.alarms import Alarm, Alarms, Definition, Key, Laid


class SnapshotUnusable(Exception):
    """The snapshot is not one; the text names what and the cure."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Cover(_Part):
    cover: Cover
    who: str
    age_s: float
    left_s: float | None
    label: str
    reason: str


class _Alarm(_Part):
    point: str
    rule: str
    severity: int
    is_latching: bool
    state: State
    covers: tuple[_Cover, ...]
    count: int
    transitions: int
    age_s: float | None
    detail: str
    acked_by: str
    acked_label: str
    was_announced: bool
    recent_s: tuple[float, ...]


class _Snapshot(_Part):
    version: Literal[1]
    alarms: tuple[_Alarm, ...]
    announced_s: tuple[float, ...]
    is_flood: bool


def snapshot(alarms: Alarms, now: float) -> dict[str, object]:
    """Everything that is not as it was on the first day, as JSON-ready data: the shape of ``_Snapshot``.

    Built without the models, which check what is read: in a flood this runs ten times a second.
    """
    touched = sorted(alarms.touched(), key=lambda one: (one.definition.key.point, one.definition.key.rule))
    return {
        "version": 1,
        "alarms": [_kept(alarm, now) for alarm in touched],
        "announced_s": [now - at for at in alarms.announced],
        "is_flood": alarms.is_flood,
    }


def restore(data: object, definitions: Iterable[Definition], now: float, away_s: float = 0.0) -> Alarms:
    """Build the alarms of ``definitions`` as the snapshot left them ``away_s`` seconds ago.

    Raises SnapshotUnusable. An alarm that no definition knows becomes an orphan, so that a latch is never lost to an
    edited file. Acts whose time ran out meanwhile end at the next ``tick``, which journals it.
    """
    try:
        whole = _Snapshot.model_validate(data)
        parts = [(part, Severity(part.severity)) for part in whole.alarms]
    except (ValidationError, ValueError) as error:
        kind = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise SnapshotUnusable(
            f"snapshot of the alarms: {kind}; start without it: conditions that are still there raise their alarms"
            " again, acknowledgements and shelves must be given again"
        ) from None
    known = {one.key: one for one in definitions}
    alarms = Alarms(known.values())
    for part, severity in parts:
        key = Key(part.point, part.rule)
        definition = known.get(key) or Definition(key, severity, part.is_latching)
        alarms.put(_restored(part, definition, now, away_s, is_orphan=key not in known))
    alarms.remember((now - age - away_s for age in whole.announced_s), is_flood=whole.is_flood)
    if any(key not in known for key in (Key(part.point, part.rule) for part, _ in parts)):
        alarms.adopt(known.values(), now)  # what nobody measures any more is not active
    return alarms


def _kept(alarm: Alarm, now: float) -> dict[str, object]:
    return {
        "point": alarm.definition.key.point,
        "rule": alarm.definition.key.rule,
        "severity": int(alarm.definition.severity),
        "is_latching": alarm.definition.is_latching,
        "state": alarm.state.value,
        "covers": [
            {
                "cover": cover.value,
                "who": laid.who,
                "age_s": now - laid.at,
                "left_s": None if laid.until is None else laid.until - now,
                "label": laid.label,
                "reason": laid.reason,
            }
            for cover, laid in alarm.covers.items()
        ],
        "count": alarm.count,
        "transitions": alarm.transitions,
        "age_s": None if alarm.raised_at is None else now - alarm.raised_at,
        "detail": alarm.detail,
        "acked_by": alarm.acked_by,
        "acked_label": alarm.acked_label,
        "was_announced": alarm.was_announced,
        "recent_s": [now - at for at in alarm.recent],
    }


def _restored(part: _Alarm, definition: Definition, now: float, away_s: float, *, is_orphan: bool) -> Alarm:
    then = now - away_s
    alarm = Alarm(
        definition,
        part.state,
        count=part.count,
        transitions=part.transitions,
        raised_at=None if part.age_s is None else then - part.age_s,
        detail=part.detail,
        acked_by=part.acked_by,
        acked_label=part.acked_label,
        was_announced=part.was_announced,
        is_orphan=is_orphan,
    )
    alarm.recent.extend(then - age for age in part.recent_s)
    for one in part.covers:
        if definition.severity is Severity.FIRE and one.cover in NEVER_ON_FIRE:
            continue
        until = None if one.left_s is None else then + one.left_s
        alarm.covers[one.cover] = Laid(one.who, then - one.age_s, until, one.label, one.reason)
    if Cover.CHATTERING in alarm.covers and not alarm.recent:
        alarm.recent.append(then)
    return alarm

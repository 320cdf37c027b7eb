"""What listeners are shown and what the journal says of it, built from the watch. Pure; no private value passes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kiosk.site.actions import Order, Tell
from kiosk.site.alarm_states import Cover, State
from kiosk.site.alarms import Alarm, Change, Key
from kiosk.site.health import News
from kiosk.site.messages import AlarmSeen, Answer, Do, HealthSeen, PointSeen, Role, WalkTestSeen
from kiosk.site.plan import LOST, Plan
from kiosk.site.points import Point, Quality
from kiosk.site.schema import PointSpec
from kiosk.site.watch import Watch

Label = Callable[[float], str]
_LONGEST = 500  # of what a sender may have journaled


def point_seen(spec: PointSpec, reference: str, point: Point, now: float) -> PointSeen:
    """A point for a listener; a private one without its value."""
    value = None if spec.is_private else point.value
    age_s = max(0.0, now - point.at) if point.value is not None else 0.0
    return PointSeen(reference, value, point.quality.value, point.cause.value, spec.unit, round(age_s, 1))


def alarm_seen(alarm: Alarm, label: Label) -> AlarmSeen:
    return AlarmSeen(
        key=str(alarm.definition.key),
        severity=alarm.definition.severity.word,
        state=alarm.state.value,
        covers=tuple(cover.value for cover in Cover if cover in alarm.covers),
        count=alarm.count,
        raised_at="" if alarm.raised_at is None else label(alarm.raised_at),
        detail=alarm.detail,
        acked_by=alarm.acked_by,
        is_announced=alarm.state is State.UNACK and not alarm.covers,
    )


def alarms_seen(watch: Watch, label: Label) -> tuple[AlarmSeen, ...]:
    """Those that are not normal, or lie under a cover."""
    return tuple(alarm_seen(one, label) for one in watch.alarms.all() if one.state is not State.NORMAL or one.covers)


def gone_alarm(change: Change) -> AlarmSeen:
    """An alarm that nobody knows any more: its rule went, and it is normal."""
    return AlarmSeen(str(change.key), change.severity.word, change.after.value)


def health_seen(watch: Watch, name: str) -> HealthSeen:
    health = watch.health[name]
    cause = health.cause.value
    if name in watch.plan.devices or name in watch.plan.links:
        covers = watch.alarms[Key(name, LOST)].covers
        if Cover.SUPPRESSED in covers:
            cause = f"{covers[Cover.SUPPRESSED].reason} is lost"
    return HealthSeen(name, health.state.value, tuple(sorted(sign.value for sign in health.signs)), cause)


def walk_test_seen(watch: Watch, now: float) -> WalkTestSeen | None:
    test = watch.actions.walk_test
    return None if test is None else WalkTestSeen(test.who, tuple(sorted(test.devices)), max(0.0, test.until - now))


# -- bodies of journal rows -----------------------------------------------------------------------------------------


def alarm_body(change: Change) -> dict[str, Any]:
    """Class ``alm``: one step of one alarm's life, or one cover laid (+) or taken off (-)."""
    return {
        "point": change.key.point,
        "rule": change.key.rule,
        "severity": change.severity.word,
        "what": change.what,
        "before": change.before.value,
        "after": change.after.value,
        "who": change.who,
        "detail": change.detail,
        "count": change.count,
        "is_announced": change.is_announced,
    }


def health_body(name: str, news: News) -> dict[str, Any]:
    """Class ``state``: a device or link is online, degraded, lost."""
    return {
        "name": name,
        "before": news.before.value,
        "after": news.after.value,
        "signs": sorted(sign.value for sign in news.signs),
        "cause": news.cause.value,
    }


def reading(spec: PointSpec, reference: str, point: Point) -> dict[str, Any]:
    """One reading within a row of class ``tel``, named as in SenML (RFC 8428): n, v or vs, u; and q, c (cause) and
    t (ms of the monotonic clock)."""
    body: dict[str, Any] = {"n": reference, "t": int(max(point.at, point.since) * 1000)}
    if isinstance(point.value, str):
        body["vs"] = point.value
    elif point.value is not None:
        body["v"] = round(point.value, 6)
    if spec.unit:
        body["u"] = spec.unit
    if point.quality is not Quality.GOOD:
        body |= {"q": point.quality.value, "c": point.cause.value}
    return body


def event_body(plan: Plan, reference: str, point: Point) -> dict[str, Any]:
    """Class ``evt``: a moment that a device told, by the profile's word for it."""
    device = reference.partition(".")[0]
    return {"what": "event", "point": reference, "word": point.value, "place": plan.devices[device].place}


def told_body(tell: Tell) -> dict[str, Any]:
    """Class ``evt``: somebody is to hear."""
    return {"what": "told", "act": tell.act, "rule": tell.rule, "words": tell.words}


def order_body(order: Order, result: str) -> dict[str, Any]:
    """Class ``evt``: an output was ordered (``result`` ordered), did it (done), or why not."""
    return {
        "what": "order",
        "output": order.output,
        "act": order.act,
        "is_energised": order.is_energised,
        "cause": order.cause,
        "result": result,
    }


def act_body(do: Do, role: Role, answer: Answer) -> dict[str, Any]:
    """Class ``cmd``: who wanted what, and what became of it."""
    wanted = {
        "key": do.key[:_LONGEST],
        "output": do.output[:_LONGEST],
        "act": do.act[:_LONGEST],
        "for_s": do.for_s,
        "devices": list(do.devices)[:_LONGEST],
    }
    return {
        "id": do.id[:_LONGEST],
        "verb": do.verb,
        "who": do.who[:_LONGEST],
        "role": role,
        "reason": do.reason[:_LONGEST],
        **{name: value for name, value in wanted.items() if value},
        "result": answer.result,
        "text": answer.text[: 4 * _LONGEST],
    }

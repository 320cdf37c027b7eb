"""Rules: points in, verdicts out. Conditions with hysteresis, then delays. Pure; the minute of the day is passed in.

A condition about a bad value is neither true nor false: an alarm is not cleared because its sensor died, nor raised by
what nobody measured. Uncertain values count: a doubtful fire is a fire.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from kiosk.site.points import Point, Quality
from kiosk.site.schema import Condition, RuleSpec


@dataclass(frozen=True)
class Verdict:
    """A rule became active, or ceased to be. ``detail`` is the deciding point and its value, for the journal."""

    rule: str
    is_active: bool
    at: float
    detail: str = ""


@dataclass
class _Rule:
    name: str
    spec: RuleSpec
    truths: list[bool | None] = field(default_factory=list)
    is_active: bool = False
    since: float | None = None  # when the conditions began to differ from is_active
    detail: str = ""

    @property
    def truth(self) -> bool | None:
        if False in self.truths:
            return False
        return None if None in self.truths else True


class Rules:
    """Every rule of a site. ``events``: points whose word is a moment, not a state; they raise and clear at once.

    ``active``: rules that were active before a restart or a reload; they stay so until a point says otherwise.
    """

    def __init__(
        self, specs: Mapping[str, RuleSpec], events: Collection[str] = (), active: Collection[str] = ()
    ) -> None:
        self._rules = {
            name: _Rule(name, spec, [True if name in active else None] * len(spec.when), is_active=name in active)
            for name, spec in specs.items()
        }
        self._of: dict[str, list[tuple[_Rule, int]]] = defaultdict(list)
        for rule in self._rules.values():
            for number, when in enumerate(rule.spec.when):
                self._of[when.point].append((rule, number))
        self._events = frozenset(events)
        self._timed = [rule for rule in self._rules.values() if _is_timed(rule.spec)]

    def is_active(self, rule: str) -> bool:
        return self._rules[rule].is_active

    @property
    def active(self) -> frozenset[str]:
        return frozenset(name for name, rule in self._rules.items() if rule.is_active)

    def take(self, reference: str, point: Point, now: float, minute: int) -> list[Verdict]:
        """A point changed. ``minute``: local minutes since midnight, for rules with hours."""
        verdicts = []
        for rule, number in self._of.get(reference, ()):
            when = rule.spec.when[number]
            rule.truths[number] = truth(when, point, was=rule.truths[number] is True)
            if number == 0:
                rule.detail = f"{reference} = {_shown(point)}"
            verdicts += self._judge(rule, now, minute)
        if reference in self._events:
            for rule, number in self._of.get(reference, ()):
                if rule.truths[number]:
                    rule.truths[number] = False
                    verdicts += self._judge(rule, now, minute)
        return verdicts

    def tick(self, now: float, minute: int) -> list[Verdict]:
        """Let time pass: delays end, hours begin and end."""
        return [verdict for rule in self._timed for verdict in self._judge(rule, now, minute)]

    def _judge(self, rule: _Rule, now: float, minute: int) -> list[Verdict]:
        wanted = rule.truth
        if rule.spec.hours is not None and not is_within(rule.spec.hours, minute):
            wanted = False
        if wanted is None or wanted == rule.is_active:
            rule.since = None
            return []
        rule.since = now if rule.since is None else rule.since
        delay_s = rule.spec.on_delay_s if wanted else rule.spec.off_delay_s
        if now - rule.since < delay_s:
            return []
        rule.is_active, rule.since = wanted, None
        return [Verdict(rule.name, wanted, now, rule.detail)]


def truth(when: Condition, point: Point, *, was: bool) -> bool | None:
    """Is the condition true? None when the point cannot tell. ``was``: its last answer, for the hysteresis."""
    if when.quality is not None:
        bad = point.quality is Quality.BAD
        return bad or (when.quality == "uncertain" and point.quality is Quality.UNCERTAIN)
    if point.quality is Quality.BAD or point.value is None:
        return None
    if when.is_in is not None:
        return point.value in when.is_in
    if not isinstance(point.value, float | int):
        return None
    if when.above is not None:
        rest = when.above if when.clear_at is None else when.clear_at
        return point.value > (rest if was else when.above)
    if when.below is not None:
        rest = when.below if when.clear_at is None else when.clear_at
        return point.value < (rest if was else when.below)
    return None


def is_within(hours: str, minute: int) -> bool:
    """``22:00-06:00`` holds from 22:00 on and until before 06:00; equal ends are the whole day."""
    begin, end = (int(one[:2]) * 60 + int(one[3:]) for one in hours.split("-"))
    if begin < end:
        return begin <= minute < end
    return minute >= begin or minute < end


def _is_timed(spec: RuleSpec) -> bool:
    return bool(spec.on_delay_s or spec.off_delay_s or spec.hours)


def _shown(point: Point) -> str:
    return f"{point.value:g}" if isinstance(point.value, float) else str(point.value)

"""What follows from the watch, told on: to the journal what happened, to listeners what is different.

What belongs together goes together, at once when it matters and at most ten times a second; when telling takes long it
is done less often, so that a flood of alarms does not fill the loop. Orders nothing and decides nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec

from kiosk.site import seen
from kiosk.site.actions import Tell
from kiosk.site.alarm_states import Cover, Refused, Severity, State
from kiosk.site.alarms import Alarm, Change, Key
from kiosk.site.escalation import Escalation
from kiosk.site.feed import Feed
from kiosk.site.journal import Acted, Kind
from kiosk.site.messages import AlarmSeen, Changed, Snapshot, Standing, Told
from kiosk.site.points import Point
from kiosk.site.remains import WATCH, Remains
from kiosk.site.schema import PointSpec
from kiosk.site.scribe import Entry, Scribe
from kiosk.site.telemetry import Telemetry
from kiosk.site.wall import Wall
from kiosk.site.watch import Outcome, Watch

TELL_S = 0.1
SHARE = 5  # telling takes at most one part in so many of the loop's time
SLICE = 500  # points of a snapshot built in one turn of the loop


class Herald:
    """Use from the loop's thread. ``watch`` may be changed by others between calls."""

    def __init__(
        self, watch: Watch, scribe: Scribe, wall: Wall, boot: str, escalation: Escalation, now: Callable[[], float]
    ) -> None:
        self._watch = watch
        self._scribe = scribe
        self._wall = wall
        self._boot = boot
        self._escalation = escalation
        self._now = now
        self._telemetry = Telemetry(now())
        self._plan = watch.plan
        self._specs: dict[str, PointSpec] = {}
        self.feed: Feed | None = None
        self._evacuating: dict[str, Key] = {}  # rules that told so and whose alarms were not reset
        self._standing: tuple[Standing, ...] = ()
        self._points: dict[str, Point] = {}  # since the last word to listeners
        self._alarms: dict[Key, Change] = {}
        self._health: set[str] = set()
        self._entries: list[Entry] = []
        self._acted: list[Acted] = []
        self._must_keep = True
        self._due: asyncio.TimerHandle | None = None
        self._is_different = False
        self._told_at = float("-inf")
        self._every_s = TELL_S

    # -- what happened ------------------------------------------------------------------------------------------------

    def journal(self, kind: Kind, body: dict[str, Any], at: float) -> None:
        self._entries.append(Entry(kind, body, at, self._wall.at(at), self._wall.clock))

    def mark(self, what: str, now: float, **more: object) -> None:
        self.journal("mark", {"what": what, **more}, now)

    def outcome(self, outcome: Outcome, now: float) -> None:
        """All but the orders, which must have gone before."""
        plan = self._watch.plan
        for step in outcome.steps:
            if isinstance(step, Tell):
                self.tell(step, now)
            else:
                self.journal("evt", seen.order_body(step, "ordered"), now)
        for change in outcome.changes:
            self._alarms[change.key] = change
            self.journal("alm", seen.alarm_body(change), change.at)
        for reference, point in outcome.points:
            self._points[reference] = point
            spec = self._spec(reference)
            if spec is not None and self._telemetry.take(spec, reference, point):
                self.journal("evt", seen.event_body(plan, reference, point), now)
        for name, news in outcome.health:
            self._health.add(name)
            self.journal("state", seen.health_body(name, news), news.at)
        if outcome.steps or outcome.changes:
            self._must_keep = True
            self.soon(at_once=any(change.severity is Severity.FIRE for change in outcome.changes))

    def tell(self, tell: Tell, now: float, what: str = "told") -> None:
        """Somebody is to hear, now."""
        if tell.act == "evacuate" and tell.rule in self._watch.plan.rules:
            self._evacuating[tell.rule] = Key(self._watch.plan.rules[tell.rule].when[0].point, tell.rule)
        self.journal("evt", {**seen.told_body(tell), "what": what}, now)
        if self.feed is not None:
            self.feed.tell(Told(tell.act, tell.rule, tell.words, self._wall.label(tell.at)))
        self.soon()

    def acted(self, body: dict[str, Any], acted: Acted, now: float) -> None:
        """Somebody's act was answered; the answer outlives a restart."""
        self.journal("cmd", body, now)
        self._acted.append(acted)
        self._must_keep = True
        self.soon()

    def escalate(self, now: float) -> None:
        """Fire that nobody has acknowledged is told again."""
        for key, whom in self._escalation.tick(self._fires(), now):
            self.tell(Tell("call", key.rule, whom, now), now, what="escalated")
            self._must_keep = True

    # -- telling ------------------------------------------------------------------------------------------------------

    def soon(self, *, at_once: bool = False) -> None:
        """Tell in the next turn of the loop, or when the last telling is long enough ago; fire never waits for that."""
        self._is_different = True
        if self._due is not None and not at_once:
            return
        if self._due is not None:
            self._due.cancel()
        wait_s = 0.0 if at_once else max(0.0, self._told_at + self._every_s - self._now())
        self._due = asyncio.get_running_loop().call_later(wait_s, self.flush)

    def tick(self, now: float) -> None:
        """Readings that are due, and what only changed."""
        for body in self._telemetry.rows(self._spec, now):
            self.journal("tel", body, now)
        if self._due is None and now - self._told_at >= self._every_s and (self._entries or self._points):
            self.flush()

    def flush(self) -> None:
        """Hand over everything now."""
        self._due = None
        now = self._told_at = self._now()
        kept: dict[str, object] = {}
        if self._must_keep:
            self._must_keep = False
            kept[WATCH] = Remains.pack(self._watch, self._escalation.stages, now, self._wall.at(now))
        if self._entries or kept:
            self._scribe.put(self._entries, kept, self._acted)
            self._entries, self._acted = [], []
        if self._is_different or self._points or self._health:
            self._show(now)
        self._every_s = max(TELL_S, SHARE * (self._now() - now))

    def _show(self, now: float) -> None:
        points, self._points = self._points, {}
        alarms, self._alarms = self._alarms, {}
        health, self._health = self._health, set()
        if alarms or self._is_different:
            self._standing = self._stands()
        self._is_different = False
        if self.feed is None or not self.feed.listeners:
            return
        watch, wants = self._watch, self.feed.wants_points
        self.feed.tell(
            Changed(
                seq=self._scribe.last_seq,
                points=tuple(
                    seen.point_seen(spec, name, point, now)
                    for name, point in (points.items() if wants else ())
                    if (spec := self._spec(name)) is not None
                ),
                alarms=tuple(self._alarm_seen(change) for change in alarms.values()),
                health=tuple(seen.health_seen(watch, name) for name in sorted(health) if name in watch.health),
                released=tuple(sorted(watch.actions.released)),
                standing=self._standing,
                walk_test=seen.walk_test_seen(watch, now),
            )
        )

    async def snapshot(self) -> AsyncIterator[bytes]:
        """The first line for a listener. What changes while it is built comes after it, so nothing is missed."""
        watch, now = self._watch, self._now()
        head = Snapshot(
            site=watch.plan.site.id,
            boot=self._boot,
            seq=self._scribe.last_seq,
            at=self._wall.label(now),
            alarms=seen.alarms_seen(watch, self._wall.label),
            health=tuple(seen.health_seen(watch, name) for name in watch.health),
            released=tuple(sorted(watch.actions.released)),
            standing=self._stands(),
            walk_test=seen.walk_test_seen(watch, now),
        )
        yield msgspec.json.encode(head)[:-1] + b',"points":['
        names = list(watch.conditioners)
        for at in range(0, len(names), SLICE):
            part = [
                seen.point_seen(spec, name, watch.conditioners[name].point, now)
                for name in names[at : at + SLICE]
                if (spec := self._spec(name)) is not None
            ]
            yield (b"," if at else b"") + msgspec.json.encode(part)[1:-1]
            await asyncio.sleep(0)
        yield b"]}\n"

    def _spec(self, reference: str) -> PointSpec | None:
        """A point's specification, looked up once; None when the site file has it no more."""
        plan = self._watch.plan
        if plan is not self._plan:
            self._plan, self._specs = plan, {}
        spec = self._specs.get(reference)
        if spec is None and reference in self._watch.conditioners:
            spec = self._specs[reference] = plan.point(reference)
        return spec

    def _alarm_seen(self, change: Change) -> AlarmSeen:
        try:
            return seen.alarm_seen(self._watch.alarms[change.key], self._wall.label)
        except Refused:
            return seen.gone_alarm(change)

    def _fires(self) -> list[Alarm]:
        watch, now = self._watch, self._now()
        return [
            watch.alarms[Key(rule.when[0].point, name)]
            for name, rule in watch.plan.rules.items()
            if rule.level is Severity.FIRE and not watch.actions.is_tested(name, now)
        ]

    def _stands(self) -> tuple[Standing, ...]:
        """What holds for the booth itself."""
        words: set[Standing] = set()
        for rule, key in list(self._evacuating.items()):
            if self._state(key) is State.NORMAL:
                del self._evacuating[rule]
        if self._evacuating:
            words.add("evacuate")
        for name, spec in self._watch.plan.rules.items():
            acts = {deed.act for deed in spec.do} & {"end_visit", "close_booth"}
            if not acts:
                continue
            alarm = self._watch.alarms[Key(spec.when[0].point, name)]
            if Cover.OUT_OF_SERVICE in alarm.covers or alarm.state is State.NORMAL:
                continue
            if "end_visit" in acts:
                words.add("end_visit")
            if "close_booth" in acts and alarm.is_active:
                words.add("close_booth")
        return tuple(sorted(words))

    def _state(self, key: Key) -> State:
        try:
            return self._watch.alarms[key].state
        except Refused:
            return State.NORMAL

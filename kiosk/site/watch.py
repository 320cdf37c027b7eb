"""The watch as one thing: a sample, a missed poll, a person's act or the passing of time in; what follows from it out.

Ties points, rules, alarms, actions and health together and keeps nothing else. Pure: the process around it (drivers,
journal, socket) brings the time and does what ``Outcome`` says, orders first, the journal after them.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Collection
from typing import Any

import msgspec
from pydantic import BaseModel, ConfigDict, ValidationError

from kiosk.site.actions import Actions, Order, Step
from kiosk.site.alarm_snapshot import SnapshotUnusable, restore, snapshot
from kiosk.site.alarm_states import Cover, Severity, State
from kiosk.site.alarms import Act, Alarm, Alarms, Change, Key
from kiosk.site.commands import Answer, Command, Commands
from kiosk.site.conditioning import Conditioner
from kiosk.site.health import MISSED_POLLS, Health, News, Promise
from kiosk.site.health import State as HealthState
from kiosk.site.plan import DEGRADED, LOST, NO_FEEDBACK, Plan
from kiosk.site.points import Cause, Point, Sample
from kiosk.site.root_cause import roots
from kiosk.site.rules import Rules, Verdict
from kiosk.site.schema import PROMISED_S

ROUND_S = 1.0  # every point and device is looked at once in this time, a part of them at each tick
TELLING_S = 0.2  # of the time within which a loss is to be known: to look at the device, and to tell of it
RETURN_S = 10.0  # children have so long to come back after their parent did, before their own loss is announced


class _Kept(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    alarms: dict[str, Any]
    released: dict[str, list[str]]

    @classmethod
    def read(cls, data: object) -> _Kept:
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            raise SnapshotUnusable(f"snapshot of the watch: {error.errors()[0]['msg']}; start without it") from None


class Outcome(msgspec.Struct):
    """What is to be done (``steps``, first), journaled (``changes``) and shown (``points``, ``health``)."""

    steps: list[Step] = msgspec.field(default_factory=list)
    changes: list[Change] = msgspec.field(default_factory=list)
    points: list[tuple[str, Point]] = msgspec.field(default_factory=list)
    health: list[tuple[str, News]] = msgspec.field(default_factory=list)


class Watch:
    """Call ``begin`` once, then ``take``, ``answered``, ``missed`` as they come, and ``tick`` ten times a second."""

    def __init__(self, plan: Plan, now: float, kept: object = None, away_s: float = 0.0) -> None:
        """``kept``: what ``snapshot`` gave before; raises SnapshotUnusable. ``away_s``: see ``alarm_snapshot``."""
        self.plan = plan
        definitions = plan.definitions()
        self._held: dict[str, list[str]] = {}
        if kept is None:
            self.alarms = Alarms(definitions)
        else:
            parts = _Kept.read(kept)
            self.alarms = restore(parts.alarms, definitions, now, away_s)
            self._held = parts.released
        self.rules = Rules(plan.rules, plan.events(), self._active(plan))
        self.actions = Actions(plan.outputs(), plan.rules)
        self.commands = Commands(self.actions)
        self.conditioners: dict[str, Conditioner] = {}
        self.health: dict[str, Health] = {}
        self._lost = {
            a.definition.key.point for a in self.alarms.all() if _is_loss(a)
        }  # also those of before a restart
        self._spoken_for = {
            alarm.definition.key.point: alarm.covers[Cover.SUPPRESSED].reason
            for alarm in self.alarms.all()
            if alarm.definition.key.rule == LOST and Cover.SUPPRESSED in alarm.covers
        }
        self._returning: dict[str, float] = {}
        self._is_dirty = False
        self._ticked_at = now
        self._waiting: set[str] = set()  # points in debounce
        self._doubtful: set[str] = set()  # looked at in every tick: their loss is to be found in time
        self._keys: dict[str, list[Key]] = {}
        self._furnish(now)

    def begin(self, now: float) -> Outcome:
        """First orders: healthy, or released where a fire of before was not reset."""
        return Outcome(steps=self.actions.start(self._standing(), now, self._held))

    def points(self) -> dict[str, Point]:
        return {reference: one.point for reference, one in self.conditioners.items()}

    def take(self, reference: str, sample: Sample, minute: int) -> Outcome:
        """A driver's sample of ``device.point``. Raises KeyError for a point that the plan does not have."""
        out = Outcome()
        conditioner = self.conditioners[reference]
        self._point(reference, conditioner.take(sample), sample.at, minute, out)
        if conditioner.is_waiting:
            self._waiting.add(reference)
        return out

    def answered(self, name: str, now: float, response_s: float | None = None) -> Outcome:
        """A device or link answered (its samples come by ``take``)."""
        return self._healthy(name, self.health[name].answered(now, response_s))

    def missed(self, name: str, now: float, cause: Cause) -> Outcome:
        """A device or link did not answer, or with garbage."""
        one = self.health[name]
        out = self._healthy(name, one.missed(now, cause))
        if one.is_in_doubt:
            self._doubtful.add(name)
        return out

    def note(self, name: str, look: Callable[[Health], News | None]) -> Outcome:
        """Uptime, clock offset or picture: ``watch.note("eyes-1", lambda h: h.clock(now, 3.0))``."""
        return self._healthy(name, look(self.health[name]))

    def tick(self, now: float, minute: int) -> Outcome:
        """Let time pass for everything."""
        out = Outcome(steps=self.actions.tick(now))
        self._verdicts(self.rules.tick(now, minute), out)
        share, self._ticked_at = min(1.0, (now - self._ticked_at) / ROUND_S), now
        for reference in (*sorted(self._waiting), *self._point_round.next(share)):
            one = self.conditioners[reference]
            self._point(reference, one.tick(now), now, minute, out)
            if not one.is_waiting:
                self._waiting.discard(reference)
        self._doubtful = {name for name in self._doubtful if name in self.health and self.health[name].is_in_doubt}
        for name in (*sorted(self._doubtful), *self._health_round.next(share)):
            self._merge(out, self._healthy(name, self.health[name].tick(now)))
        if self._is_dirty or self._returning:
            self._speak(now, minute, out)
        arrived, at_fault = self.commands.tick(self.points(), now) if self.commands.is_waiting else ([], [])
        for output in at_fault:
            out.changes += self.alarms.raise_(Key(output, NO_FEEDBACK), now)
        for output in arrived:
            out.changes += self.alarms.clear(Key(output, NO_FEEDBACK), now)
        for change in self.alarms.tick(now):
            out.changes.append(change)
            self._back_in_service(change, out)
        return out

    def acknowledge(self, key: Key, act: Act) -> Outcome:
        return Outcome(changes=self.alarms.acknowledge(key, act))

    def reset(self, key: Key, act: Act) -> Outcome:
        """Reset an alarm; what it alone held released goes back. Raises Refused."""
        changes = self.alarms.reset(key, act)
        return Outcome(steps=self.actions.on_reset(key.rule, act), changes=changes)

    def put_back(self, key: Key, act: Act) -> Outcome:
        out = Outcome(changes=self.alarms.put_back(key, act))
        self._back_in_service(out.changes[0], out)
        return out

    def command(self, command: Command, may: Collection[str], now: float) -> Answer:
        return self.commands.take(command, may, self.points(), now)

    def snapshot(self, now: float) -> dict[str, object]:
        """What must survive a power cut, JSON-ready."""
        return {"alarms": snapshot(self.alarms, now), "released": self.actions.causes()}

    def reload(self, plan: Plan, now: float, minute: int) -> Outcome:
        """Take over a new plan; acknowledgements, latches, shelves, releases and known points stay."""
        out = Outcome(changes=self.alarms.adopt(plan.definitions(), now))
        self.plan = plan
        self.rules = Rules(plan.rules, plan.events(), self._active(plan))
        self.actions.adopt(plan.outputs(), plan.rules)
        self._furnish(now)
        for rule in self._standing():
            out.steps += self.actions.on_raise(rule, now)  # the new file may name more doors
        events = plan.events()
        for reference, one in self.conditioners.items():
            if reference not in events:  # a moment is not lived twice
                self._verdicts(self.rules.take(reference, one.point, now, minute), out)
        return out

    def _active(self, plan: Plan) -> list[str]:
        """Rules whose alarms are active as restored or kept."""
        keys = {one.definition.key for one in self.alarms.all() if one.is_active}
        return [name for name, rule in plan.rules.items() if Key(rule.when[0].point, name) in keys]

    def _standing(self) -> list[str]:
        """Fire rules whose alarms were not reset; out of service ones only if they had released before."""
        held = {rule for causes in (self._held, self.actions.causes()) for rules in causes.values() for rule in rules}
        return [
            one.definition.key.rule
            for one in self.alarms.all()
            if one.definition.severity is Severity.FIRE
            and one.state is not State.NORMAL
            and (Cover.OUT_OF_SERVICE not in one.covers or one.definition.key.rule in held)
        ]

    def _furnish(self, now: float) -> None:
        plan, old, known = self.plan, self.conditioners, self.health
        fresh: dict[str, Conditioner] = {}
        for device in plan.devices:
            for point in plan.profile(device).points:
                reference = f"{device}.{point}"
                limits = plan.limits(reference)
                there = old.get(reference)
                is_same = there is not None and there.limits == limits
                fresh[reference] = there if there and is_same else Conditioner(limits, there.point if there else None)
        promises = {link: Promise(PROMISED_S["link"] - TELLING_S) for link in plan.links}
        for device in plan.devices:
            profile = plan.profile(device)
            found_s = profile.lost_after_s - TELLING_S
            promises[device] = Promise(found_s, 2 if profile.promise == "heartbeat" else MISSED_POLLS)
        self.conditioners = fresh
        self._waiting &= set(fresh)
        self._point_round, self._health_round = _Round(list(fresh)), _Round(list(promises))
        self.health = {
            name: known[name] if name in known and known[name].promise == promise else Health(promise, now)
            for name, promise in promises.items()
        }
        self._lost &= set(promises)
        self._spoken_for = {name: root for name, root in self._spoken_for.items() if name in promises}
        self._is_dirty = True
        keys: dict[str, list[Key]] = defaultdict(list)
        for one in plan.definitions():
            owner = one.key.point.partition(".")[0]
            rule = plan.rules.get(one.key.rule)
            if one.key.rule in (LOST, DEGRADED) or (rule is not None and rule.when[0].quality is not None):
                keys[owner].append(one.key)
        self._keys = dict(keys)

    def _point(self, reference: str, point: Point | None, now: float, minute: int, out: Outcome) -> None:
        if point is not None:
            out.points.append((reference, point))
            self._verdicts(self.rules.take(reference, point, now, minute), out)

    def _verdicts(self, verdicts: list[Verdict], out: Outcome) -> None:
        for verdict in verdicts:
            key = Key(self.plan.rules[verdict.rule].when[0].point, verdict.rule)
            if verdict.is_active:
                is_test = self.actions.is_tested(verdict.rule, verdict.at)
                is_out = Cover.OUT_OF_SERVICE in self.alarms[key].covers
                detail = "" if self.plan.point(key.point).is_private else verdict.detail
                self._steps(self.actions.on_raise(verdict.rule, verdict.at, is_out_of_service=is_out), verdict.at, out)
                out.changes += self.alarms.raise_(key, verdict.at, "walk test: " * is_test + detail)
            else:
                out.steps += self.actions.on_clear(verdict.rule, verdict.at)
                out.changes += self.alarms.clear(key, verdict.at)

    def _steps(self, steps: list[Step], now: float, out: Outcome) -> None:
        out.steps += steps
        for one in steps:
            if isinstance(one, Order) and one.act == "open":
                self.commands.expect(one.output, one.act, self.points(), now)

    def _back_in_service(self, change: Change, out: Outcome) -> None:
        is_back = change.what == f"-{Cover.OUT_OF_SERVICE.value}"
        if is_back and change.key.rule in self.plan.rules and self.rules.is_active(change.key.rule):
            self._steps(self.actions.on_raise(change.key.rule, change.at), change.at, out)

    def _healthy(self, name: str, news: News | None) -> Outcome:
        out = Outcome()
        if news is None:
            return out
        out.health.append((name, news))
        if news.after is HealthState.UNKNOWN:
            return out  # nothing is decided yet: what was said before a restart stands
        is_lost = news.after is HealthState.LOST
        self._is_dirty |= is_lost != (name in self._lost)
        (self._lost.add if is_lost else self._lost.discard)(name)
        signs = ", ".join(sorted(sign.value for sign in news.signs))
        for rule, is_so, detail in (
            (LOST, is_lost, news.cause.value),
            (DEGRADED, news.after is HealthState.DEGRADED, signs),
        ):
            key = Key(name, rule)
            if rule == DEGRADED and name in self.plan.links:
                continue
            alarm = self.alarms[key]
            if is_so and not alarm.is_active:
                out.changes += self.alarms.raise_(key, news.at, detail)
            elif not is_so and alarm.is_active:
                out.changes += self.alarms.clear(key, news.at)
        return out

    def _speak(self, now: float, minute: int, out: Outcome) -> None:
        """Let the topmost lost parent speak for all below it, and those who come back speak for themselves again."""
        found = roots(self.plan.parents(), self._lost).spoken_for
        for name, root in found.items():
            if self._spoken_for.get(name) != root:
                out.changes += self.alarms.suppress(self._keys.get(name, ()), root, now)
                self._unreachable(name, now, minute, out)
        for name in self._spoken_for.keys() - found.keys():
            until = self._returning.setdefault(name, now + RETURN_S)
            if name in self._lost and now < until:
                found = {**found, name: self._spoken_for[name]}
                continue
            out.changes += self.alarms.unsuppress(self._keys.get(name, ()), now)
        self._returning = {n: t for n, t in self._returning.items() if n in found and now < t}
        self._spoken_for, self._is_dirty = dict(found), False

    def _unreachable(self, name: str, now: float, minute: int, out: Outcome) -> None:
        for point in self.plan.profile(name).points if name in self.plan.devices else ():
            sample = Sample(None, now, Cause.UNREACHABLE_PARENT)
            self._point(f"{name}.{point}", self.conditioners[f"{name}.{point}"].take(sample), now, minute, out)

    @staticmethod
    def _merge(out: Outcome, more: Outcome) -> None:
        out.changes += more.changes
        out.health += more.health


def _is_loss(alarm: Alarm) -> bool:
    return alarm.definition.key.rule == LOST and alarm.is_active


class _Round:
    """Goes round a list in parts, so that no tick is long."""

    def __init__(self, names: list[str]) -> None:
        self._names = names
        self._at = 0

    def next(self, share: float) -> list[str]:
        """The next ``share`` (0..1) of all names."""
        count = math.ceil(share * len(self._names))
        begin, self._at = self._at, self._at + count
        part = self._names[begin : self._at]
        if self._at >= len(self._names):
            self._at -= len(self._names)
            part += self._names[: min(self._at, begin)]
        return part

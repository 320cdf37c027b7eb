"""Alarms of the site: one for each (point, rule), with who did what and when, kept across power cuts and reloads.

Every verb returns the changes that the journal writes; nothing else tells what happened. The tables are in
``alarm_states``. Knows no device, decides no condition and moves no output.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from kiosk.site.alarm_states import (
    ACTIVE,
    CHATTER_S,
    CHATTER_TRANSITIONS,
    NEVER_IN_FLOOD,
    NEVER_ON_FIRE,
    UNCOVERED,
    Cover,
    Event,
    Refused,
    Severity,
    State,
    check_cover,
    step,
)

FLOOD_S = 600.0  # ISA-18.2: flood = more than 10 annunciated alarms in 10 min; over when the rate falls below 5
FLOOD_BEGINS = 10
FLOOD_ENDS = 5
LONGEST_SHELF_S = 8 * 3600.0  # one shift: the next one must know
LONGEST_OUT_OF_SERVICE_S = 24 * 3600.0
WATCH = "watch"  # who acts when no person does


@dataclass(frozen=True, order=True)
class Key:
    point: str
    rule: str

    def __str__(self) -> str:
        return f"{self.point}/{self.rule}"


@dataclass(frozen=True)
class Definition:
    key: Key
    severity: Severity
    is_latching: bool = False


@dataclass(frozen=True)
class Act:
    """A person's act. ``who`` is an identity of staff, never a resident; ``label`` is wall time, for reading only."""

    who: str
    now: float
    label: str = ""
    reason: str = ""

    def __post_init__(self) -> None:
        if not self.who.strip() or self.who == WATCH:
            raise Refused("nobody", "an act needs the identity of who does it")


@dataclass(frozen=True)
class Change:
    """One line of the journal. ``what`` is an event's word, or a cover's with ``+`` (laid) or ``-`` (taken off)."""

    key: Key
    severity: Severity
    what: str
    before: State
    after: State
    who: str
    at: float
    label: str = ""
    detail: str = ""
    count: int = 0
    is_announced: bool = False  # to be shown and spoken now: newly unacknowledged, and under no cover


@dataclass(frozen=True)
class Laid:
    """A cover on an alarm: who laid it, when, and until when (None: until its cause ends)."""

    who: str
    at: float
    until: float | None = None
    label: str = ""
    reason: str = ""


@dataclass
class Alarm:
    """One alarm. Read it freely; only ``Alarms`` changes it."""

    definition: Definition
    state: State = State.NORMAL
    covers: dict[Cover, Laid] = field(default_factory=dict)
    count: int = 0  # how often it was raised since it was last normal
    transitions: int = 0  # while chattering
    raised_at: float | None = None
    detail: str = ""
    acked_by: str = ""
    acked_label: str = ""
    was_announced: bool = False  # since it was last normal
    is_orphan: bool = False  # no rule knows it any more; goes when it is normal
    recent: deque[float] = field(default_factory=lambda: deque(maxlen=CHATTER_TRANSITIONS + 1))

    @property
    def is_active(self) -> bool:
        return self.state in ACTIVE

    @property
    def shown(self) -> str:
        """The word to show: the uppermost cover's, else the life's."""
        return next((cover.value for cover in Cover if cover in self.covers), self.state.value)


class Alarms:
    """All alarms. Acts on an unknown key are refused by name, so are acts that the tables do not know."""

    def __init__(self, definitions: Iterable[Definition] = ()) -> None:
        self._alarms = {one.key: Alarm(one) for one in definitions}
        self._announced: deque[float] = deque()
        self.is_flood = False

    def __getitem__(self, key: Key) -> Alarm:
        try:
            return self._alarms[key]
        except KeyError:
            raise Refused("no_such_alarm", f"{key}: no rule of the site file makes this alarm") from None

    def all(self) -> list[Alarm]:
        """Every alarm, the most urgent and oldest first."""
        never = float("inf")
        return sorted(
            self._alarms.values(),
            key=lambda a: (a.definition.severity, never if a.raised_at is None else a.raised_at, a.definition.key),
        )

    def touched(self) -> list[Alarm]:
        """Those that are not normal, or lie under a cover; in no order."""
        return [one for one in self._alarms.values() if one.state is not State.NORMAL or one.covers]

    # what the watch says

    def raise_(self, key: Key, now: float, detail: str = "") -> list[Change]:
        """The condition is true; said again, it is a repeat that is only counted."""
        alarm = self[key]
        before = alarm.state
        alarm.state = step(before, Event.RAISE, is_latching=alarm.definition.is_latching)
        alarm.count += 1
        alarm.detail = detail or alarm.detail
        if before is alarm.state:
            return []
        alarm.raised_at = now
        alarm.acked_by = alarm.acked_label = ""
        changes = self._chatter(alarm, now)
        if Cover.CHATTERING in alarm.covers:
            return changes
        changes += self._flood(alarm, now)
        return [self._change(alarm, Event.RAISE.value, before, WATCH, now, is_new=True), *changes]

    def clear(self, key: Key, now: float) -> list[Change]:
        """The condition is false. A latching alarm stays until it is acknowledged and reset."""
        alarm = self[key]
        before = alarm.state
        alarm.state = step(before, Event.CLEAR, is_latching=alarm.definition.is_latching)
        if before is alarm.state:
            return []
        changes = self._chatter(alarm, now)
        if Cover.CHATTERING not in alarm.covers:
            changes.insert(0, self._change(alarm, Event.CLEAR.value, before, WATCH, now))
        self._settle(alarm)
        return changes

    def suppress(self, keys: Iterable[Key], parent: str, now: float) -> list[Change]:
        """``parent`` is lost and speaks for these alarms. Alarms of the fire class are passed over: they stay."""
        changes = []
        for key in keys:
            alarm = self[key]
            there = alarm.covers.get(Cover.SUPPRESSED)
            if alarm.definition.severity is not Severity.FIRE and (there is None or there.reason != parent):
                changes += self._put(alarm, Cover.SUPPRESSED, Laid(WATCH, now, reason=parent))
        return changes

    def unsuppress(self, keys: Iterable[Key], now: float) -> list[Change]:
        """The parent is back: what is still active is announced now."""
        return [
            change
            for key in keys
            if Cover.SUPPRESSED in self[key].covers
            for change in self._take(self[key], Cover.SUPPRESSED, WATCH, now)
        ]

    def tick(self, now: float) -> list[Change]:
        """End what ends by itself: shelves, out of service, chattering, the flood. Call at least once a second."""
        changes: list[Change] = []
        for alarm in [one for one in self._alarms.values() if one.covers]:
            for cover, laid in list(alarm.covers.items()):
                if laid.until is not None and now >= laid.until:
                    changes += self._take(alarm, cover, WATCH, now, "expired")
            if Cover.CHATTERING in alarm.covers and now - alarm.recent[-1] >= CHATTER_S:
                changes += self._take(alarm, Cover.CHATTERING, WATCH, now, f"{alarm.transitions} transitions")
                alarm.transitions = 0
        if self.is_flood and self._rate(now) < FLOOD_ENDS:
            self.is_flood = False
            for alarm in self.all():
                if Cover.FLOOD in alarm.covers:
                    changes += self._take(alarm, Cover.FLOOD, WATCH, now)
        return changes

    # what people do

    def acknowledge(self, key: Key, act: Act) -> list[Change]:
        """Somebody has seen it. Silences nothing that is latched."""
        return self._person(key, Event.ACKNOWLEDGE, act)

    def reset(self, key: Key, act: Act) -> list[Change]:
        """Let a latched alarm go, after its cause is gone and it was acknowledged."""
        return self._person(key, Event.RESET, act)

    def shelve(self, key: Key, act: Act, for_s: float) -> list[Change]:
        """Hide an alarm for ``for_s`` seconds; it comes back by itself."""
        return self._lay(key, Cover.SHELVED, act, for_s, LONGEST_SHELF_S)

    def unshelve(self, key: Key, act: Act) -> list[Change]:
        return self._take(self[key], Cover.SHELVED, act.who, act.now, act.reason, act.label)

    def take_out_of_service(self, key: Key, act: Act, for_s: float) -> list[Change]:
        """For repair: the alarm says nothing and releases nothing until ``for_s`` seconds have passed."""
        return self._lay(key, Cover.OUT_OF_SERVICE, act, for_s, LONGEST_OUT_OF_SERVICE_S)

    def put_back(self, key: Key, act: Act) -> list[Change]:
        return self._take(self[key], Cover.OUT_OF_SERVICE, act.who, act.now, act.reason, act.label)

    # what a reload does

    def adopt(self, definitions: Iterable[Definition], now: float) -> list[Change]:
        """Take over a new site file: states, acknowledgements, latches and covers of known keys stay.

        An alarm whose rule is gone keeps its place until somebody has dealt with it.
        """
        fresh = {one.key: one for one in definitions}
        changes: list[Change] = []
        for key, alarm in list(self._alarms.items()):
            if key in fresh:
                alarm.definition, alarm.is_orphan = fresh[key], False
                if fresh[key].severity is Severity.FIRE:
                    for cover in [c for c in alarm.covers if c in NEVER_ON_FIRE]:
                        changes += self._take(alarm, cover, WATCH, now, "now of the fire class")
                continue
            alarm.is_orphan = True
            changes += self.clear(key, now)
            self._settle(alarm)
        for key, definition in fresh.items():
            if key not in self._alarms:
                self._alarms[key] = Alarm(definition)
        return changes

    def put(self, alarm: Alarm) -> None:
        """Place a restored alarm (see ``alarm_snapshot``)."""
        self._alarms[alarm.definition.key] = alarm

    @property
    def announced(self) -> Iterable[float]:
        """When alarms were announced within the flood's window."""
        return tuple(self._announced)

    def remember(self, announced: Iterable[float], *, is_flood: bool) -> None:
        self._announced = deque(announced)
        self.is_flood = is_flood

    # how

    def _person(self, key: Key, event: Event, act: Act) -> list[Change]:
        alarm = self[key]
        before = alarm.state
        alarm.state = step(before, event, is_latching=alarm.definition.is_latching)
        if event is Event.ACKNOWLEDGE:
            alarm.acked_by, alarm.acked_label = act.who, act.label
        change = self._change(alarm, event.value, before, act.who, act.now, act.reason, label=act.label)
        self._settle(alarm)
        return [change]

    def _lay(self, key: Key, cover: Cover, act: Act, for_s: float, longest_s: float) -> list[Change]:
        alarm = self[key]
        check_cover(cover, put=True, lies=cover in alarm.covers, severity=alarm.definition.severity)
        if not 0 < for_s <= longest_s:
            raise Refused("too_long", f"give more than 0 and at most {longest_s:g} s")
        if not act.reason.strip():
            raise Refused("no_reason", "say why, for those who come after")
        return self._put(alarm, cover, Laid(act.who, act.now, act.now + for_s, act.label, act.reason))

    def _put(self, alarm: Alarm, cover: Cover, laid: Laid) -> list[Change]:
        check_cover(cover, put=True, lies=cover in alarm.covers, severity=alarm.definition.severity)
        alarm.covers[cover] = laid
        return [self._change(alarm, f"+{cover.value}", alarm.state, laid.who, laid.at, laid.reason, label=laid.label)]

    def _take(
        self, alarm: Alarm, cover: Cover, who: str, now: float, detail: str = "", label: str = ""
    ) -> list[Change]:
        check_cover(cover, put=False, lies=cover in alarm.covers, severity=alarm.definition.severity)
        del alarm.covers[cover]
        before = alarm.state
        if not alarm.covers and not alarm.was_announced:
            alarm.state = UNCOVERED.get(before, before)
        is_new = alarm.state is State.UNACK
        change = self._change(alarm, f"-{cover.value}", before, who, now, detail, label=label, is_new=is_new)
        self._settle(alarm)
        return [change]

    def _settle(self, alarm: Alarm) -> None:
        if alarm.state is not State.NORMAL:
            return
        alarm.count, alarm.raised_at, alarm.was_announced = 0, None, False
        alarm.acked_by = alarm.acked_label = ""
        if alarm.is_orphan:
            self._alarms.pop(alarm.definition.key, None)

    def _chatter(self, alarm: Alarm, now: float) -> list[Change]:
        alarm.recent.append(now)
        if Cover.CHATTERING in alarm.covers:
            alarm.transitions += 1
            return []
        is_full = len(alarm.recent) > CHATTER_TRANSITIONS
        if not is_full or now - alarm.recent[0] > CHATTER_S or alarm.definition.severity is Severity.FIRE:
            return []
        alarm.transitions = len(alarm.recent)
        return self._put(alarm, Cover.CHATTERING, Laid(WATCH, now))

    def _flood(self, alarm: Alarm, now: float) -> list[Change]:
        if not alarm.covers:
            self._announced.append(now)
        self.is_flood = self.is_flood or self._rate(now) > FLOOD_BEGINS
        if not self.is_flood or alarm.definition.severity in NEVER_IN_FLOOD or Cover.FLOOD in alarm.covers:
            return []
        return self._put(alarm, Cover.FLOOD, Laid(WATCH, now))

    def _rate(self, now: float) -> int:
        while self._announced and now - self._announced[0] >= FLOOD_S:
            self._announced.popleft()
        return len(self._announced)

    def _change(
        self, alarm: Alarm, what: str, before: State, who: str, now: float, detail: str = "", *, label: str = "",
        is_new: bool = False,
    ) -> Change:  # fmt: skip
        is_announced = is_new and not alarm.covers
        alarm.was_announced |= is_announced
        return Change(
            alarm.definition.key, alarm.definition.severity, what, before, alarm.state, who, now, label,
            detail or alarm.detail, alarm.count, is_announced=is_announced,
        )  # fmt: skip


def counts(alarms: Iterable[Alarm]) -> Mapping[Severity, int]:
    """How many alarms of each severity need somebody: active, latched or returned without acknowledgement."""
    found = dict.fromkeys(Severity, 0)
    for alarm in alarms:
        if alarm.state is not State.NORMAL:
            found[alarm.definition.severity] += 1
    return found

"""What the booth does about an alarm: orders to outputs, words to those who must hear. Pure; drivers obey elsewhere.

Safety lives here: a release lasts until somebody resets the alarm that caused it, a walk test releases nothing and ends
by itself, a valve never outlasts its profile. Outputs also let go without us (``hold_s``): this module may die.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from kiosk.site.alarm_states import Refused
from kiosk.site.alarms import Act
from kiosk.site.schema import Deed, PointSpec, RuleSpec

RELEASING = frozenset({"release", "hold_open"})
TOLD = frozenset({"evacuate", "call", "notice", "report", "end_visit", "close_booth"})  # no output moves
LONGEST_WALK_TEST_S = 1800.0
DEFAULT_OPEN_S = 10.0


@dataclass(frozen=True)
class Order:
    """An output is to be so, until somebody orders otherwise; drivers repeat it within the hold time.

    ``is_energised`` is the relay's state: for outputs that are energised while healthy, False releases.
    """

    output: str
    act: str
    is_energised: bool
    at: float
    cause: str


@dataclass(frozen=True)
class Tell:
    """Somebody is to hear: the screen (evacuate, end_visit), staff (notice, call), the platform (report)."""

    act: str
    rule: str
    words: str
    at: float


Step = Order | Tell


@dataclass(frozen=True)
class WalkTest:
    who: str
    devices: frozenset[str]
    until: float


class Actions:
    """State of all outputs as ordered. Call ``start`` once, then the verbs; every one gives what is to be done now."""

    def __init__(self, outputs: Mapping[str, PointSpec], rules: Mapping[str, RuleSpec]) -> None:
        self._outputs = outputs
        self._rules = rules
        self._causes: dict[str, set[str]] = {}  # released output -> rules that released it
        self._until: dict[str, tuple[float, float]] = {}  # timed output -> (since, until)
        self._withheld: set[str] = set()  # fire rules that rose during a walk test and are still active
        self.walk_test: WalkTest | None = None

    @property
    def released(self) -> frozenset[str]:
        """Outputs that are released and wait for a reset."""
        return frozenset(self._causes)

    @property
    def is_fire(self) -> bool:
        """Something was released and not reset: nothing may be closed."""
        return bool(self._causes)

    def causes(self) -> dict[str, list[str]]:
        """Released outputs with the rules that hold them, for the snapshot."""
        return {output: sorted(rules) for output, rules in self._causes.items()}

    def start(
        self, standing: Collection[str], now: float, held: Mapping[str, Collection[str]] | None = None
    ) -> list[Step]:
        """First orders after a start. ``standing``: fire rules whose alarms are not normal (restored from before).

        ``held``: ``causes`` of before, for rules that the site file no longer has; their outputs stay released too.
        They act again at once, also those that rose in a walk test before the power cut: rather open than locked.
        """
        steps: list[Step] = []
        for rule in sorted(standing):
            steps += self._perform(rule, now)
        for output, rules in (held or {}).items():
            left = set(rules) & set(standing) - self._causes.get(output, set())
            for act in self._outputs[output].acts[:1] if output in self._outputs and left else ():
                self._causes.setdefault(output, set()).update(left)
                steps.append(self._order(output, act, is_active=True, now=now, cause=", ".join(sorted(left))))
        for output, spec in self._outputs.items():
            is_ours = bool(RELEASING & set(spec.acts)) or "water" in spec.acts
            if is_ours and output not in self._causes:  # what is released must not be locked even for a moment
                steps.append(self._order(output, spec.acts[0], is_active=False, now=now, cause="start"))
        return steps

    def on_raise(self, rule: str, now: float, *, is_out_of_service: bool = False) -> list[Step]:
        """An alarm's condition became true. Out of service it releases and moves nothing."""
        if is_out_of_service:
            return []
        if self.is_tested(rule, now):
            self._withheld.add(rule)
            return [Tell("notice", rule, "Walk test", now)]
        return self._perform(rule, now)

    def on_clear(self, rule: str, now: float) -> list[Step]:
        """The condition is gone. Nothing is relocked: only a reset does that; watering stops."""
        self._withheld.discard(rule)
        return (
            [
                self._stop(deed.on, now, rule)
                for deed in self._rules[rule].do
                if deed.act == "water" and deed.on in self._until
            ]
            if rule in self._rules
            else []
        )

    def on_reset(self, rule: str, act: Act) -> list[Step]:
        """Somebody reset the alarm of ``rule``: outputs that no other rule holds go back to their healthy state."""
        steps: list[Step] = []
        for output, causes in list(self._causes.items()):
            causes.discard(rule)
            if not causes:
                del self._causes[output]
                releasing = next(one for one in self._outputs[output].acts if one in RELEASING)
                steps.append(self._order(output, releasing, is_active=False, now=act.now, cause=f"reset by {act.who}"))
        return steps

    def adopt(self, outputs: Mapping[str, PointSpec], rules: Mapping[str, RuleSpec]) -> None:
        """Take over a new site file. What is released stays released until its alarm is reset."""
        gone = {output: self._outputs[output] for output in self._causes if output not in outputs}
        self._outputs = {**outputs, **gone}
        self._rules = rules

    def begin_walk_test(self, devices: Collection[str], act: Act, for_s: float) -> list[Step]:
        """From now on fire of ``devices`` is told and releases nothing; fire of all others acts as always."""
        if self.is_fire:
            raise Refused("fire", "something is released: reset it first")
        if self.walk_test is not None:
            raise Refused("walk_test_runs", f"{self.walk_test.who} is testing; wait, or end that test")
        if not 0 < for_s <= LONGEST_WALK_TEST_S:
            raise Refused("too_long", f"give more than 0 and at most {LONGEST_WALK_TEST_S:g} s")
        if not devices:
            raise Refused("no_device", "name the devices that are tested")
        self.walk_test = WalkTest(act.who, frozenset(devices), act.now + for_s)
        return [Tell("notice", "walk_test", f"begun by {act.who}", act.now)]

    def end_walk_test(self, now: float, who: str = "watch") -> list[Step]:
        """End it; what is still in alarm acts at once."""
        if self.walk_test is None:
            raise Refused("no_walk_test", "nobody is testing")
        self.walk_test = None
        withheld, self._withheld = sorted(self._withheld), set()
        steps: list[Step] = [Tell("notice", "walk_test", f"ended by {who}", now)]
        for rule in withheld:
            steps += self._perform(rule, now)
        return steps

    def tick(self, now: float) -> list[Step]:
        """End what ends by itself: watering, open locks, the walk test."""
        steps: list[Step] = [
            self._stop(output, now, "its time is over")
            for output, (_, until) in list(self._until.items())
            if now >= until
        ]
        if self.walk_test is not None and now >= self.walk_test.until:
            steps += self.end_walk_test(now)
        return steps

    def move(self, output: str, act: str, now: float, cause: str, for_s: float | None = None) -> list[Step]:
        """Order one act of one output. Raises Refused by name; interlocks of barriers are ``commands``'s."""
        spec = self._outputs.get(output)
        if spec is None or act not in spec.acts:
            raise Refused("not_on_the_list", f"{output} cannot be told to {act}")
        if act in RELEASING:
            self._causes.setdefault(output, set()).add(cause)
            return [self._order(output, act, is_active=True, now=now, cause=cause)]
        if act == "stop":
            return [self._stop(output, now, cause)]
        if act == "close" and self.is_fire:
            raise Refused("held_open", "fire holds everything open until it is reset")
        if act == "water" or (act == "open" and spec.longest_s is not None):
            self._limit(output, act, now, for_s)
        return [self._order(output, act, is_active=act != "close", now=now, cause=cause)]

    def _limit(self, output: str, act: str, now: float, for_s: float | None) -> None:
        longest_s = self._outputs[output].longest_s or DEFAULT_OPEN_S
        wanted_s = for_s if for_s is not None else min(longest_s, DEFAULT_OPEN_S)
        if wanted_s <= 0 or wanted_s > longest_s:
            raise Refused("too_long", f"{act} lasts more than 0 and at most {longest_s:g} s here")
        since = self._until.get(output, (now, now))[0]
        self._until[output] = (since, min(now + wanted_s, since + longest_s))  # asked again, it does not last longer

    def _perform(self, rule: str, now: float) -> list[Step]:
        """Release first, then tell: the order of the file must not delay a door."""
        deeds = self._rules[rule].do if rule in self._rules else ()
        steps: list[Step] = []
        for deed in sorted(deeds, key=lambda one: (one.act not in RELEASING, one.act in TOLD)):
            steps += self._deed(rule, deed, now)
        return steps

    def _deed(self, rule: str, deed: Deed, now: float) -> list[Step]:
        if deed.act in TOLD:
            return [Tell(deed.act, rule, deed.words, now)]
        try:
            return self.move(deed.on, deed.act, now, rule, deed.for_s)
        except Refused as refused:  # one deed that cannot be done keeps no other from being done
            return [Tell("notice", rule, str(refused), now)]

    def is_tested(self, rule: str, now: float) -> bool:
        """A walk test covers every device of the rule: it is told and releases nothing."""
        if self.walk_test is None or now >= self.walk_test.until or rule not in self._rules:
            return False
        return all(when.point.partition(".")[0] in self.walk_test.devices for when in self._rules[rule].when)

    def _stop(self, output: str, now: float, cause: str) -> Order:
        self._until.pop(output, None)
        return self._order(output, "stop", is_active=False, now=now, cause=cause)

    def _order(self, output: str, act: str, *, is_active: bool, now: float, cause: str) -> Order:
        is_energised = is_active != (self._outputs[output].energised_when == "healthy")
        return Order(output, act, is_energised, now, cause)

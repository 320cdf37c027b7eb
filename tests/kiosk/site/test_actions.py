"""Safety as stories: what moves, what never moves, what ends by itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kiosk.site.actions import Actions, Order, Step, Tell
from kiosk.site.alarm_states import Refused
from kiosk.site.alarms import Act
from kiosk.site.commands import Command, Commands
from kiosk.site.plan import Plan
from kiosk.site.points import Cause, Point, Quality
from kiosk.site.site_file import load

PROFILES = Path(__file__).resolve().parents[3] / "assets" / "site"
DOORS, BARRIERS, VALVE, GATE, LOCK = (
    "release.doors", "release.barriers", "valve.valve", "gate.gate", "door-1.lock",
)  # fmt: skip


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load(PROFILES / "example" / "site.toml", PROFILES)


@pytest.fixture
def actions(plan: Plan) -> Actions:
    return Actions(plan.outputs(), plan.rules)


def by(now: float) -> Act:
    return Act("staff:017", now, reason="test")


def said(steps: list[Step]) -> list[str]:
    """``release.doors=0``: ordered, with the relay's state; ``evacuate``: told."""
    return [f"{one.output}={one.is_energised:d}" if isinstance(one, Order) else one.act for one in steps]


FIRE = [f"{DOORS}=0", f"{BARRIERS}=0", "evacuate"]
Deed = Callable[[Actions, float], list[Step]]
STORIES: dict[str, list[tuple[float, Deed, list[str]]]] = {
    "healthy means energised, valves off": [
        (0, lambda a, now: a.start([], now), [f"{DOORS}=1", f"{BARRIERS}=1", f"{VALVE}=0"]),
    ],
    "fire releases, then tells; it stays so when the smoke is gone; a reset relocks (GB 50116-2013 4.10.3)": [
        (0, lambda a, now: a.on_raise("fire", now), FIRE),
        (5, lambda a, now: a.on_clear("fire", now), []),
        (9, lambda a, now: a.tick(now), []),
        (10, lambda a, now: a.on_reset("fire", by(now)), [f"{DOORS}=1", f"{BARRIERS}=1"]),
    ],
    "two fires need two resets": [
        (0, lambda a, now: a.on_raise("fire", now), FIRE),
        (1, lambda a, now: a.on_raise("panel-fire", now), FIRE),
        (2, lambda a, now: a.on_reset("fire", by(now)), []),
        (3, lambda a, now: a.on_reset("panel-fire", by(now)), [f"{DOORS}=1", f"{BARRIERS}=1"]),
    ],
    "a reset of something else relocks nothing": [
        (0, lambda a, now: a.on_raise("fire", now), FIRE),
        (1, lambda a, now: a.on_reset("dry", by(now)), []),
    ],
    "a latched fire of before the power cut releases at the start": [
        (0, lambda a, now: a.start(["fire"], now), [*FIRE, f"{VALVE}=0"]),
    ],
    "out of service moves nothing": [
        (0, lambda a, now: a.on_raise("fire", now, is_out_of_service=True), []),
    ],
    "walk test: told, not released; ends by itself": [
        (0, lambda a, now: a.begin_walk_test(["hall-smoke"], by(now), 600), ["notice"]),
        (10, lambda a, now: a.on_raise("fire", now), ["notice"]),
        (20, lambda a, now: a.on_clear("fire", now), []),
        (599, lambda a, now: a.tick(now), []),
        (600, lambda a, now: a.tick(now), ["notice"]),
        (601, lambda a, now: a.on_raise("fire", now), FIRE),
    ],
    "walk test: fire elsewhere releases as always": [
        (0, lambda a, now: a.begin_walk_test(["hall-smoke"], by(now), 600), ["notice"]),
        (10, lambda a, now: a.on_raise("panel-fire", now), FIRE),
    ],
    "walk test: what is still in alarm at its end acts at once": [
        (0, lambda a, now: a.begin_walk_test(["hall-smoke"], by(now), 600), ["notice"]),
        (10, lambda a, now: a.on_raise("fire", now), ["notice"]),
        (600, lambda a, now: a.tick(now), ["notice", *FIRE]),
    ],
    "walk test: over in time although nobody ticked": [
        (0, lambda a, now: a.begin_walk_test(["hall-smoke"], by(now), 600), ["notice"]),
        (600, lambda a, now: a.on_raise("fire", now), FIRE),
    ],
    "watering ends by itself": [
        (0, lambda a, now: a.on_raise("dry", now), [f"{VALVE}=1"]),
        (299, lambda a, now: a.tick(now), []),
        (300, lambda a, now: a.tick(now), [f"{VALVE}=0"]),
        (301, lambda a, now: a.tick(now), []),
    ],
    "watering ends when the soil is wet": [
        (0, lambda a, now: a.on_raise("dry", now), [f"{VALVE}=1"]),
        (100, lambda a, now: a.on_clear("dry", now), [f"{VALVE}=0"]),
    ],
    "asked again and again, a valve does not stay open longer than its profile says (600 s)": [
        (0, lambda a, now: a.move(VALVE, "water", now, "x", 300), [f"{VALVE}=1"]),
        (250, lambda a, now: a.move(VALVE, "water", now, "x", 300), [f"{VALVE}=1"]),
        (500, lambda a, now: a.move(VALVE, "water", now, "x", 300), [f"{VALVE}=1"]),
        (599, lambda a, now: a.tick(now), []),
        (600, lambda a, now: a.tick(now), [f"{VALVE}=0"]),
    ],
    "an opened lock locks itself after 10 s": [
        (0, lambda a, now: a.move(LOCK, "open", now, "staff"), [f"{LOCK}=1"]),
        (10, lambda a, now: a.tick(now), [f"{LOCK}=0"]),
    ],
    "tamper ends the visit, battery closes the booth, a call is a call": [
        (0, lambda a, now: a.on_raise("tamper", now), ["end_visit"]),
        (1, lambda a, now: a.on_raise("on-battery", now), ["close_booth"]),
        (2, lambda a, now: a.on_raise("elderly-call", now), ["call"]),
    ],
}


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES.keys())
def test_story(actions: Actions, story: list[tuple[float, Deed, list[str]]]) -> None:
    for at, deed, expected in story:
        assert (at, said(deed(actions, at))) == (at, expected)


REFUSED: dict[str, tuple[Callable[[Actions], object], str]] = {
    "a walk test during a fire": (
        lambda a: (a.on_raise("fire", 0), a.begin_walk_test(["hall-smoke"], by(1), 60)), "fire"),
    "two walk tests": (
        lambda a: (a.begin_walk_test(["panel"], by(0), 60), a.begin_walk_test(["panel"], by(1), 60)), "walk_test_runs"),
    "a walk test for a day": (lambda a: a.begin_walk_test(["panel"], by(0), 86_400), "too_long"),
    "a walk test of nothing": (lambda a: a.begin_walk_test([], by(0), 60), "no_device"),
    "ending no walk test": (lambda a: a.end_walk_test(0), "no_walk_test"),
    "an act that is not the output's": (lambda a: a.move(DOORS, "water", 0, "x"), "not_on_the_list"),
    "an output that is none": (lambda a: a.move("x.y", "open", 0, "x"), "not_on_the_list"),
    "watering for too long": (lambda a: a.move(VALVE, "water", 0, "x", 601), "too_long"),
    "closing during a fire": (lambda a: (a.on_raise("fire", 0), a.move(GATE, "close", 1, "x")), "held_open"),
}  # fmt: skip


@pytest.mark.parametrize(("deed", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_refused_by_name(actions: Actions, deed: Callable[[Actions], object], reason: str) -> None:
    with pytest.raises(Refused) as refused:
        deed(actions)
    assert refused.value.reason == reason


def test_a_reload_without_the_release_keeps_it_released_until_the_reset(actions: Actions) -> None:
    actions.on_raise("fire", 0)
    actions.adopt({}, {})
    assert actions.released == {DOORS, BARRIERS}
    assert said(actions.on_reset("fire", by(1))) == [f"{DOORS}=1", f"{BARRIERS}=1"]


def test_evacuation_is_told_with_its_rule(actions: Actions) -> None:
    tell = actions.on_raise("fire", 3)[-1]
    assert tell == Tell("evacuate", "fire", "", 3)


def seen(**words: str) -> dict[str, Point]:
    there = {"up": "no", "down": "no", "vehicle": "clear", "crush": "clear", **words}
    return {f"gate.{name}": Point(word, Quality.GOOD, Cause.NONE) if word else Point() for name, word in there.items()}


def command(act: str = "close", **more: object) -> Command:
    given = {"id": "c1", "output": GATE, "who": "staff:017", "reason": "visitor", "expires_at": 60.0, **more}
    return Command(act=act, **given)  # type: ignore[arg-type]


MAY = {"open", "close", "stop", "water"}
BARRIER: dict[str, tuple[Command, dict[str, Point], str]] = {
    "closes when the way is free and the position known": (command(), seen(), "done"),
    "opens without asking": (command("open"), seen(vehicle="occupied", up=""), "done"),
    "not on a car": (command(), seen(vehicle="occupied"), "way_not_clear"),
    "not when the loop is unknown": (command(), seen(vehicle=""), "way_not_clear"),
    "not when the edge is touched": (command(), seen(crush="touched"), "way_not_clear"),
    "not without a limit switch": (command(), seen(down=""), "no_feedback"),
    "not at all without points": (command(), {}, "way_not_clear"),
    "not hours late": (command(expires_at=0.0), seen(), "expired"),
    "not by a stranger": (command("siren"), seen(), "not_allowed"),
    "not by nobody": (command(who=" "), seen(), "nobody"),
    "not without a reason": (command(reason=""), seen(), "no_reason"),
    "not a release": (command("release", output=DOORS), seen(), "not_allowed"),
    "not what the output cannot do": (command("water"), seen(), "not_on_the_list"),
}


@pytest.mark.parametrize(("order", "points", "result"), BARRIER.values(), ids=BARRIER.keys())
def test_a_barrier(actions: Actions, order: Command, points: dict[str, Point], result: str) -> None:
    answer = Commands(actions).take(order, MAY, points, now=0.0)
    assert answer.result == result
    assert bool(answer.steps) == (result == "done")


def test_fire_refuses_every_close_until_the_reset(actions: Actions) -> None:
    commands = Commands(actions)
    actions.on_raise("fire", 0)
    assert commands.take(command(id="c1"), MAY, seen(), 1).result == "held_open"
    actions.on_reset("fire", by(2))
    assert commands.take(command(id="c2"), MAY, seen(), 3).result == "done"


def test_a_command_twice_is_done_once(actions: Actions) -> None:
    commands = Commands(actions)
    first, second = (commands.take(command("open"), MAY, seen(), now) for now in (0.0, 1.0))
    assert (first.result, second.result, second.is_repeat) == ("done", "done", True)
    assert first.steps
    assert not second.steps
    assert commands.take(command("close"), MAY, seen(), 2).result == "another_command"


ARRIVALS = [
    ("open", {"up": "reached"}, 3.0, ([GATE], [])),
    ("open", {}, 9.9, ([], [])),
    ("open", {}, 10.0, ([], [GATE])),
    ("open", {"up": ""}, 10.0, ([], [GATE])),
    ("close", {"down": "reached"}, 5.0, ([GATE], [])),
    ("close", {"up": "reached"}, 10.0, ([], [GATE])),
]


@pytest.mark.parametrize(("act", "words", "at", "expected"), ARRIVALS)
def test_a_barrier_that_does_not_arrive_in_10_s_is_at_fault(
    actions: Actions, act: str, words: dict[str, str], at: float, expected: tuple[list[str], list[str]]
) -> None:
    commands = Commands(actions)
    assert commands.take(command(act), MAY, seen(), 0.0).result == "done"
    assert commands.tick(seen(**words), at) == expected


FIRES = st.sampled_from(["fire", "panel-fire"])
EVENTS = st.one_of(
    st.tuples(st.sampled_from(["raise", "clear", "reset"]), FIRES),
    st.tuples(st.sampled_from(["tick", "walk", "end_walk", "close", "open"]), st.just("")),
)


@given(st.lists(st.tuples(st.floats(0, 400), EVENTS), max_size=30))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_happens_only_a_reset_relocks_and_nothing_closes_meanwhile(
    plan: Plan, story: list[tuple[float, tuple[str, str]]]
) -> None:
    actions, now, holding = Actions(plan.outputs(), plan.rules), 0.0, set[str]()
    commands = Commands(actions)
    for number, (wait_s, (what, rule)) in enumerate(story):
        now += wait_s
        is_testing = actions.walk_test is not None and now < actions.walk_test.until
        steps: list[Step] = []
        try:
            if what == "raise":
                steps = actions.on_raise(rule, now)
                if rule == "panel-fire" or not is_testing:
                    holding.add(rule)
                    assert said(steps) == FIRE
                else:
                    assert said(steps) == ["notice"]
            elif what == "clear":
                steps = actions.on_clear(rule, now)
            elif what == "reset":
                steps = actions.on_reset(rule, by(now))
                holding.discard(rule)
            elif what == "walk":
                steps = actions.begin_walk_test(["hall-smoke"], by(now), 600)
            elif what in ("tick", "end_walk"):
                steps = actions.tick(now) if what == "tick" else actions.end_walk_test(now)
                holding |= {one.rule for one in steps if isinstance(one, Tell) and one.act == "evacuate"}
            else:
                answer = commands.take(command(what, id=str(number), expires_at=now + 1), MAY, seen(), now)
                steps = list(answer.steps)
                assert not (what == "close" and holding and answer.result == "done")
        except Refused:
            pass
        assert bool(actions.released) == bool(holding)
        relocked = [
            one for one in steps if isinstance(one, Order) and one.output in (DOORS, BARRIERS) and one.is_energised
        ]
        assert not relocked or (what == "reset" and not holding)

"""Health: decline before loss, loss only when promised, return after two answers, one root for many children."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from kiosk.site.health import Health, Promise, Sign, State
from kiosk.site.points import Cause
from kiosk.site.root_cause import roots

UNIT = Promise(15.0)  # a Modbus unit
DAY = 86_400


def polled(pattern: str, every_s: float, promise: Promise = UNIT) -> list[str]:
    """States after each poll: ``.`` answered, ``x`` missed; a tick follows each."""
    health = Health(promise, 0.0)
    shown = []
    for number, one in enumerate(pattern, 1):
        now = number * every_s
        if one == ".":
            health.answered(now, 0.01)
        else:
            health.missed(now, Cause.TIMEOUT)
        shown.append(health.state.value[0].upper())
    return shown


PATTERNS = [
    # every, polls, states: Unknown Online Degraded Lost
    (3.0, "....", "UOOO", "two answers make it online"),
    (3.0, "..x..", "UOOOO", "one missed poll is nothing"),
    (3.0, "..xx..", "UOODDO", "2 of 3 missed: degraded, never lost"),
    (3.0, "..x.x...", "UOOODDOO", "2 of 3 missed, with an answer between: two answers end it"),
    (3.0, "..xxxxx", "UOODDDL", "5 missed and 15 s of silence: lost"),
    (1.0, "..xxxxxxxxxxxxxxx", "UO" "O" "DDDDDDDDDDDDD" "L", "5 missed are not enough, 15 s of silence it must be"),
    (6.0, "..xxxxx", "UOODDDL", "15 s are not enough, 5 missed it must be"),
    (3.0, "..xxxxx.", "UOODDDLL", "one answer is not yet a return"),
    (3.0, "..xxxxx....", "UOODDDLLOOO", "two answers are"),
    (3.0, "xxxxx", "UUUUL", "never heard since the start: lost all the same"),
]  # fmt: skip


@pytest.mark.parametrize(("every_s", "polls", "states", "_why"), PATTERNS, ids=[row[3] for row in PATTERNS])
def test_states(every_s: float, polls: str, states: str, _why: str) -> None:
    assert "".join(polled(polls, every_s)) == states


PROMISES = [("loop", 2.0, 0.1), ("reader", 10.0, 0.2), ("camera", 10.0, 2.0), ("unit", 15.0, 3.0), ("link", 5.0, 1.0)]


@pytest.mark.parametrize(("what", "lost_after_s", "every_s"), PROMISES, ids=[row[0] for row in PROMISES])
def test_a_silent_device_is_lost_in_the_promised_time(what: str, lost_after_s: float, every_s: float) -> None:
    health = Health(Promise(lost_after_s), 0.0)
    health.answered(0.0, 0.01)
    health.answered(0.0, 0.01)
    number = 0
    while health.state is not State.LOST:
        number += 1
        health.missed(number * every_s, Cause.TIMEOUT)
    assert number * every_s == pytest.approx(lost_after_s)


def test_no_false_loss_in_24_hours_at_2_percent_loss() -> None:
    """A unit polled every 3 s; 2 of 3 would have said so hundreds of times, 5 in 15 s never does."""
    chance, health, states = random.Random(5), Health(UNIT, 0.0), Counter[State]()
    for number in range(1, DAY // 3 + 1):
        lost_packet = chance.random() < 0.02
        news = health.missed(number * 3.0, Cause.TIMEOUT) if lost_packet else health.answered(number * 3.0, 0.01)
        if news is not None and news.after is not news.before:
            states[news.after] += 1
    assert states[State.LOST] == 0
    assert states[State.DEGRADED] > 10
    assert health.availability(DAY, DAY) == 1.0


def test_a_battery_radio_is_lost_after_two_heartbeats_and_10_percent() -> None:
    health = Health(Promise(2.2 * 600, missed=2), 0.0)
    health.answered(0.0)
    health.answered(600.0)
    health.missed(1200.0, Cause.TIMEOUT)
    health.missed(1800.0, Cause.TIMEOUT)
    assert health.state is State.DEGRADED
    health.tick(600 + 1319.9)
    assert health.state is State.DEGRADED
    health.tick(600 + 1320.0)
    assert health.state is State.LOST


def run(health: Health, begin: float, seconds: float, response_s: float, every_s: float = 10.0) -> float:
    now = begin
    while now < begin + seconds:
        now += every_s
        health.answered(now, response_s)
    return now


def test_three_times_slower_than_its_own_last_week_is_decline() -> None:
    health = Health(UNIT, 0.0)
    now = run(health, 0.0, DAY + 10, 0.020)
    now = run(health, now, 7200, 0.040)
    assert health.state is State.ONLINE
    now = run(health, now, 7200, 0.080)
    assert (health.state, health.signs) == (State.DEGRADED, {Sign.SLOW})
    run(health, now, 7200, 0.020)
    assert health.state is State.ONLINE


def online() -> Health:
    health = Health(UNIT, 0.0)
    health.answered(0.0, 0.01)
    health.answered(0.0, 0.01)
    return health


CLOCKS = [(2.0, set()), (-2.1, {Sign.CLOCK}), (60.0, {Sign.CLOCK}), (60.1, {Sign.CLOCK_BAD})]


@pytest.mark.parametrize(("offset_s", "signs"), CLOCKS)
def test_a_clock_that_is_off_by_2_s_is_a_warning_by_60_s_bad(offset_s: float, signs: set[Sign]) -> None:
    health = online()
    health.clock(1.0, offset_s)
    assert health.signs == signs


def test_three_reboots_within_a_day_are_decline() -> None:
    health = online()
    for now, uptime_s in [(10, 1000), (20, 1010), (30, 5), (40, 15), (50, 5), (60, 15)]:
        health.uptime(now, uptime_s)
    assert health.signs == set()
    health.uptime(70, 1)
    assert health.signs == {Sign.REBOOTS}
    health.tick(30 + DAY)
    assert health.signs == set()


def test_errors_over_5_percent_of_200_polls_are_decline() -> None:
    health = online()
    for number in range(1, 201):
        if number % 18 == 0:
            health.missed(number, Cause.GARBAGE)
        else:
            health.answered(number, 0.01)
    assert health.error_rate == pytest.approx(11 / 200)
    assert (health.state, health.signs, health.cause) == (State.DEGRADED, {Sign.ERRORS}, Cause.GARBAGE)


def test_a_frozen_or_dark_picture_is_decline() -> None:
    health = online()
    health.picture(1, is_frozen=True, is_dark=False)
    assert health.signs == {Sign.PICTURE_FROZEN}
    health.picture(2, is_frozen=False, is_dark=True)
    assert health.signs == {Sign.PICTURE_DARK}
    health.picture(3, is_frozen=False, is_dark=False)
    assert health.state is State.ONLINE


def test_an_hour_lost_in_a_day_is_seen_in_the_availability() -> None:
    health = Health(Promise(15.0), 0.0)
    now = run(health, 0.0, DAY - 7200, 0.01)
    for _ in range(360):
        now += 10
        health.missed(now, Cause.TIMEOUT)
    run(health, now, DAY - now, 0.01)
    assert health.losses == 1
    assert health.availability(DAY, DAY) == pytest.approx(23 / 24, abs=0.001)
    assert health.mean_time_between_losses_s(DAY) == DAY
    assert Sign.AVAILABILITY in health.signs


PARENTS = {
    "fibre": "", "switch": "fibre", "gateway": "switch", "bus": "gateway", "door": "bus", "lamp": "bus", "alone": "",
}  # fmt: skip
ROOTS = [
    (set(), {}, {}),
    ({"alone"}, {}, {"alone": 0}),
    ({"bus", "door"}, {"door": "bus", "lamp": "bus"}, {"bus": 2}),
    ({"switch", "door"}, {"gateway": "switch", "bus": "switch", "door": "switch", "lamp": "switch"}, {"switch": 4}),
    ({"fibre", "bus"}, dict.fromkeys(["switch", "gateway", "bus", "door", "lamp"], "fibre"), {"fibre": 5}),
    ({"door", "alone"}, {}, {"door": 0, "alone": 0}),
]


@pytest.mark.parametrize(("lost", "spoken_for", "children"), ROOTS)
def test_the_topmost_lost_parent_speaks_for_all_below(
    lost: set[str], spoken_for: dict[str, str], children: dict[str, int]
) -> None:
    found = roots(PARENTS, lost)
    assert (dict(found.spoken_for), dict(found.children)) == (spoken_for, children)


def test_a_circle_of_parents_ends() -> None:
    assert roots({"a": "b", "b": "a"}, {"a"}).spoken_for == {"b": "a"}

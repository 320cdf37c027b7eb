"""Alarms as stories: who does what and when, what is journaled, what is announced."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.site.alarm_snapshot import SnapshotUnusable, restore, snapshot
from kiosk.site.alarm_states import NEVER_ON_FIRE, Cover, Refused, Severity, State
from kiosk.site.alarms import Act, Alarms, Change, Definition, Key, counts

SMOKE = Key("hall.smoke", "fire")
DOOR = Key("door.contact", "forced")
SOIL = Key("bed.moisture", "dry")
DEFINITIONS = (
    Definition(SMOKE, Severity.FIRE, is_latching=True),
    Definition(DOOR, Severity.FAULT),
    Definition(SOIL, Severity.INFO),
)
Deed = Callable[[Alarms, float], list[Change]]


def by(now: float, reason: str = "repair") -> Act:
    return Act("staff:017", now, "2026-11-22T20:00:00+08:00", reason)


def raised(key: Key) -> Deed:
    return lambda alarms, now: alarms.raise_(key, now)


def cleared(key: Key) -> Deed:
    return lambda alarms, now: alarms.clear(key, now)


def acknowledged(key: Key) -> Deed:
    return lambda alarms, now: alarms.acknowledge(key, by(now))


def reset(key: Key) -> Deed:
    return lambda alarms, now: alarms.reset(key, by(now))


def shelved(key: Key, for_s: float = 100) -> Deed:
    return lambda alarms, now: alarms.shelve(key, by(now), for_s)


def unshelved(key: Key) -> Deed:
    return lambda alarms, now: alarms.unshelve(key, by(now))


def removed(key: Key, for_s: float = 100) -> Deed:
    return lambda alarms, now: alarms.take_out_of_service(key, by(now), for_s)


def suppressed(key: Key, parent: str = "switch") -> Deed:
    return lambda alarms, now: alarms.suppress([key], parent, now)


def unsuppressed(key: Key) -> Deed:
    return lambda alarms, now: alarms.unsuppress([key], now)


def time_passed(alarms: Alarms, now: float) -> list[Change]:
    return alarms.tick(now)


STORIES: dict[str, list[tuple[float, Deed, str, str]]] = {
    # at, deed, what is journaled ("!" announced), what is shown
    "a fault comes, is seen, goes": [
        (0, raised(DOOR), "raise!", "unack"),
        (1, raised(DOOR), "", "unack"),
        (2, acknowledged(DOOR), "acknowledge", "acked"),
        (3, cleared(DOOR), "clear", "normal"),
    ],
    "a fault goes before anybody saw it": [
        (0, raised(DOOR), "raise!", "unack"),
        (1, cleared(DOOR), "clear", "rtn_unack"),
        (2, acknowledged(DOOR), "acknowledge", "normal"),
    ],
    "fire stays until it is acknowledged and reset": [
        (0, raised(SMOKE), "raise!", "unack"),
        (1, cleared(SMOKE), "clear", "latched_unack"),
        (2, acknowledged(SMOKE), "acknowledge", "latched"),
        (3, reset(SMOKE), "reset", "normal"),
    ],
    "fire again while it is latched": [
        (0, raised(SMOKE), "raise!", "unack"),
        (1, acknowledged(SMOKE), "acknowledge", "acked"),
        (2, cleared(SMOKE), "clear", "latched"),
        (3, raised(SMOKE), "raise!", "unack"),
    ],
    "a shelf ends by itself and what is there is announced": [
        (0, shelved(DOOR), "+shelved", "shelved"),
        (10, raised(DOOR), "raise", "shelved"),
        (99, time_passed, "", "shelved"),
        (100, time_passed, "-shelved!", "unack"),
    ],
    "a shelf is left early": [
        (0, raised(DOOR), "raise!", "unack"),
        (1, shelved(DOOR), "+shelved", "shelved"),
        (2, unshelved(DOOR), "-shelved!", "unack"),
    ],
    "a parent is lost and comes back": [
        (0, raised(DOOR), "raise!", "unack"),
        (5, suppressed(DOOR), "+suppressed", "suppressed"),
        (5, suppressed(DOOR), "", "suppressed"),
        (6, suppressed(DOOR, "fibre"), "+suppressed", "suppressed"),
        (9, unsuppressed(DOOR), "-suppressed!", "unack"),
    ],
    "what came and went under a cover leaves nothing to acknowledge": [
        (0, suppressed(DOOR), "+suppressed", "suppressed"),
        (1, raised(DOOR), "raise", "suppressed"),
        (2, cleared(DOOR), "clear", "suppressed"),
        (3, unsuppressed(DOOR), "-suppressed", "normal"),
    ],
    "what was announced before the cover is still to be acknowledged": [
        (0, raised(DOOR), "raise!", "unack"),
        (1, suppressed(DOOR), "+suppressed", "suppressed"),
        (2, cleared(DOOR), "clear", "suppressed"),
        (3, unsuppressed(DOOR), "-suppressed", "rtn_unack"),
    ],
    "fire is not suppressed": [
        (0, raised(SMOKE), "raise!", "unack"),
        (5, suppressed(SMOKE), "", "unack"),
    ],
    "chattering: more than 3 transitions in 60 s, counted from then on (ISA-18.2)": [
        (0, raised(DOOR), "raise!", "unack"),
        (10, cleared(DOOR), "clear", "rtn_unack"),
        (20, raised(DOOR), "raise!", "unack"),
        (30, cleared(DOOR), "+chattering", "chattering"),
        (40, raised(DOOR), "", "chattering"),
        (99, time_passed, "", "chattering"),
        (100, time_passed, "-chattering!", "unack"),
    ],
    "not chattering: 4 transitions in more than 60 s": [
        (0, raised(DOOR), "raise!", "unack"),
        (20, cleared(DOOR), "clear", "rtn_unack"),
        (40, raised(DOOR), "raise!", "unack"),
        (61, cleared(DOOR), "clear", "rtn_unack"),
    ],
    "fire never counts as chattering": [
        (0, raised(SMOKE), "raise!", "unack"),
        (1, cleared(SMOKE), "clear", "latched_unack"),
        (2, raised(SMOKE), "raise!", "unack"),
        (3, cleared(SMOKE), "clear", "latched_unack"),
        (4, raised(SMOKE), "raise!", "unack"),
    ],
    "out of service ends by itself, also for fire": [
        (0, removed(SMOKE), "+out_of_service", "out_of_service"),
        (5, raised(SMOKE), "raise", "out_of_service"),
        (100, time_passed, "-out_of_service!", "unack"),
    ],
    "covers lie on each other": [
        (0, removed(DOOR, 50), "+out_of_service", "out_of_service"),
        (1, shelved(DOOR, 100), "+shelved", "out_of_service"),
        (2, raised(DOOR), "raise", "out_of_service"),
        (50, time_passed, "-out_of_service", "shelved"),
        (101, time_passed, "-shelved!", "unack"),
    ],
}


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES.keys())
def test_story(story: list[tuple[float, Deed, str, str]]) -> None:
    alarms = Alarms(DEFINITIONS)
    for at, deed, journaled, shown in story:
        changes = deed(alarms, at)
        said = " ".join(change.what + "!" * change.is_announced for change in changes)
        key = changes[0].key if changes else key  # noqa: F821 - the first step always changes something
        assert (at, said, alarms[key].shown) == (at, journaled, shown)


REFUSED = {
    "an act by nobody": (lambda a: a.acknowledge(DOOR, Act(" ", 0)), "nobody"),
    "an act in the name of the watch": (lambda a: a.acknowledge(DOOR, Act("watch", 0)), "nobody"),
    "an alarm that no rule makes": (lambda a: a.acknowledge(Key("x", "y"), by(0)), "no_such_alarm"),
    "a shelf for fire": (lambda a: a.shelve(SMOKE, by(0), 60), "fire_is_never_covered"),
    "a shelf without a reason": (lambda a: a.shelve(DOOR, by(0, ""), 60), "no_reason"),
    "a shelf for ever": (lambda a: a.shelve(DOOR, by(0), 8 * 3600 + 1), "too_long"),
    "a shelf for no time": (lambda a: a.shelve(DOOR, by(0), 0), "too_long"),
    "out of service for a week": (lambda a: a.take_out_of_service(SMOKE, by(0), 7 * 86_400), "too_long"),
    "unshelving what is not shelved": (lambda a: a.unshelve(DOOR, by(0)), "not_shelved"),
    "putting back what is in service": (lambda a: a.put_back(DOOR, by(0)), "in_service"),
}


@pytest.mark.parametrize(("deed", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_refused_by_name(deed: Callable[[Alarms], object], reason: str) -> None:
    alarms = Alarms(DEFINITIONS)
    with pytest.raises(Refused) as refused:
        deed(alarms)
    assert refused.value.reason == reason
    assert snapshot(alarms, 0) == snapshot(Alarms(DEFINITIONS), 0)


def test_every_act_has_who_when_and_why() -> None:
    alarms = Alarms(DEFINITIONS)
    alarms.raise_(DOOR, 1, "open")
    change = alarms.acknowledge(DOOR, Act("staff:017", 2, "2026-11-22T20:00:02+08:00", "on my way"))[0]
    assert (change.who, change.at, change.label, change.detail) == (
        "staff:017", 2, "2026-11-22T20:00:02+08:00", "on my way",
    )  # fmt: skip
    assert (alarms[DOOR].acked_by, alarms[DOOR].acked_label) == ("staff:017", "2026-11-22T20:00:02+08:00")


def many(severity: Severity, number: int, prefix: str = "p") -> list[Definition]:
    return [Definition(Key(f"{prefix}{n}", "r"), severity) for n in range(number)]


def test_a_flood_begins_with_the_eleventh_alarm_in_ten_minutes_and_ends_below_five() -> None:
    """ISA-18.2: more than 10 annunciated alarms in 10 min."""
    faults = many(Severity.FAULT, 14)
    alarms = Alarms([*faults, *DEFINITIONS])
    announced = [any(c.is_announced for c in alarms.raise_(one.key, 0)) for one in faults]
    assert announced == [True] * 10 + [False] * 4
    assert any(change.is_announced for change in alarms.raise_(SMOKE, 1))
    assert alarms.tick(599) == []
    after = alarms.tick(600)
    assert [(c.what, c.is_announced) for c in after] == [("-flood", True)] * 4
    assert not alarms.is_flood


def test_all_alarms_are_listed_the_most_urgent_first() -> None:
    alarms = Alarms(DEFINITIONS)
    alarms.raise_(SOIL, 1)
    alarms.raise_(SMOKE, 2)
    assert [one.definition.key for one in alarms.all()] == [SMOKE, DOOR, SOIL]
    assert counts(alarms.all())[Severity.FIRE] == 1
    assert counts(alarms.all())[Severity.FAULT] == 0


def fill(alarms: Alarms) -> None:
    alarms.raise_(SMOKE, 0, "alarm")
    alarms.acknowledge(SMOKE, by(1))
    alarms.clear(SMOKE, 2)
    alarms.raise_(DOOR, 3)
    alarms.shelve(DOOR, by(4), 100)


def test_a_reload_keeps_acknowledgement_latch_and_shelf() -> None:
    alarms = Alarms(DEFINITIONS)
    fill(alarms)
    before = snapshot(alarms, 10)
    assert alarms.adopt(DEFINITIONS, 10) == []
    assert snapshot(alarms, 10) == before


def test_a_latched_alarm_outlives_its_rule_until_it_is_reset() -> None:
    alarms = Alarms(DEFINITIONS)
    fill(alarms)
    alarms.adopt([], 10)
    assert alarms[SMOKE].shown == "latched"
    alarms.reset(SMOKE, by(11))
    with pytest.raises(Refused, match="no_such_alarm"):
        alarms.reset(SMOKE, by(12))


def test_an_alarm_that_becomes_fire_comes_off_the_shelf() -> None:
    alarms = Alarms(DEFINITIONS)
    fill(alarms)
    changes = alarms.adopt([Definition(DOOR, Severity.FIRE), DEFINITIONS[0]], 10)
    assert [(c.what, c.is_announced) for c in changes if c.key == DOOR] == [("-shelved", True)]


def test_a_power_cut_keeps_latch_acknowledgement_and_shelf_on_another_clock() -> None:
    alarms = Alarms(DEFINITIONS)
    fill(alarms)
    data = json.loads(json.dumps(snapshot(alarms, 10)))
    again = restore(data, DEFINITIONS, now=7.0, away_s=20.0)
    assert (again[SMOKE].state, again[SMOKE].acked_by) == (State.LATCHED, "staff:017")
    assert again[DOOR].covers[Cover.SHELVED].until == 7.0 + 94 - 20
    assert [c.what for c in again.tick(81.0)] == ["-shelved"]


def test_a_restored_alarm_without_its_rule_stays_while_it_is_latched() -> None:
    alarms = Alarms(DEFINITIONS)
    fill(alarms)
    again = restore(snapshot(alarms, 10), [], now=0.0)
    assert (again[SMOKE].state, again[DOOR].state) == (State.LATCHED, State.RTN_UNACK)


@pytest.mark.parametrize(
    "data",
    [None, {}, {"version": 2}, {"version": 1, "alarms": [{}], "announced_s": [], "is_flood": False}],
    ids=["nothing", "empty", "of another version", "half an alarm"],
)
def test_a_damaged_snapshot_is_named_with_its_cure(data: object) -> None:
    with pytest.raises(SnapshotUnusable, match=r"snapshot of the alarms: .*start without it"):
        restore(data, DEFINITIONS, 0.0)


KEYS = st.sampled_from([SMOKE, DOOR, SOIL])
DEEDS = st.sampled_from(
    [raised, cleared, acknowledged, reset, shelved, unshelved, removed, suppressed, unsuppressed, lambda _: time_passed]
)


@given(st.lists(st.tuples(st.floats(0, 200), DEEDS, KEYS), max_size=40))
def test_whatever_happens_fire_is_heard_latches_hold_and_snapshots_are_whole(
    story: list[tuple[float, Callable[[Key], Deed], Key]],
) -> None:
    alarms, now, was_reset = Alarms(DEFINITIONS), 0.0, True
    for wait_s, deed, key in story:
        now += wait_s
        try:
            changes = deed(key)(alarms, now)
        except Refused:
            changes = []
        assert all(change.at == now and change.who for change in changes)
        assert not set(alarms[SMOKE].covers) & NEVER_ON_FIRE
        was_reset = (was_reset or any(c.key == SMOKE and c.what == "reset" for c in changes)) and not any(
            c.key == SMOKE and c.what == "raise" for c in changes
        )
        assert (alarms[SMOKE].state is State.NORMAL) == was_reset
        data = json.loads(json.dumps(snapshot(alarms, now)))
        assert same(data, alarms, now)


def same(data: dict[str, object], alarms: Alarms, now: float) -> bool:
    """The snapshot of what was restored from it tells the same story; ages to a millisecond."""
    again = restore(data, DEFINITIONS, 5.0)
    return all(
        (again[key].state, again[key].shown, again[key].count, again[key].acked_by, set(again[key].covers))
        == (alarms[key].state, alarms[key].shown, alarms[key].count, alarms[key].acked_by, set(alarms[key].covers))
        and all(
            (laid.until is None) == (again[key].covers[cover].until is None)
            and (laid.until is None or abs((laid.until - now) - (again[key].covers[cover].until - 5.0)) < 1e-3)
            for cover, laid in alarms[key].covers.items()
        )
        for key in (SMOKE, DOOR, SOIL)
    )

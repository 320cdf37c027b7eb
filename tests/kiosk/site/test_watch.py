"""The watch as one thing, on the site that ships: from a sample to an order, from a lost link to one alarm."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from kiosk.site.actions import Order
from kiosk.site.alarm_snapshot import SnapshotUnusable
from kiosk.site.alarms import Act, Key
from kiosk.site.plan import Plan
from kiosk.site.points import Cause, Quality, Sample
from kiosk.site.site_file import load
from kiosk.site.watch import Outcome, Watch

PROFILES = Path(__file__).resolve().parents[3] / "assets" / "site"
NOON = 12 * 60
OHM = {"normal": 2200, "alarm": 4400, "open": 20_000}
FIRE, LOOP = Key("hall-smoke.loop", "fire"), "hall-smoke.loop"
RELEASED = ["release.doors=0", "release.barriers=0", "evacuate"]


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load(PROFILES / "example" / "site.toml", PROFILES)


@pytest.fixture
def watch(plan: Plan) -> Watch:
    watch = Watch(plan, 0.0)
    watch.begin(0.0)
    return watch


def by(now: float) -> Act:
    return Act("staff:017", now, reason="seen")


def smoke(watch: Watch, word: str, at: float) -> Outcome:
    return watch.take(LOOP, Sample(OHM[word], at), NOON)


def steps(outcome: Outcome) -> list[str]:
    return [f"{s.output}={s.is_energised:d}" if isinstance(s, Order) else s.act for s in outcome.steps]


def changes(outcome: Outcome) -> list[str]:
    return [f"{change.key} {change.what}" + "!" * change.is_announced for change in outcome.changes]


def test_the_first_sample_after_a_start_is_a_fire_and_acts_at_once(watch: Watch) -> None:
    out = smoke(watch, "alarm", 0.1)
    assert steps(out) == RELEASED
    assert changes(out) == [f"{FIRE} raise!"]


def test_fire_goes_its_whole_way(watch: Watch) -> None:
    assert steps(smoke(watch, "normal", 1)) == []
    assert steps(smoke(watch, "alarm", 2)) == RELEASED
    assert steps(smoke(watch, "normal", 3)) == []
    assert changes(watch.acknowledge(FIRE, by(4))) == [f"{FIRE} acknowledge"]
    assert steps(watch.reset(FIRE, by(5))) == ["release.doors=1", "release.barriers=1"]


def test_a_cut_loop_is_a_fault_and_no_fire_and_a_fire_survives_the_cut(watch: Watch) -> None:
    smoke(watch, "normal", 1)
    assert changes(smoke(watch, "open", 2)) == ["hall-smoke.loop/loop-fault raise!"]
    smoke(watch, "alarm", 3)
    watch.take(LOOP, Sample(None, 4, Cause.TIMEOUT), NOON)
    assert watch.alarms[FIRE].is_active


def restarted(watch: Watch, plan: Plan, now: float) -> tuple[Watch, Outcome]:
    again = Watch(plan, now, kept=json.loads(json.dumps(watch.snapshot(now))), away_s=30)
    return again, again.begin(now)


@pytest.mark.parametrize("is_over", [False, True], ids=["while it burns", "latched"])
def test_a_power_cut_relocks_nothing_not_even_for_a_moment(watch: Watch, plan: Plan, is_over: bool) -> None:
    smoke(watch, "alarm", 1)
    if is_over:
        smoke(watch, "normal", 2)
    again, out = restarted(watch, plan, 5)
    assert steps(out) == [*RELEASED, "valve.valve=0"]
    smoke(again, "normal", 6)
    assert again.alarms[FIRE].shown == "latched_unack"
    again.acknowledge(FIRE, by(7))
    assert steps(again.reset(FIRE, by(8))) == ["release.doors=1", "release.barriers=1"]


def test_a_power_cut_and_a_file_without_the_rule_relock_nothing(watch: Watch, plan: Plan) -> None:
    smoke(watch, "alarm", 1)
    rules = {name: rule for name, rule in plan.rules.items() if name != "fire"}
    again, out = restarted(watch, dataclasses.replace(plan, rules=rules), 5)
    assert steps(out) == ["release.doors=0", "release.barriers=0", "valve.valve=0"]
    again.acknowledge(FIRE, by(7))
    assert steps(again.reset(FIRE, by(8))) == ["release.doors=1", "release.barriers=1"]


@pytest.mark.parametrize("data", [{}, {"alarms": {}, "released": 5}, {"alarms": {}, "released": {}}])
def test_a_damaged_snapshot_is_named(plan: Plan, data: object) -> None:
    with pytest.raises(SnapshotUnusable, match="start without it"):
        Watch(plan, 0.0, kept=data)


def test_a_reload_keeps_latch_acknowledgement_and_release(watch: Watch, plan: Plan) -> None:
    smoke(watch, "alarm", 1)
    watch.acknowledge(FIRE, by(2))
    watch.reload(plan, 3, NOON)
    assert (watch.alarms[FIRE].shown, watch.alarms[FIRE].acked_by) == ("acked", "staff:017")
    assert watch.actions.released == {"release.doors", "release.barriers"}
    smoke(watch, "normal", 4)
    assert watch.alarms[FIRE].shown == "latched"


def test_out_of_service_releases_nothing_and_acts_when_it_ends(watch: Watch) -> None:
    watch.alarms.take_out_of_service(FIRE, by(1), 60)
    assert steps(smoke(watch, "alarm", 2)) == []
    assert steps(watch.tick(60, NOON)) == []
    out = watch.tick(61, NOON)
    assert steps(out) == RELEASED
    assert changes(out)[-1] == f"{FIRE} -out_of_service!"


def lose(watch: Watch, name: str, begin: float, seconds: int) -> list[str]:
    said = []
    for second in range(seconds + 1):
        said += changes(watch.missed(name, begin + second, Cause.TIMEOUT))
        said += changes(watch.tick(begin + second, NOON))
    return said


def test_a_lost_link_is_one_alarm_and_its_children_are_suppressed(watch: Watch) -> None:
    for name in ("fibre", "video", "eyes-1"):
        for now in (0.0, 0.1):
            watch.answered(name, now, 0.01)
    said = lose(watch, "fibre", 1, 8)
    assert [one for one in said if one.endswith("!")] == ["fibre/degraded raise!", "fibre/lost raise!"]
    assert watch.alarms[Key("eyes-1", "lost")].shown == "suppressed"
    assert watch.points()["eyes-1.online"].cause is Cause.UNREACHABLE_PARENT
    assert not [one for one in lose(watch, "eyes-1", 10, 30) if one.endswith("!")]


def test_children_get_time_to_come_back_and_leave_nothing_to_acknowledge(watch: Watch) -> None:
    for name in ("fibre", "video"):
        for now in (0.0, 0.1):
            watch.answered(name, now, 0.01)
    lose(watch, "fibre", 1, 8)
    lose(watch, "video", 10, 30)
    for now in (41.0, 41.1):
        watch.answered("fibre", now, 0.01)
    watch.tick(42, NOON)
    assert watch.alarms[Key("video", "lost")].shown == "suppressed"
    for now in (43.0, 43.1):
        watch.answered("video", now, 0.01)
    watch.tick(44, NOON)
    assert watch.alarms[Key("video", "lost")].shown == "normal"


def test_a_child_that_does_not_come_back_is_announced_after_10_s(watch: Watch) -> None:
    for name in ("fibre", "video"):
        for now in (0.0, 0.1):
            watch.answered(name, now, 0.01)
    lose(watch, "fibre", 1, 8)
    lose(watch, "video", 10, 30)
    for now in (41.0, 41.1):
        watch.answered("fibre", now, 0.01)
    assert not [one for second in range(42, 52) for one in changes(watch.tick(second, NOON)) if one.endswith("!")]
    assert "video/lost -suppressed!" in changes(watch.tick(53, NOON))


def test_after_a_power_cut_a_lost_parent_still_speaks_for_its_children(watch: Watch, plan: Plan) -> None:
    for name in ("fibre", "video"):
        for now in (0.0, 0.1):
            watch.answered(name, now, 0.01)
    lose(watch, "fibre", 1, 8)
    lose(watch, "video", 10, 30)
    again, _ = restarted(watch, plan, 41)
    assert not [one for one in lose(again, "fibre", 42, 30) + lose(again, "video", 73, 30) if one.endswith("!")]
    for name in ("fibre", "video"):
        for now in (110.0, 110.1):
            again.answered(name, now, 0.01)
    again.tick(111, NOON)
    assert again.alarms[Key("video", "lost")].shown == "normal"


def test_out_of_service_after_the_release_does_not_relock_over_a_power_cut(watch: Watch, plan: Plan) -> None:
    smoke(watch, "alarm", 1)
    watch.alarms.take_out_of_service(FIRE, by(2), 600)
    _, out = restarted(watch, plan, 3)
    assert steps(out)[:2] == RELEASED[:2]


def test_a_walk_test_is_journaled_as_one(watch: Watch) -> None:
    watch.actions.begin_walk_test(["hall-smoke"], by(0), 60)
    out = smoke(watch, "alarm", 1)
    assert steps(out) == ["notice"]
    assert out.changes[0].detail == "walk test: hall-smoke.loop = alarm"
    assert steps(watch.tick(60, NOON)) == ["notice", *RELEASED]


def test_a_barrier_that_a_rule_opened_and_that_does_not_arrive_is_a_fault(watch: Watch) -> None:
    watch.take("gate.up", Sample(0, 1), NOON)
    assert steps(watch.take("plates.plate", Sample("listed", 1), NOON)) == ["gate.gate=1"]
    said = [one for second in range(2, 13) for one in changes(watch.tick(second, NOON))]
    assert "gate.gate/no_feedback raise!" in said


def test_two_plates_that_are_listed_open_twice(watch: Watch) -> None:
    for at in (1, 2):
        assert steps(watch.take("plates.plate", Sample("listed", at), NOON)) == ["gate.gate=1"]


def test_a_value_that_nobody_confirms_goes_stale(watch: Watch) -> None:
    watch.take("soil.moisture", Sample(310, 1), NOON)
    assert watch.points()["soil.moisture"].value == pytest.approx(31)
    out = [point for second in range(2, 19) for _, point in watch.tick(second, NOON).points]
    assert [point.cause for point in out] == [Cause.STALE]


def test_dry_soil_waters_after_its_delay_and_stops_when_wet(watch: Watch) -> None:
    watch.take("soil.moisture", Sample(190, 0), NOON)
    for at in range(3, 600, 3):
        watch.take("soil.moisture", Sample(190 + at % 2, at), NOON)
        assert steps(watch.tick(at, NOON)) == []
    watch.take("soil.moisture", Sample(190, 600), NOON)
    assert steps(watch.tick(600, NOON)) == ["valve.valve=1"]
    assert steps(watch.take("soil.moisture", Sample(260, 650), NOON)) == ["valve.valve=0"]


@pytest.mark.parametrize("every_s", [0.1, 0.3, 1.0, 5.0])
def test_every_point_is_looked_at_within_a_second_or_at_every_tick(plan: Plan, every_s: float) -> None:
    watch = Watch(plan, 0.0)
    for reference in watch.conditioners:
        spec = plan.point(reference)
        word = next(iter(spec.words), "")
        raw = {"number": 300.0, "loop": 2200.0}.get(spec.kind, float(word) if word.isdigit() else word)
        watch.take(reference, Sample(raw, 0.0), NOON)
    fresh = {
        reference
        for reference, conditioner in watch.conditioners.items()
        if conditioner.point.quality is Quality.GOOD and conditioner.limits.stale_after_s < 20
    }
    assert len(fresh) > 20
    now, stale = 0.0, set[str]()
    while now < 21 + every_s:
        now += every_s
        stale |= {one for one, point in watch.tick(now, NOON).points if point.cause is Cause.STALE}
    assert fresh <= stale

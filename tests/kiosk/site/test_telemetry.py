"""Which readings reach the journal and when; nothing private ever."""

from __future__ import annotations

from pathlib import Path

import pytest

from kiosk.site.plan import Plan
from kiosk.site.points import Cause, Point, Quality
from kiosk.site.seen import event_body
from kiosk.site.site_file import load
from kiosk.site.telemetry import BITE, MOST_STATES, ROW_POINTS, Telemetry

PROFILES = Path(__file__).resolve().parents[3] / "assets" / "site"


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load(PROFILES / "example" / "site.toml", PROFILES)


def good(value: float | str, at: float = 1.0) -> Point:
    return Point(value, Quality.GOOD, Cause.NONE, at, at)


def test_states_come_each_within_a_second_and_numbers_as_their_newest_after_ten(plan: Plan) -> None:
    telemetry = Telemetry(0.0)
    for word in ("open", "closed"):
        telemetry.take(plan.point("door-1.contact"), "door-1.contact", good(word))
    for value in (30.0, 31.0):
        telemetry.take(plan.point("soil.moisture"), "soil.moisture", good(value))
    assert telemetry.rows(plan.point, 0.9) == []
    assert telemetry.rows(plan.point, 1.0) == [
        {"points": [{"n": "door-1.contact", "t": 1000, "vs": word} for word in ("open", "closed")]}
    ]
    assert telemetry.rows(plan.point, 9.9) == []
    assert telemetry.rows(plan.point, 10.0) == [{"points": [{"n": "soil.moisture", "t": 1000, "v": 31.0, "u": "%"}]}]
    assert telemetry.rows(plan.point, 99.0) == []


def test_a_value_that_is_bad_says_why_and_soon(plan: Plan) -> None:
    telemetry = Telemetry(0.0)
    telemetry.take(plan.point("soil.moisture"), "soil.moisture", Point(30.0, Quality.BAD, Cause.TIMEOUT, 1.0, 5.0))
    (row,) = telemetry.rows(plan.point, 6.0)
    assert row["points"] == [{"n": "soil.moisture", "t": 5000, "v": 30.0, "u": "%", "q": "bad", "c": "timeout"}]


def test_an_event_is_a_row_of_its_own_and_what_is_private_is_nothing(plan: Plan) -> None:
    telemetry = Telemetry(0.0)
    assert telemetry.take(plan.point("plates.plate"), "plates.plate", good("listed"))
    assert event_body(plan, "plates.plate", good("listed"))["word"] == "listed"
    for reference in ("door-1.temperature", "face-1.temperature", "eyes-1-events.liveness"):
        assert plan.point(reference).is_private
        assert (
            telemetry.take(plan.point(reference), reference, good("word" if "liveness" in reference else 38.5)) is False
        )
    assert telemetry.rows(plan.point, 100.0) == []


def test_a_storm_is_thinned_and_cut_into_rows(plan: Plan) -> None:
    telemetry = Telemetry(0.0)
    for number in range(MOST_STATES + 500):
        telemetry.take(plan.point("door-1.contact"), "door-1.contact", good(("open", "closed")[number % 2]))
    rows = telemetry.rows(plan.point, 1.0)
    assert [len(row["points"]) for row in rows] == [ROW_POINTS] * (MOST_STATES // ROW_POINTS)
    assert [len(row["points"]) for row in telemetry.rows(plan.point, 10.0)] == [1]


def test_the_numbers_of_a_large_site_leave_in_bites(plan: Plan) -> None:
    telemetry = Telemetry(0.0)
    spec = plan.point("soil.moisture")
    for number in range(BITE + 1):
        telemetry.take(spec, f"soil.m{number}", good(float(number)))
    first = telemetry.rows(lambda _: spec, 10.0)
    assert sum(len(row["points"]) for row in first) == BITE
    (last,) = telemetry.rows(lambda _: spec, 10.1)
    assert [one["n"] for one in last["points"]] == [f"soil.m{BITE}"]
    assert telemetry.rows(lambda _: spec, 10.2) == []

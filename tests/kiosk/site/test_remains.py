"""What one run leaves for the next: latches, releases, shelves with the time they have left."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from kiosk.site.alarm_states import Cover
from kiosk.site.alarms import Act, Key
from kiosk.site.plan import Plan
from kiosk.site.points import Sample
from kiosk.site.remains import Remains
from kiosk.site.site_file import load
from kiosk.site.watch import Watch

PROFILES = Path(__file__).resolve().parents[3] / "assets" / "site"
FIRE, DRY = Key("hall-smoke.loop", "fire"), Key("soil.moisture", "dry")
WALL = 1_780_000_000.0


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load(PROFILES / "example" / "site.toml", PROFILES)


def left(plan: Plan) -> str:
    watch = Watch(plan, 1000.0)
    watch.begin(1000.0)
    watch.take("hall-smoke.loop", Sample(4400, 1001.0), 0)
    watch.alarms.shelve(DRY, Act("wang", 1001.0, reason="repair"), 600)
    return msgspec.json.encode(Remains.pack(watch, {"a": 1}, 1010.0, WALL)).decode()


def test_a_restarted_process_goes_on_where_it_was(plan: Plan) -> None:
    remains = Remains(left(plan))
    watch, trouble = remains.watch(plan, 1070.0, WALL + 9999)  # the wall clock jumped, the computer ran on
    assert trouble == ""
    assert remains.escalated == {"a": 1}
    assert watch.alarms[FIRE].raised_at == 1001.0
    assert watch.alarms[DRY].covers[Cover.SHELVED].until == 1601.0
    assert {step.output for step in watch.begin(1070.0).steps if hasattr(step, "output")} >= {"release.doors"}
    assert watch.actions.released == {"release.doors", "release.barriers"}


def another_boot(kept: str) -> str:
    return json.dumps({**json.loads(kept), "kernel": "another"})


@pytest.mark.parametrize(("wall_s", "away_s"), [(WALL + 60, 60), (WALL - 60, 0), (WALL + 400 * 86_400, 0)])
def test_after_a_power_cut_the_wall_clock_is_believed_as_far_as_it_makes_sense(
    plan: Plan, wall_s: float, away_s: float
) -> None:
    watch, _ = Remains(another_boot(left(plan))).watch(plan, 5.0, wall_s)
    until = watch.alarms[DRY].covers[Cover.SHELVED].until
    assert until == pytest.approx(5.0 - away_s + 591)


@pytest.mark.parametrize("kept", ["", "[]", '{"mono_s": 1, "wall_s": 1, "kernel": "", "watch": {"odd": 1}}'])
def test_what_cannot_be_used_is_said_and_the_watch_begins_without_it(plan: Plan, kept: str) -> None:
    watch, trouble = Remains(kept).watch(plan, 5.0, WALL)
    assert trouble
    assert not watch.actions.released


def test_the_first_run_has_none(plan: Plan) -> None:
    assert Remains().watch(plan, 5.0, WALL)[1] == ""

"""Acts of staff and platform: each once, by somebody, in time; the first answer stays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from kiosk.site.actions import Order
from kiosk.site.acts import Acts, Done
from kiosk.site.messages import Do, Role
from kiosk.site.plan import Plan
from kiosk.site.points import Sample
from kiosk.site.site_file import load
from kiosk.site.watch import Watch

PROFILES = Path(__file__).resolve().parents[3] / "assets" / "site"
WALL = 1_780_000_000.0
FIRE = "hall-smoke.loop/fire"


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load(PROFILES / "example" / "site.toml", PROFILES)


@pytest.fixture
def watch(plan: Plan) -> Watch:
    watch = Watch(plan, 0.0)
    watch.begin(0.0)
    return watch


def say(acts: Acts, watch: Watch, verb: str, now: float = 10.0, role: Role = "staff", **more: Any) -> Done:
    words = {"id": "1", "verb": verb, "who": "wang", "reason": "looked", **more}
    return acts.do(watch, msgspec.convert(words, Do), role, now, WALL, "noon")


def test_an_alarm_is_acknowledged_and_reset_by_its_key(watch: Watch) -> None:
    acts = Acts()
    watch.take("hall-smoke.loop", Sample(4400, 1.0), 0)
    done = say(acts, watch, "acknowledge", key=FIRE)
    assert (done.answer.result, done.outcome.changes[0].who) == ("done", "wang")
    watch.take("hall-smoke.loop", Sample(2200, 11.0), 0)
    done = say(acts, watch, "reset", id="2", key=FIRE)
    assert [step.output for step in done.outcome.steps if isinstance(step, Order)] == [
        "release.doors", "release.barriers",
    ]  # fmt: skip


def test_the_same_id_is_answered_and_not_done_again_also_after_a_restart(watch: Watch, plan: Plan) -> None:
    acts = Acts()
    first = say(acts, watch, "command", output="gate.gate", act="open")
    assert (first.answer.result, len(first.outcome.steps)) == ("done", 1)
    again = say(acts, watch, "command", output="gate.gate", act="open")
    assert (again.answer.result, again.answer.is_repeat, again.outcome.steps, again.acted) == ("done", True, [], None)
    assert first.acted is not None
    later = say(Acts([first.acted]), Watch(plan, 0.0), "command", output="gate.gate", act="open")
    assert (later.answer.is_repeat, later.outcome.steps) == (True, [])
    other = say(Acts([first.acted]), watch, "command", output="gate.gate", act="stop")
    assert (other.answer.result, other.outcome.steps) == ("another_act", [])


@pytest.mark.parametrize(
    ("verb", "more", "result"),
    [
        ("acknowledge", {"key": "nothing/here"}, "no_such_alarm"),
        ("acknowledge", {"key": FIRE}, "nothing_to_acknowledge"),
        ("shelve", {"key": FIRE, "for_s": 60}, "fire_is_never_covered"),
        ("shelve", {"key": "soil.moisture/dry"}, "too_long"),
        ("shelve", {"key": "soil.moisture/dry", "for_s": 60, "reason": " "}, "no_reason"),
        ("acknowledge", {"key": FIRE, "who": " "}, "nobody"),
        ("acknowledge", {"key": FIRE, "who": "watch"}, "nobody"),
        ("command", {"output": "release.doors", "act": "release"}, "not_allowed"),
        ("command", {"output": "gate.gate", "act": "close"}, "way_not_clear"),
        ("command", {"output": "gate.gate", "act": "open", "reason": ""}, "no_reason"),
        ("command", {"output": "nothing.here", "act": "open"}, "not_on_the_list"),
        ("walk_test", {"devices": ("ghost",), "for_s": 60}, "no_such_device"),
        ("walk_test", {"devices": ("hall-smoke",), "for_s": 7200}, "too_long"),
        ("end_walk_test", {}, "no_walk_test"),
        ("reload", {}, "not_here"),
        ("acknowledge", {"id": " ", "key": FIRE}, "no_id"),
        ("acknowledge", {"key": "x" * 501}, "too_long"),
        ("acknowledge", {"key": FIRE, "expires_at": WALL - 1}, "expired"),
    ],
)
def test_what_does_not_fit_is_refused_by_name_with_its_cure(
    watch: Watch, verb: str, more: dict[str, Any], result: str
) -> None:
    done = say(Acts(), watch, verb, **more)
    assert done.answer.result == result
    assert done.answer.text
    assert (done.outcome.steps, done.outcome.changes) == ([], [])


def test_what_comes_from_afar_needs_an_end(watch: Watch) -> None:
    wanted = {"output": "gate.gate", "act": "open"}
    assert say(Acts(), watch, "command", role="uplink", **wanted).answer.result == "expired"
    done = say(Acts(), watch, "command", role="uplink", **wanted, expires_at=WALL + 30)
    assert done.answer.result == "done"


def test_a_walk_test_begins_and_ends(watch: Watch) -> None:
    acts = Acts()
    assert say(acts, watch, "walk_test", devices=("hall-smoke",), for_s=600).answer.result == "done"
    assert watch.actions.walk_test is not None
    assert say(acts, watch, "end_walk_test", id="2").answer.result == "done"
    assert watch.actions.walk_test is None

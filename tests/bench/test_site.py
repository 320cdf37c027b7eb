"""The site around the booth as one runs it: every device online at the watch, acts and refusals over the page's API."""

from __future__ import annotations

import json
import os
import stat
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from bench.site import ASSETS, EXAMPLE
from booth.simulated_site import SimulatedSite, SiteError
from kiosk.site import site_file
from tests.bench.conftest import Site, until
from tests.bench.test_demo import using

pytestmark = pytest.mark.peer
PLAN = site_file.load(EXAMPLE, ASSETS)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Backend, bench and the watch over the simulated site; no booth."""
    run = tmp_path_factory.mktemp("site")
    with SimulatedSite(run, has_booth=False, has_watch=True) as site:
        found = Site(run, site.url, site.pids)
        until(lambda: _unlike(found, "online") == {}, "every device online", 60)
        yield found
    until(lambda: not using(run), f"the end of every process, but there is {using(run)}", 10)


@pytest.fixture(autouse=True)
def _morning(watched: Site) -> None:
    watched.do("reset")


def around(site: Site) -> dict[str, Any]:
    found: dict[str, Any] = site.state()["site"]
    return found


def _unlike(site: Site, state: str) -> dict[str, str]:
    return {one["name"]: one["health"]["state"] for one in around(site)["devices"] if one["health"]["state"] != state}


def alarm(site: Site, key: str) -> str:
    return next((one["state"] for one in around(site)["alarms"] if one["key"] == key), "normal")


def point(site: Site, reference: str) -> dict[str, Any]:
    device, _, name = reference.partition(".")
    (found,) = (one for one in around(site)["devices"] if one["name"] == device)
    (seen,) = (one for one in found["points"] if one["name"] == name)
    return seen


def test_every_device_is_online_at_the_watch(watched: Site) -> None:
    assert set(PLAN.devices) == {one["name"] for one in around(watched)["devices"]}
    until(lambda: _unlike(watched, "online") == {}, "every device online", 30)
    assert [one for one in around(watched)["links"] if one["trouble"]] == []


def test_site_of_the_run_is_the_example_with_other_addresses(watched: Site) -> None:
    plan, mistakes = site_file.check(watched.run / "site" / "site.toml", ASSETS)
    assert mistakes == []
    assert plan is not None
    assert (set(plan.devices), set(plan.rules)) == (set(PLAN.devices), set(PLAN.rules))
    for name, link in plan.links.items():
        assert "10.7." not in link.where, name
    secrets = watched.run / "site" / "secrets.toml"
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o600
    known = tomllib.loads(secrets.read_text())
    text = (watched.run / "site" / "site.toml").read_text()
    assert not [name for name, secret in known.items() if secret in text]


def test_smoke_releases_and_only_a_reset_relocks(watched: Site) -> None:
    until(lambda: point(watched, "release.doors")["seen"]["value"] == "held", "doors held")
    watched.do("site", device="hall-smoke", set={"loop": "alarm"})
    until(lambda: point(watched, "release.doors")["seen"]["value"] == "released", "doors released")
    seen = around(watched)
    assert set(seen["released"]) == {"release.doors", "release.barriers"}
    assert seen["standing"] == ["evacuate"]
    until(lambda: _found(watched, "gate") == "the gate is up, held by the release", "the gate up", 15)
    assert _found(watched, "door-1") == "the door opens freely"
    watched.do("site", device="hall-smoke", set={"loop": "normal"})
    until(lambda: alarm(watched, "hall-smoke.loop/fire") == "latched_unack", "smoke that is gone")
    with pytest.raises(SiteError, match="the watch refuses reset"):
        watched.do("site", do="reset", key="hall-smoke.loop/fire")
    with pytest.raises(SiteError, match="the watch refuses shelve"):
        watched.do("site", do="shelve", key="hall-smoke.loop/fire")
    watched.do("site", do="acknowledge", key="hall-smoke.loop/fire")
    assert point(watched, "release.doors")["seen"]["value"] == "released"
    watched.do("site", do="reset", key="hall-smoke.loop/fire")
    until(lambda: point(watched, "release.doors")["seen"]["value"] == "held", "doors held again")
    assert around(watched)["released"] == []


def _found(site: Site, device: str) -> str:
    return next(one["found"] for one in around(site)["devices"] if one["name"] == device)


def test_listed_plate_opens_the_gate_and_an_unlisted_one_does_not(watched: Site) -> None:
    until(lambda: "down" in _found(watched, "gate") or "up" in _found(watched, "gate"), "a gate that stands")
    watched.do("site", do="command", output="gate.gate", act="close", reason="test")
    until(lambda: _found(watched, "gate") == "the gate is down", "the gate down")
    watched.do("site", device="plates", set={"plate": "unlisted"})
    watched.do("site", device="plates", set={"plate": "listed"})
    until(lambda: _found(watched, "gate") == "the gate is up", "the gate up")
    until(lambda: point(watched, "gate.up")["seen"]["value"] == "reached", "its limit switch")
    assert "12345" not in json.dumps(around(watched)), "no plate is told to anybody"


def test_dry_soil_is_watered_for_a_while_and_only_then(watched: Site) -> None:
    watched.do("site", device="soil", set={"moisture": 15})
    until(lambda: point(watched, "valve.flow")["seen"]["value"] == 12, "water flows", 30)
    until(lambda: point(watched, "soil.moisture")["set"] > 25, "wet soil", 40)


def test_mains_that_fail_close_the_booth_and_empty_the_battery(watched: Site) -> None:
    watched.do("site", device="ups", set={"mains": "battery"})
    until(lambda: around(watched)["standing"] == ["close_booth"], "the booth closes", 20)
    until(lambda: point(watched, "ups.charge")["seen"]["value"] < 98, "an emptier battery")


def test_device_that_says_nothing_is_lost_and_comes_back(watched: Site) -> None:
    watched.do("site", device="fibre", knob="drop", value=1)
    until(lambda: _unlike(watched, "online").get("fibre") == "lost", "a lost fibre", 20)
    assert alarm(watched, "fibre/lost") == "unack"
    until(lambda: any("suppressed" in one["covers"] for one in around(watched)["alarms"]), "what hangs below it")
    watched.do("site", device="fibre", knob="drop", value=0)
    until(lambda: "fibre" not in _unlike(watched, "online"), "the fibre back", 20)


def test_walk_test_releases_nothing(watched: Site) -> None:
    watched.do("site", do="walk_test", devices=["hall-smoke"])
    until(lambda: around(watched)["walk_test"] is not None, "the walk test")
    assert list(around(watched)["walk_test"]["devices"]) == ["hall-smoke"]
    watched.do("site", device="hall-smoke", set={"loop": "alarm"})
    until(lambda: point(watched, "hall-smoke.loop")["seen"]["value"] == "alarm", "smoke seen")
    assert around(watched)["released"] == []
    watched.do("site", device="hall-smoke", set={"loop": "normal"})
    until(lambda: point(watched, "hall-smoke.loop")["seen"]["value"] == "normal", "no more smoke")
    watched.do("site", do="end_walk_test")
    until(lambda: around(watched)["walk_test"] is None, "its end")


def test_fire_in_a_storm_releases(watched: Site) -> None:
    watched.do("site", storm=15)
    assert around(watched)["storm_left_s"] > 0
    watched.do("site", device="panel", set={"alarm": "alarm"})
    until(lambda: point(watched, "release.doors")["seen"]["value"] == "released", "doors released")
    watched.do("site", storm=0)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "give device with set or knob"),
        ({"device": "cellar"}, "no device is called 'cellar'; there are: hall-smoke"),
        ({"device": "hall-smoke"}, "give { point = value }"),
        ({"device": "hall-smoke", "set": {"smoke": "alarm"}}, "no such point; there are: loop"),
        ({"device": "hall-smoke", "set": {"loop": "burning"}}, "there are: normal, alarm, open, short, odd"),
        ({"device": "noise", "set": {"laeq": 500}}, r"give a number from 20 to 140 dB\(A\)"),
        ({"device": "noise", "set": {"laeq": "loud"}}, "give a number"),
        ({"device": "gate", "set": {"gate": "moving"}}, "use do = command"),
        ({"device": "host", "set": {"disk": 3}}, "measures it for real"),
        ({"device": "noise", "knob": "magic", "value": 1}, "no knob 'magic'; there are: delay"),
        ({"device": "noise", "knob": "drop", "value": 7}, "drop goes from 0 to 1"),
        ({"device": "noise", "knob": "drop", "value": "all"}, "site.value: 'all'; give a number"),
        ({"device": "noise", "knob": "drop"}, "site.value: None; give a number"),
        ({"device": "noise", "set": {"laeq": 50}, "whole": 1}, "site: unknown whole"),
        ({"do": "explode"}, "unknown 'explode'; there are: acknowledge"),
        ({"do": "acknowledge", "key": "noise.laeq/none"}, "the watch refuses acknowledge"),
        ({"do": "walk_test"}, "say which devices"),
        ({"do": "command", "output": "release.doors", "act": "release"}, "the watch refuses command"),
        ({"storm": -1}, "site.storm: -1; give a number from 0 to 60"),
    ],
)
def test_nonsense_is_refused_with_the_cure(watched: Site, body: dict[str, Any], words: str) -> None:
    with pytest.raises(SiteError, match=words):
        watched.do("site", **body)


def test_broker_and_watch_are_children_that_can_be_found(watched: Site) -> None:
    """So that their end, which the fixture waits for, is more than nothing."""
    lines = using(watched.run)
    assert any("mosquitto" in line for line in lines)
    assert any("site run" in line for line in lines)
    assert os.path.exists(f"/proc/{watched.pids['site']}")

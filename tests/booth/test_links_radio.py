"""Radio sensors and the booth's own computer of a site file: reported under the plan's names; mistakes are named."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.broker import Broker
from booth.site_links.mqtt import credentials_of, sensor_of
from hardware.field import Config, Timeout
from hardware.sensors import Credentials, Switch
from hardware.sensors.simulator import RadioPeer, VirtualSensor
from kiosk.config import ConfigError
from kiosk.site.plan import Plan
from kiosk.site.site_file import load
from tests.booth.field_site import PROFILES, drivers, plan_of, running

RADIO = """
[link.radio]
kind = "mqtt"
where = "{where}"
secret = "radio"
[device.call-1]
link = "radio"
profile = "call-point"
address = "application/1/device/c1"
[device.attic-smoke]
link = "radio"
profile = "smoke-radio"
address = "application/1/device/a1"
"""
HOST = '[link.booth]\nkind = "host"\n[device.host]\nlink = "booth"\nprofile = "booth-host"\naddress = "localhost"\n'


async def until(is_so: Callable[[], object], within_s: float = 15.0) -> None:
    async with asyncio.timeout(within_s):
        while not is_so():
            await asyncio.sleep(0.01)


def far_end(plan: Plan, device: str) -> VirtualSensor:
    profile = plan.profile(device)
    paths = {point: str(profile.points[point].at["path"]) for point in profile.peer.start}
    values = {paths[point]: {"false": False}.get(str(raw), raw) for point, raw in profile.peer.start.items()}
    return VirtualSensor(str(plan.devices[device].address), values, plan.every_s(device), paths=paths)


@pytest.mark.peer
async def test_radio_sensors_are_reported_by_the_plans_names(tmp_path: Path) -> None:
    with Broker(tmp_path / "broker", users={"booth": "not-real", "gateway": "x"}) as broker:
        plan = plan_of(tmp_path, RADIO.format(where=broker.where))
        radio = RadioPeer(
            [far_end(plan, device) for device in plan.devices],
            host=broker.host, port=broker.port, credentials=Credentials("gateway", "x"),
        )  # fmt: skip
        await radio.start()
        async with running(drivers(plan, "radio", {"radio": "booth:not-real"})) as samples:
            await until(lambda: samples.last("radio", "") and samples.last("radio", "").value is True)
            for one in radio.sensors:
                radio.say(one)
            called, burning = {"button": 0, "inactivity": 1, "battery": 95}, {"smoke": False, "battery": 90}
            await until(lambda: called.items() <= samples.values("call-1").items())
            await until(lambda: burning.items() <= samples.values("attic-smoke").items())
            assert abs(samples.values("call-1")["clock_offset"]) < 2
            radio.sensors["application/1/device/c1"].faults.clock_skew_s = 90
            radio.say("application/1/device/c1")
            await until(lambda: samples.values("call-1")["clock_offset"] > 80)
            radio.set("application/1/device/c1", {"button": 1})
            await until(lambda: samples.values("call-1")["button"] == 1)
        await radio.stop()


def test_the_example_site_is_served(tmp_path: Path) -> None:
    plan = load(PROFILES / "example" / "site.toml", PROFILES)
    [radio] = drivers(plan, "radio", {"mqtt-radio": "a:b"})
    assert set(radio.health()) == {"attic-smoke", "bin-1", "call-1"}
    [host] = drivers(plan, "booth")
    assert set(host.health()) == {"host"}
    sensor = sensor_of(plan, "call-1")
    assert {one.topic for one in sensor.readings} == {"application/1/device/c1/event/up"}
    assert [one.rest for one in sensor.readings if one.point == "button"] == [0]
    assert sensor.every_s == 60
    assert not sensor.availability


VALVE = """
id = "tap"
title = "A tap on Zigbee"
driver = "mqtt"
promise = "heartbeat"
every_ms = 60000
[points.leak]
kind = "state"
at = { path = "water_leak" }
words = { false = "dry", true = "wet" }
[points.valve]
kind = "output"
at = { topic = "set", on = '{"state": "ON", "id": "{device}"}', off = '{"state": "OFF"}', path = "state" }
words = { OFF = "closed", ON = "open" }
acts = ["water", "stop"]
hold_s = 1.5
longest_s = 600
[faults]
lost = "fault"
[peer]
start = { leak = "false" }
knobs = ["drop"]
"""
TAP = """
[link.radio]
kind = "mqtt"
where = "h"
[device.tap]
link = "radio"
profile = "tap"
address = "zigbee2mqtt/tap"
"""


def tap(folder: Path, profile: str = VALVE) -> Plan:
    profiles = folder / "profiles"
    profiles.mkdir()
    (profiles / "tap.toml").write_text(profile, encoding="utf-8")
    file = folder / "site.toml"
    file.write_text('[site]\nid = "b-0007"\ngrid = "310115-12-03"\n' + TAP, encoding="utf-8")
    return load(file, profiles)


def test_a_zigbee_tap(tmp_path: Path) -> None:
    sensor = sensor_of(tap(tmp_path), "tap")
    assert sensor.availability == "zigbee2mqtt/tap/availability"
    assert {one.topic for one in sensor.readings} == {"zigbee2mqtt/tap"}
    assert sensor.switches == (
        Switch(
            "valve", "zigbee2mqtt/tap/set", '{"state": "ON", "id": "tap"}', '{"state": "OFF"}', 1.5, 600.0,
            "zigbee2mqtt/tap",
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('at = { path = "water_leak" }', 'at = { paht = "x" }', "points.leak.at: path is missing"),
        ('at = { path = "water_leak" }', 'at = { path = "x", register = 1 }', "register is unknown"),
        ('at = { path = "water_leak" }', 'at = { path = "x", rest = 0, rest_s = 0 }', "rest_s is 0"),
        ('at = { path = "water_leak" }', 'at = { path = "x", as = "offset" }', 'as can only be "offset", of a number'),
        ('topic = "set", ', "", "points.valve.at: topic is missing"),
    ],
)
def test_a_profile_that_cannot_be_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        sensor_of(tap(tmp_path, VALVE.replace(old, new)), "tap")


@pytest.mark.parametrize("where", ["h:x", ":1883", "h:0"])
def test_a_place_that_cannot_be_is_named(tmp_path: Path, where: str) -> None:
    with pytest.raises(ConfigError, match="is no broker"):
        drivers(plan_of(tmp_path, RADIO.format(where=where)), "radio", {"radio": "a:b"})


@pytest.mark.parametrize(
    ("secret", "found"),
    [
        ("", Credentials()),
        ("booth:a:b", Credentials("booth", "a:b")),
        (json.dumps({"user": "u", "password": "p"}), Credentials("u", "p")),
        (json.dumps({"ca": "/a", "certificate": "/b", "key": "/c"}), Credentials(ca="/a", certificate="/b", key="/c")),
    ],
)
def test_secrets(secret: str, found: Credentials) -> None:
    assert credentials_of("radio", secret) == found


@pytest.mark.parametrize(
    "secret", ["hunter2", ":hunter2", '{"hunter2": 1}', '{"user": 2}', "{hunter2", '{"certificate": "x"}']
)
def test_a_secret_that_cannot_be_is_named_and_not_repeated(secret: str) -> None:
    with pytest.raises(ConfigError, match="secret radio") as failed:
        credentials_of("radio", secret)
    assert "hunter2" not in str(failed.value)


async def test_the_booths_own_computer(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, HOST)
    links = drivers(plan, "booth")
    async with running(links) as samples:
        await until(lambda: isinstance(samples.values("host").get("disk"), float))
        await until(lambda: isinstance(samples.last("host", "printer").error, Timeout))
        words = dict.fromkeys(("card_reader", "printer", "camera", "face", "speech", "keypad"), "online")
        links[0].report({"screen": 1, "paper": "low", **words})
        samples.all.clear()
        await links[0].poll("host", within_s=10)
        told = samples.values("host")
        assert {name: told[name] for name in words} == words
        assert (told["screen"], told["paper"]) == (1, "low")
        for point, spec in plan.profile("host").points.items():
            sample = samples.last("host", point)
            assert sample is not None
            assert sample.error is None or isinstance(sample.error, Config), point
            assert spec.kind == "number" or sample.error or str(sample.value) in spec.words, point


@pytest.mark.parametrize(("old", "new"), [("disk_free", "mood"), ('at = { measure = "clock" }', "at = { path = 1 }")])
def test_a_measure_that_cannot_be_is_named(tmp_path: Path, old: str, new: str) -> None:
    profiles = tmp_path / "profiles"
    profiles.mkdir()
    (profiles / "booth-host.toml").write_text((PROFILES / "booth-host.toml").read_text().replace(old, new))
    file = tmp_path / "site.toml"
    file.write_text('[site]\nid = "b-0007"\ngrid = "310115-12-03"\n' + HOST)
    with pytest.raises(ConfigError, match="profile booth-host"):
        drivers(load(file, profiles), "booth")

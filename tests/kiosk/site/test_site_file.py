"""site.toml: a mistake is named with file, line, key and cure; the example that ships has none and uses everything."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from booth.cli import booth
from kiosk.site.alarm_states import Severity
from kiosk.site.alarms import Key
from kiosk.site.checks import link_share
from kiosk.site.conditioning import Conditioner
from kiosk.site.plan import PlanError
from kiosk.site.points import Sample
from kiosk.site.site_file import check, load, load_profiles

ROOT = Path(__file__).resolve().parents[3]
PROFILES = ROOT / "assets" / "site"
EXAMPLE = PROFILES / "example" / "site.toml"
HEAD = """[site]
id = "b-1"
grid = "310115-12-03"
[link.fire]
kind = "modbus_tcp"
where = "10.0.0.1:502"
[link.bus]
kind = "modbus_rtu"
where = "/dev/ttyS1"
[device.smoke]
link = "fire"
profile = "smoke-loop"
address = 1
[device.release]
link = "fire"
profile = "release-output"
address = 2
[device.soil]
link = "bus"
profile = "soil-probe"
address = 3
[device.valve]
link = "bus"
profile = "water-valve"
address = 4
[rule.fire]
when = [{ point = "smoke.loop", is = ["alarm"] }]
severity = "fire"
latch = true
do = [{ act = "release", on = "release.doors" }]
"""
LINES = HEAD.count("\n")


def changed(old: str, new: str) -> str:
    assert HEAD.count(old) == 1, old
    return HEAD.replace(old, new)


def device(name: str, *lines: str) -> str:
    return HEAD + f"[device.{name}]\n" + "\n".join(lines) + "\n"


def rule(*lines: str) -> str:
    return HEAD + "[rule.new]\n" + "\n".join(lines) + "\n"


INFO = 'severity = "info"'
MISTAKES: dict[str, tuple[str, int, str]] = {
    # the file, the line, the sentence after it
    "unknown section": (HEAD + "[colour]\n", LINES + 1, "colour: unknown key; use site, link, device, rule"),
    "unknown key": (changed("address = 1", "address = 1\ncolour = 5"), 14,
                    "device.smoke.colour: unknown key; remove it or correct its spelling"),
    "missing key": (changed("address = 1\n", ""), 10, "device.smoke.address: missing; add it"),
    "unknown profile": (changed('"soil-probe"', '"soil-prob"'), 20,
                        "device.soil.profile: no such profile 'soil-prob'; use soil-probe"),
    "unknown link": (changed('link = "bus"\nprofile = "soil', 'link = "bu"\nprofile = "soil'), 19,
                     "device.soil.link: no such link 'bu'; use bus"),
    "a link of another kind": (
        device("door", 'link = "bus"', 'profile = "access-control"', "address = 9"), LINES + 2,
        "device.door.link: bus is modbus_rtu, profile access-control speaks osdp; use a link of kind osdp"),
    "duplicate address": (changed("address = 4", "address = 3"), 25,
                          "device.valve.address: 3 on bus is soil's too; give each its own address"),
    "an address that is none": (changed("address = 4", "address = 248"), 25,
                                "device.valve.address: 248 is no modbus address; use a number from 1 to 247"),
    "unknown parent": (changed("address = 3", 'address = 3\nparent = "switsh"'), 22,
                       "device.soil.parent: no such device or link 'switsh'; use bus or fire or"),
    "parents in a circle": (
        changed("address = 3", 'address = 3\nparent = "valve"').replace("address = 4", 'address = 4\nparent = "soil"'),
        22, "device.soil.parent: parents run in a circle: soil -> valve -> soil; let the one nearest"),
    "a link below its own device": (
        changed('where = "/dev/ttyS1"', 'where = "/dev/ttyS1"\nparent = "soil"'), 19,
        "device.soil.parent: parents run in a circle: bus -> soil -> bus"),
    "fire input on a shared bus": (
        device("probe", 'link = "fire"', 'profile = "soil-probe"', "address = 9"), 11,
        "device.smoke.link: a fire input shares fire with probe: one that hangs would delay it; give fire inputs"),
    "release output on a shared bus": (
        device("probe", 'link = "fire"', 'profile = "soil-probe"', "address = 9"), 15,
        "device.release.link: a release output shares fire with probe"),
    "fire polled too seldom": (changed("address = 1", "address = 1\nevery_ms = 101"), 14,
                               "device.smoke.every_ms: a fire input is polled every 101 ms; at most 100"),
    "a poll that finds a loss too late": (
        changed("address = 3", "address = 3\nevery_ms = 2991"), 22,
        "device.soil.every_ms: every 2991 ms, 5 missed polls and the last answer's time-out take longer than the 15 s"
        " within which its loss must be found; at most 2990"),
    "polls over half of the bus": (
        changed("address = 3", "address = 3\nevery_ms = 60"), 7,
        "link.bus: polls take 111% of it when units answer as late as they may, at most 50% is allowed; poll less"),
    "the same port twice": (changed('"/dev/ttyS1"', '"10.0.0.1:502"'), 9,
                            "link.bus.where: 10.0.0.1:502 is link fire's too; name one link only once"),
    "a link without a place": (changed('where = "/dev/ttyS1"\n', ""), 7, "link.bus: where is missing; give port"),
    "a name twice": (HEAD + '[link.soil]\nkind = "ip"\n', 18, "device.soil: a link has this name too; rename one"),
    "a fire input nobody watches": (
        changed('"smoke.loop", is = ["alarm"]', '"soil.moisture", quality = "bad"'), 10,
        "device.smoke: a fire input that no rule of severity fire watches; add the rule, or the device is idle"),
    "fire from a sensor that is none": (
        changed('"smoke.loop", is = ["alarm"]', '"soil.moisture", quality = "bad"'), 27,
        "rule.fire.when[0].point: soil.moisture is no fire input; use severity 'supervisory'"),
    "a rule about an unknown device": (
        rule('when = [{ point = "sail.moisture", quality = "bad" }]', INFO), LINES + 2,
        "rule.new.when[0].point: no such device 'sail'; use soil"),
    "a rule about an unknown point": (
        rule("when = [", '{ point = "smoke.loop", is = ["odd"] },', '{ point = "soil.misture", quality = "bad" }]',
             INFO), LINES + 4,
        "rule.new.when[1].point: profile soil-probe has no such point; use soil.moisture"),
    "a wrong unit": (
        rule('when = [{ point = "soil.temperature", above = 30, unit = "%" }]', INFO), LINES + 2,
        "rule.new.when[0].unit: soil.temperature is in degC, not in %; write unit = 'degC' and the setpoint in it"),
    "no unit": (
        rule('when = [{ point = "soil.temperature", above = 30 }]', INFO), LINES + 2,
        "rule.new.when[0].unit: soil.temperature is in degC; the rule names no unit; write unit = 'degC'"),
    "a setpoint out of range": (
        rule('when = [{ point = "soil.moisture", above = 101, unit = "%" }]', INFO), LINES + 2,
        "rule.new.when[0].above: soil.moisture never reaches 101 %; use a setpoint from 0 to 100"),
    "a word the point never has": (
        rule('when = [{ point = "smoke.loop", is = ["alarmed"] }]', INFO), LINES + 2,
        "rule.new.when[0].is: smoke.loop is never 'alarmed'; use alarm"),
    "a number compared with a state": (
        rule('when = [{ point = "smoke.loop", above = 3 }]', INFO), LINES + 2,
        "rule.new.when[0].above: smoke.loop is a loop, no number; compare its words with 'is'"),
    "hysteresis on the wrong side": (
        rule('when = [{ point = "soil.moisture", below = 20, clear_at = 19, unit = "%" }]', INFO), LINES + 2,
        "rule.new.when[0]: clear_at lies on the wrong side of the setpoint: the alarm would never rest; correct it"),
    "a condition that says nothing": (
        rule('when = [{ point = "soil.moisture" }]', INFO), LINES + 2,
        "rule.new.when[0]: give exactly one of is, above, below, quality; correct it"),
    "delayed fire": (changed("latch = true", "latch = true\non_delay_s = 1"), 26,
                     "rule.fire: fire is never delayed and has no hours; remove on_delay_s and hours"),
    "fire that does not latch": (changed("latch = true\n", ""), 26,
                                 "rule.fire: fire stays until it is reset; write latch = true"),
    "release without fire": (
        rule('when = [{ point = "soil.moisture", quality = "bad" }]', INFO,
             'do = [{ act = "release", on = "release.doors" }]'), LINES + 4,
        "rule.new.do[0].act: release is for fire; use severity 'fire', or another act"),
    "a rule that closes": (
        rule('when = [{ point = "soil.moisture", quality = "bad" }]', INFO,
             'do = [{ act = "close", on = "valve.valve" }]'), LINES + 4,
        "rule.new.do[0].act: no rule closes anything on somebody; leave closing to a person's command"),
    "an act its output does not know": (
        rule('when = [{ point = "soil.moisture", quality = "bad" }]', INFO,
             'do = [{ act = "water", on = "release.doors", for_s = 5 }]'), LINES + 4,
        "rule.new.do[0].on: 'release.doors' cannot be told to water; use valve.valve"),
    "an act that is not on the list": (
        rule('when = [{ point = "soil.moisture", quality = "bad" }]', INFO, 'do = [{ act = "shell" }]'), LINES + 4,
        "rule.new.do[0].act: Input should be 'release', 'hold_open'"),
    "watering without an end": (
        rule('when = [{ point = "soil.moisture", quality = "bad" }]', INFO,
             'do = [{ act = "water", on = "valve.valve" }]'), LINES + 4,
        "rule.new.do[0].for_s: for_s is missing; at most 600 s for this valve"),
    "watering for too long": (
        rule('when = [{ point = "soil.moisture", quality = "bad" }]', INFO,
             'do = [{ act = "water", on = "valve.valve", for_s = 601 }]'), LINES + 4,
        "rule.new.do[0].for_s: for_s is 601; at most 600 s for this valve"),
    "no TOML": (HEAD + "[oops\n", LINES + 1, ""),
}  # fmt: skip


@pytest.mark.parametrize(("text", "line", "sentence"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_named_with_line_key_and_cure(tmp_path: Path, text: str, line: int, sentence: str) -> None:
    file = tmp_path / "site.toml"
    file.write_text(text, encoding="utf-8")
    plan, mistakes = check(file, PROFILES)
    said = [str(one) for one in mistakes]
    assert plan is None
    assert any(one.startswith(f"{file}:{line}: {sentence}") for one in said), said
    assert all(one.cure for one in mistakes)


def test_the_good_file_has_no_mistake(tmp_path: Path) -> None:
    file = tmp_path / "site.toml"
    file.write_text(HEAD, encoding="utf-8")
    assert check(file, PROFILES)[1] == []


def test_every_mistake_is_said_not_only_the_first(tmp_path: Path) -> None:
    file = tmp_path / "site.toml"
    text = (
        changed("address = 4", "address = 3")
        .replace('"smoke-loop"', '"smokeloop"')
        .replace("latch = true", "latch = 7\ncolour = 1")
    )
    file.write_text(text, encoding="utf-8")
    assert [(one.line, one.key) for one in check(file, PROFILES)[1]] == [
        (12, "device.smoke.profile"),
        (25, "device.valve.address"),
        (29, "rule.fire.latch"),
        (30, "rule.fire.colour"),
    ]


HOLD = [
    ("hold_s = 1.0\n", "", 0, "points.doors.hold_s: is missing, so its last state would outlive the booth; use"),
    ("hold_s = 1.0\n", "hold_s = 2.1\n", 15, "points.doors.hold_s: is 2.1, so its last state would outlive the booth"),
    ('energised_when = "healthy"', 'energised_when = "active"', 16,
     "points.doors.energised_when: a cut wire must release; write energised_when = 'healthy'"),
    ('safety = "release_output"\n', "", 0,
     "points.doors.acts: an output that releases is one of life safety; write safety = 'release_output'"),
    ('driver = "modbus"', 'driver = "mqtt"', 5,
     "safety: fire inputs and release outputs are polled contacts, mqtt is not; remove safety"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "line", "sentence"), HOLD, ids=[row[3][:30] for row in HOLD])
def test_a_release_output_that_would_outlive_the_booth_is_refused(
    tmp_path: Path, old: str, new: str, line: int, sentence: str
) -> None:
    text = (PROFILES / "release-output.toml").read_text(encoding="utf-8")
    file = tmp_path / "release-output.toml"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    said = [str(one) for one in load_profiles(tmp_path)[1]["release-output"]]
    assert any(sentence in one and (not line or one.startswith(f"{file}:{line}: ")) for one in said), said


def test_a_valve_without_an_end_is_refused(tmp_path: Path) -> None:
    text = (PROFILES / "water-valve.toml").read_text(encoding="utf-8")
    (tmp_path / "water-valve.toml").write_text(text.replace("hold_s = 2.0\nlongest_s = 600\n", ""), encoding="utf-8")
    said = "\n".join(map(str, load_profiles(tmp_path)[1]["water-valve"]))
    assert "points.valve.hold_s: is missing" in said
    assert "points.valve.longest_s: is missing; say how long the valve may stay open" in said


def test_a_broken_profile_is_said_once_at_its_own_line(tmp_path: Path) -> None:
    for one in PROFILES.glob("*.toml"):
        (tmp_path / one.name).write_text(one.read_text(encoding="utf-8"), encoding="utf-8")
    broken = tmp_path / "soil-probe.toml"
    broken.write_text(broken.read_text(encoding="utf-8").replace('unit = "%"', 'unit = "percent"'), encoding="utf-8")
    file = tmp_path / "sites" / "site.toml"
    file.parent.mkdir()
    file.write_text(HEAD, encoding="utf-8")
    mistakes = check(file, tmp_path)[1]
    assert [(one.file, one.key) for one in mistakes] == [(broken, "points.moisture.unit")]


def test_the_shipped_profiles_are_all_good_and_all_in_the_example() -> None:
    good, broken = load_profiles(PROFILES)
    assert broken == {}
    plan = load(EXAMPLE, PROFILES)
    assert {device.profile for device in plan.devices.values()} == set(good)
    assert all(profile.peer.knobs for profile in good.values())


def test_the_example_keeps_its_buses_half_empty_and_its_fire_alone() -> None:
    plan = load(EXAMPLE, PROFILES)
    shares = {name: link_share(plan, name) for name in ("field", "yard", "fire-in", "panel-in", "fire-out")}
    assert all(0 < share <= 0.5 for share in shares.values()), shares
    links = {plan.devices[name].link for name in plan.devices if plan.profile(name).safety}
    assert links == {"fire-in", "panel-in", "fire-out"}


def test_promises_of_the_profiles_are_the_products() -> None:
    plan = load(EXAMPLE, PROFILES)
    found = {name: plan.profile(name).lost_after_s for name in ("hall-smoke", "door-1", "eyes-1", "soil", "fibre")}
    assert found == {"hall-smoke": 2, "door-1": 10, "eyes-1": 10, "soil": 15, "fibre": 5}
    assert plan.profile("attic-smoke").lost_after_s == pytest.approx(2 * 43_200 * 1.1)


def test_the_plan_knows_alarms_topology_and_conditioning() -> None:
    plan = load(EXAMPLE, PROFILES)
    alarms = {one.key: one for one in plan.definitions()}
    assert alarms[Key("hall-smoke.loop", "fire")].severity is Severity.FIRE
    assert alarms[Key("fibre", "lost")].severity is Severity.FAULT
    assert (plan.parents()["eyes-1"], plan.parents()["noise"], plan.parents()["push"]) == ("video", "field", "fibre")
    assert plan.limits("hall-smoke.loop").bands is not None
    assert not plan.limits("hall-smoke.loop").may_chatter
    assert plan.limits("noise.laeq").is_level_db


@pytest.mark.parametrize(("raw", "word"), [(False, "normal"), (True, "alarm"), (1, "alarm")])
def test_a_payloads_true_and_false_are_words(raw: bool | int, word: str) -> None:
    conditioner = Conditioner(load(EXAMPLE, PROFILES).limits("attic-smoke.smoke"))
    point = conditioner.take(Sample(raw, 1.0))
    assert point is not None
    assert point.value == word


def test_load_raises_every_mistake(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match=r"site.toml:0: no such file; give the right path"):
        load(tmp_path / "site.toml", PROFILES)


def test_the_command_says_ok_or_every_mistake(tmp_path: Path) -> None:
    good = CliRunner().invoke(booth, ["site", "check", str(EXAMPLE)])
    assert good.exit_code == 0, good.output
    assert good.output.startswith(f"ok: {EXAMPLE}: 11 links, 24 devices")
    file = tmp_path / "site.toml"
    file.write_text(changed("address = 4", "address = 3"), encoding="utf-8")
    bad = CliRunner().invoke(booth, ["site", "check", str(file)])
    assert bad.exit_code == 2
    assert bad.output.splitlines() == [
        f"{file}:25: device.valve.address: 3 on bus is soil's too; give each its own address",
        "1 to correct",
    ]

"""A link of calling devices as site.toml names it: from a plate to an open gate, and no plate anywhere on the way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from booth.site_links import Wanted, make_drivers
from booth.site_links.http_push import ALLOW_LIST, plate_cameras, plate_list
from hardware.field import RawSample
from hardware.push import Credential
from hardware.push.listener import PushListener
from hardware.push.simulator import FaceTerminal, PushCamera
from kiosk.config import ConfigError
from kiosk.site.actions import Order
from kiosk.site.plan import Plan
from kiosk.site.points import Sample
from kiosk.site.telemetry import Telemetry
from kiosk.site.watch import Outcome, Watch
from tests.booth.field_site import drivers, plan_of
from tests.hardware.push.peers import until

SITE = """
[link.push]
kind = "http_push"
where = "127.0.0.1:0"
secret = "push"

[link.yard]
kind = "modbus_tcp"
where = "127.0.0.1:502"

[device.plates]
link = "push"
profile = "plate-camera"
address = "127.0.0.33"
settings = { plate_secret = "plates" }

[device.face-1]
link = "push"
profile = "face-terminal"
address = "127.0.0.31"
settings = { secret = "face" }

[device.gate]
link = "yard"
profile = "barrier"
address = 1

[rule.allow-list]
when = [{ point = "plates.plate", is = ["listed"] }]
severity = "info"
do = [{ act = "open", on = "gate.gate" }]

[rule.fever]
when = [{ point = "face-1.temperature", above = 37.3, clear_at = 37.0, unit = "degC" }]
severity = "info"
do = [{ act = "notice", words = "Fever at the door" }]
"""
SECRETS = {"push": "camera:not-a-real-password", "face": "not-a-real-token-0001", "plates": "not-a-real-plate-key"}


class Site:
    """Listener and watch, as the process around them ties them together."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan = plan
        (self.listener,) = make_drivers(Wanted("push", plan, SECRETS.__getitem__, folder))
        assert isinstance(self.listener, PushListener)
        self.watch = Watch(plan, 0.0)
        self.watch.begin(0.0)
        self.samples: list[RawSample] = []
        self.orders: list[Order] = []
        self.told: list[str] = []
        self.rows: list[object] = []
        self._telemetry = Telemetry(0.0)

    def take(self, samples: list[RawSample]) -> None:
        self.samples += samples
        for one in samples:
            reference = f"{one.device}.{one.point}"
            if reference in self.watch.conditioners and one.error is None:
                value = float(one.value) if not isinstance(one.value, str) else one.value
                self._do(self.watch.take(reference, Sample(value, one.at_s), 12 * 60))

    def _do(self, out: Outcome) -> None:
        self.orders += [step for step in out.steps if isinstance(step, Order)]
        self.told += [step.words for step in out.steps if not isinstance(step, Order)]
        for reference, point in out.points:
            self.rows.append(self._telemetry.take(self.plan, reference, point))
        self.rows += self._telemetry.rows(self.plan, 1e9)
        self.rows += [(str(change.key), change.what, change.detail) for change in out.changes]

    def words(self, point: str) -> list[object]:
        return [sample.value for sample in self.samples if sample.point == point]


@pytest.mark.peer
async def test_a_listed_plate_opens_the_gate_once_however_often_it_is_sent(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, SITE)
    wanted = Wanted("push", plan, SECRETS.__getitem__, tmp_path)
    _, allowed = plate_list(wanted, "plates")
    allowed.add("沪A·12345")
    site = Site(plan, tmp_path)
    await site.listener.open(site.take)
    camera = PushCamera(f"http://127.0.0.1:{site.listener.port}/anpr", Credential.read(SECRETS["push"]), "127.0.0.33")
    camera.faults.twice = True
    await camera.start()
    try:
        camera.see("沪B99999")
        await until(lambda: site.words("plate") == ["unlisted"])
        assert site.orders == []
        camera.see("沪A12345")
        await until(lambda: camera.statuses.count(200) >= 5)
        assert site.words("plate") == ["unlisted", "listed"]
        assert [(one.output, one.act) for one in site.orders] == [("gate.gate", "open")]
        camera.see("京C00001")
        await until(lambda: len(site.words("plate")) == 3)
        allowed.add("京C00001")  # by command, while the watch runs
        camera.see("京C00001")
        await until(lambda: len(site.orders) == 2)
        allowed.remove("京C00001")
        camera.see("京C00001")
        await until(lambda: len(site.words("plate")) == 5)
        assert len(site.orders) == 2
        marks = site.words("mark")
        assert len(set(marks)) == 3  # three vehicles today, however often they came
        assert marks[2] == marks[3] == marks[4]
        everything = repr(site.samples) + json.dumps(site.rows, ensure_ascii=False, default=str)
        assert str(marks[0]) in everything
        for plate in ("12345", "99999", "00001", "沪", "京"):
            assert plate not in everything
            assert plate not in (tmp_path / ALLOW_LIST).read_text()
    finally:
        await camera.stop()
        await site.listener.close()


@pytest.mark.peer
async def test_a_fever_is_told_and_neither_it_nor_a_person_is_journaled(tmp_path: Path) -> None:
    site = Site(plan_of(tmp_path, SITE), tmp_path)
    await site.listener.open(site.take)
    url = f"http://127.0.0.1:{site.listener.port}/"
    terminal = FaceTerminal(url, Credential.read(SECRETS["face"]), "127.0.0.31")
    await terminal.start()
    try:
        terminal.meet(75, 38.4)
        await until(lambda: site.told == ["Fever at the door"])
    finally:
        await terminal.stop()
        await site.listener.close()
    assert site.words("event") == [75]
    rows = json.dumps(site.rows, ensure_ascii=False, default=str)
    assert "face-1.temperature/fever" in rows
    assert "MADE-UP" not in repr(site.samples) + rows
    assert "虚构" not in repr(site.samples) + rows
    assert "38.4" not in rows


def test_the_example_can_be_made(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, SITE)
    (listener,) = drivers(plan, "push", SECRETS)
    assert set(listener.health()) == {"plates", "face-1"}
    assert plate_cameras(Wanted("push", plan, SECRETS.__getitem__)) == ["plates"]


@pytest.mark.parametrize(
    ("before", "after", "cause"),
    [
        ('where = "127.0.0.1:0"', 'where = "127.0.0.1"', "HOST:PORT"),
        ('secret = "push"', 'secret = "short"', "fewer than"),
        ('secret = "push"', "", "settings.secret: missing"),
        ('address = "127.0.0.33"', 'address = "camera.local"', "no IP address"),
        ('plate_secret = "plates"', 'plate_secret = "short"', "shorter than"),
        ('plate_secret = "plates"', 'plate_secrets = "plates"', "no such setting"),
    ],
)
def test_a_mistake_is_named_with_its_cure(tmp_path: Path, before: str, after: str, cause: str) -> None:
    plan = plan_of(tmp_path, SITE.replace(before, after, 1))
    with pytest.raises(ConfigError, match=cause):
        drivers(plan, "push", {**SECRETS, "short": "u:p"})

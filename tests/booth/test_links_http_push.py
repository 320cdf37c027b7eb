"""A link of calling devices as site.toml names it: from a plate to an open gate, and no plate anywhere on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from booth.site_links import Wanted, make_drivers
from booth.site_links.http_push import plate_cameras, plate_list
from hardware.field import Driver, RawSample, Take
from hardware.push import Credential
from hardware.push.listener import PushListener
from hardware.push.simulator import FaceTerminal, PushCamera
from kiosk.config import ConfigError
from kiosk.ledger.file import LedgerFile
from kiosk.site.journal import MIGRATIONS, SITE_FILE, SiteJournal
from kiosk.site.notify import ServiceManager
from kiosk.site.plan import Plan
from kiosk.site.remains import Remains
from kiosk.site.scribe import Scribe
from kiosk.site.watchman import Watchman, Ways
from tests.booth.field_site import drivers, plan_of
from tests.hardware.push.peers import until
from tests.kiosk.site.field_driver import FieldDriver

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
    """The watch with all around it: the listener as site.toml makes it, a gate that notes its orders, a journal."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.folder = folder
        self.samples: list[RawSample] = []
        self.notes: list[str] = []
        self.gate = FieldDriver("gate")
        self.file = LedgerFile(folder / SITE_FILE, MIGRATIONS, min_free_bytes=0, ballast_bytes=0)
        self.journal = SiteJournal(self.file)
        self.scribe = Scribe(self.journal, "boot")
        ways = Ways(make=self._make, read=lambda: plan, feed=folder / "feed.sock", note=self._note)
        self.watchman = Watchman(plan, self.scribe, "boot", ways, Remains.of(self.journal), ServiceManager({}))
        self.stop = asyncio.Event()

    async def __aenter__(self) -> Site:
        self.scribe.start()
        self._task = asyncio.create_task(self.watchman.run(self.stop))
        await until(lambda: hasattr(self, "listener") and self.listener.port != 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.stop.set()
        await self._task
        self.scribe.end()
        self.file.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listener.port}/event"

    def _make(self, plan: Plan, link: str) -> tuple[Driver, ...]:
        if link != "push":
            return (self.gate,)
        (made,) = make_drivers(Wanted(link, plan, SECRETS.__getitem__, self.folder))
        assert isinstance(made, PushListener)
        self.listener = made
        opening = made.open

        async def open_(take: Take) -> None:
            def both(samples: Sequence[RawSample]) -> None:
                self.samples += samples
                take(samples)

            await opening(both)

        made.open = open_  # listens in: what leaves the listener is the claim
        return (made,)

    def _note(self, event: str, **more: object) -> None:
        self.notes.append(f"{event} {more}")

    def words(self, point: str) -> list[object]:
        return [sample.value for sample in self.samples if sample.point == point]

    @property
    def opened(self) -> int:
        return sum(one.point == "gate:open" for one in self.gate.commands)

    def rows(self) -> str:
        return "\n".join(row.body for row in self.journal.after(0, 10_000))

    def everything(self) -> bytes:
        """All that left the listener, all that was journaled, and every byte of every file."""
        files = b"".join(file.read_bytes() for file in self.folder.iterdir() if file.is_file())
        return files + (repr(self.samples) + self.rows() + repr(self.notes)).encode()


@pytest.mark.peer
async def test_a_listed_plate_opens_the_gate_once_however_often_it_is_sent(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, SITE)
    wanted = Wanted("push", plan, SECRETS.__getitem__, tmp_path)
    _, allowed = plate_list(wanted, "plates")
    allowed.add("沪A·12345")
    (tmp_path / "site.toml").unlink()  # it names no plate, but it is not what is asked here
    async with Site(plan, tmp_path) as site:
        camera = PushCamera(site.url, Credential.read(SECRETS["push"]), "127.0.0.33")
        camera.faults.twice = True
        await camera.start()
        camera.see("沪B99999")
        await until(lambda: site.words("plate") == ["unlisted"])
        assert site.opened == 0
        camera.see("沪A12345")
        await until(lambda: camera.statuses.count(200) >= 5)
        await until(lambda: site.opened == 1)
        assert site.words("plate") == ["unlisted", "listed"]
        camera.see("京C00001")
        await until(lambda: len(site.words("plate")) == 3)
        allowed.add("京C00001")  # by command, while the watch runs
        camera.see("京C00001")
        await until(lambda: site.opened == 2)
        allowed.remove("京C00001")
        camera.see("京C00001")
        await until(lambda: len(site.words("plate")) == 5)
        marks = site.words("mark")
        await until(lambda: site.rows().count(str(marks[4])) == 3)
        await camera.stop()
        assert site.opened == 2
        assert len(set(marks)) == 3  # three vehicles today, however often they came
        assert marks[2] == marks[3] == marks[4]
        assert '"word":"listed"' in site.rows()
        everything = site.everything()
    for plate in ("A12345", "B99999", "C00001", "沪", "京"):
        assert plate.encode() not in everything


@pytest.mark.peer
async def test_a_fever_is_told_and_neither_it_nor_a_person_is_journaled(tmp_path: Path) -> None:
    async with Site(plan_of(tmp_path, SITE), tmp_path) as site:
        terminal = FaceTerminal(site.url, Credential.read(SECRETS["face"]), "127.0.0.31")
        await terminal.start()
        terminal.meet(75, 38.4)
        await until(lambda: "Fever at the door" in site.rows())
        await terminal.stop()
        assert site.words("event") == [75]
        assert site.words("temperature") == [38.4]
        rows = site.rows()
        everything = site.everything()
    assert "face-1.temperature" in rows  # the alarm
    assert "38.4" not in rows
    for person in ("MADE-UP", "虚构"):
        assert person.encode() not in everything


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

"""The process around the watch, with drivers of our own: what goes first, what breaks alone, what is told again."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from hardware.field import Command, Driver, RawSample
from kiosk.config import ConfigError
from kiosk.ledger.file import LedgerFile
from kiosk.site import attendant, herald, watchman
from kiosk.site.feed import Line, listen
from kiosk.site.journal import MIGRATIONS, SITE_FILE, SiteJournal
from kiosk.site.messages import Changed, Do, Measured, Told
from kiosk.site.notify import ServiceManager
from kiosk.site.plan import Plan
from kiosk.site.remains import Remains
from kiosk.site.scribe import Scribe
from kiosk.site.site_file import load
from kiosk.site.watchman import Watchman, Ways
from tests.kiosk.site.field_driver import FieldDriver

PROFILES = Path(__file__).resolve().parents[3] / "assets" / "site"


class Host(FieldDriver):
    """A driver that takes what the screen measured."""

    measures: dict[str, float | str]

    def report(self, measures: dict[str, float | str]) -> None:
        self.measures = measures


class Booth:
    """A watchman on the site that ships; a driver of ours for each link."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.folder = folder
        self.plan = plan
        self.later_s = 0.0
        self.wall_later_s = 0.0
        self.made: dict[str, list[FieldDriver]] = {}
        self.moods: dict[str, Any] = {}
        self.notes: list[str] = []
        self.file = LedgerFile(folder / SITE_FILE, MIGRATIONS, min_free_bytes=0, ballast_bytes=0)
        self.journal = SiteJournal(self.file)
        self.scribe = Scribe(self.journal, "boot")
        ways = Ways(
            make=self._make,
            read=self._read,
            feed=folder / "feed.sock",
            note=lambda event, **more: self.notes.append(f"{event} {more}"),
            now=lambda: time.monotonic() + self.later_s,
            wall=lambda: time.time() + self.wall_later_s,
        )
        self.watchman = Watchman(self.plan, self.scribe, "boot", ways, Remains.of(self.journal), ServiceManager({}))
        self.stop = asyncio.Event()
        self.task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self.scribe.start()
        self.task = asyncio.create_task(self.watchman.run(self.stop))
        await self.until(lambda: (self.folder / "feed.sock").exists() and len(self.made) == len(self.plan.links))

    async def close(self) -> None:
        self.stop.set()
        for driver in [one for several in self.made.values() for one in several]:
            driver.released.set()
        if self.task is not None:
            await self.task
        self.scribe.end()
        self.file.close()

    def driver(self, link: str) -> FieldDriver:
        return self.made[link][-1]

    def smoke(self, ohm: float) -> None:
        take = self.driver("fire-in").take
        assert take is not None
        now = time.monotonic()
        take([RawSample("hall-smoke", "loop", ohm, None, now, time.time(), 0.002)])

    def rows(self, kind: str) -> list[dict[str, Any]]:
        return [json.loads(row.body) for row in self.journal.after(0, 10_000) if row.kind == kind]

    async def until(self, what: Callable[[], object]) -> None:
        async with asyncio.timeout(10):
            while not what():
                await asyncio.sleep(0.005)

    async def told(self, line: Line, what: Callable[[Changed | Told], bool]) -> Changed | Told:
        async with asyncio.timeout(10):
            async for message in line:
                if what(message):
                    return message
        raise AssertionError

    def _make(self, plan: Plan, link: str) -> tuple[Driver, ...]:
        devices = [name for name, device in plan.devices.items() if device.link == link]
        kind = Host if link == "booth" else FieldDriver
        self.made.setdefault(link, []).append(kind(*devices, mood=self.moods.get(link, "well")))
        return (self.made[link][-1],)

    def _read(self) -> Plan:
        raise ConfigError("site.toml:1: broken; mend it")


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load(PROFILES / "example" / "site.toml", PROFILES)


@pytest.fixture
async def booth(tmp_path: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Booth]:
    monkeypatch.setattr(watchman, "TICK_S", 0.02)
    monkeypatch.setattr(herald, "TELL_S", 0.01)
    booth = Booth(tmp_path, plan)
    yield booth
    await booth.close()


async def test_the_order_is_with_the_driver_before_anybody_else_hears_of_the_fire(booth: Booth) -> None:
    await booth.start()
    out = booth.driver("fire-out")
    await booth.until(lambda: len(out.commands) >= 2)
    out.commands.clear()
    rows = booth.journal.last_seq
    booth.smoke(4400)
    assert booth.journal.last_seq == rows
    await asyncio.sleep(0)
    assert out.commands == [Command("release", "doors", 0), Command("release", "barriers", 0)]
    await booth.until(lambda: any(row["rule"] == "fire" for row in booth.rows("alm")))


async def test_outputs_are_kept_by_every_tick(booth: Booth) -> None:
    await booth.start()
    await booth.until(lambda: len(booth.driver("fire-out").kept) >= 3)
    assert set(booth.driver("fire-out").kept) == {watchman.KEEP_S}


@pytest.mark.slow
async def test_a_driver_that_hangs_is_put_aside_with_an_alarm_and_fire_goes_on(
    booth: Booth, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPEN_WITHIN_S", "CLOSE_WITHIN_S", "PROBE_S"):
        monkeypatch.setattr(attendant, name, 0.02)
    booth.moods = {"doorbus": "hung", "radio": "broken"}
    await booth.start()
    async with listen(booth.folder / "feed.sock", "staff") as line:
        await booth.until(
            lambda: {row["point"] for row in booth.rows("alm") if row["rule"] == "quarantined"} == {"doorbus", "radio"}
        )
        booth.smoke(4400)
        found = await booth.told(line, lambda one: isinstance(one, Changed) and bool(one.released))
        assert isinstance(found, Changed)
        assert found.standing == ("evacuate",)
    assert booth.driver("fire-out").commands[-1].value == 0
    assert {link: len(drivers) for link, drivers in booth.made.items() if len(drivers) > 1} == {
        "doorbus": attendant.RESTARTS,
        "radio": attendant.RESTARTS,
    }


async def test_a_fire_nobody_acknowledges_is_told_again_after_30_and_90_seconds(booth: Booth) -> None:
    await booth.start()
    booth.smoke(4400)
    async with listen(booth.folder / "feed.sock", "staff") as line:
        for whom in ("second channel", "platform"):
            booth.later_s += 31.0 if whom == "second channel" else 60.0
            await booth.told(line, lambda one, whom=whom: isinstance(one, Told) and one.words == whom)
    booth.later_s += 100.0
    booth.smoke(4400)

    def escalated() -> list[str]:
        return [row["words"] for row in booth.rows("evt") if row["what"] == "escalated"]

    await booth.until(lambda: len(escalated()) >= 2)
    assert escalated() == ["second channel", "platform"]


async def test_after_a_stall_what_stood_is_ordered_anew(booth: Booth) -> None:
    await booth.start()
    out = booth.driver("fire-out")
    await booth.until(lambda: len(out.commands) >= 2)
    out.commands.clear()
    booth.later_s += 2 * watchman.KEEP_S  # the loop hung: drivers wrote safe values, for good
    await booth.until(lambda: out.commands)
    assert Command("release", "doors", 1) in out.commands
    await booth.until(lambda: "stall" in [row["what"] for row in booth.rows("mark")])


async def test_a_step_of_the_wall_clock_is_journaled_and_moves_nothing(booth: Booth) -> None:
    await booth.start()
    booth.wall_later_s = 3600.0
    await booth.until(lambda: "clock_step" in [row["what"] for row in booth.rows("mark")])
    (step,) = (row for row in booth.rows("mark") if row["what"] == "clock_step")
    assert step["new"] > step["old"]
    assert booth.journal.after(0, 10_000)[-1].clock == "stepped"
    assert not [row for row in booth.rows("state") if row["after"] == "lost"]


async def test_what_the_screen_measured_goes_to_who_reports_it(booth: Booth) -> None:
    await booth.start()
    async with listen(booth.folder / "feed.sock", "screen") as line:
        await line.send(Measured({"printer": "paper_out"}))
        host = booth.driver("booth")
        assert isinstance(host, Host)
        await booth.until(lambda: hasattr(host, "measures"))
        assert host.measures == {"printer": "paper_out"}


async def test_a_sample_that_breaks_something_costs_itself_only(booth: Booth) -> None:
    await booth.start()
    take = booth.driver("fire-in").take
    assert take is not None
    now = time.monotonic()
    take([RawSample("hall-smoke", "loop", [], None, now, 0.0)])  # type: ignore[arg-type]
    take([RawSample("ghost", "loop", 1, None, now, 0.0), RawSample("hall-smoke", "ghost", 1, None, now, 0.0)])
    assert [note.split()[0] for note in booth.notes if "defect" in note] == ["defect"]
    booth.smoke(4400)
    await booth.until(lambda: [one.value for one in booth.driver("fire-out").commands[-1:]] == [0])


async def test_tamper_ends_visits_until_it_is_reset_and_the_platform_may_not_reload(booth: Booth) -> None:
    await booth.start()
    async with listen(booth.folder / "feed.sock", "staff") as line:
        take = booth.driver("field").take
        assert take is not None
        spec = booth.plan.point("cabinet.tamper")
        raw = {word: float(raw) for raw, word in spec.words.items()}
        for word in ("tampered", next(word for word in raw if word != "tampered")):
            for _ in range(3):
                take([RawSample("cabinet", "tamper", raw[word], None, time.monotonic() + booth.later_s, 0.0)])
                booth.later_s += 0.1
                await asyncio.sleep(0)
        found = await booth.told(line, lambda one: isinstance(one, Changed) and one.standing == ("end_visit",))
        assert isinstance(found, Changed)
        assert (await line.do(Do("1", "acknowledge", "x", key="cabinet.tamper/tamper"))).result == "done"
        assert (await line.do(Do("2", "reset", "x", key="cabinet.tamper/tamper"))).result == "done"
        await booth.told(line, lambda one: isinstance(one, Changed) and one.standing == ())
    async with listen(booth.folder / "feed.sock", "uplink") as line:
        refused = await line.do(Do("3", "reload", "platform", expires_at=time.time() + 60))
        assert refused.result == "not_allowed"


async def test_a_broken_site_file_is_refused_with_its_text(booth: Booth) -> None:
    await booth.start()
    async with listen(booth.folder / "feed.sock", "staff") as line:
        answer = await line.do(Do("1", "reload", "x"))
    assert (answer.result, "mend it" in answer.text) == ("refused", True)
    with contextlib.suppress(TimeoutError):
        await booth.until(lambda: "reload_refused" in [row["what"] for row in booth.rows("mark")])
    assert "reload_refused" in [row["what"] for row in booth.rows("mark")]

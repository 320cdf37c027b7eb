"""A real booth beside a real feed: a fire before and in a visit, a visit process killed in it, a watch that dies."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bench.glass import Glass
from kiosk.site.feed import FEED_FILE, Feed
from kiosk.site.messages import Changed, Measured, Snapshot, Standing
from tests.booth.stand import BOOTH_TOML, CLOSED_PORT, ROOT, environment

pytestmark = [pytest.mark.peer, pytest.mark.screen]
PATIENCE_S = 60.0
MORE_TOML = """
[display]
mode = "offscreen"
[speech]
sink = "null"
[site]
file = "{folder}/site.toml"
folder = "{folder}"
[bench]
remote = "{folder}/remote.sock"
"""


class Booth:
    """`booth run` on a folder of its own, its glass from outside, and the watch's feed in this process."""

    def __init__(self, folder: Path, pki: Path) -> None:
        self.folder = folder
        self.config = folder / "booth.toml"
        text = (BOOTH_TOML + MORE_TOML).format(folder=folder, url=CLOSED_PORT, pki=pki)
        self.config.write_text(text, encoding="utf-8")
        self.log = folder / "keeper.log"
        self.messages: list[dict[str, Any]] = []
        self.measured: list[dict[str, Any]] = []
        self.standing: tuple[Standing, ...] = ()
        self.glass = Glass(folder / "remote.sock", self.messages.append, lambda _: None)
        self.feed: Feed | None = None

    @contextlib.asynccontextmanager
    async def run(self) -> AsyncIterator[Booth]:
        await self.begin_watch()
        keeper = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "booth", "run", "--config", self.config, "--log", self.log, cwd=ROOT,
            env=environment(), stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        looking = asyncio.ensure_future(self.glass.run())
        try:
            yield self
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
            await self.end_watch()
            if keeper.returncode is None:
                keeper.terminate()
            await asyncio.wait_for(keeper.wait(), PATIENCE_S)

    async def begin_watch(self) -> None:
        async def snapshot() -> AsyncIterator[bytes]:
            yield msgspec.json.encode(Snapshot("b-0007", "boot", 1, "", standing=self.standing)) + b"\n"

        def on_said(_listener: object, message: object) -> None:
            assert isinstance(message, Measured)
            self.measured.append(message.measures)

        self.feed = Feed(self.folder / FEED_FILE, snapshot, on_said)
        await self.feed.open()

    async def end_watch(self) -> None:
        if self.feed is not None:
            await self.feed.close()
            self.feed = None

    def stand(self, *standing: Standing) -> None:
        """The watch says so."""
        self.standing = standing
        assert self.feed is not None
        self.feed.tell(Changed(2, standing=standing))

    async def until(self, is_so: Callable[[], Any]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not is_so():
                await asyncio.sleep(0.02)

    async def until_shown(self, name: str) -> None:
        await self.until(lambda: self.shown[-1:] == [name])

    @property
    def shown(self) -> list[str]:
        return [m["name"] for m in self.messages if m["t"] == "question"]

    def lines(self, event: str) -> list[dict[str, Any]]:
        rows = [json.loads(row) for row in self.log.read_text(encoding="utf-8").splitlines()]
        return [row for row in rows if row["event"] == event]

    async def kill_visit(self) -> None:
        """End the process that shows the glass, once another one is warm."""
        pid = self.glass.visit_pid
        await self.until(lambda: any(row["pid"] > pid for row in self.lines("visit_warm")))
        self.messages.clear()
        os.kill(pid, signal.SIGKILL)
        await self.until(lambda: self.glass.visit_pid != pid and self.shown)


@pytest.fixture
async def booth(demo_run: Path) -> AsyncIterator[Booth]:
    with tempfile.TemporaryDirectory(prefix="booth-") as folder:  # sockets need short paths
        async with Booth(Path(folder), demo_run / "pki").run() as running:
            await running.until_shown("Welcome")
            yield running


async def test_a_fire_outlives_the_process_that_showed_it_and_the_watch_that_told_it(booth: Booth) -> None:
    booth.stand("evacuate")
    await booth.until_shown("WayOut")
    await booth.kill_visit()
    assert set(booth.shown) == {"WayOut"}, "no welcome in between"
    await booth.end_watch()
    await booth.kill_visit()  # the next one had listened while it was warm
    assert set(booth.shown) == {"WayOut"}
    booth.standing = ()
    await booth.begin_watch()  # reset meanwhile
    await booth.until_shown("Welcome")


async def test_a_fire_in_a_visit_ends_it_and_its_process(booth: Booth) -> None:
    first = booth.glass.visit_pid
    booth.glass.send({"t": "press", "id": "begin"})
    await booth.until_shown("ChooseService")
    booth.glass.send({"t": "press", "id": "report-problem"})
    await booth.until_shown("AskField")
    booth.messages.clear()
    booth.stand("evacuate")
    await booth.until(lambda: booth.glass.visit_pid not in (0, first) and booth.shown[-1:] == ["WayOut"])
    assert set(booth.shown) == {"WayOut"}
    assert [m["name"] for m in booth.messages if m["t"] == "outcome"] == ["evacuated"]
    await booth.until(lambda: booth.lines("visit_ended"))
    assert [(row["outcome"], row["pid"]) for row in booth.lines("visit_ended")] == [("evacuated", first)]
    booth.stand()
    await booth.until_shown("Welcome")


async def test_the_watch_hears_how_the_devices_are(booth: Booth) -> None:
    await booth.until(lambda: booth.measured)
    await booth.until(lambda: booth.measured[-1].get("printer") == "no_device")  # there is none on this computer
    assert booth.measured[-1]["screen"] == 1
    assert set(booth.measured[-1]) == {
        "screen", "card_reader", "printer", "paper", "camera", "face", "speech", "keypad",
    }  # fmt: skip


async def test_a_booth_on_its_battery_begins_no_visit(booth: Booth) -> None:
    booth.stand("close_booth")
    await booth.until_shown("Closed")
    await booth.kill_visit()
    assert set(booth.shown) == {"Closed"}
    booth.stand()
    await booth.until_shown("Welcome")

"""The line to the watch: a real feed on a real socket, that comes, goes and speaks; real time is not waited."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from kiosk.clock import ManualClock
from kiosk.site.feed import Feed
from kiosk.site.messages import Changed, FromWatch, Measured, Snapshot, Standing, Told
from kiosk.visit.site_line import AWAY_LAST_S, MEASURED_EVERY_S, SiteLine
from tests.kiosk.visit.hall import TODAY


@pytest.fixture
def path() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="feed-") as folder:  # a socket's path must be short
        yield Path(folder) / "feed.sock"


class Stand:
    """The screen's end under test, and what it heard and said."""

    def __init__(self, path: Path) -> None:
        self.clock = ManualClock(TODAY)
        self.heard: list[FromWatch] = []
        self.notes: list[Exception] = []
        self.said: list[dict[str, Any]] = []
        self.measures: dict[str, float | str] | None = {"screen": 1, "printer": "online"}
        self.standing: tuple[Standing, ...] = ()
        self.path = path
        self.line = SiteLine(path, self.heard.append, lambda: self.measures, self.clock, self.notes.append)

    @asynccontextmanager
    async def follow(self) -> AsyncIterator[None]:
        following = asyncio.ensure_future(self.line.follow())
        try:
            yield
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    @asynccontextmanager
    async def watch(self) -> AsyncIterator[Feed]:
        async def snapshot() -> AsyncIterator[bytes]:
            import msgspec

            yield msgspec.json.encode(Snapshot("b-1", "boot", 1, "", standing=self.standing)) + b"\n"

        def on_said(_listener: object, message: object) -> None:
            assert isinstance(message, Measured)
            self.said.append(message.measures)

        feed = Feed(self.path, snapshot, on_said)
        await feed.open()
        try:
            yield feed
        finally:
            await feed.close()

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Let the sockets work; the clock stands still."""
        async with asyncio.timeout(20):
            while not is_so():
                await asyncio.sleep(0)


async def test_the_snapshot_first_then_what_changes(path: Path) -> None:
    stand = Stand(path)
    stand.standing = ("close_booth",)
    async with stand.watch() as feed, stand.follow():
        await stand.until(lambda: bool(stand.heard))
        feed.tell(Told("call", "elderly-call", "", ""))
        feed.tell(Changed(2, standing=("evacuate",)))
        await stand.until(lambda: len(stand.heard) == 3)
    assert [type(message).__name__ for message in stand.heard] == ["Snapshot", "Told", "Changed"]
    assert isinstance(stand.heard[0], Snapshot)
    assert stand.heard[0].standing == ("close_booth",)


async def test_a_watch_that_comes_late_and_again(path: Path) -> None:
    stand = Stand(path)
    async with stand.follow():
        await stand.until(lambda: bool(stand.notes))
        for _ in range(3):
            await stand.clock.advance(AWAY_LAST_S)
        assert len(stand.notes) == 1, "said once, not at every look"
        for times in (1, 2):
            async with stand.watch():
                await stand.clock.advance(AWAY_LAST_S)
                await stand.until(lambda wanted=times: len(stand.heard) == wanted)  # type: ignore[misc]
            await stand.clock.settle()
        await stand.until(lambda: True)
    assert [type(message).__name__ for message in stand.heard] == ["Snapshot"] * 2


async def test_devices_are_told_at_once_on_change_and_every_ten_seconds(path: Path) -> None:
    stand = Stand(path)
    async with stand.watch(), stand.follow():
        await stand.until(lambda: len(stand.said) == 1)
        stand.line.changed()  # nothing is different
        stand.measures = {"screen": 1, "printer": "offline"}
        stand.line.changed()
        await stand.until(lambda: len(stand.said) == 2)
        await stand.clock.advance(MEASURED_EVERY_S)
        await stand.until(lambda: len(stand.said) == 3)
    assert [one["printer"] for one in stand.said] == ["online", "offline", "offline"]


async def test_a_warm_process_listens_and_says_nothing(path: Path) -> None:
    stand = Stand(path)
    stand.measures = None
    async with stand.watch() as feed, stand.follow():
        await stand.until(lambda: bool(stand.heard))
        await stand.clock.advance(3 * MEASURED_EVERY_S)
        feed.tell(Changed(2))
        await stand.until(lambda: len(stand.heard) == 2)
        assert stand.said == []
        stand.measures = {"screen": 1}
        stand.line.changed()  # shown
        await stand.until(lambda: bool(stand.said))
    assert stand.said == [{"screen": 1}]


async def test_a_screen_that_breaks_over_a_message_hears_the_next_one(path: Path) -> None:
    stand = Stand(path)
    broken: list[FromWatch] = []

    def hear(message: FromWatch) -> None:
        if not broken:
            broken.append(message)
            raise RuntimeError("a defect of the screen")
        stand.heard.append(message)

    stand.line = SiteLine(path, hear, lambda: None, stand.clock, stand.notes.append)
    async with stand.watch(), stand.follow():
        await stand.until(lambda: bool(stand.notes))
        await stand.clock.advance(AWAY_LAST_S)
        await stand.until(lambda: bool(stand.heard))
    assert [str(note) for note in stand.notes] == ["a defect of the screen"]


async def test_something_else_on_the_socket_is_no_watch(path: Path) -> None:
    stand = Stand(path)
    wrong: list[bytes] = [b"", b"{}\n", b"not json\n", b'{"type":"answer","id":"1","result":"done"}\n']

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(wrong.pop(0) if wrong else b"")
        writer.close()

    server = await asyncio.start_unix_server(serve, path)
    async with server, stand.follow():
        while wrong:
            await stand.clock.advance(AWAY_LAST_S)
            await asyncio.sleep(0)
        await stand.until(lambda: bool(stand.notes))
    assert stand.heard == []

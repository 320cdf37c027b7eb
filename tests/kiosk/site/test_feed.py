"""The watch's socket: who may connect, what each role may say, and that nobody is waited for."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import stat
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from kiosk.config import ConfigError
from kiosk.site import feed as module
from kiosk.site.feed import Feed, FeedError, Listener, check_path, listen, user_name
from kiosk.site.messages import Answer, Changed, Delivered, Do, Measured, PointSeen, Role, Snapshot, Told, WalkTestSeen

ME = user_name(os.geteuid())
SNAPSHOT = Snapshot("b-0007", "boot", 1, "now", points=(PointSeen("a.b", 1.0, "good"),))


class Watch:
    """A feed with what was said to it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.said: list[tuple[Role, Do | Measured | Delivered]] = []
        self.notes: list[str] = []
        self.feed = Feed(path, self._snapshot, self._hear, note=self.notes.append)

    async def _snapshot(self) -> AsyncIterator[bytes]:
        line = msgspec.json.encode(SNAPSHOT) + b"\n"
        yield line[:20]
        await asyncio.sleep(0)
        yield line[20:]

    def _hear(self, listener: Listener, message: Do | Measured | Delivered) -> None:
        self.said.append((listener.role, message))
        if isinstance(message, Do):
            listener.answer(Answer(message.id, "done"))

    async def until(self, count: int) -> None:
        async with asyncio.timeout(5):
            while self.feed.listeners != count:
                await asyncio.sleep(0.001)


@pytest.fixture
async def watch(tmp_path: Path) -> AsyncIterator[Watch]:
    watch = Watch(tmp_path / "feed.sock")
    await watch.feed.open()
    yield watch
    await watch.feed.close()


async def raw(watch: Watch) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_unix_connection(str(watch.path))


async def is_dropped(reader: asyncio.StreamReader) -> bool:
    async with asyncio.timeout(5):
        with contextlib.suppress(ConnectionError):
            await reader.read()
    return True


async def test_the_socket_is_ours_alone_and_goes_with_the_watch(watch: Watch) -> None:
    assert stat.S_IMODE(watch.path.stat().st_mode) == 0o600
    await watch.feed.close()
    assert not watch.path.exists()


async def test_a_listener_gets_a_snapshot_and_then_what_changes(watch: Watch) -> None:
    async with listen(watch.path, "staff") as line:
        assert line.snapshot == SNAPSHOT
        await watch.until(1)
        changed = Changed(2, points=(PointSeen("a.b", 2.0, "good"),), released=("release.doors",))
        told = Told("call", "fire", "second channel", "now")
        watch.feed.tell(changed)
        watch.feed.tell(told)
        assert [await anext(line), await anext(line)] == [changed, told]


async def test_who_wants_no_points_is_spared_them(watch: Watch) -> None:
    async with listen(watch.path, "screen", wants_points=False) as line:
        await watch.until(1)
        assert not watch.feed.wants_points
        watch.feed.tell(Changed(2, points=(PointSeen("a.b", 2.0, "good"),)))
        watch.feed.tell(Changed(2, points=(PointSeen("a.b", 3.0, "good"),)))
        watch.feed.tell(Told("evacuate", "fire", "", "now"))
        begun = Changed(3, walk_test=WalkTestSeen("li", ("hall-smoke",), 60.0))
        watch.feed.tell(msgspec.structs.replace(begun, points=(PointSeen("a.b", 4.0, "good"),)))
        assert isinstance(await anext(line), Told)
        assert await anext(line) == begun


async def test_each_role_says_its_own(watch: Watch) -> None:
    async with listen(watch.path, "screen") as screen, listen(watch.path, "uplink") as uplink:
        await screen.send(Measured({"printer": "online"}))
        await uplink.send(Delivered(7))
        assert (await uplink.do(Do("1", "reset", "platform:li", key="a/b"))).result == "done"
        refused = await screen.do(Do("2", "reset", "resident", key="a/b"))
        assert (refused.result, bool(refused.text)) == ("not_allowed", True)
    assert watch.said == [
        ("screen", Measured({"printer": "online"})),
        ("uplink", Delivered(7)),
        ("uplink", Do("1", "reset", "platform:li", key="a/b")),
    ]


async def test_staff_is_who_the_kernel_says(watch: Watch) -> None:
    async with listen(watch.path, "staff") as line:
        await line.do(Do("1", "reset", "the mayor", key="a/b"))
        await line.do(Do("2", "reset", f"{ME} badge 17", key="a/b"))
        await line.do(Do("3", "reset", f"{ME}ina", key="a/b"))
    assert [message.who for _, message in watch.said if isinstance(message, Do)] == [
        f"{ME} (the mayor)",
        f"{ME} badge 17",
        f"{ME} ({ME}ina)",
    ]


@pytest.mark.parametrize(
    "said",
    [
        b"\n", b"nonsense\n", b'{"type":"do"}\n', b"x" * 70_000 + b"\n", b'{"type":"hello","role":"root"}\n',
        b'{"type":"hello","role":"screen"}\n{"type":"delivered","seq":1}\n',
        b'{"type":"hello","role":"staff"}\n{"type":"measured","measures":{}}\n',
        b'{"type":"hello","role":"staff"}\n{"type":"hello","role":"staff"}\n',
        b'{"type":"hello","role":"staff"}\n' + b"x" * 70_000 + b"\n",
    ],
)  # fmt: skip
async def test_nonsense_and_words_of_another_role_end_the_line_and_nothing_else(watch: Watch, said: bytes) -> None:
    reader, writer = await raw(watch)
    writer.write(said)
    assert await is_dropped(reader)
    writer.close()
    assert watch.said == []
    async with listen(watch.path, "staff") as line:
        assert line.snapshot == SNAPSHOT


async def test_a_listener_that_does_not_read_is_dropped_and_the_others_hear_on(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WAITING_BYTES", 100_000)
    _, writer = await raw(watch)
    writer.write(b'{"type":"hello","role":"staff"}\n')
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    async with listen(watch.path, "staff") as line:
        await watch.until(2)
        big = Changed(2, points=tuple(PointSeen(f"a.b{n}", float(n), "good") for n in range(200)))
        heard = 0
        while watch.feed.listeners == 2:
            watch.feed.tell(big)
            assert isinstance(await anext(line), Changed)
            heard += 1
            assert heard < 1000
        assert line.snapshot == SNAPSHOT
    writer.close()


async def test_there_are_only_so_many(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LISTENERS", 1)
    async with listen(watch.path, "staff"):
        with pytest.raises(FeedError):
            async with listen(watch.path, "staff"):
                pass
    assert "feed_full" in watch.notes


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
async def test_a_stranger_is_refused_by_the_kernels_word() -> None:
    nobody, friend = 65_534, 65_533
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        watch = Watch(Path(folder) / "feed.sock")
        watch.feed = Feed(watch.path, watch._snapshot, watch._hear, uids=(friend,), note=watch.notes.append)
        await watch.feed.open()
        watch.path.chmod(0o666)  # the mode alone would refuse already
        assert b"snapshot" in await _as_user(friend, watch.path)
        assert watch.notes == []
        assert await _as_user(nobody, watch.path) == b""
        assert watch.notes == ["feed_stranger"]
        await watch.feed.close()


async def _as_user(uid: int, path: Path) -> bytes:
    """What another user hears: the kernel notes who connects when he does."""
    line = socket.socket(socket.AF_UNIX)
    os.seteuid(uid)
    try:
        line.connect(str(path))
    finally:
        os.seteuid(0)
    reader, writer = await asyncio.open_unix_connection(sock=line)
    try:
        writer.write(b'{"type":"hello","role":"staff"}\n')
        async with asyncio.timeout(5):
            return await reader.readline()
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def test_when_the_watch_goes_the_line_ends_and_says_so(watch: Watch) -> None:
    async with listen(watch.path, "staff") as line:
        await watch.until(1)
        await watch.feed.close()
        assert [message async for message in line] == []
        with pytest.raises(FeedError, match="gone"):
            await line.do(Do("1", "reset", "wang"))


@pytest.mark.parametrize("kind", ["nothing", "file", "dead"])
async def test_where_no_watch_is_the_cure_is_named(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "feed.sock"
    if kind == "file":
        path.write_text("x")
    if kind == "dead":
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(path))
    with pytest.raises(FeedError, match="booth site run"):
        async with listen(path, "staff"):
            pass


def test_a_path_too_long_for_a_socket_is_named_before() -> None:
    with pytest.raises(ConfigError, match="shorter"):
        check_path(Path("/" + "x" * 120))

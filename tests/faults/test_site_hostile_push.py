"""Hostile callers: huge, slow, exploding, forged and many. Real HTTP; other devices go on being heard."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import os
import resource
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from hardware.push import Bounds
from hardware.push.simulator import PICTURE, FaceTerminal, PushPeer
from tests.hardware.push.peers import FACE, LANE, TOKEN, listening, post, raw, status, until

pytestmark = pytest.mark.peer

STRANGER = "127.0.0.99"
HUGE = 500 * 1024 * 1024
CHUNK = bytes(256 * 1024)
GROWTH_MB = 32
BOMB = (
    "<!DOCTYPE a [<!ENTITY x0 'lol'>"
    + "".join(f"<!ENTITY x{n} '{f'&x{n - 1};' * 10}'>" for n in range(1, 10))
    + "]><a>&x9;</a>"
)


@contextlib.asynccontextmanager
async def rss_stays_flat() -> AsyncIterator[None]:
    """The most that this process has, listener and caller together, while the block runs."""
    most = [rss_mb()]

    async def look() -> None:
        while True:
            most[0] = max(most[0], rss_mb())
            await asyncio.sleep(0.005)

    before, looking = rss_mb(), asyncio.create_task(look())
    try:
        yield
    finally:
        looking.cancel()
    assert most[0] - before < GROWTH_MB


def rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024 / 1024


async def pour(port: int, head: bytes, chunks: Iterator[bytes], source: str = FACE) -> tuple[bytes, int]:
    """Send a head and chunks until they end or are refused: what was answered, and how much could be sent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
    sent, answer = 0, b""
    try:
        async with asyncio.timeout(60):
            with contextlib.suppress(OSError):
                writer.write(head)
                for chunk in chunks:
                    writer.write(chunk)
                    await writer.drain()
                    sent += len(chunk)
                    if writer.transport.is_closing() or reader.at_eof():
                        break
            with contextlib.suppress(OSError):
                answer = await reader.read(4096)
    finally:
        writer.transport.abort()
    return answer, sent


def zeros(size: int) -> Iterator[bytes]:
    for _ in range(size // len(CHUNK)):
        yield CHUNK


def chunked(chunks: Iterator[bytes]) -> Iterator[bytes]:
    for one in chunks:
        yield f"{len(one):x}\r\n".encode() + one + b"\r\n"


def head(kind: str, length: str, token: str = TOKEN.secret) -> bytes:
    return (
        f"POST / HTTP/1.1\r\nHost: booth\r\nAuthorization: Bearer {token}\r\nContent-Type: {kind}\r\n{length}\r\n\r\n"
    ).encode()


def endless_parts() -> Iterator[bytes]:
    for number in range(10_000_000):
        yield f'--x\r\nContent-Disposition: form-data; name="{number}"\r\n\r\n{{}}\r\n'.encode()


def one_huge_picture() -> Iterator[bytes]:
    yield b"--x\r\nContent-Type: image/jpeg\r\n\r\n"
    yield from zeros(HUGE)


def no_chunks() -> Iterator[bytes]:
    yield b"23\r\nshorter than it says\r\n"
    yield from zeros(HUGE)


def one_and_more() -> Iterator[bytes]:
    yield b"{}"
    while True:
        yield post(b"{}") * 200


MULTIPART, CHUNKED = "multipart/form-data; boundary=x", "Transfer-Encoding: chunked"


@pytest.mark.parametrize(
    ("first", "body", "reason"),
    [
        (head("application/json", f"Content-Length: {HUGE}"), lambda: zeros(HUGE), "large"),
        (head("application/json", CHUNKED), lambda: chunked(zeros(HUGE)), "large"),
        (head(MULTIPART, CHUNKED), lambda: chunked(one_huge_picture()), "large"),
        (head(MULTIPART, CHUNKED), lambda: chunked(endless_parts()), "garbage"),
        (head(MULTIPART, CHUNKED), no_chunks, "pipelined"),
        (head("application/json", "Content-Length: 2"), one_and_more, "pipelined"),
        (head("application/json", CHUNKED, "not-the-token-at-all"), lambda: chunked(zeros(HUGE)), "wrong"),
    ],
    ids=["declared", "chunked", "picture", "endless parts", "no chunks", "pipeline", "without proof"],
)
async def test_a_huge_body_costs_neither_memory_nor_another_device(
    first: bytes, body: Callable[[], Iterator[bytes]], reason: str
) -> None:
    async with listening(Bounds(bytes_per_s=1e9)) as (listener, heard):
        lane = PushPeer(f"http://127.0.0.1:{listener.port}/", TOKEN, LANE, every_s=0.05)
        await lane.start()
        await until(lambda: heard.values("lane", "online") != [])
        async with rss_stays_flat():
            answer, sent = await pour(listener.port, first, body())
        assert sent < HUGE / 4  # it was cut long before its end
        assert status(answer) in (0, 400, 401, 413)  # 0: it did not hear the answer, because it went on sending
        assert listener.refusals[reason] >= 1
        count = len(heard.values("lane", "online"))
        await until(lambda: len(heard.values("lane", "online")) > count + 2)
        await lane.stop()
        assert set(lane.statuses) == {200}
        assert heard.values("face-1", "online") == []


async def test_control_a_body_that_is_read_whole_would_be_seen_in_the_memory() -> None:
    async with listening(Bounds(bytes_per_s=1e9, body_bytes=2 * HUGE, text_bytes=2 * HUGE)) as (listener, _):
        with pytest.raises(AssertionError):
            async with rss_stays_flat():
                await pour(listener.port, head("application/json", CHUNKED), chunked(zeros(96 * 1024 * 1024)))


async def test_haste_is_slowed_down_and_not_read_into_memory() -> None:
    async with listening(Bounds(bytes_per_s=1e6, body_bytes=2_000_000, body_s=1.0)) as (listener, _):
        async with rss_stays_flat():
            for _round in range(4):
                await pour(listener.port, head(MULTIPART, CHUNKED), chunked(one_huge_picture()))
        assert listener.refusals["large"] + listener.refusals["slow"] == 4
        assert listener.refusals["slow"] >= 1


async def drip(port: int, data: bytes, source: str) -> bytes:
    """Byte by byte, until the other end has had enough."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
    reading = asyncio.create_task(reader.read(4096))
    try:
        async with asyncio.timeout(60):
            for byte in data * 1000:
                if reading.done():
                    break
                with contextlib.suppress(OSError):
                    writer.write(bytes((byte,)))
                    await writer.drain()
                await asyncio.sleep(0.01)
            with contextlib.suppress(OSError):
                return await reading
        return b""
    finally:
        reading.cancel()
        writer.transport.abort()


async def test_slow_loris_is_let_go_and_others_are_served_meanwhile() -> None:
    async with listening(Bounds(idle_s=0.4, body_s=0.4)) as (listener, heard):
        terminal = FaceTerminal(f"http://127.0.0.1:{listener.port}/", TOKEN, FACE, every_s=0.05)
        await terminal.start()
        heads = [drip(listener.port, b"X-Slow: y\r\n", source) for source in (LANE, LANE, STRANGER) * 3]
        bodies = [drip(listener.port, b" ", LANE)]
        slow_body = asyncio.create_task(pour(listener.port, post(b" " * 60)[:-59], slowly(), LANE))
        answers = await asyncio.gather(*heads, *bodies)
        assert set(map(status, answers)) <= {0, 400}
        answer, _ = await slow_body
        assert status(answer) == 408
        assert listener.refusals["slow"] == 1
        await until(lambda: len(heard.values("face-1", "online")) > 5)
        await terminal.stop()
        assert set(terminal.statuses) == {200}


def slowly() -> Iterator[bytes]:
    yield b" "  # and then nothing


async def test_what_explodes_is_refused_before_it_does() -> None:
    async with listening() as (listener, heard):
        small = gzip.compress(json.dumps({"a": "x" * 50_000_000}).encode())
        async with rss_stays_flat():
            for body, more in (
                (BOMB.encode(), ""),
                (b"<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", ""),
                (small, "Content-Encoding: gzip\r\n"),
                (b"[" * 200_000, ""),
                (b'{"a":' * 40_000, ""),
                (("<a>" * 60_000).encode(), ""),
            ):
                assert status(await raw(listener.port, post(body, more=more), FACE)) == 400
        assert listener.refusals == {"garbage": 6}
        assert heard.samples == []


async def test_names_of_files_lead_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with listening() as (listener, heard):
        parts = b"".join(
            f'--x\r\nContent-Disposition: form-data; filename="{name}"\r\nContent-Type: {kind}\r\n\r\n'.encode()
            + body + b"\r\n"
            for name, kind, body in (
                ("../../../../tmp/evil.json", "application/json", b'{"eventType": "heartBeat"}'),
                ("/etc/cron.d/evil", "image/jpeg", PICTURE),
                ("..\\..\\evil.jpg\x00.json", "image/jpeg", PICTURE),
            )
        )  # fmt: skip
        request = post(parts + b"--x--\r\n", MULTIPART).replace(b"POST /event", b"POST /../../../etc/passwd")
        assert status(await raw(listener.port, request, FACE)) == 200
        assert heard.values("face-1", "online") == [True]
    assert list(tmp_path.iterdir()) == []


async def test_a_forged_source_is_refused_counted_and_told_once() -> None:
    async with listening() as (listener, heard):
        event = {"eventType": "x", "AccessControllerEvent": {"subEventType": 75, "serialNo": "1"}}
        body = json.dumps(event).encode()
        for _ in range(15):
            assert status(await raw(listener.port, post(body), STRANGER)) == 403
        for _ in range(15):
            assert status(await raw(listener.port, post(body, token="not-the-token-at-all"), FACE)) == 401
        assert listener.refusals == {"stranger": 15, "wrong": 15}
        assert heard.errors("face-1") == ["auth"]
        assert heard.values("face-1", "event") == []
        assert not any(sample.is_life for sample in heard.samples)


async def test_a_thousand_connections_leave_room_for_the_others() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4096)), hard))
    async with listening() as (listener, heard):
        writers: list[asyncio.StreamWriter] = []
        try:
            for _ in range(10):
                opening = [
                    asyncio.open_connection("127.0.0.1", listener.port, local_addr=(source, 0))
                    for source in (FACE, STRANGER) * 50
                ]
                for opened in await asyncio.gather(*opening, return_exceptions=True):
                    if not isinstance(opened, BaseException):
                        writers.append(opened[1])
            await until(lambda: listener.refusals["connections"] >= 1000 - 8 - 16)
            assert len(listener._server.connections) == 8 + 16
            lane = PushPeer(f"http://127.0.0.1:{listener.port}/", TOKEN, LANE, every_s=0.05)
            await lane.start()
            await until(lambda: len(heard.values("lane", "online")) > 3)
            await lane.stop()
        finally:
            for writer in writers:
                writer.transport.abort()
        await until(lambda: not listener._server.connections)
        async with asyncio.timeout(30):  # and when they have gone, for it too
            while status(await raw(listener.port, post(b"{}"), FACE)) != 200:
                await asyncio.sleep(0.05)


async def test_what_is_no_http_is_no_trouble() -> None:
    async with listening() as (listener, _heard):
        for data in (
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(500),
            b"POST / HTTP/1.1\r\n" + b"A: " + b"b" * 20_000 + b"\r\n\r\n",
            b"POST / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n",
            b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
            b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            head("application/json", CHUNKED) + b"zz\r\n{}\r\n",
            os.urandom(4096) + b"\r\n\r\n",
        ):
            assert status(await raw(listener.port, data, FACE)) in (0, 400, 401)
        assert status(await raw(listener.port, post(b"{}"), FACE)) == 200

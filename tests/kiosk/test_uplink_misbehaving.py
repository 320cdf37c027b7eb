"""A peer with the right certificate that misbehaves in every way the wire allows; the client names each one in time."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import re
import ssl
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from backend import pki
from kiosk.uplink.bodies import Envelope, signed_text
from kiosk.uplink.client import Backend
from kiosk.uplink.errors import Nonsense, NotKnown, RateLimited, Refused, Slow, Unreachable, UplinkError
from tests.backend.serving import key_of, sealed_envelope

pytestmark = pytest.mark.peer
Script = Callable[[asyncio.StreamWriter], Awaitable[None]]
SECRET = "110105194912319024"


class Peer:
    """Reads one request a connection, then does what its script says, then closes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.script: Script = answer(200, b"{}")
        self.requests: list[bytes] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "server.pem", self.folder / "server.key")
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        self.url = f"https://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, asyncio.CancelledError):
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: *([0-9]+)", head)
            body = await reader.readexactly(int(length[1])) if length else b""
            self.requests.append(head + body)
            await self.script(writer)
        writer.transport.abort() if writer.is_closing() else writer.close()
        self._tasks.discard(task)


def raw(*parts: bytes, every_s: float = 0) -> Script:
    async def script(writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(every_s)

    return script


def answer(status: int, body: bytes, kind: str = "application/json", extra: str = "") -> Script:
    head = f"HTTP/1.1 {status} Word\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{extra}"
    return raw(f"{head}Connection: close\r\n\r\n".encode() + body)


def problem(
    status: int,
    kind: str,
    *,
    base: str = "https://booth.example/problems/",
    says: int | None = None,
    retry_after_s: int | None = None,
) -> Script:
    document = {"type": base + kind, "title": "Said so", "status": says or status, "detail": SECRET}
    if retry_after_s is not None:
        document["retry_after_s"] = retry_after_s
    return answer(status, json.dumps(document).encode(), "application/problem+json")


async def abort(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def silence(writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(3600)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("run")
    pki.init(run, "B7")
    return run / "pki"


@pytest.fixture
async def peer(folder: Path) -> AsyncIterator[Peer]:
    made = Peer(folder)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def backend(peer: Peer) -> AsyncIterator[Backend]:
    own = peer.folder
    sign_pub = pki.raw_key(own / "sign.pub")
    ca, cert, key = own / "ca.pem", own / "booth.pem", own / "booth.key"
    async with Backend(peer.url, ca, cert, key, sign_pub=sign_pub, booth_id="B7", deadline_s=30) as client:
        yield client


@pytest.fixture
def envelope(folder: Path) -> Envelope:
    return sealed_envelope(pki.raw_key(folder / "seal.pub"), 204)


def acknowledgement(folder: Path, envelope: Envelope, **changes: Any) -> bytes:
    fields = {
        "key": envelope.key,
        "digest": envelope.digest,
        "number": envelope.number,
        "state": "accepted",
        "reason": None,
        "accepted_at": "2026-06-01T02:00:00.000+00:00",
        **changes,
    }
    sign_key = Ed25519PrivateKey.from_private_bytes(pki.raw_key(folder / "sign.key"))
    signature = base64.b64encode(sign_key.sign(signed_text(fields))).decode()
    return json.dumps({"signature": signature, **fields}).encode()


async def no_thread_is_left() -> None:
    """Calls that were cut end their thread; wait for it as long as a busy computer needs."""
    until = time.monotonic() + 20
    while left := [thread.name for thread in threading.enumerate() if thread.name.startswith("uplink-")]:
        assert time.monotonic() < until, left
        await asyncio.sleep(0)


async def test_control_a_good_answer_is_taken(backend: Backend, peer: Peer, envelope: Envelope) -> None:
    peer.script = answer(200, acknowledgement(peer.folder, envelope))
    assert (await backend.deliver(envelope)).number == envelope.number


DRIP = [b"HTTP/1.1 200 OK\r\n", *[f"X-{place}: y\r\n".encode() for place in range(1000)]]
BODY_DRIP = [b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n", *([b" "] * 1000)]
CHUNK_DRIP = [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", *([b"1\r\n \r\n"] * 1000)]


@pytest.mark.parametrize(
    "script",
    [silence, raw(*DRIP, every_s=0.1), raw(*BODY_DRIP, every_s=0.1), raw(*CHUNK_DRIP, every_s=0.1)],
    ids=["silence", "slow head", "slow body", "slow chunks"],
)
async def test_the_deadline_is_total(backend: Backend, peer: Peer, script: Script) -> None:
    peer.script = script
    began = time.monotonic()
    with pytest.raises(Slow) as slow:
        await backend.lookup("v1", key_of(SECRET), "pension-alive", within_s=0.6)
    # the slow scripts go on for 100 s with 0.1 s between bytes; a time-out per read would never end them
    assert time.monotonic() - began < 30
    assert slow.value.may_have_arrived
    assert SECRET not in str(slow.value)
    await no_thread_is_left()


async def test_a_cancelled_call_lets_go_at_once(backend: Backend, peer: Peer) -> None:
    peer.script = silence
    asked = asyncio.create_task(backend.catalogue())
    while not peer.requests:
        await asyncio.sleep(0)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    await no_thread_is_left()


GOOD = b'{"services": []}'
CUT = {
    "after the status line": raw(b"HTTP/1.1 201 Created\r\n"),
    "after the head": raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n"),
    "in the body": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n" + GOOD[:-3]),
    "in a body without length": raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + GOOD[:-3]),
    "in a chunk": raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n" + GOOD[:-3]),
    "empty": answer(200, b""),
}


@pytest.mark.parametrize("name", CUT)
async def test_a_cut_answer_is_nonsense(backend: Backend, peer: Peer, name: str) -> None:
    peer.script = CUT[name]
    with pytest.raises(Nonsense) as nonsense:
        await backend.catalogue()
    assert nonsense.value.may_have_arrived


NONSENSE = {
    "html": answer(200, b"<html>Please log in to the network</html>", "text/html"),
    "redirect": answer(302, b"", extra="Location: https://elsewhere.example/\r\n"),
    "other shape": answer(200, b'{"services": [{"id": 7}]}'),
    "no text": answer(200, b"\xff\xfe\x00"),
    "packed": answer(200, b"\x1f\x8b\x08\x00", extra="Content-Encoding: gzip\r\n"),
    "huge": answer(200, b" " * (1024 * 1024 + 1)),
    "403 of a proxy": answer(403, b"<html>", "text/html"),
    "problem of others": problem(403, "wrong-booth", base="https://elsewhere.example/"),
    "problem that lies": problem(403, "wrong-booth", says=404),
    "problem with a sentence as type": problem(403, f"the-number-{SECRET}-is " * 3),
}


@pytest.mark.parametrize("name", NONSENSE)
async def test_nonsense_is_called_so(backend: Backend, peer: Peer, name: str) -> None:
    peer.script = NONSENSE[name]
    with pytest.raises(Nonsense) as nonsense:
        await backend.catalogue()
    assert SECRET not in str(nonsense.value)
    assert len(peer.requests) == 1


async def test_an_endless_body_is_ended(backend: Backend, peer: Peer) -> None:
    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while not writer.transport.is_closing():
            writer.write(b" " * 65536)
            await writer.drain()
            await asyncio.sleep(0)  # drain does not yield while the buffer is low, and the loop must see the end

    peer.script = endless
    with pytest.raises(Nonsense, match="larger than"):
        await backend.catalogue()


@pytest.mark.parametrize(
    "changes",
    [
        {"key": "00000000-0000-4000-8000-000000000000"},
        {"digest": "0" * 64},
        {"number": "B7-000205-3"},
        {"state": "probably"},
        {"accepted_at": None},
    ],
    ids=str,
)
async def test_an_acknowledgement_of_something_else_is_nonsense(
    backend: Backend, peer: Peer, envelope: Envelope, changes: dict[str, Any]
) -> None:
    peer.script = answer(201, acknowledgement(peer.folder, envelope, **changes))
    with pytest.raises(Nonsense):
        await backend.deliver(envelope)
    with pytest.raises(Nonsense):
        await backend.outcome_of(envelope.key, envelope.digest, envelope.number)


@pytest.mark.parametrize("word", ['"accepted"', '"2026-06-01'])
async def test_a_changed_word_breaks_the_signature(backend: Backend, peer: Peer, envelope: Envelope, word: str) -> None:
    good = acknowledgement(peer.folder, envelope)
    changed = good.replace(word.encode(), {'"accepted"': b'"rejected"', '"2026-06-01': b'"2026-06-02'}[word])
    assert changed != good
    peer.script = answer(201, changed)
    with pytest.raises(Nonsense, match="not signed"):
        await backend.deliver(envelope)


@pytest.mark.parametrize("status", [201, 200])
@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"ok": true}'])
async def test_a_status_alone_is_no_acknowledgement(
    backend: Backend, peer: Peer, envelope: Envelope, status: int, body: bytes
) -> None:
    peer.script = answer(status, body)
    with pytest.raises(Nonsense):
        await backend.deliver(envelope)


REFUSED: dict[str, tuple[Script, type[Refused], str]] = {
    "403": (problem(403, "wrong-booth"), Refused, "wrong-booth"),
    "404": (problem(404, "unknown-resident"), NotKnown, "unknown-resident"),
    "409": (problem(409, "being-processed"), Refused, "being-processed"),
    "422": (problem(422, "key-reused"), Refused, "key-reused"),
    "429": (problem(429, "rate-limited", retry_after_s=42), RateLimited, "rate-limited"),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_refusals_are_named_without_detail(backend: Backend, peer: Peer, envelope: Envelope, name: str) -> None:
    peer.script, kind, word = REFUSED[name]
    with pytest.raises(kind) as refused:
        await backend.deliver(envelope)
    assert (type(refused.value), refused.value.kind, refused.value.title) == (kind, word, "Said so")
    assert SECRET not in f"{refused.value!r} {vars(refused.value)}"
    if isinstance(refused.value, RateLimited):
        assert refused.value.retry_after_s == 42


@pytest.mark.parametrize(
    "script", [abort, answer(500, b"{}"), answer(503, b"", "text/plain")], ids=["cut", "500", "503"]
)
async def test_trouble_is_unreachable_and_sent_once(
    backend: Backend, peer: Peer, envelope: Envelope, script: Script
) -> None:
    peer.script = script
    with pytest.raises(Unreachable) as unreachable:
        await backend.deliver(envelope)
    assert unreachable.value.may_have_arrived
    assert len(peer.requests) == 1  # a POST is never repeated by itself


async def test_nobody_there_means_nothing_was_sent(backend: Backend, peer: Peer, envelope: Envelope) -> None:
    await peer.stop()
    with pytest.raises(Unreachable) as unreachable:
        await backend.deliver(envelope)
    assert not unreachable.value.may_have_arrived


async def test_errors_carry_no_request_with_them(backend: Backend, peer: Peer) -> None:
    peer.script = abort
    with pytest.raises(UplinkError) as failed:
        await backend.lookup("v1", key_of(SECRET), "pension-alive")
    assert failed.value.__cause__ is None
    assert failed.value.__context__ is None


async def test_calls_run_beside_each_other(backend: Backend, peer: Peer) -> None:
    """A slow poll holds up nothing: two calls wait on the peer at the same time."""
    both = asyncio.Event()

    async def when_both_are_there(writer: asyncio.StreamWriter) -> None:
        if len(peer.requests) == 2:
            both.set()
        await both.wait()
        await answer(200, GOOD)(writer)

    peer.script = when_both_are_there
    found = await asyncio.gather(backend.catalogue(), backend.catalogue())
    assert [catalogue.services for catalogue in found] == [[], []]


async def test_set_up_errors_name_the_file(folder: Path, tmp_path: Path) -> None:
    sign_pub = pki.raw_key(folder / "sign.pub")
    good = (folder / "ca.pem", folder / "booth.pem", folder / "booth.key")
    with pytest.raises(ValueError, match="https://"):
        Backend("http://127.0.0.1:1", *good, sign_pub=sign_pub, booth_id="B7")
    with pytest.raises(ValueError, match=r"nowhere\.pem: no such file"):
        Backend("https://127.0.0.1:1", tmp_path / "nowhere.pem", *good[1:], sign_pub=sign_pub, booth_id="B7")
    with pytest.raises(ValueError, match="belong together"):
        Backend("https://127.0.0.1:1", *good[:2], folder / "server.key", sign_pub=sign_pub, booth_id="B7")
    with pytest.raises(ValueError, match="32 bytes"):
        Backend("https://127.0.0.1:1", *good, sign_pub=b"short", booth_id="B7")

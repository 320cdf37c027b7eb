"""Echo and DESCRIBE before simulated hosts and cameras, and their formats on their own."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.field import Auth, Busy, Command, Config, FieldError, Garbage, Gone, RawSample, Refused, Timeout
from hardware.network import Credentials, EchoTarget, StreamTarget, icmp, rtsp
from hardware.network.icmp import Pinger
from hardware.network.probes import ProbeLink
from hardware.network.simulator import VirtualCamera, VirtualHost, open_udp

SECRET = Credentials("booth", "not-a-real-password")


def test_checksum() -> None:
    # RFC 1071, 3: the words 0001 f203 f4f5 f6f7 add up to ddf2, the checksum is its complement.
    assert icmp.checksum(bytes.fromhex("0001f203f4f5f6f7")) == 0xFFFF ^ 0xDDF2


def test_only_an_echo_reply_has_a_token() -> None:
    mark = bytes(range(icmp.TOKEN_BYTES))
    reply = icmp.packet(icmp.ECHO_REPLY, 1, 2, mark)
    assert icmp.token(reply) == mark
    assert icmp.token(b"\x45" + bytes(19) + reply) == mark  # behind an IP header
    assert icmp.token(icmp.packet(icmp.ECHO, 1, 2, mark)) is None
    assert icmp.token(icmp.packet(icmp.UNREACHABLE, 1, 2, mark)) is None
    assert icmp.token(reply[:-1] + b"\xff") is None


@given(st.binary(max_size=120))
def test_any_packet_is_read(data: bytes) -> None:
    mark = icmp.token(data)
    assert mark is None or len(mark) == icmp.TOKEN_BYTES


def test_digest() -> None:
    # RFC 2617, 3.5: its user, realm, password and nonce; here for DESCRIBE and without qop (3.2.2.1, RFC 2069's way),
    # md5(939e7578ed9e3c518a452acee763bce9:dcd9...c093:md5(DESCRIBE:rtsp://h/a)).
    challenge = 'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc"'
    made = rtsp.authorization(['Basic realm="x"', challenge], Credentials("Mufasa", "Circle Of Life"), "rtsp://h/a", "")
    assert 'response="6530bd72115a3107a416f9f7a50005d9"' in made
    assert 'opaque="5ccc"' in made
    assert "Circle" not in made
    assert rtsp.authorization(['Basic realm="x"'], Credentials("a", "b"), "rtsp://h/a", "") == "Basic YTpi"
    with pytest.raises(Auth):
        rtsp.authorization(['Digest algorithm=SHA-256, nonce="1"'], SECRET, "rtsp://h/a", "")


@given(st.lists(st.binary(max_size=80), max_size=5))
def test_any_bytes_are_a_response_or_garbage(parts: list[bytes]) -> None:
    reader = rtsp.ResponseReader()
    with contextlib.suppress(Garbage):
        for part in [b"RTSP/1.0 200 OK\r\n", *parts]:
            reader.feed(part)


@pytest.mark.parametrize("url", ["http://h/", "rtsp:///x", "rtsp://u:p@h/x", "rtsp://h/a b", "rtsp://h:99999/", ""])
def test_urls_that_cannot_be(url: str) -> None:
    with pytest.raises(Config):
        rtsp.place(url)


@contextlib.asynccontextmanager
async def camera(credentials: Credentials | None = None) -> AsyncIterator[VirtualCamera]:
    found = VirtualCamera(credentials)
    await found.start()
    try:
        yield found
    finally:
        await found.stop()


@pytest.mark.peer
@pytest.mark.parametrize("credentials", [None, SECRET])
async def test_a_camera_that_is_well(credentials: Credentials | None) -> None:
    async with camera(credentials) as found:
        await rtsp.probe(found.url, 5.0, credentials)


@pytest.mark.peer
@pytest.mark.parametrize(
    ("fault", "value", "error"),
    [
        ("is_silent", True, Timeout), ("delay_s", 2.0, Timeout), ("is_garbage", True, Garbage),
        ("is_endless", True, Garbage), ("hangs_up", True, Gone), ("wrong_sequence", True, Garbage),
        ("has_no_video", True, Garbage), ("status", 404, Refused), ("status", 503, Busy), ("status", 401, Auth),
    ],
)  # fmt: skip
async def test_a_camera_that_is_not(fault: str, value: object, error: type[FieldError]) -> None:
    async with camera() as found:
        setattr(found.faults, fault, value)
        with pytest.raises(error) as failed:
            await rtsp.probe(found.url, 0.3)
        assert str(found.port) in str(failed.value)


@pytest.mark.peer
async def test_a_wrong_password_is_told_without_it() -> None:
    async with camera(SECRET) as found:
        with pytest.raises(Auth) as failed:
            await rtsp.probe(found.url, 5.0, Credentials("booth", "wrong-secret"))
        assert "wrong-secret" not in str(failed.value) + repr(Credentials("booth", "wrong-secret"))


@contextlib.asynccontextmanager
async def host() -> AsyncIterator[tuple[VirtualHost, Pinger]]:
    found, pinger = VirtualHost(), Pinger(open_udp)
    await found.start()
    try:
        yield found, pinger
    finally:
        pinger.close()
        found.stop()


@pytest.mark.peer
async def test_echoes() -> None:
    async with host() as (found, pinger):
        took_s = await asyncio.gather(*(pinger.echo("127.0.0.1", 5.0, found.port) for _ in range(50)))
        assert min(took_s) > 0
        for fault in ("is_garbage", "answers_stranger"):
            setattr(found.faults, fault, True)
            with pytest.raises(Timeout):
                await pinger.echo("127.0.0.1", 0.1, found.port)
            setattr(found.faults, fault, False)
        found.faults.late, found.faults.late_s = 1, 0.15
        with pytest.raises(Timeout):
            await pinger.echo("127.0.0.1", 0.1, found.port)
        found.faults.delay_s = 0.3
        with pytest.raises(Timeout):  # the late answer to the one before is not this one's
            await pinger.echo("127.0.0.1", 0.15, found.port)
        with pytest.raises(Config):
            await pinger.echo("gateway.example", 1.0)


@pytest.mark.peer
async def test_a_real_echo() -> None:
    try:
        icmp.open_socket().close()
    except Config as refused:
        pytest.skip(str(refused))
    pinger = Pinger()
    try:
        assert await pinger.echo("127.0.0.1", 5.0) >= 0
    finally:
        pinger.close()


class Samples:
    def __init__(self) -> None:
        self.last: dict[tuple[str, str], RawSample] = {}

    def take(self, samples: Iterable[RawSample]) -> None:
        self.last |= {(sample.device, sample.point): sample for sample in samples}

    def value(self, device: str, point: str = "reachable") -> object:
        sample = self.last.get((device, point))
        return None if sample is None else sample.error.word if sample.error is not None else sample.value


async def until(is_so: Callable[[], object]) -> None:
    """The test's own time-out ends what never comes."""
    while not is_so():
        await asyncio.sleep(0.01)


@pytest.mark.peer
async def test_one_lost_host_leaves_the_others() -> None:
    async with host() as (found, pinger), camera() as eye:
        link = ProbeLink(
            [
                EchoTarget("switch", "127.0.0.1", 0.05, 0.05, found.port),
                EchoTarget("fibre", "127.0.0.1", 0.05, 0.05, 1),
                StreamTarget("camera", eye.url, 0.05, 0.05),
            ],
            pinger=pinger,
        )
        samples = Samples()
        await link.open(samples.take)
        try:
            await until(lambda: samples.value("switch") is True and samples.value("camera") is True)
            await until(lambda: samples.value("fibre", "loss") == 100)
            assert samples.value("fibre") in ("timeout", "gone")
            eye.faults.is_silent = True
            await until(lambda: samples.value("camera") == "timeout")
            eye.faults.is_silent = False
            await until(lambda: samples.value("camera") is True)
            found.faults.drop = 1.0
            await until(lambda: samples.value("switch") == "timeout" and link.health()["switch"].misses >= 5)
            found.faults.drop = 0.0
            await until(lambda: samples.value("switch") is True)
            with pytest.raises(Config):
                await link.poll("nobody", within_s=1.0)
            with pytest.raises(Refused):
                await link.command(Command("switch", "port", False), within_s=1.0)
        finally:
            await link.close()


def test_targets_that_cannot_be() -> None:
    with pytest.raises(Config):
        ProbeLink([EchoTarget("a", "127.0.0.1", every_s=1.0, within_s=2.0)])
    with pytest.raises(Config):
        ProbeLink([EchoTarget("a", "127.0.0.1"), EchoTarget("a", "127.0.0.2")])
    with pytest.raises(Config):
        ProbeLink([StreamTarget("a", "rtsp://user:secret@h/")])

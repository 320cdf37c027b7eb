"""Pictures that go on, stand still, or do not come; seen without decoding one."""

from __future__ import annotations

import asyncio
import contextlib
import io
import struct
from collections.abc import AsyncIterator, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from hardware.field import Auth, Config, FieldError, Garbage, Gone, RawSample, Refused, Timeout
from hardware.network import Credentials, StreamTarget, frames, picture, rtsp, snapshot
from hardware.network.frames_simulator import PlayingCamera

SECRET = Credentials("booth", "not-a-real-password")


@contextlib.asynccontextmanager
async def camera(credentials: Credentials | None = None) -> AsyncIterator[PlayingCamera]:
    found = PlayingCamera(credentials, per_s=100)
    await found.start()
    try:
        yield found
    finally:
        await found.stop()


def target(found: PlayingCamera, credentials: Credentials | None = None, every_s: float = 0.05) -> StreamTarget:
    return StreamTarget("eyes-1", found.url, every_s, every_s, credentials)


@pytest.mark.peer
@pytest.mark.parametrize("credentials", [None, SECRET])
async def test_pictures_go_on(credentials: Credentials | None) -> None:
    async with camera(credentials) as found:
        await frames.watch(target(found, credentials), 10)
        assert found.viewers == 1


@pytest.mark.peer
@pytest.mark.parametrize("fault", ["is_frozen", "sends_none"])
async def test_pictures_that_do_not(fault: str) -> None:
    async with camera() as found:
        setattr(found.pictures, fault, True)
        await rtsp.probe(found.url, 5)  # it describes its stream all the same
        with pytest.raises(Timeout):
            await frames.watch(target(found), 0.4)


@pytest.mark.peer
async def test_what_else_a_camera_does() -> None:
    async with camera(SECRET) as found:
        for credentials in (None, Credentials("booth", "wrong")):
            with pytest.raises(Auth):
                await frames.watch(target(found, credentials), 5)
    async with camera() as found:
        found.pictures.refuses = "SETUP"
        with pytest.raises(Refused, match="SETUP"):
            await frames.watch(target(found), 5)
        found.pictures.refuses = ""
        for fault, error in (("is_garbage", Garbage), ("hangs_up", Gone), ("is_silent", Timeout)):
            setattr(found.faults, fault, True)
            with pytest.raises(error):
                await frames.watch(target(found), 0.4)
            setattr(found.faults, fault, False)


@pytest.mark.peer
async def test_a_link_tells_the_age_of_the_last_pictures() -> None:
    async with camera() as found:
        link = frames.FrameLink([target(found)], look_s=0.05, look_within_s=0.3)
        samples: list[RawSample] = []
        await link.open(samples.extend)
        try:
            async with asyncio.timeout(30):
                while found.viewers < 3:
                    await asyncio.sleep(0.01)
                found.pictures.is_frozen = True
                while samples[-1].value <= 0.6:
                    await asyncio.sleep(0.01)
                found.pictures.is_frozen = False
                while samples[-1].value >= 0.6:
                    await asyncio.sleep(0.01)
        finally:
            await link.close()
        assert {(sample.point, sample.is_life, sample.error) for sample in samples} == {("frame_age", False, None)}


@pytest.mark.peer
async def test_a_camera_that_does_not_play_for_us_is_not_called_frozen() -> None:
    async with camera() as found:
        found.pictures.refuses = "SETUP"
        link = frames.FrameLink([target(found)], look_s=0.05, look_within_s=5)
        samples: list[RawSample] = []
        await link.open(samples.extend)
        try:
            async with asyncio.timeout(30):
                while not samples or (await link.poll("eyes-1", within_s=5)):
                    await asyncio.sleep(0.02)
                found.pictures.refuses = ""
                while not await link.poll("eyes-1", within_s=5):
                    await asyncio.sleep(0.02)
        finally:
            await link.close()


@pytest.mark.peer
@pytest.mark.parametrize("credentials", [None, SECRET])
async def test_still_pictures_tell_darkness_and_an_encoder_that_stands_still(credentials: Credentials | None) -> None:
    async with camera(credentials) as found:
        one = StreamTarget("eyes-1", found.url, 0.05, 0.05, credentials, found.snapshot_url)
        link = frames.FrameLink([one], look_s=0.05, look_within_s=20, still_s=0.05)
        samples: list[RawSample] = []
        await link.open(samples.extend)

        def last(point: str) -> object:
            return next((sample.value for sample in reversed(samples) if sample.point == point), None)

        async def until(is_so: Callable[[], object]) -> None:
            async with asyncio.timeout(60):
                while not is_so():
                    await asyncio.sleep(0.01)

        try:
            await until(lambda: last("brightness") == pytest.approx(45, abs=3))
            found.pictures.brightness = 1.0
            await until(lambda: last("brightness") == pytest.approx(1, abs=1))
            found.still, shown = (lambda: shown), found.still()  # its stream goes on, its stills do not
            viewers = found.viewers
            await until(lambda: last("frame_age") > 2)
            assert found.viewers > viewers
            del found.still
            await until(lambda: last("frame_age") < 2)
        finally:
            await link.close()


@pytest.mark.peer
async def test_still_pictures_that_do_not_come_or_are_none() -> None:
    async with camera(SECRET) as found:
        with pytest.raises(Auth):
            await snapshot.fetch(found.snapshot_url, None, 10)
        with pytest.raises(Auth):
            await snapshot.fetch(found.snapshot_url, Credentials("booth", "wrong"), 10)
        data = await snapshot.fetch(found.snapshot_url, SECRET, 10)
        assert picture.judge(data) == await picture.judge_apart(data, 30)
        found.faults.is_silent = True
        with pytest.raises(Timeout):
            await snapshot.fetch(found.snapshot_url, SECRET, 0.2)
    with pytest.raises(Gone):
        await snapshot.fetch(found.snapshot_url, SECRET, 5)
    for broken in (b"", data[:200], b"GIF89a" + bytes(50), bytes(5000)):
        with pytest.raises(Garbage):
            await picture.judge_apart(broken, 30)
    with pytest.raises(Timeout):
        await picture.judge_apart(data, 0.0)
    huge = io.BytesIO()
    Image.new("L", (9000, 9000)).save(huge, "JPEG")
    with pytest.raises(Garbage):
        await picture.judge_apart(huge.getvalue(), 30)


@pytest.mark.parametrize(
    "url", ["https://h/x", "http:///x", "http://u:p@h/x", "http://h/a b", "http://h:x/", "ftp://h"]
)
def test_snapshots_that_cannot_be(url: str) -> None:
    with pytest.raises(Config):
        frames.FrameLink([StreamTarget("eyes-1", "rtsp://h/a", snapshot=url)])


def test_where_a_stream_is_controlled() -> None:
    def of(body: str, headers: dict[str, list[str]] | None = None) -> tuple[str, str]:
        return frames.control(rtsp.Response(200, headers or {}, body.encode()), "rtsp://h/a")

    assert of("m=video 0 RTP/AVP 96\r\na=control:trackID=1\r\n") == ("rtsp://h/a", "rtsp://h/a/trackID=1")
    both = "a=control:*\r\nm=audio 0\r\na=control:t2\r\nm=video 0\r\na=control:rtsp://h/a/t1\r\n"
    assert of(both, {"content-base": ["rtsp://h/a/"]}) == ("rtsp://h/a/", "rtsp://h/a/t1")
    assert of("m=video 0\r\na=control:/b/t1") == ("rtsp://h/a", "rtsp://h/b/t1")
    with pytest.raises(Garbage, match="elsewhere"):
        of("m=video 0\r\na=control:rtsp://other/t1")
    for bad in ("http://h/t1", "//[", "rtsp://h:x/t1"):
        with pytest.raises(Garbage, match="cannot be read"):
            of(f"m=video 0\r\na=control:{bad}")


def test_the_time_of_a_packet() -> None:
    # RFC 3550, 5.1: version 2 in the two highest bits, the timestamp in octets 4 to 7.
    assert frames.rtp_time(struct.pack(">BBHII", 0x80, 96, 1, 90_000, 7)) == 90_000
    assert frames.rtp_time(struct.pack(">BBHII", 0x40, 96, 1, 90_000, 7)) is None
    assert frames.rtp_time(b"\x80" * 11) is None


@given(st.binary(max_size=300))
def test_any_description_is_controlled_or_garbage(body: bytes) -> None:
    with contextlib.suppress(FieldError):
        frames.control(rtsp.Response(200, {}, body), "rtsp://h/a")


def test_targets_that_cannot_be() -> None:
    one = StreamTarget("eyes-1", "rtsp://h/a")
    for bad in ([], [one, one], [StreamTarget("eyes-1", "http://h/a")]):
        with pytest.raises(Config):
            frames.FrameLink(bad)

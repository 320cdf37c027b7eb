"""The listener before devices that call: proof, heartbeats, events once, silence."""

from __future__ import annotations

import asyncio
import json

import pytest

from hardware.field import Command, Config, Refused, Timeout
from hardware.push import Bounds, Credential
from hardware.push.listener import PushListener
from hardware.push.simulator import FaceTerminal, PushCamera, PushPeer
from tests.hardware.push.peers import (
    DIGEST,
    FACE,
    LANE,
    PLATES,
    TOKEN,
    devices,
    listening,
    post,
    raw,
    status,
    until,
)  # fmt: skip

pytestmark = pytest.mark.peer


def url(listener: PushListener) -> str:
    return f"http://127.0.0.1:{listener.port}/event"


async def test_a_plate_camera_calls_with_digest_and_its_plate_stays_inside() -> None:
    async with listening() as (listener, heard):
        camera = PushCamera(url(listener), DIGEST, PLATES, every_s=0.1)
        await camera.start()
        camera.see("沪A12345")
        camera.see("沪B99999")
        await until(lambda: len(heard.values("plates", "plate")) == 2)
        await until(lambda: len(heard.values("plates", "clock_offset")) >= 3)
        await camera.stop()
        assert sorted(heard.values("plates", "plate")) == ["listed", "unlisted"]
        assert "12345" not in repr(heard.samples)
        assert abs(heard.values("plates", "clock_offset")[0]) < 2
        assert set(camera.statuses) == {200}
        assert heard.errors("plates") == []
        assert listener.health()["plates"].answered >= 5


async def test_a_terminal_tells_event_and_temperature_and_nobody() -> None:
    async with listening() as (listener, heard):
        terminal = FaceTerminal(url(listener), TOKEN, FACE, every_s=0.1)
        await terminal.start()
        terminal.meet(75, 36.6)
        await until(lambda: heard.values("face-1", "temperature") != [])
        await until(lambda: len(heard.values("face-1", "online")) > 4)
        await terminal.stop()
        assert heard.values("face-1", "event") == [75]
        assert heard.values("face-1", "temperature") == [36.6]  # told once, and it does not stand
        assert "MADE-UP" not in repr(heard.samples)
        assert "虚构" not in repr(heard.samples)


async def test_what_is_sent_again_is_told_once() -> None:
    async with listening() as (listener, heard):
        camera = PushCamera(url(listener), DIGEST, PLATES, every_s=60)
        camera.faults.twice = True
        await camera.start()
        camera.see("沪A12345")
        await until(lambda: len(camera.statuses) >= 3)
        await camera.stop()
        assert heard.values("plates", "plate") == ["listed"]


async def test_an_event_of_a_while_ago_is_told_as_late_by_the_devices_own_clock() -> None:
    async with listening() as (listener, heard):
        camera = PushCamera(url(listener), DIGEST, PLATES, every_s=60)
        camera.faults.clock_skew_s = 7200  # a wrong clock is no reason to keep somebody out
        await camera.start()
        await until(lambda: heard.values("plates", "clock_offset") != [])
        camera.see("沪A12345")
        await until(lambda: len(heard.values("plates", "plate")) == 1)
        camera.faults.clock_skew_s = 7200 - 40  # what it writes now happened 40 s ago
        camera.see("沪A12345")
        await until(lambda: len(heard.values("plates", "plate")) == 2)
        await camera.stop()
        assert heard.values("plates", "plate") == ["listed", "late"]
        assert heard.values("plates", "clock_offset")[0] == pytest.approx(7200, abs=5)


async def test_silence_is_told_once_an_interval_and_a_return_at_once() -> None:
    async with listening(found=devices(every_s=0.1, answer_s=0.05)) as (listener, heard):
        await until(lambda: heard.errors("lane").count("timeout") >= 5)
        assert heard.values("lane", "online") == [False]
        peer = PushPeer(url(listener), TOKEN, LANE, every_s=0.05)
        peer.states["parkingDetection"] = "blocked"
        await peer.start()
        await until(lambda: heard.values("lane", "lane")[-2:] == ["blocked", "blocked"])
        del peer.states["parkingDetection"]
        count = len(heard.values("lane", "lane"))
        await until(lambda: len(heard.values("lane", "lane")) > count + 2)  # it calls, so its last word stands
        assert heard.values("lane", "online")[-1] is True
        await peer.stop()
        before = len(heard.errors("lane"))
        await until(lambda: len(heard.errors("lane")) >= before + 5)
        seen = len(heard.values("lane", "lane"))
        await peer.start()
        await until(lambda: heard.values("lane", "online")[-2:] == [True, True])
        await peer.stop()
        assert len(heard.values("lane", "lane")) == seen  # what it said before it was lost is not believed any more


async def test_a_call_without_proof_a_wrong_one_and_one_from_elsewhere_are_refused() -> None:
    async with listening() as (listener, heard):
        for _ in range(5):
            wrong = await raw(listener.port, post(b"{}", token="not-the-token-at-all"), FACE)
            assert status(wrong) == 401
        bare = await raw(listener.port, b"POST / HTTP/1.1\r\nHost: b\r\nContent-Length: 2\r\n\r\n{}", FACE)
        assert status(bare) == 401
        assert b"Bearer" in bare
        assert b"Digest" not in bare
        asked = await raw(listener.port, b"POST / HTTP/1.1\r\nHost: b\r\nContent-Length: 0\r\n\r\n", PLATES)
        assert asked.index(b"algorithm=SHA-256") < asked.index(b"algorithm=MD5")
        for _ in range(5):
            assert status(await raw(listener.port, post(b"{}"), "127.0.0.99")) == 403
        assert status(await raw(listener.port, post(b"{}"), PLATES)) == 401  # another device's secret
        assert listener.refusals == {"wrong": 6, "stranger": 5}
        assert heard.errors("face-1") == ["auth"]  # five tries and five from elsewhere: one sample
        assert heard.errors("lane") == ["auth"]  # has the same token
        assert not any(sample.is_life for sample in heard.samples)  # a forger is no sign of life, nor a miss
        assert heard.values("face-1", "online") == []


async def test_a_wrong_secret_does_not_keep_a_device_from_being_lost() -> None:
    async with listening(found=devices(every_s=0.1, answer_s=0.05)) as (listener, heard):
        peer = PushPeer(url(listener), Credential("", "the-wrong-token-0002"), LANE, every_s=0.05)
        await peer.start()
        await until(lambda: heard.errors("lane").count("timeout") >= 5)
        await peer.stop()
        assert "auth" in heard.errors("lane")
        assert [s for s in heard.samples if s.device == "lane" and s.is_life and s.error is None] == []


async def test_a_heartbeat_may_be_anything_that_can_be_read() -> None:
    async with listening() as (listener, heard):
        for body, kind in (
            (b"<EventNotificationAlert><eventType>videoloss</eventType></EventNotificationAlert>", "application/xml"),
            ("<?xml version='1.0' encoding='GB2312'?><a><b>沪</b></a>".encode("gb18030"), "text/xml"),
            (json.dumps({"eventType": "heartBeat", "deep": [[{"a": 1}]]}).encode(), "application/json; charset=utf-8"),
            (b"{}", ""),
        ):
            assert status(await raw(listener.port, post(body, kind), FACE)) == 200
        assert heard.values("face-1", "online") == [True] * 4


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "application/json"),
        (b"[]", "application/json"),
        (b'{"a": NaN}', "application/json"),
        (b"\xff\xfe{", "application/json"),
        (b"<a><b></a>", "application/xml"),
        (b"a=b", "application/x-www-form-urlencoded"),
        (b"--x\r\n\r\n{}\r\n--x\r\n", "multipart/form-data; boundary=x"),
        (b"--x\r\n\r\n{}\r\n--x--\r\n", "multipart/form-data"),
    ],
)
async def test_what_cannot_be_read_is_refused_by_name(body: bytes, kind: str) -> None:
    async with listening() as (listener, heard):
        assert status(await raw(listener.port, post(body, kind), FACE)) == 400
        assert listener.refusals == {"garbage": 1}
        assert heard.samples == []
        assert listener.health()["face-1"].garbage == 1


async def test_other_methods_and_too_many_questions_are_refused() -> None:
    async with listening(Bounds(per_s=2)) as (listener, _heard):
        get = post(b"").replace(b"POST", b"GET")
        assert status(await raw(listener.port, get, FACE)) == 405
        found = [status(await raw(listener.port, post(b"{}"), FACE)) for _ in range(6)]
        assert found[0] == 200
        assert set(found) <= {200, 0, 429}
        assert found[-1] != 200
        assert listener.refusals["rate"] + listener.refusals["connections"] >= 1
        assert status(await raw(listener.port, post(b"{}"), LANE)) == 200  # another's haste is not its own


async def test_too_many_questions_in_one_connection_are_refused() -> None:
    async with listening(Bounds(per_s=2)) as (listener, _heard):
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port, local_addr=(FACE, 0))
        found = []
        while 429 not in found:
            writer.write(post(b"{}"))
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            found.append(int(head.split(" ")[1]))
            await reader.readexactly(int(head.split("content-length: ")[1].split("\r\n")[0]))
        writer.close()
        assert found[:3] == [200, 200, 200]


async def test_it_waits_for_the_go_ahead() -> None:
    async with listening() as (listener, heard):
        asked = b"POST / HTTP/1.1\r\nHost: b\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n"
        assert status(await raw(listener.port, asked, PLATES)) == 401  # without proof there is none
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port, local_addr=(FACE, 0))
        writer.write(post(b"12", more="Expect: 100-continue\r\n")[:-2])
        assert (await reader.readline()).startswith(b"HTTP/1.1 100")
        await reader.readline()
        writer.write(b"{}")
        assert b"200" in await reader.readline()
        writer.close()
        await until(lambda: heard.values("face-1", "online") == [True])


async def test_poll_waits_for_the_next_call_and_nothing_is_driven() -> None:
    async with listening() as (listener, _heard):
        with pytest.raises(Timeout):
            await listener.poll("lane", within_s=0.05)
        with pytest.raises(Config):
            await listener.poll("nobody", within_s=0.05)
        waiting = asyncio.create_task(listener.poll("lane", within_s=10))
        await asyncio.sleep(0)
        await raw(listener.port, post(b'{"parkingDetection": "clear"}'), LANE)
        assert [sample.value for sample in await waiting if sample.point == "lane"] == ["clear"]
        with pytest.raises(Refused):
            await listener.command(Command("lane", "lane", 1), within_s=1)
        listener.keep(1.0)


async def test_an_address_that_is_taken_is_gone_and_tried_again() -> None:
    async with listening(found=devices(every_s=0.1, answer_s=0.05)) as (listener, _):
        second, heard = PushListener("127.0.0.1", listener.port, devices(0.1, 0.05)), []
        await second.open(heard.extend)
        await until(lambda: any(s.error is not None and s.error.word == "gone" for s in heard))
        await listener.close()
        await until(lambda: any(s.error is not None and s.error.word == "timeout" for s in heard))
        assert status(await raw(second.port, post(b"{}"), LANE)) == 200
        await second.close()
        await second.close()


@pytest.mark.parametrize("source", ["", "camera.local", "10.0.0.0/8"])
def test_devices_that_cannot_be(source: str) -> None:
    one = devices()[0]
    with pytest.raises(Config):
        PushListener("127.0.0.1", 0, [type(one)("a", source, TOKEN, ())])
    with pytest.raises(Config):
        PushListener("127.0.0.1", 0, [])
    with pytest.raises(Config):
        PushListener("127.0.0.1", 0, [one, one])
    with pytest.raises(Config):
        Credential.read("short")
    assert "password" not in repr(Credential.read("user:a-password"))

"""Do pictures come from a camera, seen without decoding one: RTSP SETUP and PLAY within the same connection (RFC 2326,
10.12), then RTP's time (RFC 3550, 5.1) must go on.

A camera that describes its stream and sends nothing, or sends the same moment over and over, is found. What its
pictures show is not: darkness, or an encoder that goes on encoding one still picture, has a time that goes on. A camera
that gives still pictures by HTTP is looked at through these, in a child process. Nothing of a picture is kept.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import struct
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urljoin

from hardware.field import (
    Auth,
    Busy,
    Config,
    DeviceHealth,
    FieldError,
    Garbage,
    Gone,
    RawSample,
    Refused,
    Take,
    Timeout,
    Value,
)
from hardware.network import StreamTarget, picture, rtsp, snapshot
from hardware.polled import Names, PolledLink

WORDS = frozenset({"frame_age", "brightness"})
LOOK_S = 10.0  # a camera serves few viewers: we are one for a moment, now and then
LOOK_WITHIN_S = 5.0
STILL_S = 30.0  # between still pictures; two that are equal to the last bit are one
MOMENTS = 3  # so many different times are pictures that go on
_RTP = struct.Struct(">BBHII")
_AT_ONCE = 4
_SOONER = 5


def rtp_time(packet: bytes) -> int | None:
    """The time of an RTP packet, in ticks of its own clock; None for what is none."""
    if len(packet) < _RTP.size:
        return None
    first, _, _, ticks, _ = _RTP.unpack_from(packet)
    return int(ticks) if first >> 6 == 2 else None


def control(response: rtsp.Response, url: str) -> tuple[str, str]:
    """URLs of the whole presentation and of its first video (RFC 2326, C.1.1). Raises ``Garbage``."""
    base = response.header("content-base") or response.header("content-location") or url
    whole, video, at = "*", "", ""
    for line in response.body.decode("utf-8", "replace").splitlines():
        if line.startswith("m="):
            at = line[2:].split(" ", 1)[0]
        elif line.startswith("a=control:") and not at:
            whole = line[10:].strip()
        elif line.startswith("a=control:") and at == "video" and not video:
            video = line[10:].strip()
    try:
        found = [_joined(base, one) for one in (whole, video or whole)]
        is_here = all(rtsp.place(one) == rtsp.place(url) for one in found)
    except (ValueError, Config):
        raise Garbage("a stream whose URL cannot be read") from None
    if not is_here:
        raise Garbage("a stream that is elsewhere")
    return found[0], found[1]


def _joined(base: str, one: str) -> str:
    if one in ("*", ""):
        return base
    if "://" in one:
        return one
    return urljoin(base, one) if one.startswith("/") else f"{base.rstrip('/')}/{one}"


async def watch(target: StreamTarget, within_s: float) -> None:
    """Return when pictures go on. Raises ``FieldError`` in time: ``Timeout`` when they do not."""
    host, port = rtsp.place(target.url)
    where = f"rtsp {host}:{port}"
    try:
        async with asyncio.timeout(within_s):
            reader, writer = await asyncio.open_connection(host, port, limit=rtsp.MAX_HEAD)
            try:
                await _Viewer(target, reader, writer).view()
            finally:
                writer.transport.abort()
    except TimeoutError:
        raise Timeout("no pictures that go on", where=where) from None
    except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        raise Gone("it closed the connection", where=where) from None
    except FieldError as error:
        error.where = where
        raise


class _Viewer:
    """One look."""

    def __init__(self, target: StreamTarget, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._target = target
        self._reader = reader
        self._writer = writer
        self._sequence = 0
        self._challenges: list[str] = []

    async def view(self) -> None:
        described = await self._ask("DESCRIBE", self._target.url)
        whole, video = control(described, self._target.url)
        transport = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1"
        session = (await self._ask("SETUP", video, transport)).header("session").partition(";")[0].strip()
        if not session.isprintable() or not 0 < len(session) <= 128:
            raise Garbage("a session without a name")
        await self._ask("PLAY", whole, f"Session: {session}", "Range: npt=0.000-")
        moments: set[int] = set()
        while len(moments) < MOMENTS:
            ticks = rtp_time(await self._packet())
            if ticks is not None:
                moments.add(ticks)
        with contextlib.suppress(OSError):
            self._writer.write(self._request("TEARDOWN", whole, (f"Session: {session}",)))
            await self._writer.drain()

    def _request(self, method: str, url: str, more: tuple[str, ...]) -> bytes:
        self._sequence += 1
        proof, credentials = "", self._target.credentials
        if self._challenges and credentials is not None:
            proof = rtsp.authorization(self._challenges, credentials, url, os.urandom(8).hex(), method)
        return rtsp.request(url, self._sequence, proof, method, more)

    async def _ask(self, method: str, url: str, *more: str) -> rtsp.Response:
        for is_last in (False, True):
            self._writer.write(self._request(method, url, more))
            response = await self._response()
            if response.header("cseq") != str(self._sequence):
                raise Garbage("the answer is to another question")
            if response.status != 401 or self._target.credentials is None or is_last:
                break
            self._challenges = response.headers.get("www-authenticate", [])
        if response.status == 401:
            raise Auth("user or password is wrong" if self._target.credentials else "it asks for a password")
        if response.status in (453, 503):
            raise Busy("it serves others already")
        if response.status != 200:
            raise Refused(f"{method}: it answers {response.status}", code=response.status)
        return response

    async def _response(self) -> rtsp.Response:
        first = await self._reader.readexactly(1)
        while first == b"$":  # a picture that was under way
            await self._rest_of_packet()
            first = await self._reader.readexactly(1)
        parser, data = rtsp.ResponseReader(), first + await self._reader.readuntil(b"\r\n\r\n")
        while (response := parser.feed(data)) is None:
            data = await self._reader.readexactly(1)
        return response

    async def _packet(self) -> bytes:
        """The next packet of the video; what else comes between is skipped."""
        while True:
            first = await self._reader.readexactly(1)
            if first != b"$":
                raise Garbage("what came is no picture")
            channel, packet = await self._rest_of_packet()
            if channel == 0:
                return packet

    async def _rest_of_packet(self) -> tuple[int, bytes]:
        channel, size = struct.unpack(">BH", await self._reader.readexactly(3))
        return channel, await self._reader.readexactly(size)


@dataclass
class _Seen:
    """Of a camera's pictures. ``still_s``: since when its still pictures are the same; None: they are not."""

    went_on_s: float
    still_s: float | None = None
    last: tuple[float, str] | None = None  # when the last still picture was taken, and its mark
    brightness: float | None = None
    may_look: bool = True  # False: it plays for others, or in another way; then nobody knows whether pictures go on


class FrameLink(PolledLink):
    """Points ``frame_age`` and, with snapshots, ``brightness`` (%); no sign of life, that is DESCRIBE's.

    ``frame_age``: seconds since pictures were last seen to go on; before the first ones, how long we wait for them.
    Told on the device's own grid, looked at every ``look_s`` (stills: ``still_s``). Use from one event loop. Raises
    ``Config``.
    """

    def __init__(
        self,
        targets: Sequence[StreamTarget],
        *,
        names: Names | None = None,
        look_s: float = LOOK_S,
        look_within_s: float = LOOK_WITHIN_S,
        still_s: float = STILL_S,
    ) -> None:
        super().__init__("pictures", {one.device: one.every_s for one in targets}, ("frame_age",), names)
        if len({one.device for one in targets}) < len(targets):
            raise Config("a device is there twice", where=self.where)
        for target in targets:
            rtsp.place(target.url)
            if target.snapshot:
                snapshot.check(target.snapshot)
        self._targets = targets
        self._look_s, self._look_within_s, self._still_s = look_s, look_within_s, still_s
        self._seen: dict[str, _Seen] = {}
        self._viewing: list[asyncio.Task[None]] = []
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def open(self, take: Take) -> None:
        """Begin; samples go to ``take``."""
        now_s = time.monotonic()
        self._seen = {target.device: _Seen(now_s) for target in self._targets}
        await super().open(lambda samples: take([_as_seen(sample) for sample in samples]))
        if not self._viewing:
            count = len(self._targets)
            self._viewing = [
                asyncio.create_task(self._view(target, self._look_s * at / count))
                for at, target in enumerate(self._targets)
            ]
            self._viewing += [
                asyncio.create_task(self._look_at_stills(target, self._look_s * at / count))
                for at, target in enumerate(self._targets)
                if target.snapshot
            ]

    def health(self) -> Mapping[str, DeviceHealth]:
        """Nobody's: that is told by who asks whether it is there."""
        return {}

    def let_go(self) -> None:
        """Stop viewing."""
        for task in self._viewing:
            task.cancel()
        self._viewing = []

    async def look(self, device: str) -> Mapping[str, Value]:
        """How long ago pictures went on."""
        now_s = time.monotonic()
        seen = self._seen.get(device, _Seen(now_s))
        since_s = seen.went_on_s if seen.still_s is None else min(seen.went_on_s, seen.still_s)
        told: dict[str, Value] = {"frame_age": now_s - since_s} if seen.may_look else {}
        return told if seen.brightness is None else {**told, "brightness": seen.brightness}

    async def _view(self, target: StreamTarget, after_s: float) -> None:
        while True:
            await asyncio.sleep(after_s)
            after_s = self._look_s / _SOONER  # once more, before anybody is told
            seen = self._seen[target.device]
            try:
                async with self._slots:
                    await watch(target, self._look_within_s)
                seen.went_on_s, seen.may_look, after_s = time.monotonic(), True, self._look_s
            except (Auth, Busy, Refused):
                seen.may_look = False
            except FieldError:
                seen.may_look = True  # the age tells it

    async def _look_at_stills(self, target: StreamTarget, after_s: float) -> None:
        seen = self._seen[target.device]
        await asyncio.sleep(after_s)
        while True:
            seen.brightness = None  # what could not be looked at is not told, and goes stale
            with contextlib.suppress(FieldError, OSError):
                async with self._slots:
                    taken_s = time.monotonic()
                    data = await snapshot.fetch(target.snapshot, target.credentials, self._look_within_s)
                    found = await picture.judge_apart(data, self._look_within_s)
                before, seen.last = seen.last, (taken_s, found.mark)
                if before is None or before[1] != found.mark:
                    seen.still_s = None
                elif seen.still_s is None:
                    seen.still_s = before[0]
                seen.brightness = found.brightness
            await asyncio.sleep(self._still_s)


def _as_seen(sample: RawSample) -> RawSample:
    return RawSample(
        sample.device, sample.point, sample.value, sample.error, sample.at_s, sample.wall_s, 0.0, is_life=False
    )

"""What the tests of calling devices share: a listener, its samples, a client of any address."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

from hardware.field import RawSample
from hardware.push import Bounds, Credential, PushDevice, PushPoint
from hardware.push.listener import PushListener

DIGEST = Credential("camera", "not-a-real-password")
TOKEN = Credential("", "not-a-real-token-0001")
PLATES, FACE, LANE = "127.0.0.33", "127.0.0.31", "127.0.0.35"
TIME = "EventNotificationAlert.dateTime"


def word(text: str, is_late: bool) -> str:
    """Stands for the allow-list."""
    return "late" if is_late else "listed" if text == "沪A12345" else "unlisted" if text else "ANPR"


def devices(every_s: float = 0.3, answer_s: float = 0.1) -> tuple[PushDevice, ...]:
    heard, clock = PushPoint("online", "heard"), PushPoint("clock_offset", "clock")
    root = "EventNotificationAlert"
    plate = PushPoint(
        "plate", "event", f"{root}.eventType", frozenset({"ANPR"}), f"{root}.ANPR.licensePlate", word, f"{root}.UUID"
    )
    face = "AccessControllerEvent"
    return (
        PushDevice("plates", PLATES, DIGEST, (heard, plate, clock), every_s, answer_s, TIME),
        PushDevice(
            "face-1",
            FACE,
            TOKEN,
            (
                heard,
                PushPoint(
                    "event", "event", f"{face}.subEventType", frozenset({"75", "76", "104"}), id_path=f"{face}.serialNo"
                ),
                PushPoint("temperature", "reading", f"{face}.currTemperature"),
                clock,
            ),
            every_s,
            answer_s,
            "dateTime",
        ),
        PushDevice("lane", LANE, TOKEN, (heard, PushPoint("lane", "state", "parkingDetection")), every_s, answer_s),
    )


@dataclass
class Heard:
    """The samples that left the listener."""

    samples: list[RawSample] = field(default_factory=list)

    def take(self, samples: Sequence[RawSample]) -> None:
        self.samples += samples

    def values(self, device: str, point: str) -> list[object]:
        return [s.value for s in self.samples if (s.device, s.point) == (device, point) and s.error is None]

    def errors(self, device: str) -> list[str]:
        return [s.error.word for s in self.samples if s.device == device and s.error is not None]


@contextlib.asynccontextmanager
async def listening(
    bounds: Bounds | None = None, found: Sequence[PushDevice] | None = None
) -> AsyncIterator[tuple[PushListener, Heard]]:
    """A listener on a port of its own."""
    listener, heard = PushListener("127.0.0.1", 0, found or devices(60.0), bounds), Heard()
    await listener.open(heard.take)
    try:
        yield listener, heard
    finally:
        await listener.close()


async def until(is_so: Callable[[], bool], within_s: float = 20.0) -> None:
    async with asyncio.timeout(within_s):
        while not is_so():
            await asyncio.sleep(0.01)


async def raw(port: int, data: bytes, source: str, *, wait_s: float = 20.0) -> bytes:
    """Send bytes from an address; what comes until the other end closes, or b"" for nothing."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
    try:
        with contextlib.suppress(OSError):
            writer.write(data)
            await writer.drain()
            async with asyncio.timeout(wait_s):
                return await reader.read(65536)
        return b""
    finally:
        writer.transport.abort()


def post(body: bytes, kind: str = "application/json", *, token: str = TOKEN.secret, more: str = "") -> bytes:
    """A whole request with a bearer token."""
    return (
        f"POST /event HTTP/1.1\r\nHost: booth\r\nAuthorization: Bearer {token}\r\nContent-Type: {kind}\r\n"
        f"Content-Length: {len(body)}\r\n{more}\r\n"
    ).encode() + body


def status(answer: bytes) -> int:
    """0 for no answer."""
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0

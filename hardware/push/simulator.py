"""Devices that call, at the other end of the wire, for benches and tests: each with its own address and its own faults.

A peer sends a heartbeat with the states that it has, and events as they happen, again until it is answered, as such
devices do. Names, plates and pictures in it are made up. Use from one event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import random
import time
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Literal
from xml.sax.saxutils import escape

import aiohttp

from hardware.push import Credential, Scalar
from hardware.push.digest import answer

Form = Literal["json", "xml", "multipart"]
PICTURE = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 160 + b"\xff\xd9"  # the shape of a picture, of nobody
_HERE = timezone(timedelta(hours=8))
_AGAIN_S = 0.5
_TRIES = 20
_REBOOT_S = 3.0
_FAST = 0.5


@dataclass
class PushFaults:
    """How a peer misbehaves now.

    ``drop``, ``garbage``, ``truncate``: share of its calls. ``late``: so many events are sent ``late_s`` after they
    happened. ``flap_hz``: it is there and away in turn. ``is_frozen``: its clock stands. ``twice``: it does not
    believe an answer and sends each event once more.
    """

    delay_s: float = 0.0
    drop: float = 0.0
    garbage: float = 0.0
    truncate: float = 0.0
    late: int = 0
    late_s: float = 60.0
    flap_hz: float = 0.0
    clock_skew_s: float = 0.0
    is_frozen: bool = False
    twice: bool = False


class PushPeer:
    """One device. ``address``: the one it calls from (any of 127/8 on this computer); ``time_path``: in its bodies.

    ``statuses`` are the answers it got, the newest last.
    """

    form: Form = "json"

    def __init__(
        self, url: str, credential: Credential, address: str = "127.0.0.1", *, every_s: float = 1.8,
        time_path: str = "dateTime", form: Form | None = None, seed: int = 1,
    ) -> None:  # fmt: skip
        self.url = url
        self.credential = credential
        self.address = address
        self.every_s = every_s
        self.time_path = time_path
        self.form = form or self.form
        self.faults = PushFaults()
        self.states: dict[str, Scalar] = {}
        self.statuses: list[int] = []
        self.reboots = 0
        self._chance = random.Random(seed)  # noqa: S311 - faults
        self._number = itertools.count(1)
        self._session: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[object]] = set()
        self._beats = 0
        self._off_until_s = 0.0
        self._frozen_at: datetime | None = None
        self._challenge = ""
        self._count = 0

    # -- for the bench ----------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin to call."""
        if self._session is None:
            connector = aiohttp.TCPConnector(local_addr=(self.address, 0), limit=4)
            self._session = aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=10))
            self._later(self._beat())

    async def stop(self) -> None:
        """End; what was not sent is lost."""
        tasks, self._tasks = self._tasks, set()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def tell(self, path: str, value: Scalar) -> None:
        """From now on every heartbeat says so, the first one at once."""
        self.states[path] = value
        self._later(self._send(self.heartbeat()))

    def happen(self, fields: Mapping[str, Scalar]) -> None:
        """An event, by the paths of its body."""
        late_s = 0.0
        if self.faults.late > 0:
            self.faults.late -= 1
            late_s = self.faults.late_s
        body = {self.time_path: self._now().isoformat(), **fields}
        self._later(self._insist(body, late_s))

    def reboot(self) -> None:
        """Away for some seconds; then it counts its events anew."""
        self.reboots += 1
        self._off_until_s = time.monotonic() + _REBOOT_S
        self._number = itertools.count(1)
        self._challenge = ""

    def heartbeat(self) -> dict[str, Scalar]:
        """What it says when nothing happens."""
        return {self.time_path: self._now().isoformat(), "eventType": "heartBeat", **self.states}

    async def call(self, fields: Mapping[str, Scalar]) -> int:
        """Send one body now, without faults; the status of the answer."""
        content_type, data = encode(fields, self.form, picture=self.form == "multipart")
        return await self._post(data, content_type)

    # -- inside -----------------------------------------------------------------------------------------------------

    @property
    def is_away(self) -> bool:
        """It restarts, or flaps; faster than it calls, it is away at every second call."""
        now_s, flap_hz = time.monotonic(), self.faults.flap_hz
        turns = self._beats if flap_hz * self.every_s > _FAST else int(now_s * flap_hz * 2)
        return now_s < self._off_until_s or (flap_hz > 0 and turns % 2 == 1)

    def _now(self) -> datetime:
        now = datetime.now(_HERE) + timedelta(seconds=self.faults.clock_skew_s)
        if not self.faults.is_frozen:
            self._frozen_at = None
            return now
        self._frozen_at = self._frozen_at or now
        return self._frozen_at

    def _later(self, call: Coroutine[object, object, object]) -> None:
        task = asyncio.get_running_loop().create_task(call)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _beat(self) -> None:
        loop = asyncio.get_running_loop()
        due_s = loop.time()
        while True:
            self._beats += 1
            await self._send(self.heartbeat())
            due_s = max(due_s + self.every_s, loop.time())
            await asyncio.sleep(due_s - loop.time())

    async def _insist(self, fields: Mapping[str, Scalar], late_s: float) -> None:
        await asyncio.sleep(late_s)
        left = 1 + self.faults.twice
        for _ in range(_TRIES):
            left -= await self._send(fields) == 200
            if left <= 0:
                return
            await asyncio.sleep(_AGAIN_S)

    async def _send(self, fields: Mapping[str, Scalar]) -> int | None:
        faults = self.faults
        if self.is_away or self._session is None or self._chance.random() < faults.drop:
            return None
        content_type, data = encode(fields, self.form, picture=self.form == "multipart")
        if self._chance.random() < faults.garbage:
            data = self._chance.randbytes(len(data))
        if self._chance.random() < faults.truncate:
            data = data[: len(data) // 2]
        await asyncio.sleep(faults.delay_s)
        with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
            return await self._post(data, content_type)
        return None

    async def _post(self, data: bytes, content_type: str) -> int:
        """Once, and with digest once more when it is asked to prove itself."""
        assert self._session is not None
        status = 0
        for _ in range(2):
            headers = {"Content-Type": content_type, **self._proof()}
            async with self._session.post(self.url, data=data, headers=headers) as got:
                status = got.status
                offered = [one for one in got.headers.getall("WWW-Authenticate", []) if one.startswith("Digest")]
            if status != 401 or not self.credential.user or not offered:
                break
            self._challenge, self._count = offered[0], 0
        self.statuses = [*self.statuses[-999:], status]
        return status

    def _proof(self) -> dict[str, str]:
        if not self.credential.user:
            return {"Authorization": f"Bearer {self.credential.secret}"}
        if not self._challenge:
            return {}
        self._count += 1
        target = "/" + self.url.partition("://")[2].partition("/")[2]
        return {"Authorization": answer(self._challenge, self.credential, "POST", target, self._count)}


class PushCamera(PushPeer):
    """A plate camera: multipart with anpr.xml and a picture."""

    form: Form = "multipart"

    def __init__(self, url: str, credential: Credential, address: str = "127.0.0.1", *, every_s: float = 1.8) -> None:
        super().__init__(url, credential, address, every_s=every_s, time_path="EventNotificationAlert.dateTime")

    def heartbeat(self) -> dict[str, Scalar]:
        """The event of no event, as such cameras send it."""
        return {
            self.time_path: self._now().isoformat(),
            "EventNotificationAlert.eventType": "videoloss",
            "EventNotificationAlert.eventState": "inactive",
        }

    def see(self, plate: str) -> None:
        """A vehicle comes."""
        self.happen(
            {
                "EventNotificationAlert.eventType": "ANPR",
                "EventNotificationAlert.UUID": f"{self.reboots}-{next(self._number)}-{os.urandom(4).hex()}",
                "EventNotificationAlert.ANPR.licensePlate": plate,
                "EventNotificationAlert.ANPR.confidenceLevel": "97",
            }
        )


class FaceTerminal(PushPeer):
    """A face terminal: JSON, with a name and a number that the booth must not keep."""

    def meet(self, word: int, temperature_c: float | None = None) -> None:
        """Somebody stands before it. ``word``: 75 granted, 76 denied, 104 not live."""
        fields: dict[str, Scalar] = {
            "eventType": "AccessControllerEvent",
            "AccessControllerEvent.majorEventType": 5,
            "AccessControllerEvent.subEventType": word,
            "AccessControllerEvent.serialNo": f"{self.reboots}-{next(self._number)}",
            "AccessControllerEvent.employeeNoString": "E-000-MADE-UP",
            "AccessControllerEvent.name": "虚构居民",
        }
        if temperature_c is not None:
            fields["AccessControllerEvent.currTemperature"] = temperature_c
        self.happen(fields)


def encode(fields: Mapping[str, Scalar], form: Form, *, picture: bool = False) -> tuple[str, bytes]:
    """Content type and body of fields by their dotted paths."""
    tree: dict[str, object] = {}
    for path, value in fields.items():
        *way, last = path.split(".")
        at = tree
        for name in way:
            inner = at.setdefault(name, {})
            assert isinstance(inner, dict)
            at = inner
        at[last] = value
    if form == "json":
        return "application/json", json.dumps(tree, ensure_ascii=False).encode()
    root = tree if len(tree) == 1 else {"EventNotificationAlert": tree}
    text = f'<?xml version="1.0" encoding="UTF-8"?>{_xml(root)}'.encode()
    if form == "xml":
        return "application/xml", text
    mark = "boundary" + os.urandom(8).hex()
    parts = [("anpr.xml", "text/xml", text)] + ([("plate.jpg", "image/jpeg", PICTURE)] if picture else [])
    data = b"".join(
        f'--{mark}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\n'
        f"Content-Type: {kind}\r\nContent-Length: {len(part)}\r\n\r\n".encode()
        + part
        + b"\r\n"
        for name, kind, part in parts
    )
    return f"multipart/form-data; boundary={mark}", data + f"--{mark}--\r\n".encode()


def _xml(tree: Mapping[str, object]) -> str:
    return "".join(
        f"<{name}>{_xml(value) if isinstance(value, Mapping) else escape(str(value))}</{name}>"
        for name, value in tree.items()
    )

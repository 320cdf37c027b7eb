"""The driver of devices that call: it listens, lets in whom the site file names, and turns their bodies into samples.

A caller has to come from its address *and* prove its secret; everything it costs is bounded before it is known. It is
answered as soon as its body was read, so that it does not send again, and what it sends again is told once. Nothing of
a body is logged or kept.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from ipaddress import ip_address

from aiohttp import ClientError, hdrs, web

from hardware.field import (
    Auth,
    Command,
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
from hardware.push import Bounds, Fields, PushDevice, bodies, multipart
from hardware.push.caller import Caller
from hardware.push.connection import GatedServer, source_of
from hardware.push.digest import ALGORITHMS, Proof, Verdict
from hardware.push.gate import Gate

WARN_S = 60.0  # of misuse of a device's address or secret: one sample in so long, however often it is tried
_BIND_AGAIN_S = 2.0
_BACKLOG = 512  # so that a rush of strangers does not keep a device waiting ...
_ACCEPTS = 8  # ... and so many of them are let in, or sent away, before anything else has its turn


class PushListener:
    """A link of devices that call ``host``:``port``. Use from one event loop.

    ``refusals`` counts what was not let in, by reason: stranger, wrong, rate, connections, pipelined, method, large,
    slow, garbage. Raises ``Config`` for no device, two of one address, or an address that is none.
    """

    def __init__(self, host: str, port: int, devices: Sequence[PushDevice], bounds: Bounds | None = None) -> None:
        self.where = f"http_push {host}:{port}"
        self.port = port
        self.refusals: Counter[str] = Counter()
        self._host = host
        self._devices = tuple(devices)
        self._bounds = bounds or Bounds()
        self._proof = Proof(one.credential for one in devices)
        self._sources = {self._address(one): one.name for one in devices}
        if not devices or len(self._sources) < len(devices) or len({one.name for one in devices}) < len(devices):
            raise Config("no device, or two of one name or address", where=self.where)
        if not 0 <= port <= 65535:
            raise Config(f"{port} is no port", where=self.where)
        self._health = {one.name: DeviceHealth() for one in devices}
        self._callers: dict[str, Caller] = {}
        self._gate = Gate(self._sources, self._bounds, 0.0)
        self._tasks: list[asyncio.Task[None]] = []
        self._listening: asyncio.Server | None = None
        self._server: GatedServer | None = None
        self._waiting: dict[str, list[asyncio.Future[tuple[RawSample, ...]]]] = {}
        self._take: Take = _nobody

    async def open(self, take: Take) -> None:
        """Listen; when the address is not there yet, the samples say ``Gone`` and it is tried again."""
        if self._tasks:
            return
        self._take = take
        now_s = time.monotonic()
        self._gate = Gate(self._sources, self._bounds, now_s)
        self._server = GatedServer(self._answer, self._gate, self.refusals)
        self._callers = {one.name: Caller(one, now_s) for one in self._devices}
        with contextlib.suppress(OSError):
            await self._bind(self._server)
        self._tasks = [asyncio.create_task(self._wait_for(caller)) for caller in self._callers.values()]
        self._tasks.append(asyncio.create_task(self._bind_late(self._server)))

    async def close(self) -> None:
        """Stop listening; connections break."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        listening, self._listening = self._listening, None
        server, self._server = self._server, None
        if listening is not None:
            listening.close()
        if server is not None:
            await server.shutdown(0.1)

    def health(self) -> Mapping[str, DeviceHealth]:
        """Counts by device: ``asked`` are its calls and the heartbeats that did not come."""
        return self._health

    def keep(self, for_s: float) -> None:
        """Nothing stands here."""

    async def poll(self, device: str, *, within_s: float) -> tuple[RawSample, ...]:
        """Wait for its next call; it cannot be asked. Raises ``Config`` or ``Timeout``."""
        if device not in self._health:
            raise Config(f"there is no device {device}", where=self.where)
        coming: asyncio.Future[tuple[RawSample, ...]] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(device, []).append(coming)
        try:
            async with asyncio.timeout(within_s):
                return await coming
        except TimeoutError:
            raise Timeout(f"{device} did not call", where=self.where) from None
        finally:
            self._waiting[device].remove(coming)

    async def command(self, command: Command, *, within_s: float) -> None:
        """Raise ``Refused``: these devices are heard, not driven."""
        raise Refused(f"{command.device} takes no commands", where=self.where)

    # -- listening --------------------------------------------------------------------------------------------------

    def _address(self, device: PushDevice) -> str:
        try:
            return str(ip_address(device.source))
        except ValueError:
            raise Config(
                f"{device.name}: {device.source!r} is no IP address", where=self.where, cure="write the address it has"
            ) from None

    async def _bind(self, server: GatedServer) -> None:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        ours = socket.create_server((self._host, self.port), family=family, backlog=_BACKLOG)
        try:
            ours.setblocking(False)
            self._listening = await asyncio.get_running_loop().create_server(server, sock=ours, backlog=_ACCEPTS)
            ours.listen(_BACKLOG)  # asyncio takes one figure for both
        except OSError:
            ours.close()
            raise
        self.port = ours.getsockname()[1]

    async def _bind_late(self, server: GatedServer) -> None:
        while self._listening is None:
            await asyncio.sleep(_BIND_AGAIN_S)
            with contextlib.suppress(OSError):
                await self._bind(server)

    async def _wait_for(self, caller: Caller) -> None:
        """Say, once for each heartbeat that did not come, why it is not there."""
        name = caller.device.name
        while True:
            await asyncio.sleep(max(0.0, caller.due_s - time.monotonic()))
            now_s = time.monotonic()
            if now_s < caller.due_s:
                continue
            error: FieldError = Timeout("it did not call", where=self.where)
            if self._listening is None:
                error = Gone("nothing listens", where=self.where, cure="give this computer the address of the link")
            elif isinstance(caller.pending, Garbage):
                error = caller.pending
            doubt, values = caller.pending, caller.missed()
            self._health[name].note(error, now_s, 0.0)
            self._tell(name, {"": None}, error)
            if isinstance(doubt, Auth):
                self._tell(name, dict.fromkeys(caller.heard()), doubt, is_life=False)
            elif values:
                self._tell(name, values, is_life=False)

    def _tell(
        self, name: str, values: Mapping[str, Value | None], error: FieldError | None = None, *, is_life: bool = True
    ) -> None:
        at_s, wall_s = time.monotonic(), time.time()
        samples = [
            RawSample(name, point, value, error, at_s, wall_s, is_life=is_life) for point, value in values.items()
        ]
        self._take(samples)
        for coming in self._waiting.get(name, ()) if error is None and is_life else ():
            if not coming.done():
                coming.set_result(tuple(samples))

    def _suspect(self, name: str, error: Auth) -> None:
        """Somebody misuses its address or its secret: one sample, then silence for a while. No sign of life."""
        caller, now_s = self._callers[name], time.monotonic()
        caller.pending = error
        if now_s - caller.warned_s >= WARN_S:
            caller.warned_s = now_s
            self._tell(name, dict.fromkeys(caller.heard()), error, is_life=False)

    # -- one request ------------------------------------------------------------------------------------------------

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        source, now_s = source_of(request.remote), time.monotonic()
        name = self._sources.get(source)
        if name is not None and not self._gate.may_ask(source, now_s):
            return self._refuse("rate", 429)
        given = request.headers.get(hdrs.AUTHORIZATION, "")
        verdict, credential = self._proof.judge(given, request.method, request.raw_path, now_s)
        if name is None:
            for one in self._devices if verdict is Verdict.PROVEN else ():
                if one.credential == credential:
                    self._suspect(one.name, Auth("its secret was used from another address", where=self.where))
            return self._refuse("stranger", 403)
        caller = self._callers[name]
        if verdict is Verdict.PROVEN and credential == caller.device.credential:
            return await self._proven(request, source, caller)
        if verdict is Verdict.NOTHING:
            caller.pending = caller.pending or Auth("it calls without proof", where=self.where, cure="give it a secret")
        elif verdict is not Verdict.STALE:
            self.refusals["wrong"] += 1
            self._suspect(name, Auth("a wrong secret", where=self.where, cure="correct it at the device"))
        device, response = caller.device, web.Response(status=401)
        algorithms = ALGORITHMS[1:] if device.has_only_md5 else ALGORITHMS
        is_stale = verdict is Verdict.STALE
        for challenge in self._proof.challenges(device.credential, now_s, algorithms, is_stale=is_stale):
            response.headers.add(hdrs.WWW_AUTHENTICATE, challenge)
        if not await self._drain(request, source):
            response.force_close()
        return response

    async def _proven(self, request: web.BaseRequest, source: str, caller: Caller) -> web.StreamResponse:
        if request.method not in (hdrs.METH_POST, hdrs.METH_PUT):
            return self._refuse("method", 405)
        name, bounds = caller.device.name, self._bounds
        if (request.content_length or 0) > bounds.body_bytes:
            return self._refuse("large", 413)
        try:
            async with asyncio.timeout(bounds.body_s):
                await _go_on(request)
                fields = await self._fields(request, source)
        except TimeoutError:
            return self._doubt(caller, "slow", 408, Garbage("a body that does not end", where=self.where))
        except _TooLarge:
            return self._doubt(caller, "large", 413, Garbage("a body that is too large", where=self.where))
        except Garbage as error:
            error.where = self.where
            return self._doubt(caller, "garbage", 400, error.with_traceback(None))
        except ClientError:  # it hung up, or its chunks are none
            return self._doubt(caller, "garbage", 400, Garbage("a body that breaks off", where=self.where))
        now_s = time.monotonic()
        self._health[name].note(None, now_s, 0.0)
        self._tell(name, {"": None, **caller.take(fields, now_s, time.time())})
        return web.Response(status=200)

    async def _fields(self, request: web.BaseRequest, source: str) -> Fields:
        if request.headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
            raise Garbage("a compressed body")
        kind = request.headers.get(hdrs.CONTENT_TYPE, "")
        if not kind.lower().startswith("multipart/"):
            text = bytearray()
            async for data in self._chunks(request, source):
                text += data
                if len(text) > self._bounds.text_bytes:
                    raise _TooLarge
            return bodies.read(bytes(text), kind)
        parts = multipart.Parts(multipart.boundary(kind), self._bounds.text_bytes)
        async for data in self._chunks(request, source):
            parts.feed(data)
        if not parts.is_whole:
            raise Garbage("multipart without an end")
        return bodies.read_parts(parts.texts)

    async def _chunks(self, request: web.BaseRequest, source: str) -> AsyncIterator[bytes]:
        left = self._bounds.body_bytes
        async for data in request.content.iter_any():
            left -= len(data)
            if left < 0:
                raise _TooLarge
            yield data
            wait_s = self._gate.wait_s(source, len(data), time.monotonic())
            if wait_s:
                await asyncio.sleep(wait_s)

    async def _drain(self, request: web.BaseRequest, source: str) -> bool:
        """Read what came with a question that is only answered by a challenge, so that the answer is heard."""
        if _waits(request):
            return False  # it sends nothing before it was told to go on
        try:
            async with asyncio.timeout(self._bounds.body_s):
                async for _ in self._chunks(request, source):
                    pass
        except (TimeoutError, _TooLarge, ClientError):
            return False
        return True

    def _doubt(self, caller: Caller, reason: str, status: int, error: Garbage) -> web.Response:
        caller.pending = error
        self._health[caller.device.name].note(error, time.monotonic(), 0.0)
        return self._refuse(reason, status)

    def _refuse(self, reason: str, status: int) -> web.Response:
        self.refusals[reason] += 1
        response = web.Response(status=status)
        response.force_close()
        return response


class _TooLarge(Exception):
    """More than a caller may send."""


async def _go_on(request: web.BaseRequest) -> None:
    """Tell a caller that waits for it to send its body (RFC 9110, 10.1.1)."""
    if _waits(request) and request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")


def _waits(request: web.BaseRequest) -> bool:
    return request.headers.get(hdrs.EXPECT, "").lower() == "100-continue"


def _nobody(_samples: object) -> None:
    """Before the link is open."""

"""Workers between broker and database: shared subscriptions in, acks and commands out.

Any number of them, in any number of processes: the broker deals messages out among all (MQTT 5.0, 4.8.2), the database
sorts out who was first. What a worker loses is not acknowledged and comes again, so it keeps no session and its queue
is bounded.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import secrets
import ssl
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from sqlalchemy.exc import DBAPIError, OperationalError

from backend import fleet, ingest
from backend.platform import Platform
from backend.telemetry_wire import JSON, SAID, Heard, Rows, ack, heard

GROUP = "ingest"
MAX_MESSAGES = 400  # in one transaction
MAX_ROWS = 20_000
MAX_QUEUED = 2_000  # beyond it messages are dropped, which is never a loss
GATHER_S = 0.02  # a transaction costs as much as a hundred rows: those of other booths come along
LOOK_S = 1.0
AGAIN_S = 1.0
CALL_S = 15.0  # for any acknowledgement of the broker: then it hangs
CLOSE_S = 1.0
_CALLS = 200

Log = Callable[[str], None]


@dataclass(frozen=True)
class Place:
    """Where the broker is. Without ``ca`` it must be on this computer."""

    host: str
    port: int
    ca: str = ""
    certificate: str = ""
    key: str = ""

    def tls(self) -> ssl.SSLContext | None:
        """Raises OSError and ssl.SSLError for files that cannot be used."""
        if not self.ca:
            return None
        context = ssl.create_default_context(cafile=self.ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self.certificate, self.key)
        return context


def say(text: str) -> None:
    """One line for the log; texts hold no payload."""
    print(f"ingest: {text}", file=sys.stderr, flush=True)


class _Line(aiomqtt.Client):
    """Time-outs are ours: the library's use ``asyncio.wait_for``, which before Python 3.12 can swallow a cancellation.

    They raise TimeoutError, which is an OSError.
    """

    async def __aenter__(self) -> Self:
        async with asyncio.timeout(CALL_S):
            return await super().__aenter__()

    async def __aexit__(self, *error: Any) -> None:
        with contextlib.suppress(aiomqtt.MqttError, TimeoutError):  # it is gone either way
            async with asyncio.timeout(CLOSE_S):
                await super().__aexit__(*error)


class Worker:
    """``is_ready`` is set while it hears the broker."""

    def __init__(self, platform: Platform, place: Place, log: Log = say) -> None:
        self._platform, self._place, self._log = platform, place, log
        self.name = f"ingest-{os.getpid()}-{secrets.token_hex(4)}"
        self.is_ready = asyncio.Event()
        self._started_at = platform.clock()

    async def run(self) -> None:
        """Work until cancelled; a lost broker or database is waited for."""
        while True:
            try:
                await self._session()
            except* (aiomqtt.MqttError, OSError) as errors:
                self._log(f"broker lost ({type(errors.exceptions[0]).__name__}), again in {AGAIN_S:g} s")
            self.is_ready.clear()
            await asyncio.sleep(AGAIN_S)

    async def _session(self) -> None:
        line = _Line(
            self._place.host, self._place.port, identifier=self.name, protocol=aiomqtt.ProtocolVersion.V5,
            clean_start=True, keepalive=10, timeout=math.inf, tls_context=self._place.tls(),
            max_queued_incoming_messages=MAX_QUEUED, max_inflight_messages=_CALLS,
            properties=_properties(PacketTypes.CONNECT, ReceiveMaximum=_CALLS),
        )  # fmt: skip
        line.pending_calls_threshold = 10 * _CALLS
        async with line:
            async with asyncio.timeout(CALL_S):
                await line.subscribe([(f"$share/{GROUP}/css/1/+/+/{kind}", 1) for kind in SAID])
            self.is_ready.set()
            async with asyncio.TaskGroup() as group:
                group.create_task(self._take(line))
                group.create_task(self._look(line))

    async def _take(self, line: aiomqtt.Client) -> None:
        messages = line.messages
        while True:
            batch, rows = [await anext(messages)], 0
            await asyncio.sleep(GATHER_S)
            found: list[Heard] = []
            while batch:
                message = batch.pop()
                one = heard(str(message.topic), _bytes(message.payload), getattr(message.properties, "ContentType", ""))
                if one is not None:
                    found.append(one)
                    rows += len(one.said.rows) if isinstance(one.said, Rows) else 0
                if len(messages) and len(found) < MAX_MESSAGES and rows < MAX_ROWS:
                    batch.append(await anext(messages))
            if found:
                told = await self._commit(found)
                await asyncio.gather(*(self._acknowledge(line, one) for one in told))

    async def _commit(self, found: Sequence[Heard]) -> list[ingest.Told]:
        """Until it is in the database; what the database will never take is dropped, with a line in the log."""
        while True:
            try:
                return await asyncio.to_thread(ingest.take, self._platform, found)
            except OperationalError as error:
                self._log(f"database: {type(error.orig).__name__}, again in {AGAIN_S:g} s")
                await asyncio.sleep(AGAIN_S)
            except DBAPIError as error:
                if len(found) == 1:
                    self._log(f"{found[0].booth} {found[0].kind}: not taken: {type(error.orig).__name__}")
                    return []
                half = len(found) // 2
                return await self._commit(found[:half]) + await self._commit(found[half:])

    async def _acknowledge(self, line: aiomqtt.Client, told: ingest.Told) -> None:
        payload = ack(told.seq, told.known, told.birth)
        async with asyncio.timeout(CALL_S):
            await line.publish(f"css/1/{told.grid}/{told.booth}/ack", payload, qos=1, retain=True)

    async def _look(self, line: aiomqtt.Client) -> None:
        while True:
            try:
                news, orders = await asyncio.to_thread(self._look_now)
            except DBAPIError as error:
                self._log(f"database: {type(error.orig).__name__}")
                await asyncio.sleep(AGAIN_S)
                continue
            for one in news:
                self._log(one)
            for order in orders:
                with_it = _properties(
                    PacketTypes.PUBLISH, ContentType=JSON, MessageExpiryInterval=order.lives_s,
                    UserProperty=("schema", "css.1"),
                )  # fmt: skip
                async with asyncio.timeout(CALL_S):
                    await line.publish(f"css/1/{order.grid}/{order.booth}/cmd", order.body, qos=1, properties=with_it)
            await asyncio.sleep(LOOK_S)

    def _look_now(self) -> tuple[list[str], list[fleet.Order]]:
        return fleet.look(self._platform, self.name, self._started_at), fleet.due(self._platform)


async def work(platform: Platform, place: Place, workers: int, on_ready: Callable[[], None]) -> None:
    """Run workers until cancelled. ``on_ready`` is called once all of them hear the broker."""
    team = [Worker(platform, place) for _ in range(workers)]
    async with asyncio.TaskGroup() as group:
        for one in team:
            group.create_task(one.run())
        for one in team:
            await one.is_ready.wait()
        on_ready()


def _properties(of: int, **given: Any) -> Properties:
    made = Properties(of)
    for name, value in given.items():
        setattr(made, name, value)
    return made


def _bytes(payload: object) -> bytes:
    return bytes(payload) if isinstance(payload, bytes | bytearray) else b""

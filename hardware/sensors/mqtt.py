"""The driver of radio sensors: one MQTT 5 connection to a broker, kept for ever (``field.Driver``).

The broker keeps a session for us while we are away, and each message is acknowledged only after it was handed over; so
what the broker has is lost by neither end's restart. That the broker itself lives is asked all the time: a hung one
keeps its connections. Knows messages by ``heard`` and ``payload``, outputs by ``switches``; judges nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
import time
from collections.abc import Mapping, Sequence

import aiomqtt

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
)
from hardware.sensors import Credentials, Sensor, Switch
from hardware.sensors.client import ANSWERS_S, drop, end, expiring, make_client, named, reason
from hardware.sensors.heard import Heard
from hardware.sensors.switches import Switches

ALIVE_EVERY_S = 0.8  # so that five misses fit into the 5 s within which a link's loss is found
MISSES = 5
BACKLOG_S = 5.0  # where the broker does not let us hear our own message, what was kept for us has come by then
BACKOFF_S = (0.2, 2.0)
REFUSED_S = 30.0  # a wrong password does not become right by asking
_PATIENCE = 0.75  # of that: a miss is told before the next question is due
_TURN_S = 0.2
_TOPICS_AT_ONCE = 100


class MqttLink:
    """Use from one event loop. ``name`` is the link's in the site; ``identity`` the client's, the same for ever and no
    one else's. Raises ``Config`` for no sensor, one given twice, or a topic that cannot be."""

    def __init__(
        self,
        sensors: Sequence[Sensor],
        *,
        host: str,
        port: int = 1883,
        name: str = "mqtt",
        identity: str = "booth",
        credentials: Credentials | None = None,
        alive_every_s: float = ALIVE_EVERY_S,
    ) -> None:
        self.where = f"mqtt {host}:{port}"
        self._place = (host, port)
        self._name = name
        self._identity = identity
        self._credentials = credentials or Credentials()
        self._alive_every_s = alive_every_s
        self._alive_topic = f"booth/{identity}/alive"
        now_s = time.monotonic()
        self._heard = {one.device: Heard(one, now_s) for one in sensors}
        if not sensors or len(self._heard) < len(sensors):
            raise Config("no device, or one given twice", where=self.where)
        self._of: dict[str, list[Heard]] = {}
        for one in self._heard.values():
            for topic in dict.fromkeys((*one.topics, *(its.shown_at for its in one.sensor.switches if its.shown_at))):
                if not topic or set(topic) & set("+#\0") or len(topic.encode()) > 1000:
                    raise Config(f"{topic!r} is no topic of {one.sensor.device}", where=self.where, cure="correct it")
                self._of.setdefault(topic, []).append(one)
        self._switches = Switches(sensors)
        self._take: Take = _nobody
        self._tasks: list[asyncio.Task[None]] = []
        self._client: aiomqtt.Client | None = None
        self._error: FieldError = Gone("not connected yet", where=self.where)
        self._token = b""  # of our own message behind the backlog; b"" when it has come
        self._backlog_ends_s = 0.0
        self._is_hung = asyncio.Event()
        self._shown: dict[tuple[str, str], list[asyncio.Future[None]]] = {}
        self.connections = 0

    # -- field.Driver -------------------------------------------------------------------------------------------------

    async def open(self, take: Take) -> None:
        """Begin to listen."""
        self._take = take
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._stay()), asyncio.create_task(self._tend())]
            if any(one.sensor.switches for one in self._heard.values()):
                self._tasks.append(asyncio.create_task(self._refresh()))

    async def close(self) -> None:
        """Let go; what stands is told off, if the broker is there."""
        tasks, self._tasks = self._tasks, []
        if tasks:
            for switch in self._switches.fall():
                with contextlib.suppress(FieldError):
                    await self._publish(switch.topic, switch.off, ANSWERS_S, 0)
        await end(tasks)

    def health(self) -> Mapping[str, DeviceHealth]:
        """Counts by device."""
        return {device: one.health for device, one in self._heard.items()}

    def keep(self, for_s: float) -> None:
        """The watch is alive."""
        self._switches.keep(time.monotonic() + for_s)

    async def poll(self, device: str, *, within_s: float) -> tuple[RawSample, ...]:
        """Raise ``Refused``: a radio sensor sleeps, and speaks when it wants to."""
        if device not in self._heard:
            raise Config(f"there is no device {device}", where=self.where)
        raise Refused(f"{device} cannot be asked", where=self.where, cure="wait for its next message")

    async def command(self, command: Command, *, within_s: float) -> None:
        """Publish; with ``shown_at`` wait for the device's word. Raises ``FieldError``."""
        switch = self._switches.take(command, time.monotonic())
        key = (command.device, command.point)
        shown: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if switch.shown_at:
            self._shown.setdefault((command.device, switch.shown_at), []).append(shown)
        try:
            async with asyncio.timeout(within_s):
                await self._tell(key, switch, is_on=bool(command.value), within_s=within_s)
                if switch.shown_at:
                    await shown
        except TimeoutError:
            raise Timeout(f"{command.device} did not confirm", where=self.where) from None
        finally:
            if switch.shown_at:
                self._shown[command.device, switch.shown_at].remove(shown)

    # -- the connection -----------------------------------------------------------------------------------------------

    async def _stay(self) -> None:
        failures = 0
        while True:
            began_s = time.monotonic()
            self._is_hung.clear()
            self._token, self._backlog_ends_s = secrets.token_hex(8).encode(), began_s + BACKLOG_S
            try:
                await self._connection()
                error: FieldError = Gone("the broker hangs", where=self.where, cure="restart it")
            except (aiomqtt.MqttError, OSError, ValueError) as failed:
                error = named(failed, self.where)
            except FieldError as failed:
                error = failed
            except Exception as broken:  # the boundary: a fault in here must not end the link for good
                error = Gone(f"{type(broken).__name__} in the driver", where=self.where)
            self._down(error)
            failures = 0 if time.monotonic() - began_s > BACKOFF_S[1] + ANSWERS_S else failures + 1
            least_s, most_s = BACKOFF_S
            pause_s = min(most_s, least_s * 2.0 ** min(failures, 10))
            if isinstance(error, (Auth, Config)):
                pause_s = REFUSED_S
            await asyncio.sleep(pause_s * random.uniform(0.8, 1.2))  # noqa: S311 - not all at once

    async def _connection(self) -> None:
        """One connection; returns when the broker hangs, raises when it is gone."""
        client = make_client(self._place, self._identity, self._credentials, self.where, self._receive)
        entering = asyncio.ensure_future(client.__aenter__())
        try:
            await asyncio.shield(entering)
            await self._serve(client)
        finally:
            self._client = None
            while not entering.done():  # connecting runs in a thread and opens a socket, also if nobody waits any more
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.wait({entering})
            with contextlib.suppress(aiomqtt.MqttError, OSError, ValueError, asyncio.CancelledError):
                if entering.exception() is None:
                    await client.__aexit__(None, None, None)
            drop(client)

    async def _serve(self, client: aiomqtt.Client) -> None:
        topics = sorted(self._of)
        refused = []
        for first in range(0, len(topics), _TOPICS_AT_ONCE):
            part = topics[first : first + _TOPICS_AT_ONCE]
            codes = await client.subscribe([(topic, 1) for topic in part])
            refused += [topic for topic, code in zip(part, codes, strict=True) if reason(code) >= 0x80]
        await client.subscribe(self._alive_topic, 1)
        self.connections += 1
        self._client = client
        now_s, wall_s = time.monotonic(), time.time()
        self._hand_over([one for heard in self._heard.values() for one in heard.link_up(now_s, wall_s)])
        for topic in refused:
            error = Auth(f"not allowed to listen to {topic}", where=self.where, cure="allow it in the broker's rules")
            self._hand_over([one for heard in self._of[topic] for one in heard.refused(error, now_s, wall_s)])
        await client.publish(self._alive_topic, self._token, qos=1)
        over = [asyncio.ensure_future(_end(client)), asyncio.ensure_future(self._is_hung.wait())]
        try:
            await asyncio.wait(over, return_when=asyncio.FIRST_COMPLETED)
            if over[0].done():
                await over[0]
        finally:
            for task in over:
                task.cancel()
            await asyncio.gather(*over, return_exceptions=True)

    def _down(self, error: FieldError) -> None:
        self._error = error.with_traceback(None)
        now_s, wall_s = time.monotonic(), time.time()
        self._hand_over([one for heard in self._heard.values() for one in heard.link_lost(error, now_s, wall_s)])

    async def _tend(self) -> None:
        """Ask whether the broker lives, tell it of the link, and let time pass for the sensors."""
        loop = asyncio.get_running_loop()
        due_s, misses = loop.time(), 0
        while True:
            began_s, took_s = time.monotonic(), 0.0
            error: FieldError | None = None
            if (client := self._client) is None:
                error, misses = self._error, 0
            else:
                try:
                    await client.publish(self._alive_topic, b"", qos=1, timeout=_PATIENCE * self._alive_every_s)
                    took_s, misses = time.monotonic() - began_s, 0
                except Exception:  # the client library's, and what else it raises while its connection breaks
                    error, misses = Timeout("the broker does not answer", where=self.where), misses + 1
                    if misses >= MISSES:
                        self._is_hung.set()
            now_s, wall_s = time.monotonic(), time.time()
            answer = True if error is None else None
            link = RawSample(self._name, "", answer, error, now_s, wall_s, took_s)
            self._hand_over([link, *(one for heard in self._heard.values() for one in heard.tick(now_s, wall_s))])
            due_s += self._alive_every_s * (max(0, int((loop.time() - due_s) // self._alive_every_s)) + 1)
            await asyncio.sleep(max(0.0, due_s - loop.time()))

    # -- messages -----------------------------------------------------------------------------------------------------

    def _receive(self, message: aiomqtt.Message) -> None:
        """Called by the client before it acknowledges; must not raise."""
        topic, data = message.topic.value, message.payload
        if topic == self._alive_topic:
            if data == self._token:
                self._token = b""
            return
        now_s, wall_s = time.monotonic(), time.time()
        is_backlog = bool(self._token) and now_s < self._backlog_ends_s and not message.retain
        for heard in self._of.get(topic, ()):
            try:
                samples = heard.take(topic, data, now_s, wall_s, is_retained=message.retain, is_backlog=is_backlog)
            except Exception as broken:  # the boundary: the broker would send it again and again
                error = Garbage(f"{type(broken).__name__} in the driver", where=self.where)
                samples = heard.refused(error, now_s, wall_s)
            self._hand_over(samples)
            for shown in self._shown.get((heard.sensor.device, topic), ()):
                if not message.retain and not shown.done():
                    shown.set_result(None)

    def _hand_over(self, samples: Sequence[RawSample]) -> None:
        if samples:
            self._take(samples)

    # -- outputs ------------------------------------------------------------------------------------------------------

    async def _refresh(self) -> None:
        while True:
            await asyncio.sleep(_TURN_S)
            for key, switch, is_on in self._switches.due(time.monotonic()):
                with contextlib.suppress(FieldError):
                    await self._tell(key, switch, is_on=is_on, within_s=ANSWERS_S)

    async def _tell(self, key: tuple[str, str], switch: Switch, *, is_on: bool, within_s: float) -> None:
        expires_s = max(1, round(switch.hold_s or within_s))
        await self._publish(switch.topic, switch.on if is_on else switch.off, within_s, expires_s if is_on else 0)
        self._switches.done(key, is_on=is_on)

    async def _publish(self, topic: str, text: str, within_s: float, expires_s: int) -> None:
        """Return when the broker has it. ``expires_s``: it must not reach the device later; 0: whenever it comes."""
        if (client := self._client) is None:
            raise self._error
        try:
            await client.publish(topic, text.encode(), qos=1, properties=expiring(expires_s), timeout=within_s)
        except aiomqtt.MqttCodeError:
            raise Gone("the connection to the broker broke", where=self.where) from None
        except aiomqtt.MqttError:
            raise Timeout("the broker did not take it", where=self.where) from None
        except (OSError, ValueError, RuntimeError) as error:
            raise Gone(f"{type(error).__name__} in the client library", where=self.where) from None


async def _end(client: aiomqtt.Client) -> None:
    """Raise when the connection ends; no message comes this way."""
    async for _ in client.messages:
        pass


def _nobody(_samples: object) -> None:
    """Before the link is open."""

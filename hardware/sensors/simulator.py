"""Radio sensors as their gateways publish them (ChirpStack v4, Zigbee2MQTT), for benches and tests.

A ``RadioPeer`` is one gateway on a real broker with its sensors. They speak at their heartbeat and whenever a value is
set, carry out what is published to them, fall back by themselves, and can be told to misbehave.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import random
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiomqtt

from hardware.field import Value
from hardware.sensors import Credentials, Switch
from hardware.sensors.client import drop, end, make_client

_PAUSE_S = 0.3
_UNSENT = 10_000
_JOIN, _UP = "event/join", "event/up"


@dataclass
class Faults:
    """How a sensor misbehaves now. ``drop``, ``garbage``, ``truncate``, ``repeat`` (delivered twice) are shares of its
    messages, ``drift`` is added to its numbers each second, ``flap`` turns its words over so many times a second."""

    delay_s: float = 0.0
    drop: float = 0.0
    garbage: float = 0.0
    truncate: float = 0.0
    repeat: float = 0.0
    drift: float = 0.0
    flap: float = 0.0
    clock_skew_s: float = 0.0
    is_frozen: bool = False
    is_silent: bool = False


@dataclass
class VirtualSensor:
    """One sensor. ``address`` is its topic without the last part: ``application/1/device/EUI`` (ChirpStack), or
    ``zigbee2mqtt/NAME``. ``values`` by path (``object.button``, ``smoke``); ``rests``: what a button has again
    after one message. ``paths`` are names for paths, as a profile gives them to points."""

    address: str
    values: dict[str, Value]
    every_s: float
    rests: dict[str, Value] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)
    switches: tuple[Switch, ...] = ()
    is_retained: bool = False
    faults: Faults = field(default_factory=Faults)
    number: int = 0
    sent: int = 0
    is_on: dict[str, float] = field(default_factory=dict)  # point of a switch -> when it falls back

    @property
    def is_lorawan(self) -> bool:
        """A ChirpStack device."""
        return self.address.startswith("application/")

    def path(self, name: str) -> str:
        """Of a point or a path. Raises KeyError for a stranger."""
        path = self.paths.get(name, name)
        if path not in self.values:
            raise KeyError(name)
        return path


class RadioPeer:
    """Use from one event loop. ``scale`` below 1 makes heartbeats come sooner: nobody at a bench waits for 12 hours."""

    def __init__(
        self, sensors: Sequence[VirtualSensor], *, host: str, port: int, scale: float = 1.0, seed: int = 1,
        credentials: Credentials | None = None,
    ) -> None:  # fmt: skip
        self.sensors = {one.address: one for one in sensors}
        self.scale = scale
        self._place = (host, port)
        self._credentials = credentials or Credentials()
        self._chance = random.Random(seed)  # noqa: S311 - faults
        self._unsent: asyncio.Queue[tuple[str, bytes, bool]] = asyncio.Queue(_UNSENT)
        self._sending: tuple[str, bytes, bool] | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._began_s = time.monotonic()
        self._identity = f"gateway-{uuid.uuid4().hex[:8]}"
        self.heard: list[tuple[str, str]] = []  # commands: topic and what it said
        self.is_connected = asyncio.Event()

    async def start(self) -> None:
        """Connect, and speak from now on. Returns when the broker is reached."""
        self._tasks = [asyncio.create_task(self._stay()), asyncio.create_task(self._fall())]
        for one in self.sensors.values():
            self._tasks += [asyncio.create_task(self._beat(one)), asyncio.create_task(self._flap(one))]
        await self.is_connected.wait()

    async def stop(self) -> None:
        """End; what was not sent is forgotten."""
        tasks, self._tasks = self._tasks, []
        await end(tasks)

    def set(self, address: str, values: dict[str, Value]) -> None:
        """Set values by point or path; the sensor says it at once. Raises KeyError for what it does not have."""
        one = self.sensors[address]
        if not one.faults.is_frozen:
            one.values |= {one.path(name): value for name, value in values.items()}
        self.say(address)
        one.values |= {path: rest for path, rest in one.rests.items() if path in one.values}

    def say(self, address: str) -> None:
        """One message with everything, now."""
        one, faults = self.sensors[address], self.sensors[address].faults
        one.number += 1
        topic, data = self._message(one)
        if faults.is_silent or self._chance.random() < faults.drop:
            return
        if self._chance.random() < faults.garbage:
            data = self._chance.randbytes(self._chance.randrange(1, 64))
        elif self._chance.random() < faults.truncate:
            data = data[: self._chance.randrange(len(data))]
        one.sent += 1
        for _ in range(1 + (self._chance.random() < faults.repeat)):
            self._later(faults.delay_s, topic, data, is_retained=one.is_retained)

    def restart(self, address: str) -> None:
        """Off and on again: outputs fall, and a LoRaWAN device joins anew and counts from the beginning."""
        one = self.sensors[address]
        one.is_on.clear()
        one.number = 0
        if one.is_lorawan:
            self._later(0.0, f"{address}/{_JOIN}", json.dumps({"time": _iso(one), "devAddr": "01020304"}).encode())
        self.say(address)

    def publish(self, topic: str, data: bytes, *, is_retained: bool = False) -> None:
        """Anything on any topic, as a stranger or a broken gateway would."""
        self._later(0.0, topic, data, is_retained=is_retained)

    # how

    def _message(self, one: VirtualSensor) -> tuple[str, bytes]:
        passed_s = time.monotonic() - self._began_s
        body: dict[str, Any] = {}
        for path, value in one.values.items():
            is_number = not isinstance(value, (bool, str))
            drifted = value + one.faults.drift * passed_s if is_number and one.faults.drift else value  # type: ignore[operator]
            *way, last = path.split(".")
            here = body
            for step in way:
                here = here.setdefault(step, {})
            here[last] = drifted
        if not one.is_lorawan:
            return one.address, json.dumps(body | {"linkquality": 120, "last_seen": _iso(one)}).encode()
        application, device = one.address.split("/")[1], one.address.split("/")[-1]
        uplink = {
            "deduplicationId": str(uuid.UUID(int=self._chance.getrandbits(128), version=4)),
            "time": _iso(one),
            "deviceInfo": {"applicationId": application, "devEui": device, "tags": {}},
            "devAddr": "01020304",
            "adr": True,
            "dr": 5,
            "fCnt": one.number,
            "fPort": 1,
            "confirmed": False,
            "data": base64.b64encode(json.dumps(body).encode()).decode(),
            "rxInfo": [{"gatewayId": "0016c001f1500812", "rssi": -57, "snr": 9.5, "crcStatus": "CRC_OK"}],
            "txInfo": {"frequency": 486_300_000},
        }
        return f"{one.address}/{_UP}", json.dumps(uplink | body).encode()

    def _later(self, delay_s: float, topic: str, data: bytes, *, is_retained: bool = False) -> None:
        def send() -> None:
            with contextlib.suppress(asyncio.QueueFull):
                self._unsent.put_nowait((topic, data, is_retained))

        if delay_s > 0:
            asyncio.get_running_loop().call_later(delay_s, send)
        else:
            send()

    async def _beat(self, one: VirtualSensor) -> None:
        while True:
            await asyncio.sleep(one.every_s * self.scale)
            self.say(one.address)

    async def _flap(self, one: VirtualSensor) -> None:
        while True:
            if one.faults.flap <= 0:
                await asyncio.sleep(_PAUSE_S)
                continue
            await asyncio.sleep(0.5 / one.faults.flap)
            one.values |= {path: _other(value) for path, value in one.values.items() if value in (0, 1)}
            self.say(one.address)

    async def _stay(self) -> None:
        while True:
            client = make_client(self._place, self._identity, self._credentials, "gateway", self._told)
            with contextlib.suppress(aiomqtt.MqttError, OSError):
                async with client:
                    for topic in self._commands():
                        await client.subscribe(topic, 1)
                    self.is_connected.set()
                    await self._send(client)
            drop(client)
            self.is_connected.clear()
            await asyncio.sleep(_PAUSE_S)

    async def _send(self, client: aiomqtt.Client) -> None:
        while True:
            if self._sending is None:
                self._sending = await self._unsent.get()
            topic, data, is_retained = self._sending
            await client.publish(topic, data, qos=1, retain=is_retained)  # what fails is sent again, first
            self._sending = None

    def _commands(self) -> list[str]:
        return sorted({switch.topic for one in self.sensors.values() for switch in one.switches})

    def _told(self, message: aiomqtt.Message) -> None:
        topic, said = message.topic.value, bytes(message.payload).decode("utf-8", "replace")
        self.heard.append((topic, said))
        for one in self.sensors.values():
            for switch in one.switches:
                if switch.topic == topic and said in (switch.on, switch.off):
                    self._turn(one, switch, is_on=said == switch.on)

    def _turn(self, one: VirtualSensor, switch: Switch, *, is_on: bool) -> None:
        was_on = switch.point in one.is_on
        if is_on:
            one.is_on[switch.point] = time.monotonic() + (switch.hold_s or float("inf"))
        else:
            one.is_on.pop(switch.point, None)
        path = one.paths.get(switch.point, "")
        if path in one.values:
            one.values[path] = int(is_on)
        if switch.shown_at or was_on != is_on:
            self.say(one.address)

    async def _fall(self) -> None:
        while True:
            await asyncio.sleep(_PAUSE_S / 3)
            for one in self.sensors.values():
                for switch in one.switches:
                    if one.is_on.get(switch.point, float("inf")) <= time.monotonic():
                        self._turn(one, switch, is_on=False)


def _iso(one: VirtualSensor) -> str:
    return datetime.fromtimestamp(time.time() + one.faults.clock_skew_s, UTC).isoformat()


def _other(value: Value) -> Value:
    return not value if isinstance(value, bool) else 1 - int(value)

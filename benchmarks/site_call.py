"""From an elderly resident's button to the call for help: published by the gateway, told by the watch to its listeners.

A real broker, ``booth site run`` with as many call points as presses (each pressed once, so that none chatters), and a
gateway that publishes as ChirpStack does. The reference is a bare subscriber of the same messages at the same broker,
without a payload read, a rule or a journal.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import aiomqtt

from bench.broker import Broker, BrokerAway
from benchmarks.child import ROOT
from benchmarks.figure import Figure, Options, Unavailable, percentile
from benchmarks.site_process import connected, watching
from hardware.sensors.simulator import RadioPeer, VirtualSensor
from kiosk.site.feed import FEED_FILE, Line
from kiosk.site.messages import Changed, Told

EVERY_S = 0.02
WITHIN_S = 10.0
WARM = 3
SITE = """
[site]
id = "b-0007"
grid = "310115-12-03"
[link.radio]
kind = "mqtt"
where = "{0}"
"""
CALL = """
[device.call-{0}]
link = "radio"
profile = "call-point"
address = "application/1/device/c{0}"
[rule.call-{0}]
when = [{{ point = "call-{0}.button", is = ["pressed"] }}]
severity = "panic"
latch = true
do = [{{ act = "call", words = "Help is called" }}]
"""


def call(options: Options) -> Iterator[Figure]:
    """p99 and maximum of all presses."""
    count = options.times(200) + WARM
    with tempfile.TemporaryDirectory(prefix="booth-call-") as name:
        folder = Path(name)
        try:
            with Broker(folder / "broker", keeps=False) as broker:
                text = SITE.format(broker.where) + "".join(CALL.format(number) for number in range(count))
                (folder / "site.toml").write_text(text)
                with watching(folder / "site.toml", folder / "run", ROOT / "assets" / "site"):
                    ours, bare = asyncio.run(_pressed(folder / "run" / FEED_FILE, broker, count))
        except BrokerAway as error:
            raise Unavailable(str(error)) from None
    reference = f"bare subscriber of the same messages; {len(ours)} presses"
    yield Figure("site.call", percentile(ours, 99), "ms", reference, percentile(bare, 99), at_most=1000)
    yield Figure("site.call_max", max(ours), "ms", reference, max(bare), at_most=1000)


async def _pressed(feed: Path, broker: Broker, count: int) -> tuple[list[float], list[float]]:
    """Milliseconds from each press until the watch told it, and until a bare subscriber had it."""
    values = {"object.button": 0, "object.activity": 1, "object.battery": 95}
    sensors = [VirtualSensor(f"application/1/device/c{number}", dict(values), 3600) for number in range(count)]
    radio = RadioPeer(sensors, host=broker.host, port=broker.port)
    told: dict[str, float] = {}
    received: dict[str, float] = {}
    pressed: dict[str, float] = {}
    async with connected(feed, "screen") as line, aiomqtt.Client(broker.host, broker.port) as bare:
        await bare.subscribe("application/+/device/+/event/up", 1)
        await _online(line)
        await radio.start()
        tasks = [asyncio.create_task(_listen(line, told, count)), asyncio.create_task(_receive(bare, received, count))]
        try:
            for one in sensors:
                name = one.address.rpartition("/c")[2]
                pressed[name] = time.monotonic()
                radio.set(one.address, {"object.button": 1})
                await asyncio.sleep(EVERY_S)
            async with asyncio.timeout(WITHIN_S):
                await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await radio.stop()
    names = list(pressed)[WARM:]
    return tuple([(at[one] - pressed[one]) * 1000 for one in names] for at in (told, received))  # type: ignore[return-value]


async def _online(line: Line) -> None:
    """Wait until the watch listens to the broker."""
    if any(one.name == "radio" and one.state == "online" for one in line.snapshot.health):
        return
    async for message in line:
        if isinstance(message, Changed) and any(
            one.name == "radio" and one.state == "online" for one in message.health
        ):
            return


async def _listen(line: Line, told: dict[str, float], count: int) -> None:
    async for message in line:
        if isinstance(message, Told) and message.act == "call":
            told.setdefault(message.rule.removeprefix("call-"), time.monotonic())
        if len(told) == count:
            return


async def _receive(bare: aiomqtt.Client, received: dict[str, float], count: int) -> None:
    async for message in bare.messages:
        received.setdefault(message.topic.value.split("/")[3].removeprefix("c"), time.monotonic())
        if len(received) == count:
            return

"""A broker, sensors on it, and somebody who takes samples."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

import pytest

from bench.broker import Broker
from hardware.field import RawSample
from hardware.sensors import Reading, Sensor, Switch
from hardware.sensors.mqtt import MqttLink
from hardware.sensors.simulator import VirtualSensor

CALL, ZIGBEE = "application/1/device/c1", "zigbee2mqtt/hall"
VALVE = Switch("valve", f"{ZIGBEE}/set", "ON", "OFF", hold_s=1.0, longest_s=600, shown_at=ZIGBEE)
SENSORS = (
    Sensor(
        "call-1",
        (
            Reading("button", "object.button", f"{CALL}/event/up", rest=0, rest_s=1.0, is_word=True),
            Reading("battery", "object.battery", f"{CALL}/event/up"),
        ),
        every_s=60,
    ),
    Sensor(
        "hall", (Reading("smoke", "smoke", ZIGBEE, is_word=True),), every_s=60, switches=(VALVE,),
        availability=f"{ZIGBEE}/availability",
    ),
)  # fmt: skip


class Taken:
    """Takes samples; waits until there are some."""

    def __init__(self) -> None:
        self.samples: list[RawSample] = []
        self._came = asyncio.Event()

    def __call__(self, samples: Sequence[RawSample]) -> None:
        self.samples += samples
        self._came.set()

    def of(self, device: str, point: str = "") -> list[RawSample]:
        return [one for one in self.samples if (one.device, one.point) == (device, point)]

    def values(self, device: str, point: str) -> list[object]:
        """Of what came as news: neither kept, nor told by the driver itself."""
        return [one.value for one in self.of(device, point) if one.is_life and one.error is None]

    async def until(self, is_so: Callable[[], bool], within_s: float = 20.0) -> None:
        """Wait for more samples until it is so."""
        deadline = time.monotonic() + within_s
        while not is_so():
            self._came.clear()
            left_s = deadline - time.monotonic()
            assert left_s > 0, self.samples[-20:]
            try:
                await asyncio.wait_for(self._came.wait(), min(left_s, 0.5))
            except TimeoutError:
                continue

    async def until_link(self, *, is_up: bool) -> None:
        """Wait for the link's next word."""
        mark = len(self.of("radio"))
        await self.until(lambda: any((one.error is None) == is_up for one in self.of("radio")[mark:]))


@pytest.fixture
def broker(tmp_path):
    with Broker(tmp_path / "broker") as running:
        yield running


@pytest.fixture
def taken():
    return Taken()


@pytest.fixture
async def link(broker, taken):
    ours = MqttLink(SENSORS, host=broker.host, port=broker.port, name="radio", identity="b-0007-radio")
    await ours.open(taken)
    await taken.until_link(is_up=True)
    yield ours
    await ours.close()


def sensors() -> list[VirtualSensor]:
    return [
        VirtualSensor(
            CALL,
            {"object.button": 0, "object.battery": 95},
            60,
            rests={"object.button": 0},
            paths={"button": "object.button"},
        ),
        VirtualSensor(ZIGBEE, {"smoke": False, "state": 0}, 60, paths={"valve": "state"}, switches=(VALVE,)),
    ]

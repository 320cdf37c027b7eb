"""The broker of the radio sensors dies, hangs, or the watch does, and a pressed button is heard all the same.

The real watch as a process, a real broker, sensors as ChirpStack publishes them.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bench.broker import Broker
from hardware.sensors.simulator import RadioPeer, VirtualSensor
from tests.booth.site_stand import Ear, SiteStand

pytestmark = pytest.mark.peer

CALL = "application/1/device/c1"
PRESSED = "call-1.button/elderly-call"
RADIO = """
[link.radio]
kind = "mqtt"
where = "{where}"

[device.call-1]
link = "radio"
profile = "call-point"
address = "application/1/device/c1"

[device.attic-smoke]
link = "radio"
profile = "smoke-radio"
address = "application/1/device/a1"

[rule.elderly-call]
when = [{{ point = "call-1.button", is = ["pressed"] }}]
severity = "panic"
latch = true
do = [{{ act = "call", words = "Help is called" }}]
"""


@pytest.fixture
def broker(tmp_path: Path):
    with Broker(tmp_path / "broker") as running:
        yield running


@pytest.fixture
async def stand(tmp_path: Path, broker: Broker) -> AsyncIterator[SiteStand]:
    folder = tmp_path / "site"
    folder.mkdir()
    async with SiteStand(folder) as site:
        site.write(RADIO.format(where=broker.where))
        await site.start()
        yield site


@pytest.fixture
async def radio(broker: Broker) -> AsyncIterator[RadioPeer]:
    values = {"object.button": 0, "object.activity": 1, "object.battery": 95}
    call = VirtualSensor(CALL, values, 3600, rests={"object.button": 0}, paths={"button": "object.button"})
    smoke = VirtualSensor("application/1/device/a1", {"object.smoke": False, "object.battery": 90}, 3600)
    peer = RadioPeer([call, smoke], host=broker.host, port=broker.port)
    await peer.start()
    yield peer
    await peer.stop()


async def heard(ear: Ear) -> None:
    await ear.until(lambda: ear.state(PRESSED) in ("unack", "rtn_unack", "latched_unack"))
    await ear.until(lambda: any(told.rule == "elderly-call" and told.act == "call" for told in ear.told))


async def test_a_killed_broker_is_one_alarm_and_the_next_press_is_heard(
    stand: SiteStand, radio: RadioPeer, broker: Broker
) -> None:
    async with stand.listening() as ear:
        await ear.until(lambda: ear.health.get("radio") == "online")
        for address in radio.sensors:
            radio.say(address)
        await ear.until(lambda: ear.points.get("call-1.button") == "released")
        broker.kill()
        await ear.until(lambda: ear.health.get("radio") == "lost")
        await asyncio.sleep(1)
        announced = {key for key, alarm in ear.alarms.items() if alarm.is_announced}
        assert announced == {"radio/lost"}
        broker.start()
        await ear.until(lambda: ear.health.get("radio") == "online")
        # What was known is known again, with its age; no sensor had to speak for that.
        await ear.until(lambda: ear.state("radio/lost") != "unack")
        radio.set(CALL, {"button": 1})
        await heard(ear)


async def test_a_broker_that_hangs_is_lost_and_comes_back(stand: SiteStand, radio: RadioPeer, broker: Broker) -> None:
    async with stand.listening() as ear:
        await ear.until(lambda: ear.health.get("radio") == "online")
        broker.freeze()
        await ear.until(lambda: ear.health.get("radio") == "lost")
        broker.thaw()
        await ear.until(lambda: ear.health.get("radio") == "online")
        radio.set(CALL, {"button": 1})
        await heard(ear)


async def test_a_press_while_the_watch_is_dead_is_heard_when_it_lives(stand: SiteStand, radio: RadioPeer) -> None:
    async with stand.listening() as ear:
        await ear.until(lambda: ear.health.get("radio") == "online")
    await stand.end(signal.SIGKILL)
    radio.set(CALL, {"button": 1})
    await asyncio.sleep(0.5)
    await stand.start()
    async with stand.listening() as ear:
        await ear.until(lambda: ear.state(PRESSED) in ("unack", "rtn_unack", "latched_unack"))


async def test_what_the_broker_has_survives_its_own_death_too(
    stand: SiteStand, radio: RadioPeer, broker: Broker
) -> None:
    async with stand.listening() as ear:
        await ear.until(lambda: ear.health.get("radio") == "online")
    await stand.end(signal.SIGKILL)
    for _ in range(3):
        radio.set(CALL, {"button": 1})
    await asyncio.sleep(2.5)  # the broker saves what it keeps once a second
    broker.kill()
    broker.start()
    await stand.start()
    async with stand.listening() as ear:
        await ear.until(lambda: ear.state(PRESSED) in ("unack", "rtn_unack", "latched_unack"))

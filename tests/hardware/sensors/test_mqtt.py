"""The driver on a real broker, with gateways that behave and that do not."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.broker import Broker
from hardware.field import Auth, Command, Config, Garbage, Gone, Refused, Timeout
from hardware.sensors import Credentials, Reading, Sensor
from hardware.sensors.mqtt import MqttLink
from hardware.sensors.simulator import RadioPeer
from tests.hardware.sensors.conftest import CALL, SENSORS, ZIGBEE, sensors

pytestmark = pytest.mark.peer


@pytest.fixture
async def peer(broker):
    radio = RadioPeer(sensors(), host=broker.host, port=broker.port)
    await radio.start()
    yield radio
    await radio.stop()


async def test_a_pressed_button_is_a_sample_and_then_at_rest(link, peer, taken):
    peer.set(CALL, {"button": 1})
    await taken.until(lambda: taken.values("call-1", "button") == [1])
    await taken.until(lambda: [one.value for one in taken.of("call-1", "button")][-1] == 0)
    assert link.health()["call-1"].answered == 1
    assert all(one.at_s <= time.monotonic() for one in taken.samples)


async def test_heartbeats_come_by_themselves_and_scaled(broker, link, taken):
    radio = RadioPeer(sensors(), host=broker.host, port=broker.port, scale=0.001)
    await radio.start()
    await taken.until(lambda: len(taken.values("hall", "smoke")) >= 3)
    await radio.stop()


async def test_a_thousand_messages_come_once_and_in_order(link, peer, taken):
    for number in range(1000):
        peer.set(CALL, {"object.battery": number})
    await taken.until(lambda: len(taken.values("call-1", "battery")) >= 1000)
    assert taken.values("call-1", "battery") == list(range(1000))


async def test_what_is_delivered_twice_counts_once(link, peer, taken):
    peer.sensors[CALL].faults.repeat = 1.0
    for number in range(20):
        peer.set(CALL, {"object.battery": number})
    await taken.until(lambda: 19 in taken.values("call-1", "battery"))
    peer.set(ZIGBEE, {"smoke": True})
    await taken.until(lambda: taken.values("hall", "smoke") == [True])
    assert taken.values("call-1", "battery") == list(range(20))


@pytest.mark.parametrize(
    ("address", "device", "point", "told"), [(CALL, "call-1", "button", [1]), (ZIGBEE, "hall", "smoke", [True, True])]
)
async def test_what_was_not_acknowledged_comes_again(broker, peer, taken, address, device, point, told):
    """The wire breaks between hand-over and acknowledgement: told again where it has no identity, and never lost."""
    link = MqttLink(SENSORS, host=broker.host, port=broker.port, name="radio")
    broken: list[bool] = []

    def take(samples):
        taken(samples)
        if not broken and any(one.point == point and one.value for one in samples):
            broken.append(True)
            link._client._client.socket().shutdown(socket.SHUT_RDWR)

    await link.open(take)
    await taken.until_link(is_up=True)
    peer.set(address, {point: told[0]})
    await taken.until(lambda: link.connections == 2)
    peer.set(CALL, {"object.battery": 42})
    await taken.until(lambda: 42 in taken.values("call-1", "battery"))
    assert [value for value in taken.values(device, point) if value] == told
    await link.close()


async def test_what_was_said_while_we_were_away_comes_with_its_age(broker, link, peer, taken):
    await link.close()
    peer.set(CALL, {"button": 1})
    await asyncio.sleep(1.5)
    again = MqttLink(SENSORS, host=broker.host, port=broker.port, name="radio", identity="b-0007-radio")
    await again.open(taken)
    await taken.until(lambda: taken.values("call-1", "button") == [1])
    [press] = [one for one in taken.of("call-1", "button") if one.value == 1]
    assert time.monotonic() - press.at_s > 1.4
    peer.set(CALL, {"button": 1})  # what comes now is of now, whatever clock its gateway has
    await taken.until(lambda: len(taken.values("call-1", "button")) == 2)
    assert time.monotonic() - taken.of("call-1", "button")[-1].at_s < 1.4
    await again.close()


async def test_what_a_broker_keeps_for_all_is_old_and_no_life(broker, taken):
    radio = RadioPeer(sensors(), host=broker.host, port=broker.port)
    radio.sensors[CALL].is_retained = True
    radio.sensors[CALL].faults.clock_skew_s = -7200
    await radio.start()
    radio.set(CALL, {"object.battery": 11})
    await asyncio.sleep(0.3)
    await radio.stop()
    late = MqttLink(SENSORS, host=broker.host, port=broker.port, name="radio", identity="late")
    await late.open(taken)
    await taken.until(lambda: any(one.value == 11 for one in taken.of("call-1", "battery")))
    [kept] = [one for one in taken.of("call-1", "battery") if one.value == 11]
    assert not kept.is_life
    assert time.monotonic() - kept.at_s >= 7200
    assert late.health()["call-1"].answered == 0
    await late.close()


async def test_a_killed_broker_is_the_link_s_loss_and_comes_back_with_what_it_kept(broker, link, peer, taken):
    peer.set(CALL, {"object.battery": 50})
    await taken.until(lambda: taken.values("call-1", "battery") == [50])
    broker.kill()
    await taken.until(lambda: any(isinstance(one.error, Gone) for one in taken.of("hall", "smoke")))
    await taken.until(lambda: any(isinstance(one.error, Gone) for one in taken.of("radio")))
    before = len(taken.samples)
    broker.start()
    await taken.until_link(is_up=True)
    again = [one for one in taken.samples[before:] if (one.device, one.point, one.value) == ("call-1", "battery", 50)]
    assert again
    assert not any(one.is_life for one in again)
    peer.set(CALL, {"button": 1})
    await taken.until(lambda: 1 in taken.values("call-1", "button"))


async def test_a_broker_that_hangs_is_found(broker, link, taken):
    broker.freeze()
    mark = len(taken.of("radio"))
    await taken.until(lambda: sum(one.error is not None for one in taken.of("radio")[mark:]) >= 5)
    assert isinstance(taken.of("radio")[-1].error, Timeout)
    await taken.until(lambda: any(isinstance(one.error, Gone) for one in taken.of("hall", "smoke")))
    held = len(os.listdir("/proc/self/fd"))
    await asyncio.sleep(5)  # it goes on trying, and nothing piles up
    assert len(os.listdir("/proc/self/fd")) <= held + 1
    broker.thaw()
    await taken.until_link(is_up=True)


@pytest.mark.parametrize("knob", ["garbage", "truncate"])
async def test_broken_messages_are_samples(link, peer, taken, knob):
    setattr(peer.sensors[CALL].faults, knob, 1.0)
    peer.set(CALL, {"button": 1})
    await taken.until(lambda: any(isinstance(one.error, Garbage) for one in taken.of("call-1", "button")))
    peer.sensors[CALL].faults = type(peer.sensors[CALL].faults)()
    peer.set(CALL, {"button": 1})
    await taken.until(lambda: taken.values("call-1", "button") == [1])


async def test_drops_delays_frozen_flapping_and_rebooting_sensors(link, peer, taken):
    one = peer.sensors[CALL]
    one.faults.drop = 1.0
    peer.set(CALL, {"object.battery": 1})
    one.faults.drop, one.faults.is_frozen = 0.0, True
    peer.set(CALL, {"object.battery": 2})
    await taken.until(lambda: taken.values("call-1", "battery") == [1])  # set before it froze, said now
    one.faults.is_frozen, one.faults.delay_s = False, 0.3
    peer.set(CALL, {"object.battery": 3})
    await taken.until(lambda: taken.values("call-1", "battery") == [1, 3])
    one.faults.delay_s = 0.0
    peer.restart(CALL)  # it counts from the beginning
    peer.set(CALL, {"object.battery": 4})
    await taken.until(lambda: taken.values("call-1", "battery")[-1] == 4)
    one.faults.flap = 20.0
    await taken.until(lambda: {0, 1} <= set(taken.values("call-1", "button")))


async def test_any_bytes_leave_it_alive(link, peer, taken):
    came: list[bytes] = []

    @settings(max_examples=150, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.binary(max_size=200))
    def publish(data):
        came.append(data)
        peer.publish(f"{CALL}/event/up", data)

    publish()
    peer.publish(f"{CALL}/event/up", b"{" + b"x" * 100_000)
    peer.publish(f"{CALL}/event/up", b"[" * 60_000)
    peer.set(CALL, {"button": 1})
    await taken.until(lambda: taken.values("call-1", "button") == [1])
    assert link.health()["call-1"].garbage >= 1
    assert link.connections == 1


async def test_another_device_of_the_broker_is_nobody(link, peer, taken):
    peer.publish("application/1/device/stranger/event/up", b'{"object": {"button": 1}}')
    peer.set(ZIGBEE, {"smoke": True})
    await taken.until(lambda: taken.values("hall", "smoke") == [True])
    assert not taken.values("call-1", "button")


async def test_a_command_ends_when_the_device_shows_it_and_falls_with_the_watch(link, peer, taken):
    link.keep(3.0)
    await link.command(Command("hall", "valve", 1), within_s=5)
    assert peer.heard == [(f"{ZIGBEE}/set", "ON")]
    assert peer.sensors[ZIGBEE].values["state"] == 1
    await asyncio.sleep(1.6)
    assert "valve" in peer.sensors[ZIGBEE].is_on  # told again within its hold time
    await taken.until(lambda: ("zigbee2mqtt/hall/set", "OFF") in peer.heard)
    assert "valve" not in peer.sensors[ZIGBEE].is_on


async def test_a_command_that_nobody_shows_times_out(link, taken):
    with pytest.raises(Timeout, match="did not confirm"):
        await link.command(Command("hall", "valve", 1, 1.0), within_s=0.5)


async def test_a_command_without_a_broker_is_gone_and_off_is_told_when_it_is_back(broker, link, peer, taken):
    link.keep(60)
    await link.command(Command("hall", "valve", 1), within_s=5)
    broker.kill()
    await taken.until(lambda: any(isinstance(one.error, Gone) for one in taken.of("hall", "smoke")))
    with pytest.raises(Gone):
        await link.command(Command("hall", "valve", 0), within_s=1)
    broker.start()
    await taken.until(lambda: ("zigbee2mqtt/hall/set", "OFF") in peer.heard)


async def test_refusals(link):
    with pytest.raises(Refused):
        await link.command(Command("call-1", "button", 1, 1.0), within_s=1)
    with pytest.raises(Refused, match="cannot be asked"):
        await link.poll("call-1", within_s=1)
    with pytest.raises(Config):
        await link.poll("stranger", within_s=1)


async def test_names_passwords_and_rules(tmp_path, taken, monkeypatch):
    monkeypatch.setattr("hardware.sensors.mqtt.BACKLOG_S", 0.5)
    rules = f"user booth\ntopic read {CALL}/#\nuser other\ntopic write #\n"
    with Broker(tmp_path / "locked", users={"booth": "right", "other": "x"}, rules=rules) as broker:
        wrong = MqttLink(SENSORS, host=broker.host, port=broker.port, name="radio",
                         credentials=Credentials("booth", "wrong"))  # fmt: skip
        await wrong.open(taken)
        await taken.until(lambda: any(isinstance(one.error, Auth) for one in taken.of("call-1", "button")))
        await asyncio.sleep(2.5)
        assert wrong.connections == 0
        assert (tmp_path / "locked" / "broker.log").read_text().count("not authorised") <= 2  # no storm
        await wrong.close()
        right = MqttLink(SENSORS, host=broker.host, port=broker.port, name="radio",
                         credentials=Credentials("booth", "right"))  # fmt: skip
        await right.open(taken)
        await taken.until_link(is_up=True)  # its own messages are not allowed either, and still answered
        other = RadioPeer(sensors(), host=broker.host, port=broker.port, credentials=Credentials("other", "x"))
        await other.start()
        other.sensors[CALL].faults.clock_skew_s = -7200
        await asyncio.sleep(0.6)
        other.set(CALL, {"button": 1})  # nor is the end of the backlog heard: it is over by time
        await taken.until(lambda: taken.values("call-1", "button") == [1])
        await other.stop()
        await right.close()
    assert "right" not in repr(Credentials("booth", "right"))


@pytest.mark.parametrize("topic", ["", "a/+/b", "#", "x\0"])
def test_topics_that_cannot_be(topic):
    with pytest.raises(Config):
        MqttLink([Sensor("a", (Reading("p", "p", topic),), 60)], host="h")


def test_no_sensor_and_one_twice():
    for found in ([], [SENSORS[0], SENSORS[0]]):
        with pytest.raises(Config):
            MqttLink(found, host="h")


async def test_the_far_end_says_what_chirpstack_says(broker, peer, link, taken):
    peer.set(CALL, {"button": 1})
    await taken.until(lambda: taken.values("call-1", "button") == [1])
    topic, data = peer._message(peer.sensors[CALL])
    body = json.loads(data)
    assert topic == f"{CALL}/event/up"
    assert {"deduplicationId", "time", "deviceInfo", "devAddr", "fCnt", "fPort", "data", "object", "rxInfo"} <= set(
        body
    )

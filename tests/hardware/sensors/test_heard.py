"""One radio sensor's messages: in order, once, with their age; and its silence."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from hardware.field import Garbage, Gone, Timeout
from hardware.sensors import Reading, Sensor
from hardware.sensors.heard import Heard

UP = "application/1/device/c1/event/up"
WALL = 1_700_000_000.0
SENSOR = Sensor(
    "call-1",
    (
        Reading("button", "object.button", UP, rest=0, rest_s=10, is_word=True),
        Reading("battery", "object.battery", UP),
    ),
    every_s=60,
)


def uplink(number: int, sent_s: float | None = WALL, identity: str = "", **values: object) -> bytes:
    body: dict[str, object] = {"fCnt": number, "object": values}
    if sent_s is not None:
        body["time"] = datetime.fromtimestamp(sent_s, UTC).isoformat()
    return json.dumps(body | ({"deduplicationId": identity} if identity else {})).encode()


def seen(samples):
    return [(one.point, one.error.word if one.error else one.value) for one in samples]


def heard(sensor=SENSOR, now_s=0.0):
    one = Heard(sensor, now_s)
    one.link_up(now_s, WALL)
    return one


def test_a_message_is_samples_and_a_sign_of_life():
    one = heard()
    samples = one.take(UP, uplink(1, button=1, battery=90), 5.0, WALL)
    assert seen(samples) == [("button", 1), ("battery", 90)]
    assert all(sample.is_life and sample.device == "call-1" and sample.at_s == 5.0 for sample in samples)
    assert one.health.answered == 1
    assert one.health.answered_s == 5.0


def test_a_button_is_at_rest_again_by_itself():
    one = heard()
    one.take(UP, uplink(1, button=1), 5.0, WALL)
    assert one.tick(14.9, WALL) == []
    [rest] = one.tick(15.0, WALL)
    assert (rest.point, rest.value, rest.is_life) == ("button", 0, False)
    assert one.tick(16.0, WALL) == []


def test_a_button_that_says_so_is_at_rest_at_once_and_once():
    one = heard()
    one.take(UP, uplink(1, button=1), 5.0, WALL)
    assert seen(one.take(UP, uplink(2, button=0), 6.0, WALL)) == [("button", 0)]
    assert one.tick(20.0, WALL) == []


def test_one_uplink_delivered_again_is_dropped():
    one = heard()
    assert one.take(UP, uplink(1, identity="x", button=1), 5.0, WALL)
    assert one.take(UP, uplink(1, identity="x", button=1), 5.1, WALL) == []
    assert one.take(UP, uplink(1, WALL + 2, button=1), 7.0, WALL) == []  # repeated by radio, without its identity
    assert one.health.asked == 1


def test_another_content_is_news_under_any_number():
    one = heard()
    one.take(UP, uplink(0, button=0), 5.0, WALL)
    assert seen(one.take(UP, uplink(0, WALL + 1, button=1), 6.0, WALL)) == [("button", 1)]


def test_an_overtaken_press_is_told_and_then_the_newer_state():
    one = heard()
    one.take(UP, uplink(8, WALL + 1, button=0, battery=80), 5.0, WALL)
    late = one.take(UP, uplink(7, WALL, button=1, battery=90), 6.0, WALL)
    assert seen(late) == [("button", 1), ("button", 0)]  # and the battery is not turned back
    assert one.health.late == 1
    assert one.tick(20.0, WALL) == []


@pytest.mark.parametrize(("number", "sent_s"), [(0, WALL + 60), (0, None), (7, WALL + 60)])
def test_a_count_that_began_anew_is_not_overtaken(number, sent_s):
    one = heard()
    one.take(UP, uplink(1000 if sent_s is None else 8, sent_s and WALL, button=0), 5.0, WALL)
    assert seen(one.take(UP, uplink(number, sent_s, battery=70, button=1), 65.0, WALL)) == [
        ("button", 1),
        ("battery", 70),
    ]
    assert one.health.late == 0


def test_what_a_broker_kept_has_its_age_and_is_no_life():
    one = heard(now_s=1000.0)
    samples = one.take(UP, uplink(1, WALL - 500, button=0, battery=60), 1000.0, WALL, is_retained=True)
    assert [(one.at_s, one.wall_s, one.is_life) for one in samples] == [(500.0, WALL - 500, False)] * 2
    assert one.health.asked == 0
    assert seen(one.tick(1066.0, WALL)) == [("button", "timeout"), ("battery", "timeout")]


def test_what_a_broker_kept_without_a_time_is_as_old_as_silence_may_be():
    [sample] = heard(now_s=1000.0).take(UP, uplink(1, None, battery=60), 1000.0, WALL, is_retained=True)
    assert sample.at_s == pytest.approx(1000 - 132)


def test_what_a_broker_kept_does_not_turn_back_what_is_known():
    one = heard(now_s=1000.0)
    one.take(UP, uplink(5, button=0, battery=70), 1000.0, WALL)
    assert one.take(UP, uplink(90, WALL - 500, button=1, battery=60), 1001.0, WALL, is_retained=True) == []


def test_the_backlog_has_its_age_and_is_life_while_young():
    one = heard(now_s=1000.0)
    [young] = one.take(UP, uplink(1, WALL - 30, battery=60), 1000.0, WALL, is_backlog=True)
    assert (young.at_s, young.is_life) == (970.0, True)
    [old] = one.take(UP, uplink(2, WALL - 300, battery=60), 1000.0, WALL, is_backlog=True)
    assert (old.at_s, old.is_life) == (700.0, False)


def test_a_clock_that_is_wrong_does_not_age_what_comes_live():
    one = heard(now_s=1000.0)
    for skew_s in (-1e6, 1e6):
        [sample] = one.take(UP, uplink(int(skew_s > 0) + 1, WALL + skew_s, battery=60), 1000.0, WALL)
        assert (sample.at_s, sample.is_life) == (1000.0, True)


def test_a_clock_that_is_wrong_is_measured_by_what_comes_live():
    sensor = Sensor("c", (Reading("clock_offset", "time", UP, is_offset=True),), 60)
    one = heard(sensor)
    assert seen(one.take(UP, uplink(1, WALL + 5), 5.0, WALL)) == [("clock_offset", 5.0)]
    assert seen(one.take(UP, uplink(2, WALL - 90), 6.0, WALL)) == [("clock_offset", -90.0)]
    assert seen(one.take(UP, uplink(3, WALL - 500), 7.0, WALL, is_backlog=True)) == []
    assert seen(one.take(UP, uplink(4, WALL - 500), 8.0, WALL, is_retained=True)) == []
    assert seen(one.take(UP, uplink(5, None), 9.0, WALL)) == [("", True)]


def test_a_clock_that_was_set_back_overtakes_nothing_of_a_device_without_a_count():
    sensor = Sensor("b", (Reading("action", "action", "zigbee2mqtt/b", is_word=True),), 60)
    one = heard(sensor)
    for sent in ("2024-05-01T12:00:00Z", "2024-05-01T11:00:00Z"):
        data = json.dumps({"action": "single", "last_seen": sent}).encode()
        assert seen(one.take("zigbee2mqtt/b", data, 5.0, WALL)) == [("action", "single")]


def test_silence_is_told_once_an_interval():
    one = heard()
    assert one.tick(65.9, WALL) == []
    first = one.tick(66.0, WALL)
    assert seen(first) == [("button", "timeout"), ("battery", "timeout")]
    assert not any(sample.is_life for sample in first)  # the watch counts an interval's silence itself
    assert one.tick(66.8, WALL) == []
    assert len(one.tick(132.0, WALL)) == 2
    assert one.health.timeouts == 2


def test_a_message_ends_the_silence():
    one = heard()
    one.tick(66.0, WALL)
    one.take(UP, uplink(1, battery=70), 70.0, WALL)
    assert one.tick(135.9, WALL) == []
    assert len(one.tick(136.0, WALL)) == 2


def test_garbage_is_a_sample_and_no_sign_of_life():
    one = heard()
    samples = one.take(UP, b"\xff{", 5.0, WALL)
    assert seen(samples) == [("button", "garbage"), ("battery", "garbage")]
    assert all(isinstance(sample.error, Garbage) and sample.is_life for sample in samples)
    assert len(one.tick(66.0, WALL)) == 2  # its interval is not over with that


def test_one_point_without_sense_leaves_the_others():
    samples = heard().take(UP, uplink(1, button=[1], battery=90), 5.0, WALL)
    assert seen(samples) == [("button", "garbage"), ("battery", 90)]
    assert [sample.is_life for sample in samples] == [False, True]


def test_a_message_without_any_point_is_a_sign_of_life():
    [sample] = heard().take(UP, uplink(1, other=3), 5.0, WALL)
    assert (sample.point, sample.error, sample.is_life) == ("", None, True)


def test_a_lost_link_takes_all_points_and_gives_them_back_with_their_age():
    one = heard()
    one.take(UP, uplink(1, button=0, battery=90), 5.0, WALL)
    lost = one.link_lost(Gone(), 20.0, WALL)
    assert seen(lost) == [("button", "gone"), ("battery", "gone")]
    assert not any(sample.is_life for sample in lost)
    assert one.tick(500.0, WALL) == []  # nobody could have heard it
    back = one.link_up(600.0, WALL)
    assert seen(back) == [("button", 0), ("battery", 90)]
    assert all(sample.at_s == 5.0 and not sample.is_life for sample in back)
    assert one.tick(665.9, WALL) == []
    assert len(one.tick(666.1, WALL)) == 2


def test_a_button_held_when_the_link_is_lost_is_at_rest_when_it_is_back():
    one = heard()
    one.take(UP, uplink(1, button=1), 5.0, WALL)
    one.link_lost(Gone(), 6.0, WALL)
    assert one.tick(30.0, WALL) == []
    assert seen(one.link_up(40.0, WALL))[0] == ("button", 0)


def test_what_never_spoke_says_so_when_the_link_is_up():
    [button, battery] = Heard(SENSOR, 0.0).link_up(1.0, WALL)
    assert isinstance(button.error, Timeout)
    assert isinstance(battery.error, Timeout)
    assert not button.is_life


def test_a_moment_is_not_lived_twice():
    sensor = Sensor("b", (Reading("action", "action", "t", is_word=True, is_event=True),), 60)
    one = heard(sensor)
    assert seen(one.take("t", b'{"action": "single"}', 5.0, WALL)) == [("action", "single")]
    assert one.link_lost(Gone(), 6.0, WALL) == []
    assert one.link_up(7.0, WALL) == []
    assert one.tick(200.0, WALL) == []
    assert one.health.timeouts == 1
    assert one.take("t", b'{"action": "double"}', 201.0, WALL, is_retained=True) == []
    assert seen(one.take("t", b'{"action": "single"}', 202.0, WALL)) == [("action", "single")]


ZIGBEE = Sensor("z", (Reading("smoke", "smoke", "zigbee2mqtt/z"),), 60, availability="zigbee2mqtt/z/availability")


@pytest.mark.parametrize("data", [b"offline", b'{"state": "offline"}'])
def test_a_gateway_that_says_offline(data):
    one = heard(ZIGBEE)
    [sample] = one.take("zigbee2mqtt/z/availability", data, 5.0, WALL)
    assert isinstance(sample.error, Timeout)
    assert sample.is_life
    [kept] = one.take("zigbee2mqtt/z/availability", data, 6.0, WALL, is_retained=True)
    assert not kept.is_life


@pytest.mark.parametrize("data", [b"online", b'{"state": "online"}', b"\xff", b"[]"])
def test_a_gateway_that_says_online_says_nothing(data):
    one = heard(ZIGBEE)
    assert one.take("zigbee2mqtt/z/availability", data, 5.0, WALL) == []
    assert one.health.answered == 0

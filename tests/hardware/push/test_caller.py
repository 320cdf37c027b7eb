"""What one device told, from call to call: without a clock of its own, so every time is said here."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone

import pytest

from hardware.push import Bounds, Credential, PushDevice, PushPoint
from hardware.push.caller import LATE_S, MOST_EVENTS, REPEAT_S, Caller, raw, when
from hardware.push.gate import Gate

SECRET = Credential("camera", "not-a-real-password")
BEGAN = 1_790_000_000.0


def caller(time_path: str = "t", id_path: str = "id") -> Caller:
    event = PushPoint(
        "event", "event", "e", frozenset({"1"}), "who", lambda _, late: "late" if late else "now", id_path
    )
    points = (PushPoint("online", "heard"), event, PushPoint("lane", "state", "lane"), PushPoint("clock", "clock"))
    return Caller(PushDevice("a", "10.0.0.1", SECRET, points, 1.8, 0.9, time_path), 0.0)


def at(seconds: float) -> str:
    return datetime.fromtimestamp(BEGAN + seconds, timezone(timedelta(hours=8))).isoformat()


def test_five_missed_heartbeats_fit_into_the_ten_seconds_of_a_camera() -> None:
    one = caller()
    one.take({}, 0.0, BEGAN)
    dues = []
    for _ in range(5):
        dues.append(one.due_s)
        told = one.missed()
    assert dues == pytest.approx([2.7, 4.5, 6.3, 8.1, 9.9])
    assert told == {"online": False}
    assert one.missed() == {}  # told once


def test_what_a_lost_device_said_last_is_no_state_any_more() -> None:
    one = caller()
    assert one.take({"lane": "blocked"}, 0.0, BEGAN) == {"online": True, "lane": "blocked"}
    assert one.take({}, 1.8, BEGAN)["lane"] == "blocked"
    for _ in range(4):
        one.missed()
    assert one.take({}, 10.0, BEGAN)["lane"] == "blocked"
    for _ in range(5):
        one.missed()
    assert "lane" not in one.take({}, 20.0, BEGAN)


def test_late_is_by_the_devices_own_clock_and_what_cannot_be_told_is_late() -> None:
    one = caller()
    ahead = 7200.0
    assert one.take({"t": at(ahead)}, 0.0, BEGAN)["clock"] == pytest.approx(ahead)
    assert one.take({"e": 1, "id": "a", "t": at(ahead + 1)}, 1.0, BEGAN + 1)["event"] == "now"
    assert one.take({"e": 1, "id": "b", "t": at(ahead + 1 - LATE_S)}, 2.0, BEGAN + 2)["event"] == "late"
    assert one.take({"e": 1, "id": "c"}, 3.0, BEGAN + 3)["event"] == "late"
    assert "clock" not in one.take({"e": 1, "id": "d", "t": at(0)}, 4.0, BEGAN + 4)  # an old event is no clock
    fresh = caller()  # without a dated heartbeat, by ours
    assert fresh.take({"e": 1, "id": "a", "t": at(0)}, 0.0, BEGAN + LATE_S - 1)["event"] == "now"
    assert fresh.take({"e": 1, "id": "b", "t": at(0)}, 0.0, BEGAN + LATE_S + 1)["event"] == "late"
    assert caller(time_path="").take({"e": 1}, 0.0, BEGAN)["event"] == "now"  # a profile without times


def test_the_same_event_is_told_once() -> None:
    one = caller()
    event = {"e": 1, "id": "a", "t": at(0), "who": "x"}
    assert "event" in one.take(event, 0.0, BEGAN)
    assert "event" not in one.take({**event, "t": at(5)}, 5.0, BEGAN)  # the id counts
    assert "event" not in one.take(event, REPEAT_S - 1, BEGAN)
    assert "event" in one.take(event, REPEAT_S + 1, BEGAN)
    without = caller(id_path="")
    assert "event" in without.take(event, 0.0, BEGAN)
    assert "event" not in without.take(event, 5.0, BEGAN)
    assert "event" in without.take({**event, "who": "y"}, 5.0, BEGAN)
    undated = caller(time_path="", id_path="")
    assert "event" in undated.take({"e": 1}, 0.0, BEGAN)
    assert "event" not in undated.take({"e": 1}, 2.0, BEGAN)
    assert "event" in undated.take({"e": 1}, 4.0, BEGAN)
    for number in range(2 * MOST_EVENTS):
        one.take({"e": 1, "id": number}, 1000.0, BEGAN)
    assert len(one._events) == MOST_EVENTS


def test_fields_as_the_watch_compares_them_and_times() -> None:
    assert [raw(one) for one in ("75", "36.5", "true", "沪", 7, False)] == [75, 36.5, True, "沪", 7, False]
    assert [raw(one) for one in ("nan", "inf", "1e5", "0x1")] == ["nan", "inf", "1e5", "0x1"]
    assert len(str(raw("x" * 500))) == 64
    assert when("2026-11-22T21:00:00+08:00", UTC) == when("2026-11-22T13:00:00Z", UTC)
    assert when("2026-11-22 21:00:00", timezone(timedelta(hours=8))) == when("2026-11-22T13:00:00Z", UTC)
    assert when(1_790_000_000_123, UTC) == 1_790_000_000.123
    for none in (None, True, "", "yesterday", 5, -1e9, math.inf, math.nan, "0001-01-01T00:00:00+14:00"):
        found = when(none, UTC)
        assert found is None or found < 0


def test_a_gate_knows_each_source_and_no_stranger() -> None:
    gate = Gate(["10.0.0.1"], Bounds(connections=2, strangers=1, per_s=5, body_bytes=100, bytes_per_s=100), 0.0)
    assert [gate.enter("10.0.0.1", 0.0) for _ in range(3)] == [True, True, False]
    assert [gate.enter(f"10.9.9.{n}", 0.0) for n in range(2)] == [True, False]
    gate.leave("10.9.9.0")
    assert gate.enter("10.9.9.7", 0.0)
    assert sum(gate.may_ask("10.0.0.1", 0.0) for _ in range(50)) == 10
    assert sum(gate.may_ask("10.0.0.1", 1.0) for _ in range(50)) == 5
    assert gate.wait_s("10.0.0.1", 200, 0.0) == 0.0
    assert gate.wait_s("10.0.0.1", 150, 0.0) == pytest.approx(1.5)
    assert gate.wait_s("10.0.0.1", 0, 2.0) == 0.0

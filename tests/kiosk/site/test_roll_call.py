"""Who answered, who did not: devices by their samples, links by their devices, and silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from hardware.field import Auth, Busy, Config, FieldError, Garbage, Gone, RawSample, Refused, Timeout
from kiosk.site.plan import Plan
from kiosk.site.points import Cause
from kiosk.site.roll_call import Heard, RollCall
from kiosk.site.site_file import load

PROFILES = Path(__file__).resolve().parents[3] / "assets" / "site"


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load(PROFILES / "example" / "site.toml", PROFILES)


def sample(device: str, error: FieldError | None = None, took_s: float = 0.0) -> RawSample:
    return RawSample(device, "p", None if error else 1, error, 0.0, 0.0, took_s)


def words(heard: list[Heard]) -> list[str]:
    return [f"{one.name} {one.cause.value or 'answered'}" for one in heard]


def never(_: str) -> float:
    return 0.0


def test_an_answer_speaks_for_the_device_and_its_link(plan: Plan) -> None:
    roll = RollCall(plan, 0.0)
    assert roll.take([sample("gate", took_s=0.04), sample("gate", took_s=0.04)], 1.0) == [
        Heard("gate", Cause.NONE, 0.04),
        Heard("yard", Cause.NONE),
    ]


@pytest.mark.parametrize("error", [Refused("no"), Busy(), Auth(), Config()])
def test_who_refuses_is_there(plan: Plan, error: FieldError) -> None:
    assert words(RollCall(plan, 0.0).take([sample("gate", error)], 1.0)) == ["gate answered", "yard answered"]


@pytest.mark.parametrize("error", [Timeout(), Garbage(), Gone()])
def test_who_says_nothing_or_nonsense_is_not(plan: Plan, error: FieldError) -> None:
    assert words(RollCall(plan, 0.0).take([sample("gate", error)], 1.0)) == [f"gate {error.word}"]


def test_one_point_that_makes_no_sense_is_not_the_device(plan: Plan) -> None:
    assert words(RollCall(plan, 0.0).take([sample("gate"), sample("gate", Garbage())], 1.0))[0] == "gate answered"
    both = [sample("gate", Garbage()), sample("gate", Garbage())]
    assert words(RollCall(plan, 0.0).take(both, 1.0)) == ["gate garbage"]


def test_a_point_told_in_any_case_does_not_make_a_silent_device_speak(plan: Plan) -> None:
    told = [sample("fibre", Timeout()), sample("fibre")]  # reachable = 0 beside a time-out
    assert words(RollCall(plan, 0.0).take(told, 1.0)) == ["fibre timeout"]


def test_a_link_is_missed_when_all_fail_and_the_wire_is_gone_once_a_second(plan: Plan) -> None:
    roll = RollCall(plan, 0.0)
    roll.take([sample("gate", Gone())], 1.0)
    assert "yard gone" not in words(roll.tick(1.1, never))  # the valve may still answer
    roll.take([sample("valve", Timeout())], 1.2)
    assert words(roll.tick(1.3, never)).count("yard gone") == 1
    assert words(roll.tick(1.4, never)).count("yard gone") == 0
    assert words(roll.tick(2.3, never)).count("yard gone") == 1
    assert "yard answered" in words(roll.take([sample("valve")], 2.5))
    assert "yard gone" not in words(roll.tick(9.0, never))


def test_silence_of_what_is_asked_counts_after_two_periods_and_of_what_tells_after_one(plan: Plan) -> None:
    roll = RollCall(plan, 0.0)
    assert "hall-smoke timeout" not in words(roll.tick(0.19, never))
    assert words(roll.tick(0.21, never)).count("hall-smoke timeout") == 1
    assert words(roll.tick(0.32, never)).count("hall-smoke timeout") == 1
    assert "plates timeout" not in words(roll.tick(3.5, never))  # every 1.8 s; its driver tells each miss after 2.7 s
    assert "plates timeout" in words(roll.tick(3.7, never))
    period_s = plan.every_s("attic-smoke")
    assert "attic-smoke timeout" not in words(roll.tick(1.09 * period_s, never))
    assert "attic-smoke timeout" in words(roll.tick(1.11 * period_s, never))


def test_a_driver_that_had_an_answer_breaks_the_silence(plan: Plan) -> None:
    roll = RollCall(plan, 0.0)
    found = words(roll.tick(0.21, lambda device: 0.2 if device == "release" else 0.0))
    assert "release answered" in found
    assert "release timeout" not in found
    assert "release timeout" in words(roll.tick(0.5, lambda device: 0.2 if device == "release" else 0.0))


def test_strangers_are_nobody(plan: Plan) -> None:
    assert RollCall(plan, 0.0).take([sample("ghost")], 1.0) == []


def test_a_link_nobody_serves_is_gone(plan: Plan) -> None:
    roll = RollCall(plan, 0.0)
    roll.gone("yard")
    assert "yard gone" in words(roll.tick(0.1, never))


def test_a_driver_s_own_word_about_its_link_is_the_link_s_only(plan: Plan) -> None:
    roll = RollCall(plan, 0.0)
    roll.gone("radio")
    assert roll.take([RawSample("radio", "", True, None, 1.0, 0.0, 0.002)], 1.0) == [Heard("radio", Cause.NONE, 0.002)]
    assert "radio gone" not in words(roll.tick(2.0, never))  # it is there again, though no device spoke
    assert words(roll.take([RawSample("radio", "", None, Gone(), 3.0, 0.0)], 3.0)) == ["radio gone"]


def test_what_was_only_kept_is_neither_a_sign_of_life_nor_a_miss(plan: Plan) -> None:
    roll = RollCall(plan, 0.0)
    for error in (None, Timeout(), Gone()):
        kept = RawSample("call-1", "button", None if error else 0, error, 0.0, 0.0, is_life=False)
        assert roll.take([kept], 30.0) == []
    assert "call-1 timeout" in words(roll.tick(66.0, never))

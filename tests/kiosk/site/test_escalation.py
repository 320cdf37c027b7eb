"""A fire that nobody acknowledges is told again, twice, once each."""

from __future__ import annotations

from kiosk.site.alarm_states import Severity
from kiosk.site.alarms import Act, Alarms, Definition, Key
from kiosk.site.escalation import Escalation

FIRE, FAULT = Key("a.loop", "fire"), Key("b.loop", "fault")


def alarms() -> Alarms:
    found = Alarms([Definition(FIRE, Severity.FIRE, True), Definition(FAULT, Severity.FAULT)])
    found.raise_(FIRE, 100.0)
    found.raise_(FAULT, 100.0)
    return found


def test_after_30_s_a_second_channel_and_after_90_s_the_platform_once_each() -> None:
    escalation, there = Escalation(), alarms()
    told = [(now, whom) for now in range(100, 300) for _, whom in escalation.tick(there.all(), float(now))]
    assert told == [(130, "second channel"), (190, "platform")]


def test_gone_without_acknowledgement_it_goes_on_and_acknowledged_it_ends() -> None:
    escalation, there = Escalation(), alarms()
    there.clear(FIRE, 110.0)
    assert escalation.tick(there.all(), 131.0) == [(FIRE, "second channel")]
    there.acknowledge(FIRE, Act("staff", 150.0))
    assert escalation.tick(there.all(), 200.0) == []
    there.raise_(FIRE, 300.0)
    assert escalation.tick(there.all(), 331.0) == [(FIRE, "second channel")]


def test_a_restart_does_not_tell_again() -> None:
    escalation, there = Escalation(), alarms()
    escalation.tick(there.all(), 131.0)
    again = Escalation(escalation.stages)
    assert again.tick(there.all(), 140.0) == []
    assert again.tick(there.all(), 191.0) == [(FIRE, "platform")]


def test_out_of_service_it_is_quiet() -> None:
    there = alarms()
    there.take_out_of_service(FIRE, Act("staff", 101.0, reason="repair"), 3600)
    assert Escalation().tick(there.all(), 200.0) == []

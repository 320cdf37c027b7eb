"""Outputs on a broker: leases that end."""

from __future__ import annotations

import pytest

from hardware.field import Command, Refused
from hardware.sensors import Sensor, Switch
from hardware.sensors.switches import Switches

VALVE = Switch("valve", "zigbee2mqtt/v/set", "ON", "OFF", hold_s=1.5, longest_s=600)
KEY = ("v", "valve")


def switches(switch=VALVE):
    return Switches([Sensor("v", (), 60, (switch,))])


def told(found):
    return [is_on for _, _, is_on in found]


def test_what_stands_is_told_again_within_its_hold_time_and_ends_with_the_watch():
    ours = switches()
    ours.keep(5.0)
    ours.take(Command("v", "valve", 1), 0.0)
    assert ours.due(0.4) == []
    assert told(ours.due(0.5)) == [True]
    ours.keep(6.0)
    assert told(ours.due(5.9)) == [True]
    assert told(ours.due(6.0)) == [False]
    ours.keep(100.0)  # what was let go is not taken back
    assert told(ours.due(7.0)) == [False]
    ours.done(KEY, is_on=False)
    assert ours.due(8.0) == []


def test_a_time_that_is_given_ends_it():
    ours = switches()
    ours.take(Command("v", "valve", 1, 3.0), 0.0)
    assert told(ours.due(2.9)) == [True]
    assert told(ours.due(3.0)) == [False]


def test_asked_again_it_does_not_last_longer():
    ours = switches()
    ours.keep(1e9)
    for now_s in (0.0, 300.0, 599.0):
        ours.take(Command("v", "valve", 1), now_s)
    assert told(ours.due(600.0)) == [False]


@pytest.mark.parametrize(
    "command",
    [Command("v", "valve", 1), Command("v", "valve", 1, 601.0), Command("v", "valve", 1, 0.0), Command("v", "x", 0)],
)
def test_refused(command):
    with pytest.raises(Refused):
        switches().take(command, 0.0)


def test_off_is_told_until_the_broker_has_it():
    ours = switches()
    ours.take(Command("v", "valve", 0), 0.0)
    assert told(ours.due(1.0)) == [False]
    assert told(ours.due(2.0)) == [False]
    ours.done(KEY, is_on=False)
    assert ours.due(3.0) == []


def test_what_is_closed_is_told_off():
    ours = switches()
    ours.take(Command("v", "valve", 1, 3.0), 0.0)
    assert ours.fall() == [VALVE]
    assert ours.fall() == []

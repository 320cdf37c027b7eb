"""Leases: what is written when, in a clock of our own."""

from __future__ import annotations

import itertools
import math

import pytest

from hardware.field import Command, Refused
from hardware.modbus.outputs import Leases
from hardware.modbus.plan import Output, Unit

VALVE = Output("valve", 0, hold_s=2.0, most_s=600.0)
OPEN, CLOSE = (
    Output(f"gate:{act}", at, most_s=2.0, group="gate", is_pulse=True) for at, act in enumerate(("open", "close"), 1)
)
UNIT = Unit("yard", 1, (), (VALVE, OPEN, CLOSE, Output("lamp", 5)))
ON, OFF = Command("yard", "valve", 1), Command("yard", "valve", 0)


def leases(*, kept_until_s: float = math.inf) -> Leases:
    found = Leases((UNIT,))
    found.keep(kept_until_s)
    return found


def written(found: Leases, now_s: float, *, is_confirmed: bool = True) -> list[tuple[int, int]]:
    """(address, value) of what is due; each confirmed, or not."""
    done = []
    for lease in found.due(now_s):
        request = lease.request
        found.done(lease, request, is_confirmed=is_confirmed)
        done.append((request.address, request.values[0]))
    return done


def test_it_is_refreshed_three_times_in_a_hold_and_no_longer_than_the_watch_lives() -> None:
    found = leases(kept_until_s=1.0)
    found.grant(ON, 0.0)
    assert written(found, 0.5) == []
    assert written(found, 0.7) == [(0, 1)]
    assert written(found, 1.0) == [(0, 0)]
    assert written(found, 9.0) == []  # confirmed, so it is over


def test_the_longest_time_counts_from_the_first_order() -> None:
    found = leases()
    for at in range(0, 600, 100):
        found.grant(ON, float(at))
    assert written(found, 599.9) == [(0, 1)]
    assert written(found, 600.0) == [(0, 0)]
    found.grant(ON, 700.0)  # it was closed since: a new time begins
    assert written(found, 1200.0) == [(0, 1)]


def test_what_must_be_safe_is_written_until_confirmed_and_rarer_when_the_unit_is_dead() -> None:
    found = leases()
    found.grant(ON, 0.0)
    found.release(OFF, 10.0)  # asked for, and the wire is away
    times = [at / 10 for at in range(100, 600) if written(found, at / 10, is_confirmed=False)]
    assert times[0] == pytest.approx(10.1)
    gaps = [after - before for before, after in itertools.pairwise(times)]
    assert gaps[0] < 1.0
    assert max(gaps) == pytest.approx(4.0, abs=0.11)  # no dead unit takes more of the line than a probe
    found.returned(UNIT, 60.0)
    assert written(found, 60.0) == [(0, 0)]
    assert found.wakes_s() == math.inf


def test_a_confirmed_release_is_written_once() -> None:
    found = leases()
    found.grant(ON, 0.0)
    found.release(OFF, 10.0)
    found.confirmed(OFF, VALVE.write(0))
    assert written(found, 20.0) == []


def test_an_order_that_was_still_waiting_does_not_outlive_the_release_behind_it() -> None:
    found = leases()
    found.release(OFF, 10.0)  # asked for while ON waits for the wire; then both are written, in their order
    found.grant(ON, 10.1)
    found.grant(OFF, 10.2)
    found.confirmed(OFF, VALVE.write(0))
    assert written(found, 20.0) == []


def test_presses_end_by_themselves_and_one_ends_the_other() -> None:
    found = leases()
    found.grant(Command("yard", "gate:open", 1, 0.5), 0.0)
    found.grant(Command("yard", "gate:close", 1, 0.5), 0.2)
    assert written(found, 0.2) == [(1, 0)]
    assert written(found, 0.7) == [(2, 0)]
    assert written(found, 9.0) == []


def test_presses_of_a_booth_before_this_one_are_ended_at_the_start() -> None:
    found = leases()
    found.begin(0.0)
    assert sorted(written(found, 0.0)) == [(1, 0), (2, 0)]
    assert written(found, 9.0) == []


def test_what_may_not_be_is_refused() -> None:
    dead = Leases((UNIT,))
    with pytest.raises(Refused, match="lives"):
        dead.check(ON, 0.0)
    with pytest.raises(Refused, match="at most 600"):
        dead.check(Command("yard", "valve", 1, 601.0), 0.0)
    with pytest.raises(Refused, match="at most 2"):
        dead.check(Command("yard", "gate:open", 1, 3.0), 0.0)
    assert dead.check(Command("yard", "lamp", 1), 0.0)[1].values == (1,)

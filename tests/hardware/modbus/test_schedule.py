"""Turns on a link in simulated time: who is asked when, and what the sick may cost."""

from __future__ import annotations

import itertools
import random
from collections import Counter

import pytest

from hardware.field import FieldError, Garbage, Gone, Priority, Refused, Timeout
from hardware.modbus.pdu import Function
from hardware.modbus.plan import Block, Output, Register, Unit
from hardware.modbus.schedule import Backoff, Schedule, Turn

WORST_S = 0.05


def unit(number: int, every_s: float = 1.0, priority: Priority = Priority.TELEMETRY) -> Unit:
    block = Block(
        Function.READ_INPUT_REGISTERS, 0, 4, every_s, tuple(Register(f"r{at}", at) for at in range(4)), priority
    )
    return Unit(f"u{number}", number, (block,), (Output("relay", 0, hold_s=1.0),))


class Simulation:
    """A line in simulated time: healthy units take ``cost_s``, dead ones the worst."""

    def __init__(self, units: list[Unit], *, cost_s: float = 0.01, dead: frozenset[int] = frozenset()) -> None:
        self.schedule = Schedule(units, WORST_S, 0.0, chance=random.Random(3))
        self.now_s = 0.0
        self.cost_s = cost_s
        self.dead = dead
        self.asked: list[tuple[float, Turn]] = []
        self.spent_s: Counter[bool] = Counter()

    def run(self, until_s: float, error: FieldError | None = None) -> None:
        while self.now_s < until_s:
            turn = self.schedule.next(self.now_s)
            if turn is None:
                self.now_s = max(self.now_s + 1e-6, min(self.schedule.wakes_s(), until_s))
                continue
            self.asked.append((self.now_s, turn))
            is_dead = turn.unit.number in self.dead
            took_s = WORST_S if is_dead else self.cost_s
            self.now_s += took_s
            self.spent_s[is_dead] += took_s
            self.schedule.done(turn, self.now_s, (error or Timeout("no answer")) if is_dead else None, took_s)

    def times(self, number: int) -> list[float]:
        return [at_s for at_s, turn in self.asked if turn.unit.number == number]


def test_every_unit_keeps_its_period() -> None:
    simulation = Simulation([unit(number, 0.5) for number in range(1, 21)])
    simulation.run(60)
    for number in range(1, 21):
        assert len(simulation.times(number)) in (119, 120, 121)


def test_a_start_is_no_storm() -> None:
    simulation = Simulation([unit(number, 60.0) for number in range(1, 11)])
    simulation.run(6)
    firsts = [simulation.times(number)[0] for number in range(1, 11)]
    assert firsts == pytest.approx([at * 0.5 for at in range(10)], abs=0.02)


@pytest.mark.parametrize("error", [Timeout("no answer"), Gone("no path"), Garbage("noise", wait_s=1.0)])
def test_a_sick_unit_gets_one_probe_per_slot(error: FieldError) -> None:
    simulation = Simulation([unit(1, 0.2), unit(2, 0.2)], dead=frozenset({1}))
    simulation.run(40, error)
    times = simulation.times(1)
    gaps = [after - before for before, after in itertools.pairwise(times)]
    for gap, slot_s in zip(gaps, [1, 2, 4, 4, 4, 4], strict=False):
        assert 0.8 * slot_s <= gap <= slot_s + 2 * WORST_S
    assert simulation.schedule.is_sick(1)


def test_a_third_of_the_units_dead_changes_little() -> None:
    units = [unit(number, 0.75) for number in range(1, 33)]
    simulation = Simulation(units, cost_s=0.0115, dead=frozenset(range(1, 11)))  # the healthy need 34 % of the line
    simulation.run(120)
    for number in range(11, 33):
        asked = len([at_s for at_s in simulation.times(number) if at_s >= 20])
        assert asked >= 100 / 0.75 / 1.1
    assert simulation.spent_s[True] / 120 <= 0.16


def test_on_a_full_line_the_sick_get_a_tenth() -> None:
    units = [unit(number, 0.1) for number in range(1, 33)]  # three times what the line can carry
    simulation = Simulation(units, dead=frozenset(range(1, 17)))
    simulation.run(10)
    before = simulation.spent_s[True]
    simulation.run(110)
    assert 0 < (simulation.spent_s[True] - before) / 100 <= 0.101
    healthy = [len(simulation.times(number)) for number in range(17, 33)]
    assert min(healthy) >= 0.5 * max(healthy)  # nobody starves


def test_a_unit_that_came_back_is_asked_as_before() -> None:
    simulation = Simulation([unit(1, 0.2)], dead=frozenset({1}))
    simulation.run(20)
    simulation.dead = frozenset()
    simulation.run(25)
    back = [at_s for at_s in simulation.times(1) if at_s >= 20]
    assert back[0] <= 24.1
    assert not simulation.schedule.is_sick(1)
    simulation.run(30)
    assert len([at_s for at_s in simulation.times(1) if 25 <= at_s < 30]) in (24, 25, 26)


def test_one_damaged_frame_is_pardoned_and_two_are_not() -> None:
    schedule = Schedule([unit(1)], WORST_S, 0.0)
    for now_s, is_sick in ((0.0, False), (1.0, True)):
        turn = schedule.next(now_s)
        assert turn is not None
        schedule.done(turn, now_s, Garbage("noise"), 0.01)
        assert schedule.is_sick(1) is is_sick


def test_a_refusal_is_an_answer() -> None:
    schedule = Schedule([unit(1)], WORST_S, 0.0)
    turn = schedule.next(0.0)
    assert turn is not None
    schedule.done(turn, 0.0, Refused("no such address", code=2), 0.01)
    assert not schedule.is_sick(1)
    assert schedule.wakes_s() == 1.0


def test_commands_before_fire_before_access_before_telemetry() -> None:
    units = [
        unit(1, 10.0), unit(2, 0.5, Priority.ACCESS), unit(3, 9.0, Priority.FIRE), unit(4, 1.0),
        unit(5, 9.0, Priority.FIRE),
    ]  # fmt: skip
    schedule = Schedule(units, WORST_S, 0.0)
    commands = [Turn(units[0], units[0].outputs[0].write(value)) for value in (1, 0)]
    for command in commands:
        schedule.write(command)
    order = [schedule.next(20.0) for _ in range(7)]
    assert order[:2] == commands
    numbers = [turn.unit.number for turn in order[2:] if turn is not None]
    assert numbers[:3] in ([3, 5, 2], [5, 3, 2])
    assert numbers[3:] == [4, 1]  # the earlier deadline first


def test_a_command_to_a_sick_unit_is_tried_at_once_and_cures() -> None:
    sick = unit(1)
    schedule = Schedule([sick], WORST_S, 0.0)
    turn = schedule.next(0.0)
    assert turn is not None
    schedule.done(turn, 0.1, Timeout("no answer"), WORST_S)
    command = Turn(sick, sick.outputs[0].write(1))
    schedule.write(command)
    assert schedule.next(0.2) is command
    schedule.done(command, 0.25, None, 0.01)
    assert not schedule.is_sick(1)
    assert schedule.wakes_s() == pytest.approx(0.25)


def test_a_command_can_be_taken_back() -> None:
    one = unit(1, 5.0)
    schedule = Schedule([one], WORST_S, 0.0)
    command = Turn(one, one.outputs[0].write(1))
    schedule.write(command)
    schedule.withdraw(command)
    turn = schedule.next(0.0)
    assert turn is not None
    assert turn.block is one.blocks[0]


def test_slots_never_exceed_the_cap() -> None:
    chance = random.Random(5)
    slots = [Backoff().slot_s(failures, chance) for failures in range(1, 2000)]
    assert max(slots) <= 4.0
    assert min(slots[2:]) >= 3.2

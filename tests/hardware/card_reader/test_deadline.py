"""When a reading is given up: budgets, silence, another program's turn, a card that left. Time is given, not waited."""

import math

from hardware.card_reader.deadline import LIFTED_WITHIN_S, LOST_WITHIN_S, START_WITHIN_S, Cause, Deadline
from hardware.card_reader.messages import Pulse

SHORT = Pulse(1, "short", budget_s=5.0, answer_within_s=3.0)
LONG = Pulse(1, "long", budget_s=20.0, answer_within_s=5.0)


def test_a_reading_that_never_begins():
    deadline = Deadline(100.0)
    assert deadline.left_s(100.0) == START_WITHIN_S
    assert deadline.left_s(100.0 + START_WITHIN_S) == 0.0
    assert deadline.cause(105.0) is Cause.SILENT


def test_a_family_has_its_own_budget_from_its_beginning():
    deadline = Deadline(0.0)
    deadline.pulse(0.0, SHORT)
    deadline.pulse(1.0, LONG)
    for second in range(2, 21):
        deadline.touch(float(second))
    assert deadline.left_s(20.0) == 1.0
    assert deadline.left_s(21.0) == 0.0


def test_silence_ends_it_before_the_budget():
    deadline = Deadline(0.0)
    deadline.pulse(0.0, LONG)
    deadline.touch(2.0)
    assert deadline.left_s(2.0) == 5.0
    deadline.pulse(3.0, Pulse(1))
    assert deadline.left_s(3.0) == 5.0


def test_a_cap_counts_over_all_families():
    deadline = Deadline(0.0, longest_s=0.7)
    deadline.pulse(0.1, LONG)
    assert math.isclose(deadline.left_s(0.1), 0.6)


def test_while_another_program_has_the_card_no_time_passes():
    deadline = Deadline(0.0)
    deadline.pulse(0.3, Pulse(1, is_held=True))
    assert deadline.left_s(1000.0) == math.inf
    deadline.pulse(1000.0, Pulse(1))
    deadline.pulse(1000.0, SHORT)
    assert deadline.left_s(1000.0) == 3.0


def test_a_capped_reading_gets_its_time_after_the_others_turn():
    deadline = Deadline(0.0, longest_s=2.0)
    deadline.pulse(0.3, Pulse(1, is_held=True))
    deadline.pulse(50.0, Pulse(1))
    assert deadline.left_s(50.0) == 2.0


def test_a_card_that_left_ends_it_soon_even_in_anothers_turn():
    deadline = Deadline(0.0)
    deadline.pulse(0.3, Pulse(1, is_held=True))
    deadline.presence(1.0, is_lost=False, is_lifted=True)
    deadline.presence(1.2, is_lost=False, is_lifted=True)  # said twice, counted once
    assert math.isclose(deadline.left_s(1.0), LIFTED_WITHIN_S)
    assert deadline.cause(1.0 + LIFTED_WITHIN_S) is Cause.LIFTED


def test_a_reader_that_left_ends_it_and_one_that_is_back_does_not():
    deadline = Deadline(0.0)
    deadline.pulse(0.0, LONG)
    deadline.presence(1.0, is_lost=True, is_lifted=True)
    assert deadline.left_s(1.0) == LOST_WITHIN_S
    assert deadline.cause(1.0 + LOST_WITHIN_S) is Cause.LOST
    deadline.presence(2.0, is_lost=False, is_lifted=False)
    assert deadline.left_s(2.0) == 3.0

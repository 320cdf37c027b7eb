"""The life of a transaction: every state and event, against the picture in words."""

from itertools import product

import pytest

from kiosk.ledger.states import ANSWERED, FINAL, NEEDS_BODY, STEPS, WAITING, Event, IllegalStep, State, step

# every arrow of the picture between two different states; nothing else may be in the table
ARROWS = """
pending -> sending, parked, reversal_pending
sending -> acked, rejected, unknown, pending, parked, reversal_pending
unknown -> sending, acked, rejected, parked, reversal_pending
parked -> unknown, reversal_pending
acked -> receipted, receipt_owed, reversal_pending
receipt_owed -> receipted, reversal_pending
reversal_pending -> reversed
rejected ->
receipted ->
reversed ->
"""


def arrows() -> set[tuple[State, State]]:
    found = set()
    for row in ARROWS.strip().splitlines():
        source, _, targets = row.partition("->")
        found |= {(State(source.strip()), State(target.strip())) for target in targets.split(",") if target.strip()}
    return found


@pytest.mark.parametrize(("state", "event"), list(product(State, Event)), ids=lambda value: value.name)
def test_every_state_and_event_either_steps_along_an_arrow_or_is_refused(state: State, event: Event) -> None:
    if (state, event) in STEPS:
        after = step(state, event)
        assert after is state or (state, after) in arrows()
    else:
        with pytest.raises(IllegalStep, match=f"no step from {state.name} on {event.name}"):
            step(state, event)


def test_no_arrow_is_missing() -> None:
    assert {(before, after) for (before, _), after in STEPS.items() if before is not after} == arrows()


def test_final_states_are_left_by_nothing() -> None:
    assert all(after is before for (before, _), after in STEPS.items() if before in FINAL)


def test_what_the_platform_answered_is_never_sent_again() -> None:
    assert all(after not in WAITING for (before, _), after in STEPS.items() if before in ANSWERED)


def test_a_receipt_can_be_noted_in_every_state() -> None:
    for state in State:
        assert step(state, Event.RECEIPT_ISSUED)
        assert step(state, Event.RECEIPT_OWED)


def test_the_body_is_kept_exactly_while_something_may_still_be_sent() -> None:
    can_send = {State.SENDING}
    for _ in State:
        can_send |= {before for (before, _), after in STEPS.items() if after in can_send}
    assert can_send == NEEDS_BODY

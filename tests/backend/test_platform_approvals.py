"""A clerk's approval: every transition of the table, every other one refused, who may decide, what expires."""

from __future__ import annotations

import itertools

import pytest

from backend import approvals
from backend.approvals import OPEN, TRANSITIONS, Event, NotPossible, State
from backend.bodies import Approval, ApprovalRequest
from backend.problems import Problem
from tests.backend.serving import InProcess

REACHED = {  # how a test gets into each state
    State.WAITING: [],
    State.TAKEN: [Event.TAKE],
    State.APPROVED: [Event.TAKE, Event.APPROVE],
    State.REFUSED: [Event.TAKE, Event.REFUSE],
    State.CANCELLED: [Event.CANCEL],
    State.EXPIRED: [Event.EXPIRE],
}


def ask(inside: InProcess, visit: str = "v1") -> Approval:
    words = {"name_masked": "赵**", "number_masked": "110***********9079", "question": "是不是本人？"}
    return approvals.ask(inside.platform, ApprovalRequest(booth="B7", visit=visit, service="pension-alive", **words))


def happen(inside: InProcess, approval_id: str, event: Event) -> None:
    if event is Event.CANCEL:
        before = approvals.see(inside.platform, "B7", approval_id).state
        if approvals.cancel(inside.platform, "B7", approval_id).state == before:
            raise NotPossible("nothing to cancel")
    elif event is Event.EXPIRE:
        before = approvals.see(inside.platform, "B7", approval_id).state
        inside.clock.turn(minutes=10)
        if approvals.see(inside.platform, "B7", approval_id).state == before:
            raise NotPossible("nothing to expire")
    else:
        approvals.decide(inside.platform, approval_id, event, "clerk")


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Event)), ids=lambda value: value.value)
def test_every_step(inside: InProcess, state: State, event: Event) -> None:
    approval_id = ask(inside).approval_id
    for earlier in REACHED[state]:
        happen(inside, approval_id, earlier)
    expected = TRANSITIONS.get((state, event))
    if state is State.WAITING and event in (Event.APPROVE, Event.REFUSE):
        expected = TRANSITIONS[State.TAKEN, event]  # deciding takes it first
    if expected is None:
        with pytest.raises(NotPossible):
            happen(inside, approval_id, event)
        expected = state
    else:
        happen(inside, approval_id, event)
    assert approvals.see(inside.platform, "B7", approval_id).state == expected.value


def test_position_counts_who_waits_before(inside: InProcess) -> None:
    first = ask(inside)
    inside.clock.turn(seconds=1)
    second = ask(inside, "v2")
    assert (first.position, second.position) == (1, 2)
    happen(inside, first.approval_id, Event.TAKE)
    assert approvals.see(inside.platform, "B7", first.approval_id).position == 0
    assert approvals.see(inside.platform, "B7", second.approval_id).position == 1


def test_what_one_clerk_took_another_cannot_decide(inside: InProcess) -> None:
    approval_id = ask(inside).approval_id
    approvals.decide(inside.platform, approval_id, Event.TAKE, "clerk")
    for event in (Event.TAKE, Event.APPROVE, Event.REFUSE):
        with pytest.raises(NotPossible, match="another clerk"):
            approvals.decide(inside.platform, approval_id, event, "other")
    assert approvals.see(inside.platform, "B7", approval_id).clerk == "clerk"


def test_another_booth_sees_nothing(inside: InProcess) -> None:
    approval_id = ask(inside).approval_id
    for look in (approvals.see, approvals.cancel):
        with pytest.raises(Problem, match="unknown-approval"):
            look(inside.platform, "B8", approval_id)
    assert approvals.see(inside.platform, "B7", approval_id).state == "waiting"


def test_only_open_ones_are_shown_to_clerks(inside: InProcess) -> None:
    ids = [ask(inside, f"v{place}").approval_id for place in range(3)]
    happen(inside, ids[0], Event.CANCEL)
    happen(inside, ids[1], Event.TAKE)
    shown = approvals.pending(inside.platform)
    assert {row.id for row in shown} == set(ids[1:])
    assert all(State(row.state) in OPEN for row in shown)

"""The life of a transaction as one table: every state, every event, every step. Knows no storage and no wire.

``DRAFT`` is not here: before commit a transaction exists in the visit's memory only. A step that is not in the table
is a defect and raises ``IllegalStep``.
"""

from __future__ import annotations

import enum


class State(enum.Enum):
    PENDING = "pending"  # durable, surely never reached the platform
    SENDING = "sending"  # an attempt was made durable, its outcome is not known yet
    UNKNOWN = "unknown"  # an attempt ended without an answer: query by key before sending again
    PARKED = "parked"  # needs a person; blocks nobody
    ACKED = "acked"  # accepted by the platform, receipt not yet settled
    REJECTED = "rejected"  # the platform's signed no: final
    RECEIPTED = "receipted"  # accepted and the receipt left: final
    RECEIPT_OWED = "receipt_owed"  # accepted, the receipt is still to be printed
    REVERSAL_PENDING = "reversal_pending"  # the resident took it back; the reversal is a transaction of its own
    REVERSED = "reversed"  # the reversal was accepted: final


class Event(enum.Enum):
    ATTEMPT = "attempt"  # about to send
    ACCEPTED = "accepted"  # signed acknowledgement
    REJECTED = "rejected"  # signed rejection
    LOST = "lost"  # time-out, cut, 5xx, nonsense, 409, or the booth itself restarted
    NOT_TAKEN = "not_taken"  # surely nothing arrived, or it was turned away unread
    PARK = "park"  # 422 and other refusals of this one transaction
    RELEASE = "release"  # a technician lets it go again
    RECEIPT_ISSUED = "receipt_issued"  # printed or shown
    RECEIPT_OWED = "receipt_owed"  # could not be given now
    CANCEL = "cancel"  # a reversal was committed for it
    REVERSAL_ACCEPTED = "reversal_accepted"


class IllegalStep(Exception):
    """The table has no such step."""

    def __init__(self, state: State, event: Event) -> None:
        super().__init__(f"no step from {state.name} on {event.name}")
        self.state = state
        self.event = event


_S, _E = State, Event
_PAPER = (_E.RECEIPT_ISSUED, _E.RECEIPT_OWED)  # noted beside the state while the platform has not accepted

STEPS: dict[tuple[State, Event], State] = {
    (_S.PENDING, _E.ATTEMPT): _S.SENDING,
    (_S.PENDING, _E.PARK): _S.PARKED,
    (_S.PENDING, _E.CANCEL): _S.REVERSAL_PENDING,
    (_S.SENDING, _E.ACCEPTED): _S.ACKED,
    (_S.SENDING, _E.REJECTED): _S.REJECTED,
    (_S.SENDING, _E.LOST): _S.UNKNOWN,
    (_S.SENDING, _E.NOT_TAKEN): _S.PENDING,
    (_S.SENDING, _E.PARK): _S.PARKED,
    (_S.SENDING, _E.CANCEL): _S.REVERSAL_PENDING,
    (_S.UNKNOWN, _E.ATTEMPT): _S.SENDING,
    (_S.UNKNOWN, _E.ACCEPTED): _S.ACKED,
    (_S.UNKNOWN, _E.REJECTED): _S.REJECTED,
    (_S.UNKNOWN, _E.LOST): _S.UNKNOWN,
    (_S.UNKNOWN, _E.PARK): _S.PARKED,
    (_S.UNKNOWN, _E.CANCEL): _S.REVERSAL_PENDING,
    (_S.PARKED, _E.RELEASE): _S.UNKNOWN,
    (_S.PARKED, _E.PARK): _S.PARKED,
    (_S.PARKED, _E.CANCEL): _S.REVERSAL_PENDING,
    (_S.ACKED, _E.ACCEPTED): _S.ACKED,
    (_S.ACKED, _E.RECEIPT_ISSUED): _S.RECEIPTED,
    (_S.ACKED, _E.RECEIPT_OWED): _S.RECEIPT_OWED,
    (_S.ACKED, _E.CANCEL): _S.REVERSAL_PENDING,
    (_S.RECEIPT_OWED, _E.RECEIPT_ISSUED): _S.RECEIPTED,
    (_S.RECEIPT_OWED, _E.RECEIPT_OWED): _S.RECEIPT_OWED,
    (_S.RECEIPT_OWED, _E.CANCEL): _S.REVERSAL_PENDING,
    (_S.RECEIPTED, _E.RECEIPT_ISSUED): _S.RECEIPTED,  # a copy
    (_S.RECEIPTED, _E.RECEIPT_OWED): _S.RECEIPTED,
    (_S.REVERSAL_PENDING, _E.ACCEPTED): _S.REVERSAL_PENDING,  # the original's attempt was still under way
    (_S.REVERSAL_PENDING, _E.REJECTED): _S.REVERSAL_PENDING,
    (_S.REVERSAL_PENDING, _E.LOST): _S.REVERSAL_PENDING,
    (_S.REVERSAL_PENDING, _E.NOT_TAKEN): _S.REVERSAL_PENDING,
    (_S.REVERSAL_PENDING, _E.PARK): _S.REVERSAL_PENDING,
    (_S.REVERSAL_PENDING, _E.REVERSAL_ACCEPTED): _S.REVERSED,
    **{
        (state, event): state
        for state in (_S.PENDING, _S.SENDING, _S.UNKNOWN, _S.PARKED, _S.REJECTED, _S.REVERSAL_PENDING, _S.REVERSED)
        for event in _PAPER
    },
}

WAITING = frozenset({State.PENDING, State.SENDING, State.UNKNOWN})  # the courier's
ANSWERED = frozenset({State.ACKED, State.REJECTED, State.RECEIPTED, State.RECEIPT_OWED})  # the platform has it
FINAL = frozenset({State.REJECTED, State.RECEIPTED, State.REVERSED})
NEEDS_BODY = WAITING | {State.PARKED}  # in every other state the sealed body is dropped


def step(state: State, event: Event) -> State:
    """Give the state after ``event``. Raises IllegalStep."""
    try:
        return STEPS[state, event]
    except KeyError:
        raise IllegalStep(state, event) from None

"""The life of an alarm as one table: every state, every event, every step or the reason why there is none.

States are those of IEC 62682 / ISA-18.2 (clause "alarm states"). An alarm has a *life* (``State``) and may lie under
*covers* (shelved, suppressed, ...) that keep it from being announced; the life goes on beneath, so that nothing is lost
when a cover is taken off. Knows no time, no point and no rule.
"""

from __future__ import annotations

import enum

CHATTER_S = 60.0  # ISA-18.2: chattering is more than 3 transitions in 60 s
CHATTER_TRANSITIONS = 3


class Severity(enum.IntEnum):
    """Lower is more urgent; NFPA 72 keeps alarm, trouble (fault) and supervisory signals apart, so do we."""

    FIRE = 1
    PANIC = 2
    INTRUSION = 3
    FAULT = 4
    SUPERVISORY = 5
    INFO = 6

    @property
    def word(self) -> str:
        return self.name.lower()


class State(enum.Enum):
    NORMAL = "normal"
    UNACK = "unack"  # condition active, nobody has acknowledged
    ACKED = "acked"  # condition active, acknowledged
    RTN_UNACK = "rtn_unack"  # condition gone before anybody acknowledged
    LATCHED_UNACK = "latched_unack"  # latching: condition gone, neither acknowledged nor reset
    LATCHED = "latched"  # latching: condition gone, acknowledged, waits for the reset


class Cover(enum.Enum):
    """Why an alarm is not announced. Declared in the order in which they are shown when several lie on one alarm."""

    OUT_OF_SERVICE = "out_of_service"
    SUPPRESSED = "suppressed"  # a parent is lost: its alarm speaks for this one
    SHELVED = "shelved"
    CHATTERING = "chattering"
    FLOOD = "flood"


class Event(enum.Enum):
    RAISE = "raise"  # the condition became (or still is) true
    CLEAR = "clear"  # the condition became false
    ACKNOWLEDGE = "acknowledge"
    RESET = "reset"


class Refused(Exception):
    """An act that the state does not allow. ``reason`` is stable and goes to the log; the text says the cure."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(f"{reason}: {text}")
        self.reason = reason
        self.text = text


_S, _E = State, Event

STEPS: dict[tuple[State, Event], State] = {
    (_S.NORMAL, _E.RAISE): _S.UNACK,
    (_S.NORMAL, _E.CLEAR): _S.NORMAL,
    (_S.UNACK, _E.RAISE): _S.UNACK,  # a repeat: counted
    (_S.UNACK, _E.CLEAR): _S.RTN_UNACK,
    (_S.UNACK, _E.ACKNOWLEDGE): _S.ACKED,
    (_S.ACKED, _E.RAISE): _S.ACKED,
    (_S.ACKED, _E.CLEAR): _S.NORMAL,
    (_S.RTN_UNACK, _E.RAISE): _S.UNACK,
    (_S.RTN_UNACK, _E.CLEAR): _S.RTN_UNACK,
    (_S.RTN_UNACK, _E.ACKNOWLEDGE): _S.NORMAL,
    (_S.LATCHED_UNACK, _E.RAISE): _S.UNACK,
    (_S.LATCHED_UNACK, _E.CLEAR): _S.LATCHED_UNACK,
    (_S.LATCHED_UNACK, _E.ACKNOWLEDGE): _S.LATCHED,
    (_S.LATCHED, _E.RAISE): _S.UNACK,
    (_S.LATCHED, _E.CLEAR): _S.LATCHED,
    (_S.LATCHED, _E.RESET): _S.NORMAL,
}

LATCHING: dict[tuple[State, Event], State] = {  # steps that differ for an alarm that latches
    (_S.UNACK, _E.CLEAR): _S.LATCHED_UNACK,
    (_S.ACKED, _E.CLEAR): _S.LATCHED,
    (_S.RTN_UNACK, _E.CLEAR): _S.LATCHED_UNACK,  # the rule was made latching by a reload
}

_NOTHING = ("nothing_to_acknowledge", "the alarm is in its normal state")
_AGAIN = ("already_acknowledged", "somebody has acknowledged it before")
_ACTIVE = ("condition_active", "the cause is still there: remove it, then reset")
_UNSEEN = ("acknowledge_first", "acknowledging and resetting are two acts: acknowledge it, then reset")
_NOT_LATCHED = ("not_latched", "there is nothing to reset")

REFUSALS: dict[tuple[State, Event], tuple[str, str]] = {
    (_S.NORMAL, _E.ACKNOWLEDGE): _NOTHING,
    (_S.NORMAL, _E.RESET): _NOT_LATCHED,
    (_S.UNACK, _E.RESET): _ACTIVE,
    (_S.ACKED, _E.ACKNOWLEDGE): _AGAIN,
    (_S.ACKED, _E.RESET): _ACTIVE,
    (_S.RTN_UNACK, _E.RESET): _NOT_LATCHED,
    (_S.LATCHED_UNACK, _E.RESET): _UNSEEN,
    (_S.LATCHED, _E.ACKNOWLEDGE): _AGAIN,
}

# An alarm that came and went under covers was never announced: there is nothing to acknowledge when they are off.
UNCOVERED: dict[State, State] = {_S.RTN_UNACK: _S.NORMAL}

ACTIVE = frozenset({State.UNACK, State.ACKED})
LATCHES = frozenset({State.LATCHED_UNACK, State.LATCHED})

# (cover, is it to lie on the alarm?, does it lie there now?) -> None when the step is right, else why it is not
COVER_STEPS: dict[tuple[Cover, bool, bool], tuple[str, str] | None] = {
    (Cover.OUT_OF_SERVICE, True, False): None,
    (Cover.OUT_OF_SERVICE, True, True): ("already_out_of_service", "put it back into service first"),
    (Cover.OUT_OF_SERVICE, False, True): None,
    (Cover.OUT_OF_SERVICE, False, False): ("in_service", "it is in service"),
    (Cover.SUPPRESSED, True, False): None,
    (Cover.SUPPRESSED, True, True): None,  # a parent further up was lost too: its name replaces the other
    (Cover.SUPPRESSED, False, True): None,
    (Cover.SUPPRESSED, False, False): ("not_suppressed", "no parent suppresses it"),
    (Cover.SHELVED, True, False): None,
    (Cover.SHELVED, True, True): ("already_shelved", "unshelve it first"),
    (Cover.SHELVED, False, True): None,
    (Cover.SHELVED, False, False): ("not_shelved", "it is not on the shelf"),
    (Cover.CHATTERING, True, False): None,
    (Cover.CHATTERING, True, True): ("already_chattering", "its transitions are being counted"),
    (Cover.CHATTERING, False, True): None,
    (Cover.CHATTERING, False, False): ("not_chattering", "it does not chatter"),
    (Cover.FLOOD, True, False): None,
    (Cover.FLOOD, True, True): ("already_in_flood", "it is held back by the flood already"),
    (Cover.FLOOD, False, True): None,
    (Cover.FLOOD, False, False): ("not_in_flood", "no flood holds it back"),
}

# Fire is never hidden. Out of service remains (EN 54-2 "disabled condition"): a person's act, with a name and an end.
NEVER_ON_FIRE = frozenset({Cover.SHELVED, Cover.SUPPRESSED, Cover.CHATTERING, Cover.FLOOD})
NEVER_IN_FLOOD = frozenset({Severity.FIRE, Severity.PANIC, Severity.INTRUSION})


def step(state: State, event: Event, *, is_latching: bool) -> State:
    """Give the state after ``event``. Raises Refused by name."""
    if (state, event) in REFUSALS:
        raise Refused(*REFUSALS[state, event])
    if is_latching and (state, event) in LATCHING:
        return LATCHING[state, event]
    return STEPS[state, event]


def check_cover(cover: Cover, *, put: bool, lies: bool, severity: Severity) -> None:
    """Raise Refused by name unless ``cover`` may be put on (or taken off) an alarm of this severity."""
    if put and severity is Severity.FIRE and cover in NEVER_ON_FIRE:
        raise Refused("fire_is_never_covered", f"an alarm of the fire class cannot be {cover.value}")
    if put and cover is Cover.FLOOD and severity in NEVER_IN_FLOOD:
        raise Refused("never_in_flood", f"an alarm of the class {severity.word} is always announced")
    if refusal := COVER_STEPS[cover, put, lies]:
        raise Refused(*refusal)

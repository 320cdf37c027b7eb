"""The life of an alarm: every state and event, every cover and severity, is a step or refused by name."""

from itertools import product

import pytest

from kiosk.site.alarm_states import (
    COVER_STEPS,
    LATCHING,
    REFUSALS,
    STEPS,
    Cover,
    Event,
    Refused,
    Severity,
    State,
    check_cover,
    step,
)

# ISA-18.2's picture, as words: state event -> state; a latching alarm differs where a second word stands
PICTURE = """
normal raise -> unack
normal clear -> normal
normal acknowledge -> refused: nothing_to_acknowledge
normal reset -> refused: not_latched
unack raise -> unack
unack clear -> rtn_unack | latched_unack
unack acknowledge -> acked
unack reset -> refused: condition_active
acked raise -> acked
acked clear -> normal | latched
acked acknowledge -> refused: already_acknowledged
acked reset -> refused: condition_active
rtn_unack raise -> unack
rtn_unack clear -> rtn_unack | latched_unack
rtn_unack acknowledge -> normal
rtn_unack reset -> refused: not_latched
latched_unack raise -> unack
latched_unack clear -> latched_unack
latched_unack acknowledge -> latched
latched_unack reset -> refused: acknowledge_first
latched raise -> unack
latched clear -> latched
latched acknowledge -> refused: already_acknowledged
latched reset -> normal
"""
ROWS = [row.split(" -> ") for row in PICTURE.strip().splitlines()]


def test_the_picture_names_every_state_and_event_once() -> None:
    assert [row[0] for row in ROWS] == [f"{state.value} {event.value}" for state, event in product(State, Event)]


@pytest.mark.parametrize(("start", "end"), ROWS, ids=[row[0] for row in ROWS])
@pytest.mark.parametrize("is_latching", [False, True], ids=["plain", "latching"])
def test_every_step_is_the_pictures(start: str, end: str, is_latching: bool) -> None:
    words = start.split()
    state, event = State(words[0]), Event(words[1])
    if end.startswith("refused"):
        with pytest.raises(Refused) as refused:
            step(state, event, is_latching=is_latching)
        assert f"refused: {refused.value.reason}" == end
        assert refused.value.text
    else:
        assert step(state, event, is_latching=is_latching).value == end.split(" | ")[-1 if is_latching else 0]


def test_nothing_is_both_a_step_and_refused() -> None:
    assert not set(STEPS) & set(REFUSALS)
    assert set(LATCHING) <= set(STEPS)


@pytest.mark.parametrize("cover", Cover, ids=lambda c: c.value)
def test_every_cover_has_all_four_cases(cover: Cover) -> None:
    assert {(put, lies) for one, put, lies in COVER_STEPS if one is cover} == set(product([True, False], repeat=2))
    check_cover(cover, put=True, lies=False, severity=Severity.INFO)
    check_cover(cover, put=False, lies=True, severity=Severity.INFO)
    with pytest.raises(Refused):
        check_cover(cover, put=False, lies=False, severity=Severity.INFO)


@pytest.mark.parametrize("cover", [c for c in Cover if c is not Cover.OUT_OF_SERVICE], ids=lambda c: c.value)
def test_fire_is_never_covered(cover: Cover) -> None:
    with pytest.raises(Refused, match=r"fire_is_never_covered"):
        check_cover(cover, put=True, lies=False, severity=Severity.FIRE)


@pytest.mark.parametrize("severity", [Severity.FIRE, Severity.PANIC, Severity.INTRUSION], ids=lambda s: s.word)
def test_a_flood_holds_back_nothing_urgent(severity: Severity) -> None:
    with pytest.raises(Refused, match=r"fire_is_never_covered|never_in_flood"):
        check_cover(Cover.FLOOD, put=True, lies=False, severity=severity)


def test_severities_are_ordered() -> None:
    assert [one.word for one in sorted(Severity)] == ["fire", "panic", "intrusion", "fault", "supervisory", "info"]

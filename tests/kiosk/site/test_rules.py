"""Rules as lists: (at, point, value) -> verdicts. ``+`` raised, ``-`` cleared."""

from __future__ import annotations

import pytest

from kiosk.site.points import Cause, Point, Quality
from kiosk.site.rules import Rules, is_within
from kiosk.site.schema import RuleSpec

NOON, NIGHT = 12 * 60, 23 * 60
BAD = Point("alarm", Quality.BAD, Cause.TIMEOUT)


def spec(*when: dict[str, object], **more: object) -> RuleSpec:
    return RuleSpec.model_validate({"when": when, "severity": "info", **more})


def good(value: float | str) -> Point:
    return Point(value, Quality.GOOD, Cause.NONE)


IS_OPEN = {"point": "d.contact", "is": ["open"]}
DRY = {"point": "s.moisture", "below": 20, "clear_at": 25, "unit": "%"}
HOT = {"point": "s.moisture", "above": 60, "unit": "%"}
LOCKED = {"point": "d.lock", "is": ["locked"]}
Row = tuple[float, "str | None", "Point | None", str]

STORIES: dict[str, tuple[RuleSpec, list[Row]]] = {
    "a word": (spec(IS_OPEN), [(0, "d.contact", good("closed"), ""), (1, "d.contact", good("open"), "+"),
                               (2, "d.contact", good("open"), ""), (3, "d.contact", good("closed"), "-")]),
    "start-up with the condition already there acts at once": (spec(IS_OPEN), [(0, "d.contact", good("open"), "+")]),
    "hysteresis": (spec(DRY), [(0, "s.moisture", good(20.0), ""), (1, "s.moisture", good(19.9), "+"),
                               (2, "s.moisture", good(24.9), ""), (3, "s.moisture", good(25.0), "-")]),
    "a setpoint without hysteresis": (
        spec(HOT), [(0, "s.moisture", good(60.1), "+"), (1, "s.moisture", good(60.0), "-")]),
    "on delay: only when it lasts": (
        spec(IS_OPEN, on_delay_s=60),
        [(0, "d.contact", good("open"), ""), (59, None, None, ""), (60, None, None, "+"), (99, None, None, "")]),
    "on delay: begins anew": (
        spec(IS_OPEN, on_delay_s=60),
        [(0, "d.contact", good("open"), ""), (50, "d.contact", good("closed"), ""),
         (55, "d.contact", good("open"), ""), (100, None, None, ""), (115, None, None, "+")]),
    "off delay": (
        spec(IS_OPEN, off_delay_s=10),
        [(0, "d.contact", good("open"), "+"), (1, "d.contact", good("closed"), ""), (10, None, None, ""),
         (11, None, None, "-")]),
    "a dead sensor neither raises nor clears": (
        spec(IS_OPEN),
        [(0, "d.contact", BAD, ""), (1, "d.contact", good("open"), "+"), (2, "d.contact", BAD, ""),
         (3, "d.contact", good("closed"), "-")]),
    "a delay does not run on what nobody measures": (
        spec(IS_OPEN, on_delay_s=60),
        [(0, "d.contact", good("open"), ""), (30, "d.contact", BAD, ""), (90, None, None, ""),
         (91, "d.contact", good("open"), ""), (151, None, None, "+")]),
    "a doubtful fire is a fire": (
        spec(IS_OPEN), [(0, "d.contact", Point("open", Quality.UNCERTAIN, Cause.CHATTERING), "+")]),
    "quality itself": (
        spec({"point": "d.contact", "quality": "bad"}),
        [(0, "d.contact", good("open"), ""), (1, "d.contact", BAD, "+"), (2, "d.contact", good("open"), "-")]),
    "all conditions together": (
        spec(IS_OPEN, LOCKED),
        [(0, "d.contact", good("open"), ""), (1, "d.lock", good("unlocked"), ""), (2, "d.lock", good("locked"), "+"),
         (3, "d.lock", good("unlocked"), "-")]),
    "one false condition decides although another is unknown": (
        spec(IS_OPEN, LOCKED),
        [(0, "d.contact", good("open"), ""), (0, "d.lock", good("locked"), "+"), (1, "d.lock", BAD, ""),
         (2, "d.contact", good("closed"), "-")]),
    "an event is a moment": (
        spec({"point": "c.event", "is": ["falling"]}),
        [(0, "c.event", good("falling"), "+-"),
         (1, "c.event", good("falling"), "+-"), (2, "c.event", good("none"), "")]),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "rows"), STORIES.values(), ids=STORIES.keys())
def test_story(rule: RuleSpec, rows: list[Row]) -> None:
    rules = Rules({"r": rule}, events={"c.event"})
    for at, reference, point, expected in rows:
        found = rules.tick(at, NOON) if reference is None or point is None else rules.take(reference, point, at, NOON)
        assert (at, "".join("-+"[one.is_active] for one in found)) == (at, expected)


def test_quiet_hours_begin_and_end_by_themselves() -> None:
    rules = Rules({"r": spec(HOT, hours="22:00-06:00")})
    assert rules.take("s.moisture", good(70.0), 0, NOON) == []
    assert [one.is_active for one in rules.tick(1, NIGHT)] == [True]
    assert [one.is_active for one in rules.tick(2, NOON)] == [False]


HOURS = [
    ("22:00-06:00", 22 * 60, True), ("22:00-06:00", 0, True), ("22:00-06:00", 6 * 60, False),
    ("06:00-22:00", 6 * 60, True), ("06:00-22:00", 22 * 60, False), ("00:00-00:00", 700, True),
]  # fmt: skip


@pytest.mark.parametrize(("hours", "minute", "expected"), HOURS)
def test_hours_hold_from_their_begin_until_before_their_end(hours: str, minute: int, expected: bool) -> None:
    assert is_within(hours, minute) is expected


def test_a_verdict_says_what_decided() -> None:
    verdict = Rules({"r": spec(DRY)}).take("s.moisture", good(19.5), 7, NOON)[0]
    assert (verdict.rule, verdict.at, verdict.detail) == ("r", 7, "s.moisture = 19.5")

"""The site in words: the worst first, ages as people say them, nothing that the loss of a parent explains."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from booth.site_words import age, alarm_lines, duration_s, row_line, status_lines
from kiosk.site.journal import Row
from kiosk.site.messages import AlarmSeen, HealthSeen, PointSeen, Snapshot, WalkTestSeen

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


def alarm(key: str, severity: str, state: str = "unack", ago_s: float = 60, **more: object) -> AlarmSeen:
    return AlarmSeen(key, severity, state, raised_at=(NOW - timedelta(seconds=ago_s)).isoformat(), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-3, "0 s"), (59.9, "59 s"), (60, "1 min"), (3599, "59 min"), (3660, "1 h 1 min"), (90_000, "1 d 1 h")],
)
def test_ages_are_words(seconds: float, words: str) -> None:
    assert age(seconds) == words


@pytest.mark.parametrize(("text", "seconds"), [("45s", 45), ("30m", 1800), ("1.5h", 5400), ("20", 20)])
def test_times_are_read_as_they_are_said(text: str, seconds: float) -> None:
    assert duration_s(text) == seconds


@pytest.mark.parametrize("text", ["", "m", "0s", "-5m", "nan", "inf", "3 weeks"])
def test_what_is_no_time_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="30m"):
        duration_s(text)


def test_the_worst_stands_first_and_of_the_same_what_is_new() -> None:
    alarms = [
        alarm("a.b/info", "info"),
        alarm("c.d/seen", "fault", "acked", acked_by="li"),
        alarm("c.d/new", "fault", count=3),
        alarm("e.f/fire", "fire", "latched"),
        alarm("g.h/lost", "fault", covers=("suppressed",)),
        alarm("i.j/shelf", "info", "normal", covers=("shelved",)),
        alarm("k.l/flood", "info", "normal", covers=("flood",)),
    ]
    lines = alarm_lines(alarms, NOW)
    assert [line.split()[0] for line in lines] == ["SEVERITY", "FIRE", "fault", "fault", "info", "info", "and"]
    assert [("c.d/new" in lines[2], "x3" in lines[2]), ("by li" in lines[3])] == [(True, True), True]
    assert "gone, reset it" in lines[1]
    assert lines[-1].startswith("and 1 suppressed")
    assert alarm_lines([], NOW) == ["no alarms"]


def test_status_begins_with_what_holds_for_the_booth() -> None:
    snapshot = Snapshot(
        "b-0007", "boot", 7, "now",
        points=(PointSeen("a.b", 1.25, "good", unit="%", age_s=70), PointSeen("a.c", None, "bad", "never")),
        health=(HealthSeen("ok", "online"), HealthSeen("gate", "lost", ("misses",), "yard is lost")),
        released=("release.doors",), standing=("close_booth", "evacuate"),
        walk_test=WalkTestSeen("li", ("hall-smoke",), 90),
    )  # fmt: skip
    text = "\n".join(status_lines(snapshot, NOW, has_points=True))
    order = ["EVACUATE", "CLOSED", "released until reset: release.doors", "walk test by li", "no alarms", "equipment"]
    assert [text.index(word) for word in order] == sorted(text.index(word) for word in order)
    assert "1 lost, 1 online" in text
    assert "yard is lost" in text
    assert "1.25 %" in text
    assert "1 min ago" in text
    assert "POINT" not in "\n".join(status_lines(snapshot, NOW, has_points=False))


def test_every_class_of_row_is_one_line() -> None:
    bodies = {
        "alm": {"point": "a.b", "rule": "fire", "severity": "fire", "what": "raise", "after": "unack", "who": "watch"},
        "state": {"name": "gate", "before": "online", "after": "lost", "signs": ["misses"], "cause": "timeout"},
        "cmd": {
            "verb": "command",
            "output": "gate.gate",
            "act": "open",
            "who": "li",
            "result": "done",
            "reason": "van",
        },
        "tel": {"points": [{"n": "a.b", "v": 1.5}, {"n": "a.c", "vs": "open"}, {"n": "a.d"}]},
        "evt": {"what": "event", "point": "a.b", "word": "listed", "place": ""},
        "mark": {"what": "start", "site": "b-0007"},
    }
    for kind, body in bodies.items():
        row = Row(boot="b", mono_ms=1, at="2026-05-04T12:00:00.000+00:00", clock="stepped", kind=kind, body="", seq=3)  # type: ignore[arg-type]
        line = row_line(row, body)
        assert "\n" not in line
        assert line.split()[:3] == ["3", "2026-05-04", "12:00:00"]
        assert "(stepped)" in line

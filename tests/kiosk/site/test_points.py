"""Points and their conditioning as lists: (at, sample) -> (value, quality, cause)."""

from __future__ import annotations

import math

import pytest

from hardware.field import ERRORS
from kiosk.site.conditioning import Conditioner, Limits
from kiosk.site.points import Cause, Loop, LoopBands, Point, Quality, Sample

BANDS = LoopBands(2200, short_below_ohm=400, open_above_ohm=9000)
CONTACT = ((0, "closed"), (1, "open"))

OHMS = [
    (0, Loop.SHORT), (399, Loop.SHORT), (400, Loop.ODD), (1869, Loop.ODD),
    (1870, Loop.NORMAL), (2200, Loop.NORMAL), (2530, Loop.NORMAL), (2531, Loop.ODD), (3739, Loop.ODD),
    (3740, Loop.ALARM), (4400, Loop.ALARM), (5060, Loop.ALARM), (5061, Loop.ODD), (9000, Loop.ODD), (9001, Loop.OPEN),
]  # fmt: skip


@pytest.mark.parametrize(("ohm", "state"), OHMS)
def test_a_loop_has_five_states_in_bands_of_15_percent_around_r_and_2r(ohm: float, state: Loop) -> None:
    assert BANDS.classify(ohm) is state


Row = tuple[float, "float | str | Cause | None", str]
TICK = None  # time passes without a sample

STORIES: dict[str, tuple[Limits, list[Row]]] = {
    "nothing yet is bad": (Limits(), [(0, TICK, "None bad never"), (99, TICK, "None bad never")]),
    "scale and offset": (Limits(scale=0.1, offset=-40), [(0, 650, "25.0 good")]),
    "a time-out keeps the last value and says so": (
        Limits(),
        [(0, 5, "5.0 good"), (1, Cause.TIMEOUT, "5.0 bad timeout"), (2, 6, "6.0 good")],
    ),
    "garbage is no value": (Limits(), [(0, 5, "5.0 good"), (1, Cause.GARBAGE, "5.0 bad garbage")]),
    "not a number is no value": (
        Limits(),
        [(0, math.nan, "None bad not_a_value"), (1, math.inf, "None bad not_a_value")],
    ),
    "a word the profile does not have": (Limits(words=CONTACT), [(0, 7, "None bad not_a_value")]),
    "a current loop below 3.6 mA or above 21 mA is a wire fault (NAMUR NE 43)": (
        Limits(is_current_loop=True, scale=6.25, offset=-25),
        [(0, 12, "50.0 good"), (1, 3.59, "50.0 bad wire_fault"), (2, 21.01, "50.0 bad wire_fault"), (3, 4, "0.0 good")],
    ),
    "range: suspect, then failed": (
        Limits(suspect_above=60, fail_above=90),
        [(0, 60, "60.0 good"), (1, 61, "61.0 uncertain out_of_range"), (2, 91, "61.0 bad out_of_range")],
    ),
    "rate of change: suspect, then failed": (
        Limits(rate_suspect=5, rate_fail=20),
        [(0, 10, "10.0 good"), (1, 14, "14.0 good"), (2, 20, "20.0 uncertain rate"), (3, 41, "20.0 bad rate")],
    ),
    "flat line: 4 repeats suspect, 6 fail (QARTOD)": (
        Limits(has_flatline=True, flatline_within=0.01),
        [(0, 7, "7.0 good"), (1, 7, "7.0 good"), (2, 7, "7.0 good"), (3, 7, "7.0 uncertain flatline"),
         (4, 7, "7.0 uncertain flatline"), (5, 7, "7.0 bad flatline"), (6, 8, "8.0 good")],
    ),
    "soil that does not move for 24 h": (
        Limits(flatline_s=86_400),
        [(0, 30, "30.0 good"), (86_399, 30, "30.0 good"), (86_400, 30, "30.0 uncertain flatline")],
    ),
    "range comes before rate: what is out of range does not count as a jump": (
        Limits(fail_above=100, rate_fail=10),
        [(0, 50, "50.0 good"), (1, 5000, "50.0 bad out_of_range"), (2, 51, "51.0 good")],
    ),
    "debounce of 50 ms": (
        Limits(words=CONTACT, debounce_s=0.05),
        [(0, 0, "closed good"), (1.00, 1, "closed good"), (1.02, 0, "closed good"), (1.03, 1, "closed good"),
         (1.07, 1, "closed good"), (1.08, 1, "open good")],
    ),
    "a contact that reports changes only is debounced by time": (
        Limits(words=CONTACT, debounce_s=0.05),
        [(0, 0, "closed good"), (1.00, 1, "closed good"), (1.04, TICK, "closed good"), (1.05, TICK, "open good")],
    ),
    "the first word is believed at once": (Limits(words=CONTACT, debounce_s=0.05), [(0, 1, "open good")]),
    "a deadband hides small movements": (
        Limits(deadband=0.5),
        [(0, 20, "20.0 good"), (1, 20.5, "20.0 good"), (2, 20.6, "20.6 good")],
    ),
    "more than 3 transitions in 60 s are chattering, until it is quiet": (
        Limits(words=CONTACT),
        [(0, 0, "closed good"), (1, 1, "open good"), (2, 0, "closed good"), (3, 1, "open good"),
         (4, 0, "closed uncertain chattering"), (61, TICK, "closed uncertain chattering"), (61.1, TICK, "closed good")],
    ),
    "a fire contact is never called chattering": (
        Limits(words=CONTACT, may_chatter=False),
        [(0, 0, "closed good"), (1, 1, "open good"), (2, 0, "closed good"), (3, 1, "open good"), (4, 0, "closed good")],
    ),
    "a value that nobody confirms goes stale": (
        Limits(stale_after_s=15),
        [(0, 5, "5.0 good"), (15, TICK, "5.0 good"), (15.1, TICK, "5.0 bad stale"), (16, 5, "5.0 good")],
    ),
    "levels are averaged as energy: 60 dB and 70 dB make 67.4 dB, not 65": (
        Limits(average_s=60, is_level_db=True),
        [(0, 60, "60.0 good"), (1, 70, "67.4 good"), (60, 70, "70.0 good")],
    ),
    "a mean over 60 s": (Limits(average_s=60), [(0, 10, "10.0 good"), (30, 20, "15.0 good"), (60, 20, "20.0 good")]),
    "the five states stay five": (
        Limits(bands=BANDS, may_chatter=False),
        [(0, 2200, "normal good"), (1, 4400, "alarm good"), (2, 20_000, "open good"), (3, 10, "short good"),
         (4, 3000, "odd good")],
    ),
}  # fmt: skip


def said(point: Point) -> str:
    value = f"{point.value:.1f}" if isinstance(point.value, float) else str(point.value)
    return f"{value} {point.quality.value} {point.cause.value}".strip()


@pytest.mark.parametrize(("limits", "rows"), STORIES.values(), ids=STORIES.keys())
def test_conditioning(limits: Limits, rows: list[Row]) -> None:
    conditioner = Conditioner(limits)
    for at, raw, expected in rows:
        before = conditioner.point
        if raw is TICK:
            news = conditioner.tick(at)
        elif isinstance(raw, Cause):
            news = conditioner.take(Sample(None, at, raw))
        else:
            news = conditioner.take(Sample(raw, at))
        assert (at, said(conditioner.point)) == (at, expected)
        assert (news is not None) == (not before.is_same(conditioner.point))


def test_age_is_the_time_since_the_device_last_confirmed_it() -> None:
    conditioner = Conditioner(Limits())
    conditioner.take(Sample(5, 10))
    conditioner.take(Sample(None, 12, Cause.TIMEOUT))
    assert conditioner.point.age_s(13) == 3
    assert conditioner.point.since == 12


def test_an_unchanged_value_is_confirmed_without_news() -> None:
    conditioner = Conditioner(Limits())
    conditioner.take(Sample(5, 10))
    assert conditioner.take(Sample(5, 20)) is None
    assert (conditioner.point.at, conditioner.point.since) == (20, 10)


def test_a_sensor_that_never_moved_asks_for_an_exercise() -> None:
    point = Point("normal", Quality.GOOD, Cause.NONE, at=86_400 * 30, since=0)
    assert point.needs_exercise(86_400 * 30, within_s=86_400 * 30)
    assert not point.needs_exercise(86_400 * 30, within_s=86_400 * 31)


def test_a_running_average_does_not_drift() -> None:
    conditioner = Conditioner(Limits(average_s=60, is_level_db=True))
    for second in range(5000):
        conditioner.take(Sample(140.0 if second % 100 < 30 else 30.1, second))
    for second in range(5000, 5060):
        conditioner.take(Sample(40.0, second))
    assert conditioner.point.value == pytest.approx(40.0, abs=1e-3)


def test_every_word_by_which_a_driver_fails_is_a_cause() -> None:
    assert {error.word for error in ERRORS} <= {cause.value for cause in Cause}

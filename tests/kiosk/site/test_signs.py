"""Points that say how a device itself is: its clock, its restarts, its pictures. Degraded before lost."""

from __future__ import annotations

from kiosk.site.health import DARK_PERCENT, FROZEN_S, Health, Promise, Sign, State
from kiosk.site.watchman import SIGNS


def test_a_device_is_degraded_by_what_it_says_of_itself() -> None:
    health = Health(Promise(10.0), 0.0)
    health.answered(0.0)
    health.answered(1.0)
    assert health.state is State.ONLINE
    for point, bad, good, sign in (
        ("frame_age", FROZEN_S + 1, 9.0, Sign.PICTURE_FROZEN),
        ("brightness", DARK_PERCENT - 1, 40.0, Sign.PICTURE_DARK),
        ("clock_offset", -3.0, 0.4, Sign.CLOCK),
        ("clock_offset", 3600.0, 0.4, Sign.CLOCK_BAD),
    ):
        news = SIGNS[point](2.0, bad, health)
        assert news is not None
        assert (news.after, news.signs) == (State.DEGRADED, {sign})
        news = SIGNS[point](3.0, good, health)
        assert news is not None
        assert news.after is State.ONLINE


def test_dark_and_frozen_are_told_apart() -> None:
    health = Health(Promise(10.0), 0.0)
    health.answered(0.0)
    health.answered(1.0)
    SIGNS["frame_age"](2.0, 30.0, health)
    SIGNS["brightness"](2.0, 0.0, health)
    SIGNS["frame_age"](3.0, 1.0, health)
    assert health.signs == {Sign.PICTURE_DARK}  # an age that is well says nothing of the light

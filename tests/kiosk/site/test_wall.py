"""Wall time is a label: jumps are found, trust is named, the site's own minute counts."""

from __future__ import annotations

import pytest

from kiosk.site.wall import Wall, is_synchronised

MIDNIGHT_UTC = 1_780_012_800.0  # 2026-05-29T00:00:00Z


def wall(zone: str = "Asia/Shanghai", *, is_synced: bool = True) -> Wall:
    return Wall(100.0, MIDNIGHT_UTC, zone, lambda: is_synced)


def test_the_minute_is_the_sites_own() -> None:
    assert wall().minute == 8 * 60
    assert wall("UTC").minute == 0
    one = wall("UTC")
    one.tick(161.0, MIDNIGHT_UTC + 61)
    assert one.minute == 1


@pytest.mark.parametrize(("jump_s", "is_step"), [(1.9, False), (-1.9, False), (2.1, True), (-3600.0, True)])
def test_a_jump_of_more_than_two_seconds_is_named_once(jump_s: float, *, is_step: bool) -> None:
    one = wall()
    step = one.tick(101.0, MIDNIGHT_UTC + 1 + jump_s)
    assert step == ((MIDNIGHT_UTC + 1, MIDNIGHT_UTC + 1 + jump_s) if is_step else None)
    assert one.clock == ("stepped" if is_step else "synced")
    assert one.tick(102.0, MIDNIGHT_UTC + 2 + jump_s) is None
    one.tick(162.0, MIDNIGHT_UTC + 62 + jump_s)
    assert one.clock == "synced"


def test_a_clock_that_creeps_does_not_step() -> None:
    one = wall()
    assert all(one.tick(100 + n / 10, MIDNIGHT_UTC + n / 10 * 1.1) is None for n in range(1000))


def test_labels_follow_the_clock_as_it_is_set_now() -> None:
    one = wall()
    assert one.label(90.0) == "2026-05-28T23:59:50+00:00"
    one.tick(101.0, MIDNIGHT_UTC + 3601)
    assert one.label(101.0) == "2026-05-29T01:00:01+00:00"


def test_without_a_time_server_it_runs_free() -> None:
    assert wall(is_synced=False).clock == "free-running"
    assert is_synchronised() in (True, False)

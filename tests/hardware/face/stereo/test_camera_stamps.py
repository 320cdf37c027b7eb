"""Stamps of pictures: the driver's where it gives one, else the arrival."""

import pytest

from hardware.camera.stamp import taken_at


@pytest.mark.parametrize(
    ("position_ms", "arrived_s", "taken_s"),
    [
        (99_987.0, 100.0, 99.987),
        (100_000.0, 100.0, 100.0),
        (0.0, 100.0, 100.0),  # no stamp
        (-1.0, 100.0, 100.0),
        (100_001.0, 100.0, 100.0),  # from the future
        (98_900.0, 100.0, 100.0),  # too old to be of this clock
        (1.7e12, 100.0, 100.0),  # the wall clock's
        (float("nan"), 100.0, 100.0),
    ],
)
def test_the_drivers_stamp_counts_where_it_can_be_one(position_ms, arrived_s, taken_s):
    assert taken_at(position_ms, arrived_s) == pytest.approx(taken_s)

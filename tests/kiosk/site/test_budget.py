"""Arithmetic of a bus, with the figures worked by hand."""

from __future__ import annotations

import pytest

from kiosk.site.budget import Block, blocks, dead_share, read_reply_bytes, serial_exchange_s, silence_s


def test_ten_dead_units_probed_every_5_s_with_0_6_s_time_out_and_0_6_s_settle_take_240_percent() -> None:
    assert dead_share(10, 0.6 + 0.6, 5.0) == pytest.approx(2.40)


def test_ten_dead_units_of_the_reference_bus_cost_about_12_percent() -> None:
    """Time-out 50 ms with the settle inside it, back-off cap 4 s."""
    assert dead_share(10, 0.05) == pytest.approx(0.125)


def test_silence_is_3_5_characters_and_fixed_above_19200_baud() -> None:
    """Modbus over Serial Line V1.02, 2.5.1.1: 1.750 ms above 19 200 baud."""
    assert silence_s(9600) == pytest.approx(3.5 * 11 / 9600)
    assert silence_s(115_200) == 0.00175


def test_an_exchange_of_one_register_on_the_reference_bus() -> None:
    """8 bytes out, 7 back, 11 bits each, at 115 200 baud: 1.43 ms; two silences: 3.5 ms; answer: 50 ms."""
    assert read_reply_bytes(Block("holding", 0, 1)) == 7
    assert serial_exchange_s(115_200, 0.05, 8, 7) == pytest.approx(0.00143 + 0.0035 + 0.05, abs=1e-5)


GROUPS = [
    ([("input", 0, 1), ("input", 1, 1)], [("input", 0, 2)]),
    ([("input", 1, 1), ("input", 0, 1)], [("input", 0, 2)]),
    ([("input", 0, 1), ("input", 2, 1)], [("input", 0, 1), ("input", 2, 1)]),
    ([("input", 0, 1), ("coil", 1, 1)], [("coil", 1, 1), ("input", 0, 1)]),
    ([("input", 0, 120), ("input", 120, 6)], [("input", 0, 120), ("input", 120, 6)]),
    ([("input", 0, 10), ("input", 2, 1)], [("input", 0, 10)]),
]


@pytest.mark.parametrize(("addresses", "expected"), GROUPS)
def test_registers_are_read_in_as_few_exchanges_as_fit(
    addresses: list[tuple[str, int, int]], expected: list[tuple[str, int, int]]
) -> None:
    assert blocks(addresses) == tuple(Block(*one) for one in expected)


def test_bits_come_eight_in_a_byte() -> None:
    assert read_reply_bytes(Block("discrete", 0, 9)) == 7

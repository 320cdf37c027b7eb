"""The units at the other end: what they answer, fall back to, and do wrong when they are told to. In simulated time."""

from __future__ import annotations

import pytest

from hardware.modbus import pdu
from hardware.modbus.pdu import Function, Request
from hardware.modbus.simulator import Hold, VirtualUnit
from hardware.modbus.virtual import damaged, units


def made() -> VirtualUnit:
    return VirtualUnit(
        7, inputs={0: 10, 1: 20}, contacts={0: 0}, coils={0: 0, 1: 0}, registers={0: 5},
        holds={("coils", 0): Hold(0, 2.0)}, answer_ms=5.0,
    )  # fmt: skip


def read(unit: VirtualUnit, function: Function, now_s: float, quantity: int = 1) -> tuple[int, ...]:
    request = Request(function, 0, quantity)
    answer = unit.answer(request.encode(), now_s)
    assert answer is not None
    return pdu.decode_reply(request, answer.pdu)


def write(unit: VirtualUnit, address: int, value: int, now_s: float) -> None:
    assert unit.answer(Request(Function.WRITE_COIL, address, 1, (value,)).encode(), now_s) is not None


def test_an_output_falls_back_without_refresh() -> None:
    unit = made()
    write(unit, 0, 1, 0.0)
    write(unit, 1, 1, 0.0)
    assert read(unit, Function.READ_COILS, 1.9, 2) == (1, 1)
    write(unit, 0, 1, 1.9)
    assert read(unit, Function.READ_COILS, 3.8, 2) == (1, 1)
    assert read(unit, Function.READ_COILS, 4.0, 2) == (
        0,
        1,
    )  # one without a hold time stays


def test_refusals() -> None:
    unit = made()
    for asked, code in (("0400640001", 2), ("2b0e", 1), ("0400000000", 3)):
        answer = unit.answer(bytes.fromhex(asked), 0.0)
        assert answer is not None
        assert answer.pdu == bytes((int(asked[:2], 16) | 0x80, code))


def test_it_works_in_order() -> None:
    unit = made()
    unit.faults.late, unit.faults.late_ms = 1, 150
    first, second = (unit.answer(Request(Function.READ_INPUT_REGISTERS, 0).encode(), at_s) for at_s in (0.0, 0.05))
    assert first is not None
    assert second is not None
    assert first.after_s == pytest.approx(0.155)
    assert second.after_s == pytest.approx(0.110)


def test_drift_flap_and_freeze() -> None:
    unit = made()
    unit.faults.drift_per_s, unit.faults.flap_hz = 2.0, 0.5
    unit.move(0.0)
    assert read(unit, Function.READ_INPUT_REGISTERS, 3.0, 2) == (16, 26)
    assert read(unit, Function.READ_DISCRETE_INPUTS, 3.0) == (1,)
    unit.faults.is_frozen = True
    assert read(unit, Function.READ_INPUT_REGISTERS, 60.0, 2) == (16, 26)
    assert read(unit, Function.READ_DISCRETE_INPUTS, 60.0) == (1,)


def test_a_reboot_is_silent_and_forgets() -> None:
    unit = made()
    write(unit, 0, 1, 0.0)
    unit.answer(Request(Function.WRITE_REGISTER, 0, 1, (99,)).encode(), 0.0)
    unit.reboot(0.5, silent_s=2.0)
    assert unit.answer(Request(Function.READ_COILS, 0).encode(), 1.0) is None
    assert read(unit, Function.READ_COILS, 2.6) == (0,)
    assert read(unit, Function.READ_HOLDING_REGISTERS, 2.6) == (5,)
    assert unit.reboots == 1


def test_shares_of_faults() -> None:
    unit = made()
    unit.faults.drop, unit.faults.wrong_unit, unit.faults.garbage = 0.2, 0.5, 0.5
    answers = [unit.answer(Request(Function.READ_COILS, 0).encode(), float(at)) for at in range(1000)]
    came = [answer for answer in answers if answer is not None]
    assert 150 < 1000 - len(came) < 250
    assert {answer.unit for answer in came} == {7, 8}
    assert {answer.damage for answer in came} == {"", "garbage"}
    assert damaged(b"abcd", "truncate") == b"ab"
    assert damaged(b"abcd", "garbage") != b"abcd" == damaged(b"abcd", "")
    with pytest.raises(ValueError, match="one number"):
        units([made(), made()])

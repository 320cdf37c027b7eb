"""Questions and answers, against the examples of the standard."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.field import Busy, Config, FieldError, Garbage, Gone, Refused, Timeout
from hardware.modbus import pdu
from hardware.modbus.pdu import Function, Refusal, Request

READ = Request(Function.READ_HOLDING_REGISTERS, 107, 3)


def test_reads_holding_registers() -> None:
    # V1.1b3, 6.3: request 03 00 6B 00 03, response 03 06 02 2B 00 00 00 64.
    assert READ.encode().hex() == "03006b0003"
    assert pdu.decode_reply(READ, bytes.fromhex("0306022b00000064")) == (555, 0, 100)


def test_reads_coils() -> None:
    # V1.1b3, 6.1: coils 20-38, response 01 03 CD 6B 05; 27-20 are 1100 1101, read from the lowest.
    request = Request(Function.READ_COILS, 19, 19)
    assert request.encode().hex() == "0100130013"
    assert pdu.decode_reply(request, bytes.fromhex("0103cd6b05"))[:8] == (1, 0, 1, 1, 0, 0, 1, 1)


def test_writes() -> None:
    # V1.1b3, 6.5: coil 173 on; 6.6: register 2 := 3; 6.11: ten coils from 20 := CD 01; 6.12: two registers.
    coil = Request(Function.WRITE_COIL, 172, 1, (1,))
    assert coil.encode().hex() == "0500acff00"
    assert Request(Function.WRITE_REGISTER, 1, 1, (3,)).encode().hex() == "0600010003"
    coils = Request(Function.WRITE_COILS, 19, 10, (1, 0, 1, 1, 0, 0, 1, 1, 1, 0))
    assert coils.encode().hex() == "0f0013000a02cd01"
    both = Request(Function.WRITE_REGISTERS, 1, 2, (10, 258))
    assert both.encode().hex() == "100001000204000a0102"
    assert pdu.decode_reply(both, bytes.fromhex("1000010002")) == (10, 258)
    with pytest.raises(Garbage, match="repeat"):
        pdu.decode_reply(coil, bytes.fromhex("0500adff00"))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ("0404022b0000", Garbage),  # an input register's answer to a holding register's question
        ("0304022b0000", Garbage),  # two registers where three were asked
        ("0306022b0000", Garbage),  # a byte count that lies
        ("", Garbage),
        ("8302", Refused), ("8304", Refused), ("8305", Busy), ("8306", Busy), ("830a", Gone), ("830b", Timeout),
    ],
)  # fmt: skip
def test_what_is_no_answer(answer: str, error: type[FieldError]) -> None:
    with pytest.raises(error):
        pdu.decode_reply(READ, bytes.fromhex(answer))


@pytest.mark.parametrize(
    ("function", "address", "quantity", "values"),
    [
        (Function.READ_COILS, 0, 2001, ()), (Function.READ_INPUT_REGISTERS, 0, 126, ()),
        (Function.READ_INPUT_REGISTERS, 65535, 2, ()), (Function.READ_COILS, -1, 1, ()),
        (Function.WRITE_REGISTER, 0, 1, (65536,)), (Function.WRITE_COIL, 0, 1, (2,)),
        (Function.WRITE_COILS, 0, 2, (1,)),
    ],
)  # fmt: skip
def test_impossible_questions_are_refused(
    function: Function, address: int, quantity: int, values: tuple[int, ...]
) -> None:
    with pytest.raises(Config):
        Request(function, address, quantity, values)


@pytest.mark.parametrize(
    ("request_hex", "code"),
    [("2b0e0100", 1), ("", 1), ("03000000", 3), ("03fffe0003", 2), ("0300000080", 3), ("0500001234", 3),
     ("10000100020300aa01", 3)],
)  # fmt: skip
def test_a_unit_refuses_what_it_cannot(request_hex: str, code: int) -> None:
    with pytest.raises(Refusal) as refusal:
        pdu.decode_request(bytes.fromhex(request_hex))
    assert refusal.value.code == code


@st.composite
def requests(draw: st.DrawFn) -> Request:
    function = draw(st.sampled_from(Function))
    single = function in (Function.WRITE_COIL, Function.WRITE_REGISTER)
    quantity = 1 if single else draw(st.integers(1, 120))
    values: tuple[int, ...] = ()
    if function not in pdu.READS:
        top = 1 if function in pdu.BITS else 0xFFFF
        values = tuple(draw(st.lists(st.integers(0, top), min_size=quantity, max_size=quantity)))
    return Request(function, draw(st.integers(0, 65000)), quantity, values)


@given(requests())
def test_both_ends_agree(request_: Request) -> None:
    assert pdu.decode_request(request_.encode()) == request_
    values = request_.values or tuple(number % 2 for number in range(request_.quantity))
    answer = pdu.encode_reply(request_, values)
    assert len(answer) == request_.reply_bytes
    assert pdu.decode_reply(request_, answer) == values


@given(requests(), st.binary(max_size=260))
def test_any_bytes_are_an_answer_or_a_named_failure(request_: Request, data: bytes) -> None:
    with contextlib.suppress(FieldError):
        assert len(pdu.decode_reply(request_, data)) == request_.quantity

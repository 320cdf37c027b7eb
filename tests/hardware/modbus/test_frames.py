"""Frames on a serial line and over TCP, whole, in pieces and damaged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.field import Garbage, Timeout
from hardware.modbus import rtu, tcp
from hardware.modbus.pdu import Function, Request

READ = Request(Function.READ_HOLDING_REGISTERS, 0, 2)
ANSWER = rtu.frame(7, bytes.fromhex("03040001ffff"))


def test_crc() -> None:
    # V1.02, appendix B: the CRC of 02 07 is 1241 (hex), sent 41 12.
    assert rtu.crc(bytes.fromhex("0207")).hex() == "4112"


def test_an_answer_in_single_bytes() -> None:
    reader = rtu.ReplyReader(7, READ)
    found = [pdu for byte in ANSWER if (pdu := reader.feed(bytes((byte,)))) is not None]
    assert found == [bytes.fromhex("03040001ffff")]


@pytest.mark.parametrize("before", [b"\x00", b"\xff\x07", rtu.frame(9, bytes.fromhex("03040001ffff"))])
def test_what_came_before_the_answer_is_stepped_over(before: bytes) -> None:
    assert rtu.ReplyReader(7, READ).feed(before + ANSWER) == bytes.fromhex("03040001ffff")


def test_an_exception_is_an_answer() -> None:
    assert rtu.ReplyReader(7, READ).feed(rtu.frame(7, b"\x83\x02")) == b"\x83\x02"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (rtu.frame(8, bytes.fromhex("03040001ffff")), "unit 8 answered"),
        (rtu.frame(7, bytes.fromhex("04040001ffff")), "function 4"),
        (rtu.frame(7, bytes.fromhex("03020001")), "bytes long"),
        (rtu.frame(7, bytes.fromhex("03050001ffff")), "bytes long"),
        (ANSWER[:-1] + b"\x00", "no whole frame"),
        (ANSWER[:-3], "no whole frame"),
        (ANSWER + b"\x55", "no whole frame"),
        (b"\xaa" * 1000, "never silent"),
    ],
)  # fmt: skip
def test_what_is_no_answer(data: bytes, why: str) -> None:
    reader = rtu.ReplyReader(7, READ)
    assert reader.feed(data) is None
    failure = reader.failure()
    assert isinstance(failure, Garbage)
    assert why in str(failure)


def test_nothing_is_a_timeout() -> None:
    assert isinstance(rtu.ReplyReader(7, READ).failure(), Timeout)


@given(st.binary(max_size=40), st.lists(st.integers(1, 12), min_size=1, max_size=8))
def test_a_unit_finds_requests_after_any_noise(noise: bytes, cuts: list[int]) -> None:
    reader = rtu.RequestReader()
    wanted = (3, READ.encode())
    stream = noise + rtu.frame(*wanted) * 40  # noise may look like the head of a long request
    found = []
    at = 0
    while at < len(stream):
        size = cuts[at % len(cuts)]
        found += reader.feed(stream[at : at + size])
        at += size
    assert wanted in found


def test_tcp_frames_in_pieces() -> None:
    # V1.0b, 3.1.3: transaction 1501, protocol 0, length 6, unit FF.
    data = tcp.frame(0x1501, 0xFF, bytes.fromhex("0300040001"))
    assert data.hex() == "150100000006ff0300040001"
    reader = tcp.FrameReader()
    found = [frame for byte in data + data for frame in reader.feed(bytes((byte,)))]
    assert found == [(0x1501, 0xFF, bytes.fromhex("0300040001"))] * 2


@pytest.mark.parametrize("head", ["00010001000303", "00010000000103", "00010000ffff03"])
def test_what_is_no_modbus_tcp(head: str) -> None:
    with pytest.raises(Garbage):
        tcp.FrameReader().feed(bytes.fromhex(head))

"""Short APDUs (ISO/IEC 7816-4): encoding, 6Cxx, 61xx and their bounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.card_reader import CardUnreadable
from hardware.card_reader.apdu import MAX_CHAINED, Command, Response, exchange


def run(protocol, *answers: str) -> tuple[list[str], Response | None]:
    """Drive a protocol with hex answers; give what it sent, and its result if it ended."""
    sent = [next(protocol).hex().upper()]
    for answer in answers:
        try:
            sent.append(protocol.send(bytes.fromhex(answer)).hex().upper())
        except StopIteration as done:
            return sent, done.value
    return sent, None


def test_the_four_cases_of_a_short_command():
    # ISO/IEC 7816-4, 5.1: case 1 header; case 2 header Le; case 3 header Lc data; case 4 header Lc data Le
    assert Command(0x00, 0x44, 0, 0).encode().hex() == "00440000"
    assert Command(0x00, 0xB2, 1, 4, le=0).encode().hex() == "00b2010400"
    assert Command(0x00, 0xA4, 2, 0, b"\xef\x05").encode().hex() == "00a4020002ef05"
    assert Command(0x00, 0xA4, 4, 0, b"\xef\x05", 256).encode().hex() == "00a4040002ef0500"


def test_a_command_with_too_much_data_is_refused():
    with pytest.raises(ValueError, match="255"):
        Command(0, 0xD6, 0, 0, bytes(256)).encode()


def test_wrong_length_is_asked_again_with_the_right_one():
    sent, response = run(exchange(Command(0, 0xB2, 8, 0, le=0)), "6C14", "0812" + "31" * 18 + "9000")
    assert sent == ["00B2080000", "00B2080014"]
    assert len(response.data) == 20


def test_announced_data_is_fetched_to_the_end():
    sent, response = run(exchange(Command(0, 0xB2, 8, 0, le=0)), "6104", "01026102", "03049000")
    assert sent == ["00B2080000", "00C0000004", "00C0000002"]
    assert (response.data, response.status) == (b"\x01\x02\x03\x04", 0x9000)


def test_wrong_length_then_announced_data():
    sent, response = run(exchange(Command(0, 0xB2, 8, 0, le=0)), "6C02", "6102", "AABB9000")
    assert sent == ["00B2080000", "00B2080002", "00C0000002"]
    assert response.data == b"\xaa\xbb"


def test_a_card_that_says_wrong_length_twice_gets_no_third_try():
    _, response = run(exchange(Command(0, 0xB2, 8, 0, le=0)), "6C02", "6C02")
    assert response.status == 0x6C02


def test_a_card_that_announces_for_ever_is_unreadable():
    with pytest.raises(CardUnreadable, match="without an end"):
        run(exchange(Command(0, 0xB2, 8, 0, le=0)), *["AA6101"] * (MAX_CHAINED + 1))


@pytest.mark.parametrize("answer", ["", "90", "00" * 259])
def test_an_answer_of_an_impossible_length_is_unreadable(answer):
    with pytest.raises(CardUnreadable):
        run(exchange(Command(0, 0xB2, 8, 0, le=0)), answer)


def test_a_response_does_not_show_its_data():
    assert "\\x31" not in repr(Response(b"1" * 18, 0x9000))
    assert "1111" not in repr(Response(b"1" * 18, 0x9000))


@given(st.lists(st.binary(max_size=300), min_size=40, max_size=40))
def test_any_answers_end_in_a_response_or_in_one_error(answers):
    protocol = exchange(Command(0, 0xB2, 8, 0, le=0))
    next(protocol)
    for answer in answers:
        try:
            protocol.send(answer)
        except (StopIteration, CardUnreadable):
            return
    raise AssertionError("no end after 40 answers")


def test_the_four_cases_of_an_extended_command():
    # ISO/IEC 7816-4, 5.1, table 2: Lc of three bytes 00 hh ll; Le of two bytes after data, of three without
    assert Command(0x00, 0x44, 0, 0, is_extended=True).encode().hex() == "00440000"
    assert Command(0x00, 0xB0, 0, 0, le=32000, is_extended=True).encode().hex() == "00b00000" + "007d00"
    assert Command(0x00, 0xA4, 2, 0, b"\xef\x05", is_extended=True).encode().hex() == "00a40200" + "000002ef05"
    assert Command(0x00, 0x88, 0, 0, b"\x01", 65536, is_extended=True).encode().hex() == "00880000000001010000"


def test_an_extended_answer_may_be_long_and_no_longer():
    assert len(Response.decode(bytes(65536) + b"\x90\x00", is_extended=True).data) == 65536
    with pytest.raises(CardUnreadable):
        Response.decode(bytes(65537) + b"\x90\x00", is_extended=True)
    with pytest.raises(ValueError, match="65535"):
        Command(0, 0xD6, 0, 0, bytes(65536), is_extended=True).encode()

"""Frames and commands of GA/T 467-2019, byte by byte; noise, and searching for a preamble between frames only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.card_reader import CardUnreadable
from hardware.card_reader.sdt import commands, frames
from hardware.card_reader.sdt.commands import Verdict, module_number, set_baud, set_max_block, split_content, verdict
from hardware.card_reader.sdt.frames import FrameReader, Garbled, Reply
from hardware.card_reader.sdt.virtual import CommandReader, finger

TEXT_BYTES, PHOTO_BYTES = 256, 1024


def bodies(*parts, least=frames.MIN_REPLY):
    reader = FrameReader(least)
    found = []
    for part in parts:
        reader.feed(part)
        while (body := reader.take()) is not None:
            found.append(body)
    return found


@pytest.mark.parametrize(
    ("command", "frame"),
    [
        # GA/T 467-2019, commands: AA AA AA 96 69 | length | CMD Para (data) | XOR over length to the last byte
        (commands.RESET, "AAAAAA9669 0003 10FF EC"),
        (commands.STATUS, "AAAAAA9669 0003 11FF ED"),
        (commands.NUMBER, "AAAAAA9669 0003 12FF EE"),
        (commands.FIND, "AAAAAA9669 0003 2001 22"),
        (commands.SELECT, "AAAAAA9669 0003 2002 21"),
        (commands.READ_TEXT, "AAAAAA9669 0003 3001 32"),
        (commands.READ_TEXT_AND_FINGERS, "AAAAAA9669 0003 3010 23"),
        (commands.READ_ADDED, "AAAAAA9669 0003 3003 30"),
        (set_baud(115200), "AAAAAA9669 0003 6000 63"),
        (set_baud(57600), "AAAAAA9669 0003 6001 62"),
        (set_baud(9600), "AAAAAA9669 0003 6004 67"),
        (set_max_block(0x50), "AAAAAA9669 0004 61FF50 CA"),
    ],
    ids=lambda value: value.name if isinstance(value, commands.Command) else "",
)
def test_commands_on_the_wire(command, frame):
    assert command.frame == bytes.fromhex(frame)
    assert bodies(command.frame, least=frames.MIN_COMMAND) == [command.code]


@pytest.mark.parametrize(
    ("frame", "status", "data", "command"),
    [
        # GA/T 467-2019, replies: AA AA AA 96 69 | length | SW1 SW2 SW3 (data) | XOR
        ("AAAAAA9669 0008 00009F 00000000 97", 0x9F, bytes(4), commands.FIND),
        ("AAAAAA9669 0004 000080 84", 0x80, b"", commands.FIND),
        ("AAAAAA9669 000C 000090 0000000000000000 9C", 0x90, bytes(8), commands.SELECT),
        ("AAAAAA9669 0004 000081 85", 0x81, b"", commands.SELECT),
        ("AAAAAA9669 0004 000041 45", 0x41, b"", commands.READ_TEXT),
        ("AAAAAA9669 0004 000090 94", 0x90, b"", commands.RESET),
        ("AAAAAA9669 0004 000060 64", 0x60, b"", commands.STATUS),
    ],
)
def test_replies_on_the_wire(frame, status, data, command):
    (body,) = bodies(bytes.fromhex(frame))
    reply = Reply.decode(body)
    assert (reply.card_status, reply.status, reply.data) == (0, status, data)
    assert command.fits(reply)


@pytest.mark.parametrize(
    ("head", "fingers", "length", "total"),
    [
        # GA/T 467-2019: text 256, photo 1024; whole frames of 1295, 1297, 1809 and 2321 bytes
        ("01000400", 0, 0x0508, 1295),
        ("010004000000", 0, 0x050A, 1297),
        ("010004000200", 1, 0x070A, 1809),
        ("010004000400", 2, 0x090A, 2321),
    ],
)
def test_total_lengths_of_a_read(head, fingers, length, total):
    text, photo = b"T" * TEXT_BYTES, b"P" * PHOTO_BYTES
    data = bytes.fromhex(head) + text + photo + finger(0x0B) * fingers
    frame = frames.encode(b"\0\0\x90" + data)
    assert len(frame) == total == 7 + length
    assert frame[5:7] == length.to_bytes(2)
    reply = Reply.decode(*bodies(frame))
    assert commands.READ_TEXT.fits(reply)
    content = split_content(reply.data)  # the fingerprints are in it no more
    assert (content.text, content.photo) == (text, photo)


def test_the_check_byte_covers_length_and_body_and_not_the_preamble():
    # GA/T 467-2019: XOR over Len1 .. CHK is 0
    for frame in (commands.FIND.frame, bytes.fromhex("AAAAAA9669 0008 00009F 00000000 97")):
        assert frames.checksum(frame[5:]) == 0
        assert frames.checksum(frame) != 0


def test_a_modules_number_as_printed():
    # GA/T 467-2019: 16 bytes little-endian, u16 u16 u32 u32 u32, "%.2d.%.2d-%.8u-%.10u-%.10u"
    data = bytes.fromhex("0500 0300 A93A3401 87D61200 B1CB7400")
    assert module_number(data) == "05.03-20200105-0001234567-0007654321"
    assert len(frames.encode(b"\0\0\x90" + data)) - 7 == 0x14
    with pytest.raises(CardUnreadable):
        module_number(data[:-1])


@pytest.mark.parametrize(
    ("statuses", "meaning"),
    [
        # GA/T 467-2019, table of SW3
        ((0x90, 0x9F, 0x91), Verdict.DONE),
        ((0x80, 0x81), Verdict.NO_CARD),
        ((0x41, 0x31, 0x32, 0x33, 0x47), Verdict.PRESENT_AGAIN),
        ((0x40,), Verdict.WRONG_CARD),
        ((0x60, 0x66), Verdict.FAULT),
        ((0x10, 0x11, 0x21), Verdict.SEND_AGAIN),
        ((0x23, 0x24, 0x37, 0x3F, 0x77), Verdict.REFUSED),
    ],
)
def test_what_a_status_asks_of_the_host(statuses, meaning):
    assert {verdict(status)[0] for status in statuses} == {meaning}


def test_garbage_of_the_wild():
    # a host that sends "find" with the check byte of "select": the module must not take it for a command
    assert CommandReader().feed(bytes.fromhex("AAAAAA9669 0003 2001 21")) == [None]
    # a host that sends 20 00: well framed, no command of the table
    assert CommandReader().feed(bytes.fromhex("AAAAAA9669 0003 2000 22")) == [None]
    assert CommandReader().feed(bytes.fromhex("AAAAAA9669 0003 2000 23")) == [b"\x20\x00"]
    # a handset that says "timeout" with a length of 5 and three bytes: never a frame
    reader = FrameReader()
    reader.feed(bytes.fromhex("AAAAAA9669 0005 050505"))
    assert reader.take() is None
    assert reader.inside == bytes.fromhex("0005050505")


def test_a_preamble_inside_a_photo_is_photo():
    photo = (frames.PREAMBLE + bytes.fromhex("0004000080 84")) * 80
    data = bytes.fromhex("01000400") + bytes(TEXT_BYTES) + photo[:PHOTO_BYTES]
    frame = frames.encode(b"\0\0\x90" + data)
    for chunk in (1, 7, 64, 5000):
        (body,) = bodies(*(frame[at : at + chunk] for at in range(0, len(frame), chunk)))
        assert body[3:] == data


@pytest.mark.parametrize("noise", [b"\xaa", b"\xaa\xaa\xaa\xaa\x96", b"\x00" * 300, frames.PREAMBLE + b"\xff\xff"])
def test_noise_between_frames_is_skipped(noise):
    good = bytes.fromhex("AAAAAA9669 0004 000080 84")
    assert bodies(noise + good, noise + good + noise) == [b"\0\0\x80", b"\0\0\x80"]


def test_a_wrong_check_byte_costs_that_frame_only():
    good = bytes.fromhex("AAAAAA9669 0004 000080 84")
    reader = FrameReader()
    reader.feed(good[:-1] + b"\x85" + good)
    with pytest.raises(Garbled):
        reader.take()
    assert reader.take() == b"\0\0\x80"


def test_endless_noise_is_an_end():
    reader = FrameReader()
    reader.feed(b"\xaa" * 4096)
    assert reader.take() is None
    reader.feed(b"\xaa" * 64)
    with pytest.raises(Garbled, match="without a frame"):
        reader.take()


@pytest.mark.parametrize("body", [b"", b"\x10", bytes(frames.MAX_LENGTH)])
def test_no_frame_for_what_no_length_says(body):
    with pytest.raises(ValueError, match="bytes"):
        frames.encode(body)


@given(st.binary(min_size=3, max_size=1300), st.integers(1, 200))
def test_any_body_survives_any_cutting(body, chunk):
    frame = frames.encode(body)
    assert bodies(*(frame[at : at + chunk] for at in range(0, len(frame), chunk))) == [body]


@given(st.lists(st.binary(max_size=400), max_size=8))
def test_any_bytes_give_frames_or_garbled_and_nothing_grows(parts):
    reader = FrameReader()
    for part in parts:
        reader.feed(part)
        try:
            while reader.take() is not None:
                pass
        except Garbled:
            pass
        assert len(reader.inside) <= 2 + frames.MAX_LENGTH


@given(st.binary(max_size=2400))
def test_any_data_of_a_read_is_split_or_refused(data):
    try:
        content = split_content(data)
    except CardUnreadable:
        return
    assert len(content.text) == TEXT_BYTES
    assert content.photo is None or len(content.photo) == PHOTO_BYTES

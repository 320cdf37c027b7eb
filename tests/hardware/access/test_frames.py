"""Frames of the door bus: the check characters, what is cut out of a stream, and what is no frame."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hardware.access.frames import Deframer, Frame, closed, head

POLLED = bytes.fromhex("53050900046100c125")  # osdp_ID to address 5, sequence 0, with CRC: as libosdp 3.2.9 sends it
CHALLENGED = bytes.fromhex("530513000e03110176d764c8cce93255c4cdcf")  # osdp_CHLNG in a security block SCS_11, own key


def cut(*pieces: bytes) -> list[Frame]:
    deframer = Deframer()
    return [frame for piece in pieces for frame in deframer.feed(piece)]


def test_the_frames_of_another_implementation() -> None:
    first, second = cut(b"\xff" + POLLED + b"\xff" + CHALLENGED)
    assert (first.address, first.sequence, first.code, first.data, first.block) == (5, 0, 0x61, b"\x00", b"")
    assert (second.sequence, second.code, second.security, second.block) == (2, 0x76, 0x11, b"\x11\x01")
    assert second.data == bytes.fromhex("d764c8cce93255c4")
    assert not first.is_reply


def test_a_frame_is_made_as_it_is_read() -> None:
    made = closed(head(5, 0, b"", 2, is_reply=False) + b"\x61\x00")
    assert made == POLLED


def test_a_checksum_is_known_too() -> None:
    # 5.9.9: without the CRC bit the last byte makes the sum of all zero
    body = bytes.fromhex("5305070000") + b"\x60"
    frame = body + bytes((-sum(body) & 0xFF,))
    assert [one.code for one in cut(frame)] == [0x60]
    assert cut(frame[:-1] + bytes((frame[-1] ^ 1,))) == []


@given(st.lists(st.integers(1, 30), max_size=6), st.binary(max_size=12).filter(lambda noise: 0x53 not in noise))
def test_any_pieces_after_any_noise(sizes: list[int], noise: bytes) -> None:
    stream = noise + POLLED + CHALLENGED
    pieces = []
    for size in sizes:
        pieces.append(stream[:size])
        stream = stream[size:]
    assert [frame.code for frame in cut(*pieces, stream)] == [0x61, 0x76]


@given(st.binary(max_size=400))
def test_any_bytes_are_frames_or_garbage(data: bytes) -> None:
    for frame in cut(data):
        assert 7 <= len(frame.raw) <= len(data)


def test_no_changed_byte_is_believed() -> None:
    for at in range(len(CHALLENGED)):
        for change in range(1, 256):
            damaged = bytearray(CHALLENGED)
            damaged[at] ^= change
            assert cut(bytes(damaged)) == []


def test_garbage_is_counted_by_stretches_and_the_next_frame_is_found() -> None:
    deframer = Deframer()
    damaged = CHALLENGED[:-1] + b"\x00"
    assert [frame.code for frame in deframer.feed(b"\x01\x02" + damaged + POLLED + b"\x03" + POLLED)] == [0x61, 0x61]
    assert deframer.garbage == 2


def test_what_never_ends_is_not_kept() -> None:
    deframer = Deframer()
    assert list(deframer.feed(b"\x53\x05\xff\xff" * 4000)) == []  # a length that no packet has
    assert list(deframer.feed(POLLED[:4])) == []
    assert deframer.is_within
    deframer.clear()
    assert [frame.code for frame in deframer.feed(POLLED)] == [0x61]

"""How files are read: four bytes, then what their length says; blocks that shrink; and never a byte too far."""

from __future__ import annotations

import pytest

from hardware.card_reader import CardProtected, CardUnreadable, tlv
from hardware.card_reader.emrtd.channel import Channel
from hardware.card_reader.emrtd.files import MIN_BLOCK_BYTES, SPARE_EXCHANGES, Files

from .scripted import answers, play


class Chip:
    """A chip in the clear with one file. ``gives``: bytes at a time; Le above ``refuses`` is answered ``word``."""

    def __init__(self, content: bytes, gives: int = 256, refuses: int = 256, word: int = 0x6700) -> None:
        self.content = content
        self.gives = gives
        self.refuses = refuses
        self.word = word
        self.asked: list[tuple[int, int]] = []

    def respond(self, command: bytes) -> bytes:
        if command[1] == 0xA4:
            return b"\x90\x00"
        if command[1] == 0xB1:
            offset, le = int.from_bytes(command[7:-1]), command[-1] or 256
            head = 2 if le <= 0x81 else 3
            self.asked.append((offset, le))
            return tlv.encode(0x53, self.content[offset : offset + min(le - head, self.gives)]) + b"\x90\x00"
        offset, le = int.from_bytes(command[2:4]), command[4] or 256
        if le > self.refuses:
            return self.word.to_bytes(2)
        self.asked.append((offset, le))
        return self.content[offset : offset + min(le, self.gives)] + b"\x90\x00"


def read(chip: Chip, most: int = 100_000, files: Files | None = None) -> bytes | None:
    protocol = (files or Files(Channel())).read(0x0101, 0x61, most)
    command = next(protocol)
    for _ in range(5000):
        try:
            command = protocol.send(chip.respond(command))
        except StopIteration as done:
            return done.value
    raise AssertionError("no end")


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 100, 127, 128, 255, 256, 1000, 32_760, 32_770, 70_000])
@pytest.mark.parametrize("gives", [256, 223, 97])
def test_exactly_the_bytes_of_the_file_are_read(size, gives):
    raw = tlv.encode(0x61, bytes(range(256)) * (size // 256) + bytes(size % 256))
    chip = Chip(raw + b"\xee" * 500, gives)  # what lies behind it is none of our business
    assert read(chip) == raw
    assert chip.asked[0] == (0, 4)
    assert all(offset + le <= max(4, len(raw)) for offset, le in chip.asked if offset <= 0x7FFF)


@pytest.mark.parametrize(("refuses", "then"), [(255, 192), (191, 160), (159, 128)])
@pytest.mark.parametrize("word", [0x6700, 0x6A86, 0x6B00])
def test_blocks_shrink_once_and_for_all(refuses, then, word):
    raw = tlv.encode(0x61, bytes(900))
    files = Files(Channel())
    assert read(Chip(raw, refuses=refuses, word=word), files=files) == raw
    assert files.block_bytes == then
    chip = Chip(raw, refuses=refuses, word=word)
    read(chip, files=files)
    assert max(le for _, le in chip.asked) == then


def test_the_right_length_the_chip_names_is_taken():
    raw = tlv.encode(0x61, bytes(500))
    assert read(Chip(raw, refuses=100, word=0x6C64)) == raw


def test_a_chip_that_takes_no_length_is_left_soon():
    with pytest.raises(CardUnreadable, match="6700"):
        read(Chip(tlv.encode(0x61, bytes(500)), refuses=100))


def test_a_file_in_too_small_pieces_is_left():
    raw = tlv.encode(0x61, bytes(3000))
    chip = Chip(raw, gives=10)
    with pytest.raises(CardUnreadable, match="too few"):
        read(chip)
    assert len(chip.asked) <= len(raw) // MIN_BLOCK_BYTES + SPARE_EXCHANGES + 1


def test_an_offset_past_32767_is_read_with_the_odd_instruction():
    raw = tlv.encode(0x61, bytes(40_000))
    sent: list[bytes] = []
    chip = Chip(raw)
    respond = chip.respond

    class Noting:
        def respond(self, command: bytes) -> bytes:
            sent.append(command)
            return respond(command)

    assert read(Noting()) == raw
    odd = [command for command in sent if command[1] == 0xB1]
    # ISO/IEC 7816-4, 11.2.3: '00 B1 00 00 04 54 02 offset Le'
    assert odd[0][:7] == bytes.fromhex("00B10000045402")
    assert odd[0][-1] == 0
    assert all(int.from_bytes(command[2:4]) <= 0x7FFF for command in sent if command[1] == 0xB0)


@pytest.mark.parametrize("status", ["6A82", "6283"])
def test_a_file_that_is_not_there(status):
    assert answers(Files(Channel()).read(0x0101, 0x61, 100), status) is None


@pytest.mark.parametrize("replies", [("6982",), ("9000", "6982"), ("9000", "6985")])
def test_a_locked_file(replies):
    with pytest.raises(CardProtected):
        answers(Files(Channel()).read(0x0101, 0x61, 100), *replies)


def test_the_end_of_the_file_with_a_warning():
    data = play(
        Files(Channel()).read(0x0101, 0x61, 100),
        ("00A4020C020101", "9000"),
        ("00B0000004", "61020A0B 6282"),
    )
    assert data == bytes.fromhex("61020A0B")


@pytest.mark.parametrize(
    "replies",
    [
        ("6F00",),
        ("9000", "6F00"),
        ("9000", "9000"),
        ("9000", "6282"),
        ("9000", "61FF0000009000"),
        ("9000", "620200009000"),
        ("9000", "618000009000"),
        ("9000", "6182FFFF9000"),
        ("9000", "610A00009000", "00 6282", "6282"),
        ("9000", "610A00009000", "000000000000000000009000"),  # ten bytes where eight were asked for
        ("9000", "7F6100009000"),
    ],
)
def test_what_a_file_must_not_be(replies):
    with pytest.raises(CardUnreadable):
        answers(Files(Channel()).read(0x0101, 0x61, 100), *replies)


def test_raw_files_are_one_block_or_nothing():
    assert answers(Files(Channel()).read_raw(0x2F01, 256), "9000", "7F6608020203E8020203E89000") is not None
    assert answers(Files(Channel()).read_raw(0x2F01, 256), "6A82") is None
    assert answers(Files(Channel()).read_raw(0x2F01, 256), "9000", "6982") is None

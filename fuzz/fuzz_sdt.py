"""Everything a SAM module or its line may say, into every parser of resident cards: one error type, or a document.

The first byte of an input chooses the way in, the rest is what came. ``python -m fuzz.fuzz_sdt [CORPUS ...]`` fuzzes
with atheris; the kept corpus also runs as a test. ``seeds`` says what the corpus began with.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date

from hardware.card_reader import CardError
from hardware.card_reader.sdt import commands, frames, session, text
from hardware.card_reader.sdt.conversation import Conversation
from hardware.card_reader.sdt.document import Portrait, document
from hardware.card_reader.sdt.frames import FrameReader, Garbled, Reply
from hardware.card_reader.sdt.memory import MemoryLine
from hardware.card_reader.sdt.virtual import NUMBER, CommandReader, Traits, VirtualSamCard, finger

TODAY = date(2026, 1, 1)
CHUNKS = (1, 7, 64, 4096)


class _Told:
    """A line that says what it was given, whatever is asked; never more than one frame at a time."""

    where = "SAM fuzz"
    byte_s = 1e-4

    def __init__(self, data: bytes, chunk_bytes: int) -> None:
        self._data = data
        self._chunk_bytes = chunk_bytes
        self.now_s = 0.0

    def clock(self) -> float:
        return self.now_s

    def write(self, data: bytes) -> None:
        self.now_s += 0.001

    def read(self, within_s: float) -> bytes:
        next_frame = self._data.find(frames.PREAMBLE, 1)
        end = min(self._chunk_bytes, len(self._data) if next_frame < 0 else next_frame)
        data, self._data = self._data[:end], self._data[end:]
        self.now_s += 0.001 if data else within_s
        return data

    def drop_input(self) -> None:
        """What is yet to come is no input."""

    def close(self) -> None:
        """Nothing is held."""


def _frames(data: bytes) -> None:
    reader = FrameReader()
    for at in range(0, len(data), 97):
        reader.feed(data[at : at + 97])
        for _ in range(200):
            try:
                body = reader.take()
            except Garbled:
                continue
            if body is None:
                break
            with contextlib.suppress(Garbled):
                Reply.decode(body)
        assert len(reader.inside) <= 2 + frames.MAX_LENGTH
    CommandReader().feed(data)


def _content(data: bytes) -> None:
    content = commands.split_content(data)
    assert len(content.text) == commands.TEXT_BYTES
    _document(content.text, content.photo, "")


def _block(data: bytes) -> None:
    _document(data[: commands.TEXT_BYTES].ljust(commands.TEXT_BYTES, b" "), None, None)


def _document(raw: bytes, photo: bytes | None, added: str | None) -> None:
    block = text.parse(raw)
    for word in (*block.fields.values(), block.latin_name):
        word.encode()
    made = document(session.CardData(block, photo, added), Portrait(), TODAY)
    assert made.name
    assert made.number


def _address(data: bytes) -> None:
    text.address(data).encode()


def _number(data: bytes) -> None:
    assert commands.module_number(data[:16]).isascii()


def _session(data: bytes) -> None:
    if not data:
        return
    line = _Told(data[1:], CHUNKS[data[0] % len(CHUNKS)])
    conversation = Conversation(line, clock=line.clock)
    try:
        card = conversation.run(session.read_card(lambda _phase: None))
        document(card, Portrait(), TODAY)
    finally:
        assert line.now_s < 60.0
        with contextlib.suppress(CardError):
            conversation.run(session.look(session.Presence(session.CardState.READ)))


WAYS: tuple[Callable[[bytes], None], ...] = (_frames, _content, _block, _address, _number, _session)


def one_input(data: bytes) -> None:
    """Feed one input; anything but a ``CardError`` is a finding."""
    if not data:
        return
    with contextlib.suppress(CardError):
        WAYS[data[0] % len(WAYS)](data[1:])


class _Heard(MemoryLine):
    """A line that remembers what the module said."""

    heard = b""

    def read(self, within_s: float) -> bytes:
        data = super().read(within_s)
        self.heard += data
        return data


def seeds() -> dict[str, bytes]:
    """Give the inputs the corpus begins with, by file name: what virtual modules say of synthetic cards."""

    def way(function: Callable[[bytes], None]) -> bytes:
        return bytes((WAYS.index(function),))

    cards = {
        "resident": VirtualSamCard.resident("11010519491231002X", "张秀英", "2", added_address="新路1号"),
        "j": VirtualSamCard.special_regions("810000199001010019", "陈大文", "1"),
        "i": VirtualSamCard.foreigner_2017("KAZ110090123105", "ANNA", "2", date(1990, 12, 31), nationality="KAZ"),
        "y": VirtualSamCard.foreigner_2023("911156819890101004", "M" * 43, "2", date(1989, 1, 1), nationality="ESP"),
    }
    found: dict[str, bytes] = {}
    for name, card in cards.items():
        found[f"block_{name}"] = way(_block) + card.block
        found[f"content_{name}"] = way(_content) + bytes.fromhex("01000400") + card.block + card.photo
        for sends_fingers in (False, True):
            line = _Heard(Traits(sends_fingers=sends_fingers))
            line.player.play(replace(card, fingers=finger(0x0B) * 2))
            Conversation(line, clock=line.clock).run(session.read_card(lambda _phase: None))
            ending = "_fingers" if sends_fingers else ""
            found[f"session_{name}{ending}"] = way(_session) + b"\3" + line.heard
            found[f"session_{name}{ending}_cut"] = way(_session) + b"\2" + line.heard[:900]
    for number, frame in enumerate(_FRAMES):
        found[f"frame_{number}"] = way(_frames) + bytes.fromhex(frame)
    noise = bytes.fromhex("AAAAAA96") * 30 + frames.PREAMBLE + b"\xff\xff"
    found["frame_behind_noise"] = way(_frames) + noise + bytes.fromhex(_FRAMES[0])
    address = "样板市新村3号".ljust(35).encode("utf-16-le")
    found["address"] = way(_address) + address
    found["address_counted"] = way(_address) + b"\0\x46" + address
    found["number"] = way(_number) + NUMBER
    found["block_half_pair"] = way(_block) + b"\x20\x5f\x42\xd8" + cards["resident"].block[4:]
    return found


_FRAMES = (
    "AAAAAA9669 0008 00009F 00000000 97", "AAAAAA9669 0004 000080 84", "AAAAAA9669 000C 000090 0000000000000000 9C",
    "AAAAAA9669 0004 000081 85", "AAAAAA9669 0004 000041 45", "AAAAAA9669 0004 000090 94", "AAAAAA9669 0004 000060 64",
    "AAAAAA9669 0005 050505", "AAAAAA9669 0003 2001 21", "AAAAAA9669 0003 2000 22",
)  # fmt: skip


if __name__ == "__main__":
    import atheris

    atheris.instrument_all()
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()

"""Commands of the SAM module and what its statuses mean (GA/T 467-2019): tables, no wire and no order of events."""

from __future__ import annotations

import enum
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from hardware.card_reader import CardUnreadable
from hardware.card_reader.sdt import frames
from hardware.card_reader.sdt.frames import Reply

OK, FOUND, NONE_FOUND, NONE_SELECTED, NOTHING_STORED = 0x90, 0x9F, 0x80, 0x81, 0x91
ADDRESS_BYTES = 70
ADDRESS_SIZES = (ADDRESS_BYTES, ADDRESS_BYTES + 2)  # some modules write the length before it
TEXT_BYTES, PHOTO_BYTES, FINGER_BYTES = 256, 1024, 512
_TEXT_SIZES = tuple(4 + TEXT_BYTES + photo for photo in (0, PHOTO_BYTES)) + tuple(
    6 + TEXT_BYTES + PHOTO_BYTES + fingers * FINGER_BYTES for fingers in (0, 1, 2)
)


class Verdict(enum.Enum):
    """What a status asks of the host."""

    DONE = "done"
    NO_CARD = "no card: go on polling"
    PRESENT_AGAIN = "the card must be lifted and presented again"
    WRONG_CARD = "not a card for this module"
    FAULT = "the module is broken or not authorised"
    SEND_AGAIN = "our frame did not arrive well"
    REFUSED = "the module does not do this"


STATUSES: Mapping[int, tuple[Verdict, str]] = {
    0x90: (Verdict.DONE, "done"),
    0x9F: (Verdict.DONE, "card found"),
    0x91: (Verdict.DONE, "nothing of this is stored"),
    0x80: (Verdict.NO_CARD, "no card found"),
    0x81: (Verdict.NO_CARD, "no card selected"),
    0x10: (Verdict.SEND_AGAIN, "the check byte was wrong"),
    0x11: (Verdict.SEND_AGAIN, "the length was wrong"),
    0x21: (Verdict.SEND_AGAIN, "no such command or parameter"),
    0x23: (Verdict.REFUSED, "not permitted"),
    0x24: (Verdict.REFUSED, "error without a name"),
    0x31: (Verdict.PRESENT_AGAIN, "the module did not accept the card"),
    0x32: (Verdict.PRESENT_AGAIN, "the card did not accept the module"),
    0x33: (Verdict.PRESENT_AGAIN, "the card's data did not verify"),
    0x37: (Verdict.REFUSED, "the fingerprint did not verify"),
    0x3F: (Verdict.REFUSED, "wrong length of the information"),
    0x40: (Verdict.WRONG_CARD, "a card of another kind"),
    0x41: (Verdict.PRESENT_AGAIN, "reading failed"),
    0x47: (Verdict.PRESENT_AGAIN, "no random number from the card"),
    0x60: (Verdict.FAULT, "the module's self-test failed"),
    0x66: (Verdict.FAULT, "the module is not authorised"),
}


def verdict(status: int) -> tuple[Verdict, str]:
    """Give the meaning of SW3 and its words; a status of no table is a refusal."""
    return STATUSES.get(status, (Verdict.REFUSED, f"status {status:02X}"))


@dataclass(frozen=True)
class Command:
    """One command. ``answers``: the statuses that are its own, with the sizes their data can have.

    The protocol numbers nothing, so a reply belongs to a command only by its form. ``within_s``: until the first byte
    of the reply, longer than any module in the field needs.
    """

    name: str
    code: bytes  # CMD, Para and data
    answers: Mapping[int, tuple[int, ...]] = field(default_factory=lambda: {OK: (0,)}, hash=False)
    within_s: float = 1.0
    is_about_card: bool = False

    @property
    def frame(self) -> bytes:
        """The bytes on the wire."""
        return frames.encode(self.code)

    @property
    def longest_reply_bytes(self) -> int:
        """The longest reply that can be meant, on the wire."""
        return frames.HEAD_BYTES + frames.MIN_REPLY + max(max(sizes) for sizes in self.answers.values())

    def fits(self, reply: Reply) -> bool:
        """Tell whether ``reply`` can be this command's; a late one of the command before mostly cannot."""
        if reply.status in self.answers:
            return len(reply.data) in self.answers[reply.status]
        if reply.status in _OWNED:
            return False
        meaning, _ = verdict(reply.status)
        return self.is_about_card or meaning not in (Verdict.PRESENT_AGAIN, Verdict.WRONG_CARD)


_OWNED = frozenset({OK, FOUND, NONE_FOUND, NONE_SELECTED, NOTHING_STORED})  # only ever an answer to what asks for it

RESET = Command("reset", b"\x10\xff", within_s=2.0)
STATUS = Command("status", b"\x11\xff", within_s=0.3)
NUMBER = Command("number", b"\x12\xff", {OK: (16,)})
FIND = Command("find", b"\x20\x01", {FOUND: (4,), NONE_FOUND: (0,)}, is_about_card=True)
_NO_CARD: Mapping[int, tuple[int, ...]] = {NONE_FOUND: (0,), NONE_SELECTED: (0,)}
SELECT = Command("select", b"\x20\x02", {OK: (8,), **_NO_CARD}, is_about_card=True)
READ_TEXT = Command("read_text", b"\x30\x01", {OK: _TEXT_SIZES, **_NO_CARD}, within_s=4.0, is_about_card=True)
READ_ADDED = Command(
    "read_added", b"\x30\x03", {OK: (*ADDRESS_SIZES, 0), NOTHING_STORED: (0,), **_NO_CARD}, 2.0, is_about_card=True
)
# Known, so that the other end can be told apart from a broken one; a booth asks for no fingerprint.
READ_TEXT_AND_FINGERS = Command("read_text_and_fingers", b"\x30\x10", {OK: _TEXT_SIZES}, 4.0, is_about_card=True)

BAUDS = (115200, 57600, 38400, 19200, 9600)


def set_baud(baud: int) -> Command:
    """Make the command that changes the module's speed; ``ValueError`` for a speed it does not have."""
    return Command("set_baud", bytes((0x60, BAUDS.index(baud))))


def set_max_block(size: int) -> Command:
    """Make the command that limits the size of a block between module and card, in bytes (1..255)."""
    return Command("set_max_block", bytes((0x61, 0xFF, size)))


def module_number(data: bytes) -> str:
    """Write a module's number as it is printed on it; ``CardUnreadable`` unless it has 16 bytes."""
    if len(data) != 16:
        raise CardUnreadable(f"a module's number has 16 bytes, {len(data)} came")
    maker, kind, day, serial, suffix = struct.unpack("<HHIII", data)
    return f"{maker:02d}.{kind:02d}-{day:08d}-{serial:010d}-{suffix:010d}"


@dataclass(frozen=True, repr=False)
class Content:
    """What ``READ_TEXT`` gave: the text block, and the photo as the card has it (WLT) or None."""

    text: bytes
    photo: bytes | None


def split_content(data: bytes) -> Content:
    """Split the data of a read by the sizes it begins with; fingerprints are left behind. Raises ``CardUnreadable``."""
    sizes = [int.from_bytes(data[at : at + 2]) for at in (0, 2, 4)]
    text_bytes, photo_bytes, finger_bytes = sizes
    if text_bytes != TEXT_BYTES or photo_bytes not in (0, PHOTO_BYTES):
        raise CardUnreadable(f"the module announces {text_bytes} bytes of text and {photo_bytes} of photo")
    for head_bytes, fingers in ((4, 0), (6, finger_bytes)):
        end = head_bytes + text_bytes + photo_bytes
        if len(data) == end + fingers and fingers % FINGER_BYTES == 0:
            text = data[head_bytes : head_bytes + text_bytes]
            return Content(text, data[end - photo_bytes : end] or None)
    raise CardUnreadable(f"the module announces other sizes than the {len(data)} bytes that came")

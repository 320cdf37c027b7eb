"""Command APDUs as a chip takes them apart (ISO/IEC 7816-3, 12.1): short and extended, cases 1 to 4."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hardware.card_reader import CardUnreadable, tlv


@dataclass(frozen=True)
class Apdu:
    """One command. ``le``: how many bytes at most, 256 or 65536 for "all there is"; None: no Le field."""

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes = b""
    le: int | None = None
    is_extended: bool = False

    @property
    def is_protected(self) -> bool:
        """Secure messaging with an authenticated header (ISO/IEC 7816-4, 5.4.1)."""
        return self.cla & 0x0C == 0x0C


class WrongLength(ValueError):
    """Lengths that contradict each other: 6700."""


def decode(command: bytes) -> Apdu:
    """Take a command apart. Raises ``WrongLength``."""
    if len(command) < 4:
        raise WrongLength
    head, body = Apdu(command[0], command[1], command[2], command[3]), command[4:]
    if not body:
        return head
    if len(body) == 1:
        return replace(head, le=body[0] or 256)
    if body[0]:
        data, rest = body[1 : 1 + body[0]], body[1 + body[0] :]
        if len(data) != body[0] or len(rest) > 1:
            raise WrongLength
        return replace(head, data=data, le=(rest[0] or 256) if rest else None)
    if len(body) < 3:
        raise WrongLength
    size = int.from_bytes(body[1:3])
    if len(body) == 3:
        return replace(head, le=size or 65536, is_extended=True)
    data, rest = body[3 : 3 + size], body[3 + size :]
    if len(data) != size or not size or len(rest) not in (0, 2):
        raise WrongLength
    return replace(head, data=data, le=(int.from_bytes(rest) or 65536) if rest else None, is_extended=True)


def objects(data: bytes) -> dict[int, bytes] | None:
    """Give the data objects of a command by tag; None where they are none, or one comes twice."""
    try:
        items = tlv.read_all(data)
    except CardUnreadable:
        return None
    found = {item.tag: item.value for item in items}
    return found if len(found) == len(items) else None

"""From BER to what ``tlv`` reads: indefinite lengths and octet strings in pieces made definite (X.690, 8.1.3.6, 8.7).

Security objects are CMS, and some issuers encode CMS in BER. Whatever has a definite length stays byte for byte as it
came, so that hashes and signatures over it still hold. Walks without recursion, in bounded steps and depth.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hardware.card_reader import CardUnreadable, tlv

MAX_DEPTH = 32
MAX_OBJECTS = 4096  # a security object with its certificates has some two hundred

_END = b"\x00\x00"
_PIECES = 0x24  # an OCTET STRING of pieces
_SIMPLE_PIECE = 0x04


@dataclass(slots=True)
class _Open:
    """A constructed object that is being walked through. ``end`` None: until the end-of-contents octets."""

    tag: int
    start: int
    end: int | None
    limit: int
    parts: list[bytes] = field(default_factory=list)
    has_changed: bool = False


def definite(data: bytes) -> bytes:
    """Give ``data`` (one or more objects) with definite lengths only. Raises ``CardUnreadable``."""
    if b"\x80" not in data and bytes((_PIECES,)) not in data:
        return data  # neither an indefinite length nor pieces can be in there
    root = _Open(0, 0, len(data), len(data))
    stack, at, objects = [root], 0, 0
    while True:
        top = stack[-1]
        if top.end is None and data[at : at + 2] == _END and at + 2 <= top.limit:
            at += 2
        elif at != top.end:
            objects += 1
            if objects > MAX_OBJECTS or len(stack) > MAX_DEPTH:
                raise CardUnreadable(f"a structure of more than {MAX_OBJECTS} objects or {MAX_DEPTH} levels")
            at = _enter(data, at, stack)
            continue
        if top is root:
            return b"".join(root.parts) if root.has_changed else data
        stack.pop()
        _close(data, at, top, stack[-1])


def _enter(data: bytes, at: int, stack: list[_Open]) -> int:
    """Take in the object at ``at``: whole when it is primitive, else open it. Give the position to go on from."""
    top = stack[-1]
    is_constructed = bool(data[at : at + 1]) and bool(data[at] & 0x20)
    length_at = at + _tag_bytes(data, at)
    if is_constructed and data[length_at : length_at + 1] == b"\x80":
        stack.append(_Open(int.from_bytes(data[at:length_at]), at, None, top.limit, has_changed=True))
        return length_at + 1
    header = tlv.read_header(data, at)
    end = at + header.total_bytes
    if end > top.limit:
        raise CardUnreadable(f"data object {header.tag:02X} declares more bytes than came")
    if not is_constructed:
        top.parts.append(data[at:end])
        return end
    stack.append(_Open(header.tag, at, end, end))
    return at + header.header_bytes


def _close(data: bytes, at: int, done: _Open, parent: _Open) -> None:
    if done.tag == _PIECES:
        parent.parts.append(tlv.encode(_SIMPLE_PIECE, b"".join(_piece(part) for part in done.parts)))
        parent.has_changed = True
    elif done.has_changed:
        parent.parts.append(tlv.encode(done.tag, b"".join(done.parts)))
        parent.has_changed = True
    else:
        parent.parts.append(data[done.start : at])


def _piece(part: bytes) -> bytes:
    return tlv.read_exactly(part, _SIMPLE_PIECE)


def _tag_bytes(data: bytes, at: int) -> int:
    if data[at : at + 1] and data[at] & 0x1F == 0x1F:
        size = 1
        while data[at + size : at + size + 1] and data[at + size] & 0x80 and size < tlv.MAX_TAG_BYTES:
            size += 1
        return size + 1
    return 1

"""BER-TLV as cards and travel documents use it (ISO/IEC 7816-4, 5.2.2; X.690), strict and bounded, sans-IO.

Definite lengths only, tags of at most three bytes, no byte left over, and a nesting a reader can count. Nothing here
recurses, so that no input decides how deep a stack becomes. One error: ``CardUnreadable``. Knows no meaning of a tag.
"""

from __future__ import annotations

from dataclasses import dataclass

from hardware.card_reader import CardUnreadable

MAX_TAG_BYTES = 3
MAX_VALUE_BYTES = 1 << 20  # a portrait of a megabyte is larger than any chip
MAX_CHILDREN = 1024
MAX_DEPTH = 16


@dataclass(frozen=True, slots=True, repr=False)
class Tlv:
    """One data object. ``raw`` is the whole of it as it came, tag and length included: what a hash is taken over."""

    tag: int
    value: bytes
    raw: bytes

    @property
    def is_constructed(self) -> bool:
        """Bit 6 of the tag's first byte."""
        return bool(self.raw[0] & 0x20)


@dataclass(frozen=True, slots=True)
class Header:
    """Tag and length of a data object of which perhaps only the beginning was read."""

    tag: int
    header_bytes: int
    value_bytes: int

    @property
    def total_bytes(self) -> int:
        """The whole object's length."""
        return self.header_bytes + self.value_bytes


def read_header(data: bytes, at: int = 0) -> Header:
    """Decode tag and length at ``at``. Raises ``CardUnreadable`` when they are cut off, indefinite or too large."""
    position = at
    tag = _byte(data, position)
    position += 1
    if tag & 0x1F == 0x1F:
        for _ in range(MAX_TAG_BYTES - 1):
            following = _byte(data, position)
            position += 1
            tag = tag << 8 | following
            if not following & 0x80:
                break
        else:
            raise CardUnreadable(f"a tag of more than {MAX_TAG_BYTES} bytes")
    length = _byte(data, position)
    position += 1
    if length == 0x80:
        raise CardUnreadable(f"data object {tag:02X} has an indefinite length")
    if length > 0x80:
        size = length & 0x7F
        if size > 4:
            raise CardUnreadable(f"data object {tag:02X} has a length of {size} bytes")
        if position + size > len(data):
            raise CardUnreadable("a data object is cut off in its length")
        length = int.from_bytes(data[position : position + size])
        position += size
    if length > MAX_VALUE_BYTES:
        raise CardUnreadable(f"data object {tag:02X} declares {length} bytes, more than {MAX_VALUE_BYTES}")
    return Header(tag, position - at, length)


def read_one(data: bytes, at: int = 0) -> Tlv:
    """Decode the data object at ``at``; what follows it is not looked at. Raises ``CardUnreadable``."""
    header = read_header(data, at)
    end = at + header.total_bytes
    if end > len(data):
        raise CardUnreadable(f"data object {header.tag:02X} declares more bytes than came")
    return Tlv(header.tag, data[at + header.header_bytes : end], data[at:end])


def read_all(data: bytes) -> tuple[Tlv, ...]:
    """Decode data objects that follow one another to the last byte. Raises ``CardUnreadable``."""
    found: list[Tlv] = []
    at = 0
    while at < len(data):
        if len(found) >= MAX_CHILDREN:
            raise CardUnreadable(f"more than {MAX_CHILDREN} data objects in one")
        one = read_one(data, at)
        found.append(one)
        at += len(one.raw)
    return tuple(found)


def read_exactly(data: bytes, tag: int) -> bytes:
    """Give the value of the one data object ``data`` is, which must have ``tag``. Raises ``CardUnreadable``."""
    one = read_one(data)
    if one.tag != tag:
        raise CardUnreadable(f"data object {one.tag:02X} where {tag:02X} is expected")
    if len(one.raw) != len(data):
        raise CardUnreadable(f"{len(data) - len(one.raw)} bytes after data object {tag:02X}")
    return one.value


def find(data: bytes, *path: int) -> bytes | None:
    """Give the value at the end of a path of tags, the first of each; None where there is none.

    Raises ``CardUnreadable`` for malformed data on the way and ``ValueError`` for a path longer than ``MAX_DEPTH``.
    """
    if len(path) > MAX_DEPTH:
        raise ValueError(f"a path of {len(path)} tags")
    value = data
    for tag in path:
        found = next((one for one in read_all(value) if one.tag == tag), None)
        if found is None:
            return None
        value = found.value
    return value


def encode(tag: int, value: bytes) -> bytes:
    """Encode one data object with the shortest length (DER)."""
    head = tag.to_bytes(max(1, (tag.bit_length() + 7) // 8))
    size = len(value)
    if size < 0x80:
        return head + bytes((size,)) + value
    length = size.to_bytes((size.bit_length() + 7) // 8)
    return head + bytes((0x80 | len(length),)) + length + value


def _byte(data: bytes, at: int) -> int:
    if at >= len(data):
        raise CardUnreadable("a data object is cut off in its tag or length")
    return data[at]

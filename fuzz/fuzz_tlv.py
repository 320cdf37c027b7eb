"""Any bytes as data objects: decoded whole and within bounds, or the one error.

``python -m fuzz.fuzz_tlv [CORPUS ...]`` fuzzes with atheris; the kept corpus also runs as a test.
"""

from __future__ import annotations

import contextlib
import sys

from hardware.card_reader import CardUnreadable, tlv

MOST_OBJECTS = 4096  # looked at in one input, level by level


def one_input(data: bytes) -> None:
    """Feed one input; anything but ``CardUnreadable`` is a finding."""
    with contextlib.suppress(CardUnreadable):
        header = tlv.read_header(data)
        assert 2 <= header.header_bytes <= 8
        assert header.value_bytes <= tlv.MAX_VALUE_BYTES
    with contextlib.suppress(CardUnreadable):
        tlv.find(data, 0x60, 0x5C)
    waiting = [data]
    for _ in range(MOST_OBJECTS):
        if not waiting:
            break
        level = waiting.pop()
        try:
            found = tlv.read_all(level)
        except CardUnreadable:
            continue
        assert b"".join(one.raw for one in found) == level
        for one in found:
            assert tlv.read_exactly(one.raw, one.tag) == one.value
            if one.is_constructed:
                waiting.append(one.value)


def seeds() -> dict[str, bytes]:
    """Give the inputs the corpus begins with, by file name."""
    nested = b""
    for _ in range(200):
        nested = tlv.encode(0x30, nested)
    return {
        "ef_com": bytes.fromhex("60165F01043031303 75F36063034303030305C046175766C".replace(" ", "")),
        "three_byte_tag": tlv.encode(0x9F8101, b"x" * 200),
        "long": tlv.encode(0x75, bytes(300)),
        "nested": nested,
        "many": tlv.encode(0x05, b"") * 1100,
        "indefinite": bytes.fromhex("3080020101"),
        "huge": bytes.fromhex("7584FFFFFFFF"),
    }


if __name__ == "__main__":
    import atheris

    atheris.instrument_all()
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()

"""BER-TLV: the examples of the standards, what is refused, and bounds that no input can move."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.card_reader import CardUnreadable, tlv


def of(text: str) -> bytes:
    return bytes.fromhex(text)


def test_ef_com_of_doc_9303():
    # Doc 9303-10, 4.6.1, example: '60' '16' '5F01' '04' '30313037' '5F36' '06' '303430303030' '5C' '04' '6175766C'
    raw = of("6016 5F010430313037 5F3606303430303030 5C046175766C")
    items = tlv.read_all(tlv.read_exactly(raw, 0x60))
    assert [(one.tag, one.value) for one in items] == [
        (0x5F01, b"0107"),
        (0x5F36, b"040000"),
        (0x5C, of("6175766C")),
    ]
    assert b"".join(one.raw for one in items) == raw[2:]
    assert tlv.find(raw, 0x60, 0x5C) == of("6175766C")
    assert tlv.find(raw, 0x60, 0x5D) is None
    assert [one.is_constructed for one in (tlv.read_one(raw), items[0])] == [True, False]


@pytest.mark.parametrize(
    ("raw", "header_bytes", "value_bytes"),
    [
        # ISO/IEC 7816-4, 5.2.2.2: lengths of one to five bytes
        ("6100", 2, 0),
        ("617F", 2, 127),
        ("618180", 3, 128),
        ("61820100", 4, 256),
        ("618303FFFF", 5, 0x3FFFF),
        ("618400000001", 6, 1),
        ("7F6105", 3, 5),
        ("5F1F58", 3, 88),
        ("9F817F01", 4, 1),
    ],
)
def test_headers(raw, header_bytes, value_bytes):
    header = tlv.read_header(of(raw))
    assert (header.header_bytes, header.value_bytes) == (header_bytes, value_bytes)
    assert header.total_bytes == header_bytes + value_bytes


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "61",
        "7F",
        "6180",  # indefinite
        "6181",
        "618201",
        "6185000000000A",  # a length of five bytes
        "61FF",
        "618400100001",  # more than a megabyte
        "1FFFFF8101",  # a tag of four bytes
        "1F8080",
    ],
)
def test_headers_that_are_refused(raw):
    with pytest.raises(CardUnreadable):
        tlv.read_header(of(raw))


def test_what_is_cut_off_or_left_over_is_refused():
    with pytest.raises(CardUnreadable, match="more bytes than came"):
        tlv.read_one(of("040301"))
    with pytest.raises(CardUnreadable, match="after"):
        tlv.read_exactly(of("04010100"), 0x04)
    with pytest.raises(CardUnreadable, match="expected"):
        tlv.read_exactly(of("040101"), 0x05)
    with pytest.raises(CardUnreadable):
        tlv.read_all(of("0401010501"))


def test_many_objects_are_counted():
    assert len(tlv.read_all(of("0500") * tlv.MAX_CHILDREN)) == tlv.MAX_CHILDREN
    with pytest.raises(CardUnreadable, match="more than"):
        tlv.read_all(of("0500") * (tlv.MAX_CHILDREN + 1))


def test_a_thousand_nested_tags_cost_one_level():
    raw = b""
    for _ in range(1000):
        raw = tlv.encode(0x30, raw)
    (one,) = tlv.read_all(raw)
    assert one.raw == raw
    assert tlv.find(raw, *[0x30] * tlv.MAX_DEPTH) is not None
    with pytest.raises(ValueError, match="path"):
        tlv.find(raw, *[0x30] * (tlv.MAX_DEPTH + 1))


@pytest.mark.parametrize(
    ("size", "head"), [(0, "0400"), (127, "047F"), (128, "048180"), (256, "04820100"), (65536, "0483010000")]
)
def test_lengths_are_encoded_as_short_as_can_be(size, head):
    # X.690, 10.1
    assert tlv.encode(0x04, bytes(size))[: len(of(head))] == of(head)


def test_data_has_no_repr():
    assert "secret" not in repr(tlv.read_one(tlv.encode(0x04, b"secret")))


TAGS = st.sampled_from([0x04, 0x30, 0x61, 0x87, 0x5F1F, 0x7F61, 0x9F8101])


@given(tag=TAGS, value=st.binary(max_size=400), rest=st.binary(max_size=8))
def test_what_is_encoded_comes_back(tag, value, rest):
    raw = tlv.encode(tag, value)
    one = tlv.read_one(raw + rest)
    assert (one.tag, one.value, one.raw) == (tag, value, raw)
    assert tlv.read_exactly(raw, tag) == value
    assert tlv.read_header(raw + rest).total_bytes == len(raw)


@given(st.lists(st.tuples(TAGS, st.binary(max_size=60)), max_size=20))
def test_a_row_of_objects_comes_back(items):
    raw = b"".join(tlv.encode(tag, value) for tag, value in items)
    assert [(one.tag, one.value) for one in tlv.read_all(raw)] == items


@given(st.binary(max_size=300))
def test_any_bytes_are_decoded_whole_or_refused(data):
    with contextlib.suppress(CardUnreadable):
        assert b"".join(one.raw for one in tlv.read_all(data)) == data

"""Bytes of the wire: heads, batches, acks, commands; and what is refused before anybody reads it."""

from __future__ import annotations

import json
import zlib

import pytest

from kiosk.uplink import telemetry_wire as wire

SENDER = ("310115-12-03", "B7", "boot-1", "s1")
STAMP = wire.Stamp(12, 345, "2026-06-01T02:00:00.000+00:00", "synced")


def rows(*seqs: int) -> list[wire.Row]:
    body = wire.body_of('{"what":"event"}')
    return [wire.Row(seq, "boot-1", seq * 10, STAMP.time, "synced", "evt", body) for seq in seqs]


def test_a_batch_has_a_flat_head_a_span_and_rows() -> None:
    sender = wire.Sender(*SENDER)
    message = json.loads(sender.rows("evt", rows(3, 5), STAMP, (2, 5)))
    assert sender.topic("evt") == "css/1/310115-12-03/B7/evt"
    assert message | {"rows": ...} == {
        "id": "s1-1", "source": "css/1/310115-12-03/B7", "type": "css.evt.1", "time": STAMP.time, "boot": "boot-1",
        "session": "s1", "seq": 12, "tmono": 345, "qtime": "synced", "first": 2, "last": 5, "rows": ...,
    }  # fmt: skip
    assert message["rows"][0] == {
        "seq": 3, "boot": "boot-1", "tmono": 30, "time": STAMP.time, "qtime": "synced", "class": "evt",
        "body": {"what": "event"},
    }  # fmt: skip


def test_live_rows_claim_no_span_and_ids_are_never_used_twice() -> None:
    sender = wire.Sender(*SENDER)
    first, second = (json.loads(sender.rows("alm", rows(9), STAMP, None)) for _ in range(2))
    assert "first" not in first
    assert first["id"] != second["id"]


@pytest.mark.parametrize("body", ["[1]", "{", "", '"word"', '{"a": "\ud800"}'])
def test_a_row_that_is_no_object_is_told_as_such_and_blocks_nothing(body: str) -> None:
    assert json.loads(bytes(wire.body_of(body))) == {"unreadable": True, "characters": len(body)}


def test_what_is_large_is_squeezed_and_comes_back() -> None:
    small, large = b"{}", b'{"a":"' + b"x" * 5000 + b'"}'
    assert wire.packed(small) == (small, wire.JSON)
    squeezed, content_type = wire.packed(large)
    assert content_type == wire.ZLIB
    assert len(squeezed) < 100
    assert wire.unpacked(squeezed, content_type) == large


@pytest.mark.parametrize(
    ("payload", "content_type"),
    [
        (b"not zlib", wire.ZLIB),
        (zlib.compress(b"x" * 1000)[:-5], wire.ZLIB),
        (zlib.compress(bytes(10_000_000)), wire.ZLIB),  # a bomb: 10 kB that would be 10 MB
        (bytes(wire.MAX_TOLD_BYTES + 1), wire.JSON),
    ],
)
def test_damage_and_bombs_are_refused(payload: bytes, content_type: str) -> None:
    with pytest.raises(wire.WireError):
        wire.unpacked(payload, content_type)


def test_an_ack_may_bring_more_than_is_known() -> None:
    assert wire.ack(b'{"seq": 7, "known": "boot-1", "birth": "s1-1", "new": [1]}') == wire.Ack(7, "s1-1", "boot-1")


@pytest.mark.parametrize("payload", [b"", b"{}", b'{"seq": -1}', b'{"seq": "7"}', b"\xff", b"[" * 100_000])
def test_nonsense_is_no_ack(payload: bytes) -> None:
    with pytest.raises(wire.WireError):
        wire.ack(payload)


def test_what_was_said_is_not_in_the_refusal() -> None:
    with pytest.raises(wire.WireError) as refused:
        wire.ordered(b'{"id": "110105194912319024", "verb": 3}')
    assert "110105" not in str(refused.value)

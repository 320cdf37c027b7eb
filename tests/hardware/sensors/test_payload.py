"""Bytes from a radio network: read within bounds, or refused by the one error."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.field import Garbage
from hardware.sensors import payload

# ChirpStack v4 documentation, Integrations / Events / up: the example, shortened to what is read and what is deep.
UPLINK = b"""{"deduplicationId": "3ac7e3c4-4401-4b8d-9386-a5c902f9202d", "time": "2022-07-18T09:34:15.775023242+00:00",
 "deviceInfo": {"devEui": "0101010101010101", "tags": {"key": "value"}}, "devAddr": "00189440", "fCnt": 4, "fPort": 1,
 "data": "qg==", "object": {"button": 1, "temp": 21.5, "name": "a"},
 "rxInfo": [{"rssi": -35, "location": {"latitude": 1.0}}]}"""


def test_an_uplink():
    message = payload.read(UPLINK)
    assert (message.number, message.identity) == (4, "3ac7e3c4-4401-4b8d-9386-a5c902f9202d")
    assert message.sent_s == pytest.approx(1658136855.775023)
    assert payload.value_at(message.body, "object.button") == 1
    assert payload.value_at(message.body, "rxInfo.0.rssi") == -35
    assert payload.value_at(message.body, "object.absent") is None
    assert payload.value_at(message.body, "object.button.deeper") is None
    assert payload.value_at(message.body, "rxInfo.7.rssi") is None


@pytest.mark.parametrize(
    ("said", "unix_s"),
    [
        ("2024-05-01T12:00:00+08:00", 1714536000.0),  # Zigbee2MQTT last_seen: ISO_8601_local
        ("2024-05-01T04:00:00Z", 1714536000.0),
        (1714536000000, 1714536000.0),  # epoch, in milliseconds
        ("2024-05-01T04:00:00", None),  # whose hour?
        ("yesterday", None),
        (True, None),
        (-1, None),
        ([], None),
    ],
)
def test_when_it_was_sent(said, unix_s):
    assert payload.read(json.dumps({"last_seen": said}).encode()).sent_s == unix_s


@pytest.mark.parametrize("data", [b"online", b'"online"', b'{"state": "online"}'])
def test_a_plain_word_where_one_may_be(data):
    body = payload.read(data, is_plain=True).body
    assert payload.value_at(body, "state" if isinstance(body, dict) else "") == "online"


@pytest.mark.parametrize(
    "data",
    [
        b"", b"online", b"[1]", b"12", b'"x"', b"\xff\xfe", b'{"a": NaN}', b'{"a": 1e999}', b"[" * 60_000,
        b'{"a":' * 17 + b"1" + b"}" * 17, b'{"a": 1', b"{" + b" " * payload.MAX_BYTES + b"}",
        b'{"a": ' + b"9" * 5000 + b"}",
    ],
)  # fmt: skip
def test_garbage(data):
    with pytest.raises(Garbage):
        payload.read(data)


@pytest.mark.parametrize("value", [[], {}, 10**400, "x" * 257, "a\nb", "\x00", 2**64, -(2.0**65)])
def test_what_is_no_value(value):
    with pytest.raises(Garbage):
        payload.value_at({"a": value}, "a")


def test_depth_at_the_limit_is_read():
    payload.read(b'{"a":' * 16 + b"1" + b"}" * 16)


@given(st.binary(max_size=300), st.booleans())
def test_any_bytes(data, is_plain):
    try:
        message = payload.read(data, is_plain=is_plain)
    except Garbage:
        return
    assert isinstance(message.body, dict) or is_plain


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["time", "fCnt", "deduplicationId", "object", "a"]), JSON), st.text(max_size=9))
def test_any_json(body, path):
    try:
        message = payload.read(json.dumps(body).encode())
        value = payload.value_at(message.body, path)
    except Garbage:
        return
    assert value is None or isinstance(value, (bool, int, float, str))
    assert not isinstance(value, float) or math.isfinite(value)
    assert message.number is None or 0 <= message.number < 2**32

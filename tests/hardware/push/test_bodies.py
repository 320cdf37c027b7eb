"""Bodies: fields of XML and JSON, parts of a multipart stream, and everything that must not be read."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.field import Garbage
from hardware.push import bodies, multipart
from hardware.push.simulator import PICTURE, encode

ANPR = "<Alert xmlns='http://x'><eventType>ANPR</eventType><n:ANPR xmlns:n='y'><a>1</a><a>2</a></n:ANPR></Alert>"


def test_fields_of_xml_and_json() -> None:
    assert bodies.read(ANPR.encode()) == {
        "Alert.eventType": "ANPR",
        "Alert.ANPR.a": "1",
    }
    found = bodies.read(b'\xef\xbb\xbf {"a": {"b": 1.5, "c": true}, "list": [{"d": "x"}, {"d": "y"}], "n": null}')
    assert found == {"a.b": 1.5, "a.c": True, "list.d": "x"}
    assert bodies.read("<a>沪A</a>".encode("gbk"), "text/xml; charset=GBK") == {"a": "沪A"}


BOMB = "<!DOCTYPE a [<!ENTITY x0 'lol'>" + "".join(
    f"<!ENTITY x{n} '{f'&x{n - 1};' * 10}'>" for n in range(1, 10)
) + "]><a>&x9;</a>"  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        BOMB,
        "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
        "<!DOCTYPE a [<!ENTITY x SYSTEM 'http://127.0.0.1/x'>]><a>&x;</a>",
        "<a>&undefined;</a>",
        "<a>" * 40 + "</a>" * 40,
        "<a>" + "<b/>" * 5000 + "</a>",
        "<?xml version='1.0' encoding='UTF-7'?><a/>",
        "<a><b></a></b>",
        "",
        "plain",
        '{"a": ' * 200 + "1" + "}" * 200,
        "[" * 100_000,
        '{"a":' + "[" * 100_000,
        json.dumps({f"k{n}": n for n in range(5000)}),
        '{"a": Infinity}',
        '{"a": ' + "9" * 5000 + "}",
    ],
    ids=lambda text: text[:24],
)
def test_what_must_not_be_read(text: str) -> None:
    with pytest.raises(Garbage) as refused:
        bodies.read(text.encode())
    assert "etc" not in str(refused.value)


def test_names_and_texts_cannot_grow_without_end() -> None:
    long = json.dumps({"k" * 100: {f"a{n}": 1 for n in range(800)}, "picture": "x" * 100_000, "b": 2})
    assert bodies.read(long.encode()) == {"b": 2}


@given(st.binary(max_size=200))
def test_any_bytes_are_fields_or_garbage(data: bytes) -> None:
    for text in (data, b"<a>" + data, b"{" + data):
        with contextlib.suppress(Garbage):
            assert isinstance(bodies.read(text), dict)


@given(st.lists(st.integers(1, 400), min_size=1, max_size=40))
def test_parts_however_they_are_cut(sizes: list[int]) -> None:
    kind, data = encode({"A.b": "沪A12345"}, "multipart", picture=True)
    parts = multipart.Parts(multipart.boundary(kind), 4096)
    at = 0
    while at < len(data):
        for size in sizes:
            parts.feed(data[at : at + size])
            at += size
    assert parts.is_whole
    assert bodies.read_parts(parts.texts) == {"A.b": "沪A12345"}
    assert parts.dropped >= len(PICTURE)


def one_part(head: str, body: bytes = b"{}") -> list[bytes]:
    parts = multipart.Parts(b"x", 100)
    parts.feed(b"--x\r\n" + head.encode() + b"\r\n" * (1 + bool(head)) + body + b"\r\n--x--\r\nepilogue")
    assert parts.is_whole
    return parts.texts


def test_which_parts_are_kept() -> None:
    assert one_part("Content-Type: application/json; charset=utf-8") == [b"{}"]
    assert one_part("") == [b"{}"]
    assert one_part('Content-Disposition: form-data; name="anpr"; filename="anpr.xml"') == [b"{}"]
    assert one_part("Content-Disposition: form-data; filename=../../etc/anpr.xml\r\nContent-Type: text/xml") == [b"{}"]
    assert one_part("Content-Type: image/jpeg") == []
    assert one_part('Content-Disposition: form-data; filename="../../../etc/cron.d/x"') == []
    assert one_part("Content-Type: application/octet-stream") == []


def test_parts_that_are_plain_are_passed_over() -> None:
    assert bodies.read_parts([b"12", b'{"a": 1}', b"<a>2</a>", b"\xef\xbb\xbf<b>3</b>"]) == {"a": 1, "b": "3"}
    for texts in ([], [b"12"], [b""]):
        with pytest.raises(Garbage):
            bodies.read_parts(texts)


@pytest.mark.parametrize(
    "data",
    [
        b"--x\r\n" + b"A: b\r\n" * 2000,
        b"--x\r\n\r\n{}\r\n" * 20,
        b"--x\r\nContent-Type: text/xml\r\n\r\n" + b"y" * 200,
        b"--xy\r\n\r\n{}\r\n--x--",
    ],
    ids=["endless head", "many parts", "too much text", "another boundary"],
)
def test_parts_past_a_bound(data: bytes) -> None:
    parts = multipart.Parts(b"x", 100)
    with pytest.raises(Garbage):
        parts.feed(data)


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=", 'multipart/x; boundary="é"'])
def test_a_boundary_that_is_none(kind: str) -> None:
    with pytest.raises(Garbage):
        multipart.boundary(kind)

"""Any bytes as what a device sends by HTTP: a body, parts of one, or a proof; read within bounds, or the one error.

``python -m fuzz.fuzz_push [CORPUS ...]`` fuzzes with atheris; the kept corpus also runs as a test.
"""

from __future__ import annotations

import contextlib
import sys

from hardware.field import Garbage
from hardware.push import Credential, PushDevice, PushPoint, bodies, multipart
from hardware.push.caller import Caller
from hardware.push.digest import Proof, Verdict
from hardware.push.simulator import encode

SECRET = Credential("camera", "not-a-real-password")
DEVICE = PushDevice(
    "plates",
    "10.0.0.1",
    SECRET,
    (
        PushPoint("online", "heard"),
        PushPoint("plate", "event", "a.b", frozenset(), "a.b", lambda text, late: f"{len(text)}-{late}", "a.id"),
        PushPoint("lane", "state", "a.c"),
        PushPoint("offset", "clock"),
    ),
    time_path="a.t",
)
TEXT_BYTES = 2048


def one_input(data: bytes) -> None:
    """Feed one input; anything but ``Garbage`` is a finding."""
    for kind in ("", "text/xml; charset=gbk"):
        with contextlib.suppress(Garbage):
            fields = bodies.read(data, kind)
            assert len(fields) <= bodies.MOST_FIELDS
            told = Caller(DEVICE, 0.0).take(fields, 1.0, 1.7e9)
            assert told["online"] is True
    mark = data.partition(b"\r\n")[0][2:72] or b"x"
    texts = []
    for size in (1, 7, len(data) or 1):
        parts = multipart.Parts(mark, TEXT_BYTES)
        try:
            for at in range(0, len(data), size):
                parts.feed(data[at : at + size])
        except Garbage:
            texts.append(None)
            continue
        assert sum(map(len, parts.texts)) <= TEXT_BYTES
        texts.append(parts.texts)
    assert texts[0] == texts[1] == texts[2]  # however it is cut
    with contextlib.suppress(Garbage):
        assert len(multipart.boundary(data.decode("latin-1"))) <= 70
    header = data.decode("utf-8", "surrogateescape")
    for scheme in ("", "Digest ", "Bearer "):
        assert Proof([SECRET]).judge(scheme + header, "POST", "/", 0.0)[0] is not Verdict.PROVEN


def seeds() -> dict[str, bytes]:
    """Give the inputs the corpus begins with, by file name."""
    event = {"a.b": "ANPR", "a.c": "blocked", "a.t": "2026-11-22T21:00:00+08:00", "a.id": "7"}
    return {
        "xml": encode(event, "xml")[1],
        "json": encode(event, "json")[1],
        "multipart": b"--x\r\nContent-Type: text/xml\r\n\r\n<a><b>1</b></a>\r\n"
        b'--x\r\nContent-Disposition: form-data; filename="../a.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
        b"\xff\xd8\xff\r\n--x--\r\n",
        "declared": "<?xml version='1.0' encoding='GB2312'?><a><b>沪</b></a>".encode("gb18030"),
        "doctype": b"<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
        "nested": b'{"a":' * 40 + b"1" + b"}" * 40,
        "list": b'{"a":[[[[{"b":1}]]]],"t":1e400}',
        "digest": b'username="camera", realm="booth", nonce="AA==", uri="/", qop=auth, nc=00000001, cnonce="c", '
        b'response="00", algorithm=SHA-256',
        "old_digest": b'username="camera", realm="booth", nonce="x", uri="http://h/", response="00"',
    }


if __name__ == "__main__":
    import atheris

    atheris.instrument_all()
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()

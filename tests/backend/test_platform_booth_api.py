"""The booth API's listener: no certificate, no answer; the wrong booth is refused; errors are RFC 9457."""

from __future__ import annotations

import http.client
import json
import ssl
from typing import Any

import msgspec
import pytest

from backend import pki
from tests.backend.serving import ZHANG, Serving, citizen

pytestmark = pytest.mark.peer


def ask(
    served: Serving, method: str, path: str, body: Any = None, *, stem: str | None = "booth", folder: Any = None
) -> tuple[int, str, dict[str, Any]]:
    """Speak HTTP by hand: no client of ours in between."""
    folder = folder or served.run / "pki"
    context = ssl.create_default_context(cafile=str(served.run / "pki" / "ca.pem"))
    if stem:
        context.load_cert_chain(folder / f"{stem}.pem", folder / f"{stem}.key")
    connection = http.client.HTTPSConnection("127.0.0.1", served.ports["backend"], context=context, timeout=30)
    try:
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        connection.request(method, path, data, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.headers["Content-Type"], json.loads(answer.read())
    finally:
        connection.close()


def lookup(booth: str = "B7") -> dict[str, Any]:
    return {"booth": booth, "visit": "v1", "key": citizen(ZHANG), "service": "pension-alive"}


def test_without_a_certificate_there_is_no_answer(served: Serving) -> None:
    with pytest.raises((ssl.SSLError, ConnectionError)):
        ask(served, "GET", "/v1/catalogue", stem=None)


def test_a_certificate_of_another_authority_is_none(served: Serving, tmp_path: Any) -> None:
    pki.init(tmp_path, "B7")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        ask(served, "GET", "/v1/catalogue", folder=tmp_path / "pki")


def test_the_servers_own_certificate_is_no_booths(served: Serving) -> None:
    with pytest.raises((ssl.SSLError, ConnectionError)):
        ask(served, "GET", "/v1/catalogue", stem="server")


def test_plain_http_is_no_way_in(served: Serving) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", served.ports["backend"], timeout=30)
    connection.request("GET", "/v1/catalogue")
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        connection.getresponse()
    connection.close()


def test_the_body_must_name_the_certificates_booth(served: Serving) -> None:
    assert ask(served, "POST", "/v1/residents/lookup", lookup())[0] == 200
    status, kind, problem = ask(served, "POST", "/v1/residents/lookup", lookup("B8"))
    assert (status, kind) == (403, "application/problem+json")
    assert problem["type"] == "https://booth.example/problems/wrong-booth"
    if not (served.run / "pki" / "b8.pem").exists():
        pki.Issuer.load(served.run / "pki").booth(served.run / "pki", "B8", "b8")
    assert ask(served, "POST", "/v1/residents/lookup", lookup("B8"), stem="b8")[0] == 200
    assert ask(served, "POST", "/v1/residents/lookup", lookup("B7"), stem="b8")[0] == 403


@pytest.mark.parametrize("path", ["/v1/codes", "/v1/approvals", "/v1/transactions", "/v1/reconciliation"])
def test_every_door_checks_the_booth(served: Serving, path: str) -> None:
    bodies: dict[str, Any] = {
        "/v1/codes": {"visit": "v1", "key": citizen(ZHANG)},
        "/v1/approvals": {
            "visit": "v1", "service": "pension-alive", "name_masked": "张*", "number_masked": "1*", "question": "?",
        },
        "/v1/transactions": msgspec.to_builtins(served.envelope(900)),
        "/v1/reconciliation": {"sequence_from": 1, "sequence_to": 1, "count": 0, "digest": "0" * 64},
    }  # fmt: skip
    status, _, problem = ask(served, "POST", path, {**bodies[path], "booth": "B8"})
    assert (status, problem["type"].rpartition("/")[2]) == (403, "wrong-booth")


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"\xff\xfe", b'{"booth": "B7"}', json.dumps({**lookup(), "key": citizen("12345")}).encode(),
     json.dumps({**lookup(), "extra": 1}).encode(), b"[" * 100_000],
    ids=["empty", "cut", "list", "no text", "incomplete", "bad number", "extra", "deep"],
)  # fmt: skip
def test_a_bad_request_is_named_and_not_quoted(served: Serving, body: bytes) -> None:
    status, kind, problem = ask(served, "POST", "/v1/residents/lookup", body)
    assert (status, kind) == (422, "application/problem+json")
    assert problem == {
        "type": "https://booth.example/problems/bad-request",
        "title": "The request does not have the agreed shape",
        "status": 422,
    }


def test_a_huge_request_is_ended(served: Serving) -> None:
    status, _, problem = ask(served, "POST", "/v1/transactions", b" " * (7 * 1024 * 1024))
    assert (status, problem["type"].rpartition("/")[2]) == (413, "too-large")


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/nowhere", (404, "not-found")),
        ("GET", "/v1/residents/lookup", (405, "method-not-allowed")),
        ("GET", "/v1/transactions/none", (404, "unknown-key")),
        ("GET", "/v1/approvals/none", (404, "unknown-approval")),
        ("GET", "/bench/residents", (404, "not-found")),  # the bench's control is not on this listener
        ("GET", "/openapi.json", (404, "not-found")),
    ],
)
def test_what_is_not_there(served: Serving, method: str, path: str, expected: tuple[int, str]) -> None:
    status, _, problem = ask(served, method, path)
    assert (status, problem["type"].rpartition("/")[2]) == expected

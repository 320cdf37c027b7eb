"""Digest as the one who asks: the standard's example, each nonce and count once, several devices of one user."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.push import Credential, digest
from hardware.push.digest import NONCE_S, Nonces, Proof, Verdict, answer

ONE, TWO = Credential("admin", "not-a-real-password"), Credential("admin", "another-password")
TOKEN = Credential("", "not-a-real-token-0001")


def test_the_hashes_are_those_of_the_standard() -> None:
    # RFC 7616, 3.9.1: user Mufasa, realm http-auth@example.org, password "Circle of Life", GET /dir/index.html,
    # nonce 7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v, nc 00000001, qop auth,
    # cnonce f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ.
    for name, expected in (
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ):
        secret = digest._hash(name, "Mufasa:http-auth@example.org:Circle of Life")
        what = digest._hash(name, "GET:/dir/index.html")
        middle = (
            "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v:00000001:f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ:auth"
        )
        assert digest._hash(name, f"{secret}:{middle}:{what}") == expected


@pytest.mark.parametrize("number", [0, 1], ids=["SHA-256", "MD5"])
def test_a_nonce_is_good_for_each_count_once(number: int) -> None:
    proof = Proof([ONE, TWO, TOKEN])
    challenge = proof.challenges(ONE, 100.0)[number]
    for count in (1, 2, 5):
        header = answer(challenge, TWO, "POST", "/event?x=1", count)
        assert proof.judge(header, "POST", "/event?x=1", 101.0) == (Verdict.PROVEN, TWO)
        assert proof.judge(header, "POST", "/event?x=1", 101.0) == (Verdict.STALE, TWO)  # heard and sent again
    assert proof.judge(answer(challenge, ONE, "POST", "/", 9), "POST", "/", 101.0)[1] == ONE
    late = answer(challenge, ONE, "POST", "/", 10)
    assert proof.judge(late, "POST", "/", 101.0 + NONCE_S) == (Verdict.STALE, ONE)
    assert "stale=true" in proof.challenges(ONE, 0.0, is_stale=True)[0]


def test_what_proves_nothing() -> None:
    proof = Proof([ONE, TOKEN])
    challenge = proof.challenges(ONE, 0.0)[0]
    good = answer(challenge, ONE, "POST", "/event")
    stranger = answer(challenge, Credential("root", "not-a-real-password"), "POST", "/event")
    for header, method, target in (
        (good, "PUT", "/event"),
        (good, "POST", "/other"),
        (answer(challenge, Credential("admin", "a-wrong-password"), "POST", "/event"), "POST", "/event"),
        (stranger, "POST", "/event"),
        (good.replace("SHA-256", "SHA-512-256"), "POST", "/event"),
        (good.replace("qop=auth", "qop=auth-int"), "POST", "/event"),
        (good.replace('realm="booth"', 'realm="else"'), "POST", "/event"),
        ("Basic YWRtaW46bm90LWEtcmVhbC1wYXNzd29yZA==", "POST", "/event"),
        ("Bearer", "POST", "/event"),
        ("Bearer not-a-real-token-0002", "POST", "/event"),
        ("Digest " + "x" * 5000, "POST", "/event"),
    ):
        assert proof.judge(header, method, target, 1.0) == (Verdict.WRONG, None)
    assert proof.judge("", "POST", "/event", 1.0) == (Verdict.NOTHING, None)
    assert proof.judge(good, "POST", "/event", 1.0) == (Verdict.PROVEN, ONE)  # none of these spent it
    assert proof.judge("Bearer not-a-real-token-0001", "POST", "/x", 1.0) == (Verdict.PROVEN, TOKEN)
    made_elsewhere = Proof([ONE]).challenges(ONE, 0.0)[0]
    assert proof.judge(answer(made_elsewhere, ONE, "POST", "/"), "POST", "/", 1.0) == (Verdict.STALE, ONE)


def test_a_device_of_the_old_kind_has_a_nonce_for_one_request() -> None:
    proof = Proof([ONE])  # RFC 2617, 3.2.2.1: without qop
    nonce = Nonces.make(proof.nonces, 0.0)
    secret, what = digest._hash("MD5", "admin:booth:not-a-real-password"), digest._hash("MD5", "POST:http://b:1/e")
    response = digest._hash("MD5", f"{secret}:{nonce}:{what}")
    header = f'Digest username="admin", realm="booth", nonce="{nonce}", uri="http://b:1/e", response="{response}"'
    assert proof.judge(header, "POST", "/e", 1.0) == (Verdict.PROVEN, ONE)
    assert proof.judge(header, "POST", "/e", 1.0) == (Verdict.STALE, ONE)


def test_forgotten_nonces_are_not_good_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digest, "MOST_NONCES", 4)
    nonces = Nonces()
    made = [nonces.make(float(at)) for at in range(8)]
    assert all(nonces.take(one, 1, 8.0) for one in made)
    assert not any(nonces.take(one, 1, 8.0) for one in made)


@given(st.text(max_size=200))
def test_any_header_is_judged(header: str) -> None:
    proof = Proof([ONE, TOKEN])
    for scheme in ("", "Digest ", "Bearer ", 'Digest username="admin", realm="booth", nc=00000001, qop=auth, nonce='):
        assert proof.judge(scheme + header, "POST", "/", 0.0)[0] is not Verdict.PROVEN

"""The platform opens what the booth sealed: the fixed vector of tests/kiosk/test_vault.py, and every tampering."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.sealing import SealError, open_sealed, signed
from kiosk.ledger.vault import seal
from kiosk.uplink.bodies import signed_text

KEY = "0f8fad5b-d9cb-469f-a165-70867728950e"
RECIPIENT = X25519PrivateKey.from_private_bytes(bytes.fromhex("77" * 32))
SEALED = bytes.fromhex(
    "018f40c5adb68f25624ae5b214ea767a6ec94d829d3d7b5e1ad1ba6f3e2138285f1dfe6c4986d6158b712e958ecba73c"
    "cb78f4a249d3b2c4459e8435cc92089df19ef7c947945842df3b8a7060e4a8d3e64b"
)


def test_fixed_vector() -> None:
    clear = open_sealed(SEALED, RECIPIENT, key=KEY, service="report-problem", schema=1)
    assert clear == b'{"language":"zh","resident":null}'


@pytest.mark.parametrize(
    "envelope",
    [
        {"key": KEY[:-1] + "f", "service": "report-problem", "schema": 1},
        {"key": KEY, "service": "pension-alive", "schema": 1},
        {"key": KEY, "service": "report-problem", "schema": 2},
    ],
    ids=["key", "service", "schema"],
)
def test_a_body_cannot_move_into_another_envelope(envelope: dict) -> None:
    with pytest.raises(SealError):
        open_sealed(SEALED, RECIPIENT, **envelope)


@pytest.mark.parametrize("place", [0, 1, 32, 33, len(SEALED) - 1])
def test_every_changed_byte_is_noticed(place: int) -> None:
    changed = bytearray(SEALED)
    changed[place] ^= 1
    with pytest.raises(SealError):
        open_sealed(bytes(changed), RECIPIENT, key=KEY, service="report-problem", schema=1)


@pytest.mark.parametrize("length", [0, 1, 33, 48, len(SEALED) - 1])
def test_a_cut_body_is_noticed(length: int) -> None:
    with pytest.raises(SealError):
        open_sealed(SEALED[:length], RECIPIENT, key=KEY, service="report-problem", schema=1)


def test_another_platforms_key_opens_nothing() -> None:
    with pytest.raises(SealError):
        open_sealed(SEALED, X25519PrivateKey.generate(), key=KEY, service="report-problem", schema=1)


@settings(max_examples=30, deadline=None)
@given(body=st.binary(max_size=2000), schema=st.integers(1, 9999))
def test_both_sides_agree(body: bytes, schema: int) -> None:
    sealed = seal(body, RECIPIENT.public_key().public_bytes_raw(), key=KEY, service="s", schema=schema)
    assert open_sealed(sealed, RECIPIENT, key=KEY, service="s", schema=schema) == body


def test_both_sides_sign_the_same_text() -> None:
    sign_key = Ed25519PrivateKey.generate()
    fields = signed({"number": "B7-000204-5", "key": KEY, "reason": None, "note": "已受理"}, sign_key)
    signature = base64.b64decode(fields["signature"])
    # what the booth reads off the wire, in another order
    read = json.loads(json.dumps(dict(reversed(fields.items()))))
    sign_key.public_key().verify(signature, signed_text(read))
    with pytest.raises(InvalidSignature):
        sign_key.public_key().verify(signature, signed_text({**read, "number": "B7-000205-3"}))

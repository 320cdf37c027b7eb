"""Sealing: a fixed vector that the platform opens too (tests/backend), and what must not work."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from kiosk.ledger.vault import BadKey, digest_of, seal

KEY = "0f8fad5b-d9cb-469f-a165-70867728950e"
BODY = b'{"language":"zh","resident":null}'
RECIPIENT = X25519PrivateKey.from_private_bytes(bytes.fromhex("77" * 32))
EPHEMERAL = X25519PrivateKey.from_private_bytes(bytes(range(32)))
SEALED = bytes.fromhex(
    "018f40c5adb68f25624ae5b214ea767a6ec94d829d3d7b5e1ad1ba6f3e2138285f1dfe6c4986d6158b712e958ecba73c"
    "cb78f4a249d3b2c4459e8435cc92089df19ef7c947945842df3b8a7060e4a8d3e64b"
)


def test_fixed_vector() -> None:
    recipient_pub = RECIPIENT.public_key().public_bytes_raw()
    sealed = seal(BODY, recipient_pub, key=KEY, service="report-problem", schema=1, ephemeral=EPHEMERAL)
    assert sealed == SEALED
    # RFC 7748 has no vector for this pair; the layout is checked by its parts
    assert sealed[0] == 1
    assert sealed[1:33] == EPHEMERAL.public_key().public_bytes_raw()
    assert len(sealed) == 1 + 32 + len(BODY) + 16
    assert BODY[:8] not in sealed


def test_every_sealing_has_its_own_key() -> None:
    recipient_pub = RECIPIENT.public_key().public_bytes_raw()
    one, other = (seal(BODY, recipient_pub, key=KEY, service="s", schema=1) for _ in range(2))
    assert one[1:33] != other[1:33]
    assert one[33:] != other[33:]


@pytest.mark.parametrize(
    "recipient_pub", [b"", bytes(31), bytes(33), bytes(32)], ids=["empty", "31", "33", "small order"]
)
def test_a_key_that_is_none_is_refused(recipient_pub: bytes) -> None:
    with pytest.raises(BadKey, match="32 bytes"):
        seal(BODY, recipient_pub, key=KEY, service="s", schema=1)


def test_digest_is_of_the_sealed_bytes() -> None:
    # FIPS 180-4 example: SHA-256("abc")
    assert digest_of(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

"""Seal a transaction's body to the platform's public key, so that the booth itself cannot read it any more.

X25519 with a fresh key pair a body, HKDF-SHA256, AES-256-GCM. The booth holds no key that opens; the opposite of
``seal`` lives with the platform. Knows bytes, not residents.

Layout: 0x01 | ephemeral public key (32) | ciphertext and tag (16). The AES key is used for exactly one message, so the
nonce is zero. Key, service and schema are bound as associated data: a body cannot be moved into another envelope.
"""

from __future__ import annotations

import hashlib

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

VERSION = b"\x01"
_INFO = b"booth-seal-1"
_NONCE = bytes(12)


class BadKey(ValueError):
    """The recipient's public key is not an X25519 key: check the file with the platform's seal key."""


def seal(
    body: bytes, recipient_pub: bytes, *, key: str, service: str, schema: int, ephemeral: X25519PrivateKey | None = None
) -> bytes:
    """Seal ``body`` to ``recipient_pub`` (32 raw bytes) for the envelope {key, service, schema}.

    ``ephemeral`` is for fixed test vectors only: reusing one reuses the nonce. Raises BadKey.
    """
    ephemeral = ephemeral or X25519PrivateKey.generate()
    try:
        shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(recipient_pub))
    except ValueError as error:  # wrong length, or a point of small order (RFC 7748 part 6.1)
        raise BadKey("the platform's seal key is not an X25519 public key of 32 bytes") from error
    public = ephemeral.public_key().public_bytes_raw()
    derived = HKDF(algorithm=SHA256(), length=32, salt=b"", info=_INFO + public + recipient_pub).derive(shared)
    return VERSION + public + AESGCM(derived).encrypt(_NONCE, body, associated_data(key, service, schema))


def associated_data(key: str, service: str, schema: int) -> bytes:
    """Bind a sealed body to its envelope."""
    return f"{key}|{service}|{schema}".encode()


def digest_of(sealed: bytes) -> str:
    """Give the digest an envelope carries: SHA-256 of the sealed bytes, hex."""
    return hashlib.sha256(sealed).hexdigest()

"""Open what a booth sealed to this platform, and sign what it is told. The opposite of the booth's ``seal``.

Layout: 0x01 | ephemeral X25519 public key (32) | AES-256-GCM ciphertext and tag; key by HKDF-SHA256, empty salt
and info "booth-seal-1" + ephemeral + recipient; nonce zero (the key is used once); associated data
"key|service|schema".
"""

from __future__ import annotations

import base64
import json
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_VERSION = 1
_HEADER_BYTES = 33
_TAG_BYTES = 16


class SealError(Exception):
    """Not sealed to this key for this envelope, or changed on the way."""


def open_sealed(sealed: bytes, seal_key: X25519PrivateKey, *, key: str, service: str, schema: int) -> bytes:
    """Open a body sealed for the envelope {key, service, schema}. Raises SealError."""
    if len(sealed) < _HEADER_BYTES + _TAG_BYTES or sealed[0] != _VERSION:
        raise SealError("not a sealed body of version 1")
    ephemeral = sealed[1:_HEADER_BYTES]
    try:
        shared = seal_key.exchange(X25519PublicKey.from_public_bytes(ephemeral))
    except ValueError:
        raise SealError("the ephemeral key is a point of small order") from None
    info = b"booth-seal-1" + ephemeral + seal_key.public_key().public_bytes_raw()
    derived = HKDF(algorithm=SHA256(), length=32, salt=b"", info=info).derive(shared)
    try:
        return AESGCM(derived).decrypt(bytes(12), sealed[_HEADER_BYTES:], f"{key}|{service}|{schema}".encode())
    except InvalidTag:
        raise SealError("the seal does not fit this envelope or this key") from None


def signed(fields: dict[str, Any], sign_key: Ed25519PrivateKey) -> dict[str, Any]:
    """Add ``signature``: base64 Ed25519 over canonical JSON (keys sorted, no spaces, UTF-8) of all other fields."""
    text = json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    return {**fields, "signature": base64.b64encode(sign_key.sign(text)).decode()}

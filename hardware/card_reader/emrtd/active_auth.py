"""Active authentication: the chip signs a number we make up (Doc 9303-11, 6.1; ISO/IEC 9796-2, scheme 1; ECDSA).

A copy of all the files cannot do it. RSA signatures carry a part of what they sign, which no general library verifies.
"""

from __future__ import annotations

import hashlib
import os

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from hardware.card_reader import CardUnreadable, Check, Result
from hardware.card_reader.apdu import Command, Exchange
from hardware.card_reader.emrtd.bac import Random
from hardware.card_reader.emrtd.channel import Channel
from hardware.card_reader.emrtd.primitives import is_same
from hardware.card_reader.emrtd.public_keys import PublicKey, Scheme, UnknownScheme, verify
from hardware.card_reader.emrtd.security_infos import ActiveAuthInfo

NAME = "active_authentication"
NONCE_BYTES = 8
MOST_SHORT_BYTES = 223  # of a signature inside secure messaging with short lengths

# Trailer fields of ISO/IEC 9796-2, 8.1.2: one byte means SHA-1, two name the digest (ISO/IEC 10118-3)
_TRAILERS = {0x33: "sha1", 0x34: "sha256", 0x35: "sha512", 0x36: "sha384", 0x38: "sha224"}
_PLAIN_ECDSA = bytes.fromhex("04007F000701010401")  # 0.4.0.127.0.7.1.1.4.1 (BSI TR-03111, 5.2.1.1)
_ECDSA_HASHES = {1: "sha1", 2: "sha224", 3: "sha256", 4: "sha384", 5: "sha512"}


def authenticate(
    channel: Channel,
    key: PublicKey,
    info: ActiveAuthInfo | None,
    *,
    allows_extended: bool = False,
    random: Random = os.urandom,
) -> Exchange[Check]:
    """Let the chip sign; ``key`` is DG15's, ``info`` DG14's entry. Gives the check, whatever the chip answers."""
    nonce = random(NONCE_BYTES)
    is_long = signature_bytes(key) > MOST_SHORT_BYTES
    # Never Le beyond 256: chips were found that answer nothing to 65536, and a session does not survive a wrong one.
    command = Command(0x00, 0x88, 0x00, 0x00, nonce, 256 if is_long else 0, is_extended=is_long and allows_extended)
    try:
        response = yield from channel.send(command)
        if response.status == 0x9000 and response.data:
            is_right = verify_signature(key, info, response.data, nonce)
            return _check(is_right, "the chip does not have the key its issuer signed")
        refusal = f"SW {response.status:04X}"
    except UnknownScheme as unknown:
        return Check(NAME, Result.NOT_DONE, str(unknown))
    except CardUnreadable as failure:
        refusal = failure.message
    if is_long and not allows_extended:
        return Check(NAME, Result.NOT_DONE, f"the signature is longer than this reader passes ({refusal})")
    return Check(NAME, Result.FAIL, f"the chip refuses what its issuer promised ({refusal})")


def signature_bytes(key: PublicKey) -> int:
    """How long a signature of this key is."""
    size = (key.key_size + 7) // 8
    return size if isinstance(key, rsa.RSAPublicKey) else 2 * size


def verify_signature(key: PublicKey, info: ActiveAuthInfo | None, signature: bytes, nonce: bytes) -> bool:
    """Tell whether a chip's signature over ``nonce`` is right. Raises ``UnknownScheme`` where nobody here can tell."""
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        return recovers(signature, numbers.n, numbers.e, nonce)
    half, odd = divmod(len(signature), 2)
    if odd or half != (key.key_size + 7) // 8:
        return False
    encoded = encode_dss_signature(int.from_bytes(signature[:half]), int.from_bytes(signature[half:]))
    # Without DG14's entry nothing says which digest it is; a right signature is right with one digest only.
    names = [_hash_name(info)] if info else list(_ECDSA_HASHES.values())
    return any(verify(key, encoded, nonce, Scheme(name)) for name in names)


def recovers(signature: bytes, modulus: int, exponent: int, nonce: bytes) -> bool:
    """Verify a signature with message recovery (ISO/IEC 9796-2, digital signature scheme 1) over M1 || ``nonce``."""
    size = (modulus.bit_length() + 7) // 8
    value = int.from_bytes(signature)
    if len(signature) != size or value >= modulus:
        return False
    opened = pow(value, exponent, modulus)
    # The signer may have sent the smaller of a signature and its complement; the true one ends with C (B.7).
    if opened & 0x0F != 0x0C:
        opened = modulus - opened
    text = opened.to_bytes(size)
    if text[0] != 0x6A or text[-1] not in (0xBC, 0xCC):
        return False
    trailer_bytes = 1 if text[-1] == 0xBC else 2
    name = "sha1" if trailer_bytes == 1 else _TRAILERS.get(text[-2], "")
    if not name:
        return False
    digest_bytes = hashlib.new(name, usedforsecurity=False).digest_size
    first, rest = text[1 : -trailer_bytes - digest_bytes], text[-trailer_bytes - digest_bytes : -trailer_bytes]
    return len(rest) == digest_bytes and is_same(hashlib.new(name, first + nonce, usedforsecurity=False).digest(), rest)


def _hash_name(info: ActiveAuthInfo) -> str:
    oid = info.signature_oid
    if oid[:-1] != _PLAIN_ECDSA or oid[-1] not in _ECDSA_HASHES:
        raise UnknownScheme(f"the chip signs with the algorithm {oid.hex()[:40]}")
    return _ECDSA_HASHES[oid[-1]]


def _check(is_right: bool, reason: str) -> Check:
    return Check(NAME, Result.PASS) if is_right else Check(NAME, Result.FAIL, reason)

"""How the chip proves that it is no copy: chip authentication and active authentication (Doc 9303-11, 6.1 and 6.2)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import rsa

from hardware.card_reader.emrtd.issuing import EcSigningKey, HashName
from hardware.card_reader.emrtd.primitives import AUTHENTICATION, ENCRYPTION
from hardware.card_reader.emrtd.virtual_access import SUITES, StaticKey
from hardware.card_reader.emrtd.virtual_lds import CipherName
from hardware.card_reader.emrtd.virtual_messaging import Session

# Trailer of ISO/IEC 9796-2 scheme 1: BC for SHA-1 alone, else the hash's number (ISO/IEC 10118) and CC.
_TRAILERS: dict[HashName, bytes] = {
    "sha1": b"\xbc", "sha224": b"\x38\xcc", "sha256": b"\x34\xcc", "sha384": b"\x36\xcc", "sha512": b"\x35\xcc",
}  # fmt: skip


@dataclass(frozen=True, repr=False)
class ActiveKey:
    """The key of active authentication, with the hash it is used with."""

    key: rsa.RSAPrivateKey | EcSigningKey
    hash_name: HashName = "sha1"

    def answer(self, challenge: bytes, random: Callable[[int], bytes]) -> bytes:
        """Sign the terminal's challenge: ECDSA as r || s, or RSA with message recovery."""
        if isinstance(self.key, EcSigningKey):
            size = (self.key.domain.n.bit_length() + 7) // 8
            return b"".join(one.to_bytes(size) for one in self.key.sign_numbers(challenge, self.hash_name))
        numbers = self.key.private_numbers()
        size = (numbers.public_numbers.n.bit_length() + 7) // 8
        trailer = _TRAILERS[self.hash_name]
        own = random(size - 1 - hashlib.new(self.hash_name).digest_size - len(trailer))
        digest = hashlib.new(self.hash_name, own + challenge).digest()
        message = b"\x6a" + own + digest + trailer
        return pow(int.from_bytes(message), numbers.d, numbers.public_numbers.n).to_bytes(size)


def chip_session(static: StaticKey, cipher: CipherName, terminal_key: bytes) -> Session:
    """Agree on new session keys with the terminal's ephemeral key. ``ValueError`` for a point that is none."""
    shared = static.domain.multiply(static.secret, static.domain.decode(terminal_key))
    if shared is None:
        raise ValueError("no shared secret")
    material = shared[0].to_bytes(static.domain.field_bytes)
    suite = SUITES[cipher]
    return Session(suite, suite.derive(material, ENCRYPTION), suite.derive(material, AUTHENTICATION), 0)

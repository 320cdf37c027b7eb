"""Names of digests and signatures in CMS and X.509 (RFC 3370, RFC 4055, RFC 5754, BSI TR-03111), nothing else."""

from __future__ import annotations

import hashlib

from hardware.card_reader import CardUnreadable, tlv
from hardware.card_reader.emrtd.public_keys import Scheme, UnknownScheme

_DIGESTS = {
    "2B0E03021A": "sha1", "608648016503040204": "sha224", "608648016503040201": "sha256",
    "608648016503040202": "sha384", "608648016503040203": "sha512",
}  # fmt: skip
_SIGNATURES = {
    "2A864886F70D010105": "sha1", "2A864886F70D01010E": "sha224", "2A864886F70D01010B": "sha256",
    "2A864886F70D01010C": "sha384", "2A864886F70D01010D": "sha512",  # RSASSA-PKCS1-v1_5
    "2A8648CE3D0401": "sha1", "2A8648CE3D040301": "sha224", "2A8648CE3D040302": "sha256",
    "2A8648CE3D040303": "sha384", "2A8648CE3D040304": "sha512",  # ECDSA
}  # fmt: skip
# Names of keys, not of signatures, but written all the same: the digest is then the one the signer names beside.
_DIGEST_BESIDE = frozenset({"2A864886F70D010101", "2A8648CE3D0201"})
_PSS, _MGF1 = "2A864886F70D01010A", "2A864886F70D010108"


def parse_digest(algorithm: bytes) -> str:
    """Give the digest an AlgorithmIdentifier (whole) names, as hashlib says it; an unknown one as its hex identifier.

    Raises ``CardUnreadable`` for what is no AlgorithmIdentifier.
    """
    oid, _ = _parts(algorithm)
    return _DIGESTS.get(oid, oid)


def parse_scheme(algorithm: bytes, digest_beside: str = "") -> Scheme:
    """Give the signature scheme an AlgorithmIdentifier (whole) names.

    Raises ``UnknownScheme`` for one nobody here can judge, ``CardUnreadable`` for what is no AlgorithmIdentifier.
    """
    oid, parameters = _parts(algorithm)
    if oid == _PSS:
        return _pss(parameters)
    if oid in _DIGEST_BESIDE and digest_beside:
        return Scheme(digest_beside)
    if oid not in _SIGNATURES:
        raise UnknownScheme(f"a signature with the algorithm {oid[:40]}")
    return Scheme(_SIGNATURES[oid])


def digest(name: str, data: bytes) -> bytes:
    """Hash ``data``. Raises ``UnknownScheme`` for a digest nobody here computes."""
    if name not in _DIGESTS.values():
        raise UnknownScheme(f"the digest {name[:40]}")
    return hashlib.new(name, data, usedforsecurity=False).digest()


def _parts(algorithm: bytes) -> tuple[str, tlv.Tlv | None]:
    items = tlv.read_all(tlv.read_exactly(algorithm, 0x30))
    if not 1 <= len(items) <= 2 or items[0].tag != 0x06:
        raise CardUnreadable("an algorithm is not named by identifier and parameters")
    return items[0].value.hex().upper(), items[1] if len(items) > 1 else None


def _pss(parameters: tlv.Tlv | None) -> Scheme:
    """RSASSA-PSS-params (RFC 4055, 3.1): what is not written is SHA-1, MGF1 with SHA-1, and a salt of 20 bytes."""
    items = {} if parameters is None else {item.tag: item.value for item in tlv.read_all(parameters.value)}
    hash_name = parse_digest(items[0xA0]) if 0xA0 in items else "sha1"
    mgf_hash_name, salt_bytes = "sha1", 20
    if 0xA1 in items:
        generator, inner = _parts(items[0xA1])
        if generator != _MGF1 or inner is None:
            raise UnknownScheme("a mask generation function other than MGF1")
        mgf_hash_name = parse_digest(inner.raw)
    if 0xA2 in items:
        salt = tlv.read_exactly(items[0xA2], 0x02)
        if not 1 <= len(salt) <= 2:
            raise CardUnreadable("a salt's length is no small number")
        salt_bytes = int.from_bytes(salt)
    return Scheme(hash_name, True, mgf_hash_name, salt_bytes)

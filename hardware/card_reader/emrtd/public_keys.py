"""Public keys of chips and signers: SubjectPublicKeyInfo as eMRTD write it (RFC 3279, RFC 5480, BSI TR-03111).

Many issuers write the curve's parameters out in full, which general libraries refuse for good reasons: such a key
counts here if and only if its parameters are those of a named curve. Signatures of other curves than the library's are
verified with the arithmetic of ``curves``.
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from hardware.card_reader import CardUnreadable, tlv
from hardware.card_reader.emrtd import curves
from hardware.card_reader.emrtd.curves import LIBRARY_CURVES, Curve, Point
from hardware.card_reader.emrtd.elliptic_table import CURVES

MIN_RSA_BITS, MAX_RSA_BITS = 1024, 8192

_RSA, _RSA_PSS = bytes.fromhex("2A864886F70D010101"), bytes.fromhex("2A864886F70D01010A")
_EC = bytes.fromhex("2A8648CE3D0201")
_STANDARDIZED = bytes.fromhex("04007F00070102")  # the curve by its parameter id (TR-03110-3, A.2.1.1)
_PRIME_FIELD = bytes.fromhex("2A8648CE3D0101")
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(), "sha224": hashes.SHA224(), "sha256": hashes.SHA256(),  # noqa: S303 - judged by the caller
    "sha384": hashes.SHA384(), "sha512": hashes.SHA512(),
}  # fmt: skip


@dataclass(frozen=True)
class OtherCurveKey:
    """A key on a named curve that the library does not have (brainpoolP192r1, P224r1, P320r1)."""

    curve: Curve
    point: Point

    @property
    def key_size(self) -> int:
        """Bits of the field, as the library's keys say it."""
        return self.curve.p.bit_length()

    def verify(self, digest: bytes, r: int, s: int) -> bool:
        """Verify an ECDSA signature (r, s) over a digest (FIPS 186-5, 6.4.2)."""
        n = self.curve.n
        if not (0 < r < n and 0 < s < n):
            return False
        inverse = pow(s, -1, n)
        first = (int.from_bytes(digest) >> max(0, 8 * len(digest) - n.bit_length())) * inverse
        try:
            found = self.curve.add(self.curve.multiply(first), self.curve.multiply(r * inverse, self.point))
        except CardUnreadable:  # the identity, which no right signature leads to
            return False
        return found[0] % n == r


PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | OtherCurveKey


@dataclass(frozen=True)
class Scheme:
    """How a signature was made. ``hash_name``: sha1, sha224, sha256, sha384 or sha512."""

    hash_name: str
    is_pss: bool = False
    mgf_hash_name: str = "sha1"
    salt_bytes: int = 20


class UnknownScheme(ValueError):
    """A signature this reader cannot judge: neither right nor wrong. Names the algorithm, nothing personal."""


def ec_point(spki: bytes) -> tuple[Curve, Point]:
    """Give curve and point of an elliptic-curve key. Raises ``CardUnreadable`` for anything else."""
    oid, parameters, bits = _parts(spki)
    if parameters is None or oid not in (_EC, _STANDARDIZED):
        raise CardUnreadable("a public key is not on an elliptic curve")
    curve = _curve(parameters) if oid == _EC else curves.standardized(_integer(parameters))
    return curve, curve.decode(bits)


def parse_public_key(spki: bytes) -> PublicKey:
    """Decode a SubjectPublicKeyInfo. Raises ``CardUnreadable``."""
    oid, _, bits = _parts(spki)
    if oid in (_RSA, _RSA_PSS):
        return _rsa_key(bits)
    curve, point = ec_point(spki)
    if curve.name not in LIBRARY_CURVES:
        return OtherCurveKey(curve, point)
    try:
        return ec.EllipticCurvePublicNumbers(*point, LIBRARY_CURVES[curve.name]()).public_key()
    except (ValueError, UnsupportedAlgorithm):
        return OtherCurveKey(curve, point)  # a build of the library without this curve


def verify(key: PublicKey, signature: bytes, message: bytes, scheme: Scheme) -> bool:
    """Tell whether ``signature`` is right. Raises ``UnknownScheme`` where nobody here can tell."""
    algorithm = _hash(scheme.hash_name)
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, message, _padding(scheme), algorithm)
            return True
        digest = hashes.Hash(algorithm)
        digest.update(message)
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, digest.finalize(), ec.ECDSA(Prehashed(algorithm)))
            return True
    except InvalidSignature:
        return False
    except UnsupportedAlgorithm:
        raise UnknownScheme(f"the library does not verify {scheme.hash_name} with this key") from None
    except ValueError:
        return False  # a signature that is not of the key's size
    numbers = _two_numbers(signature)
    return numbers is not None and key.verify(digest.finalize(), *numbers)


def _padding(scheme: Scheme) -> padding.AsymmetricPadding:
    if not scheme.is_pss:
        return padding.PKCS1v15()
    return padding.PSS(mgf=padding.MGF1(_hash(scheme.mgf_hash_name)), salt_length=scheme.salt_bytes)


def _hash(name: str) -> hashes.HashAlgorithm:
    if name not in _HASHES:
        raise UnknownScheme(f"a signature over the digest {name[:40]}")
    return _HASHES[name]


def _two_numbers(signature: bytes) -> tuple[int, int] | None:
    """Take an ECDSA-Sig-Value apart; None where it is none."""
    try:
        items = tlv.read_all(tlv.read_exactly(signature, 0x30))
    except CardUnreadable:
        return None
    if len(items) != 2 or any(item.tag != 0x02 or not item.value or item.value[0] & 0x80 for item in items):
        return None
    return int.from_bytes(items[0].value), int.from_bytes(items[1].value)


def _parts(spki: bytes) -> tuple[bytes, tlv.Tlv | None, bytes]:
    """Give algorithm, parameters and the bit string's bytes."""
    items = tlv.read_all(tlv.read_exactly(spki, 0x30))
    algorithm = tlv.read_all(items[0].value) if items and items[0].tag == 0x30 else ()
    if len(items) != 2 or not 1 <= len(algorithm) <= 2 or algorithm[0].tag != 0x06:
        raise CardUnreadable("a public key is no SubjectPublicKeyInfo")
    if items[1].tag != 0x03 or items[1].value[:1] != b"\x00":
        raise CardUnreadable("a public key is no string of whole bytes")
    return algorithm[0].value, algorithm[1] if len(algorithm) > 1 else None, items[1].value[1:]


def _rsa_key(encoded: bytes) -> rsa.RSAPublicKey:
    items = tlv.read_all(tlv.read_exactly(encoded, 0x30))
    if len(items) != 2:
        raise CardUnreadable("an RSA key has other than two numbers")
    modulus, exponent = (_integer(item) for item in items)
    if not MIN_RSA_BITS <= modulus.bit_length() <= MAX_RSA_BITS or exponent.bit_length() > 64:
        raise CardUnreadable(f"an RSA key of {modulus.bit_length()} bits, outside {MIN_RSA_BITS} to {MAX_RSA_BITS}")
    try:
        return rsa.RSAPublicNumbers(exponent, modulus).public_key()
    except ValueError:
        raise CardUnreadable("an RSA key with numbers that make no key") from None


def _curve(parameters: tlv.Tlv) -> Curve:
    """Find the named curve: by its name, or by parameters that are exactly its own (RFC 3279, 2.3.5)."""
    if parameters.tag == 0x06:
        identifier = parameters.value.hex().upper()
        found = [name for name, (oid, _) in CURVES.items() if oid == identifier]
        if not found:
            raise CardUnreadable("a public key on a curve this reader does not know")
        return curves.named(found[0])
    items = tlv.read_all(parameters.value) if parameters.tag == 0x30 else ()
    field = tlv.read_all(items[1].value) if len(items) >= 5 else ()
    curve = tlv.read_all(items[2].value) if len(items) >= 5 else ()
    if len(field) != 2 or field[0].value != _PRIME_FIELD or not 2 <= len(curve) <= 3:
        raise CardUnreadable("a public key's curve is not written as SpecifiedECDomain over a prime field")
    p, n = _integer(field[1]), _integer(items[4])
    a, b = (int.from_bytes(one.value) for one in curve[:2])
    cofactor = _integer(items[5]) if len(items) > 5 and items[5].tag == 0x02 else 1
    for one in (curves.named(name) for name in CURVES):
        if (one.p, one.a, one.b, one.n, 1) == (p, a, b, n, cofactor) and _is_base(one, items[3].value):
            return one
    raise CardUnreadable("a public key's curve parameters are those of no named curve")


def _is_base(curve: Curve, encoded: bytes) -> bool:
    """Compare the base point, also where it is compressed or hybrid (SEC 1, 2.3.3)."""
    whole = curve.encode(curve.base)
    size, sign = curve.size_bytes, curve.base[1] & 1
    return encoded in (whole, bytes((2 + sign,)) + whole[1 : 1 + size], bytes((6 + sign,)) + whole[1:])


def _integer(item: tlv.Tlv) -> int:
    if item.tag != 0x02 or not 1 <= len(item.value) <= 1 + MAX_RSA_BITS // 8 or item.value[0] & 0x80:
        raise CardUnreadable("a public key has no positive number where one is expected")
    return int.from_bytes(item.value)

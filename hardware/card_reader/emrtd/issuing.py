"""A country that issues documents, on this computer: signing authority (CSCA), document signer, security objects.

Made for benches and tests, and written with another library than the reader's own decoders, so that the two ends agree
because both follow the standards (Doc 9303-12; RFC 5652). Keys are of no country; whoever trusts a certificate made
here trusts this computer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, Protocol

from asn1crypto import algos, cms, core, keys, x509  # type: ignore[import-untyped]
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from hardware.card_reader import tlv
from hardware.card_reader.emrtd.virtual_curves import Domain, domain

HashName = Literal["sha1", "sha224", "sha256", "sha384", "sha512"]
LDS_SECURITY_OBJECT = "2.23.136.1.1.1"
SECURITY_OBJECT = "0.4.0.127.0.7.3.2.1"  # content type of EF.CardSecurity (BSI TR-03110-3, A.1.2.5)

_RSA_HASHES: Mapping[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(), "sha224": hashes.SHA224(), "sha256": hashes.SHA256(),  # noqa: S303 - old documents have it
    "sha384": hashes.SHA384(), "sha512": hashes.SHA512(),
}  # fmt: skip


class SigningKey(Protocol):
    """A private key with its public half as SubjectPublicKeyInfo."""

    @property
    def spki(self) -> bytes: ...

    def algorithm(self, hash_name: HashName) -> algos.SignedDigestAlgorithm: ...

    def sign(self, data: bytes, hash_name: HashName) -> bytes: ...


@dataclass(frozen=True)
class EcSigningKey:
    """A key on any curve of eMRTD; ``is_explicit`` writes the curve's parameters out, as many issuers do."""

    domain: Domain
    secret: int
    is_explicit: bool = False

    @property
    def spki(self) -> bytes:
        public = self.domain.encode(self.domain.multiply(self.secret, self.domain.base))
        return ec_spki(self.domain, public, is_explicit=self.is_explicit)

    def algorithm(self, hash_name: HashName) -> algos.SignedDigestAlgorithm:
        return algos.SignedDigestAlgorithm({"algorithm": f"{hash_name}_ecdsa"})

    def sign(self, data: bytes, hash_name: HashName) -> bytes:
        r, s = self.sign_numbers(data, hash_name)
        return tlv.encode(0x30, der_integer(r) + der_integer(s))

    def sign_numbers(self, data: bytes, hash_name: HashName) -> tuple[int, int]:
        """Sign with a nonce that follows from key and data: the same document comes out the same."""
        digest = hashlib.new(hash_name, data).digest()
        seed = hashlib.sha512(self.secret.to_bytes(66) + digest).digest() + hashlib.sha512(digest).digest()
        return self.domain.sign(self.secret, 1 + int.from_bytes(seed) % (self.domain.n - 1), digest)


@dataclass(frozen=True)
class RsaSigningKey:
    """An RSA key that signs with PKCS #1 v1.5, or with PSS."""

    key: rsa.RSAPrivateKey
    is_pss: bool = False

    @property
    def spki(self) -> bytes:
        return self.key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def algorithm(self, hash_name: HashName) -> algos.SignedDigestAlgorithm:
        if not self.is_pss:
            return algos.SignedDigestAlgorithm({"algorithm": f"{hash_name}_rsa", "parameters": core.Null()})
        return algos.SignedDigestAlgorithm(
            {
                "algorithm": "rsassa_pss",
                "parameters": {
                    "hash_algorithm": {"algorithm": hash_name},
                    "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": hash_name}},
                    "salt_length": _RSA_HASHES[hash_name].digest_size,
                },
            }
        )

    def sign(self, data: bytes, hash_name: HashName) -> bytes:
        algorithm = _RSA_HASHES[hash_name]
        if self.is_pss:
            pss = padding.PSS(mgf=padding.MGF1(algorithm), salt_length=algorithm.digest_size)
            return self.key.sign(data, pss, algorithm)
        return self.key.sign(data, padding.PKCS1v15(), algorithm)


@dataclass(frozen=True)
class Authority:
    """A certificate with its key: a CSCA, or a document signer."""

    key: SigningKey
    certificate: bytes  # DER
    hash_name: HashName = "sha256"


def new_ec_key(random: Callable[[int], bytes], curve: str = "secp256r1", *, is_explicit: bool = False) -> EcSigningKey:
    """Make a key from ``random`` (a number of bytes -> so many bytes)."""
    chosen = domain(curve)
    return EcSigningKey(chosen, 1 + int.from_bytes(random(chosen.field_bytes + 8)) % (chosen.n - 1), is_explicit)


def new_rsa_key(bits: int = 2048, *, is_pss: bool = False) -> RsaSigningKey:
    """Make an RSA key; never the same twice."""
    return RsaSigningKey(rsa.generate_private_key(65537, bits), is_pss)


def new_csca(
    key: SigningKey,
    country: str = "UT",
    hash_name: HashName = "sha256",
    valid: tuple[datetime, datetime] = (datetime(2020, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)),
) -> Authority:
    """Make a self-signed country signing authority. Country UT is nobody's: ICAO's Utopia."""
    name = _name(country, "Test CSCA")
    certificate = _certificate(key.spki, name, name, 1, valid, key, key.spki, hash_name, is_ca=True)
    return Authority(key, certificate, hash_name)


def new_signer(
    csca: Authority,
    key: SigningKey,
    hash_name: HashName = "sha256",
    valid: tuple[datetime, datetime] = (datetime(2022, 1, 1, tzinfo=UTC), datetime(2038, 1, 1, tzinfo=UTC)),
    serial: int = 4711,
) -> Authority:
    """Make a document signer that ``csca`` vouches for."""
    issuer = x509.Certificate.load(csca.certificate).subject
    subject = _name("UT", f"Test document signer {serial}")
    certificate = _certificate(key.spki, subject, issuer, serial, valid, csca.key, csca.key.spki, csca.hash_name)
    return Authority(key, certificate, hash_name)


def new_sod(
    signer: Authority,
    groups: Mapping[int, bytes],
    hash_name: HashName = "sha256",
    signed_at: datetime | None = datetime(2024, 5, 1, 12, tzinfo=UTC),
    lds_version: str = "0108",
) -> bytes:
    """Make EF.SOD over ``groups`` (number -> the whole data group). ``lds_version`` "" writes version 0 without it."""
    entries = b"".join(
        tlv.encode(0x30, der_integer(number) + tlv.encode(0x04, hashlib.new(hash_name, raw).digest()))
        for number, raw in sorted(groups.items())
    )
    digest_algorithm = algos.DigestAlgorithm({"algorithm": hash_name, "parameters": core.Null()}).dump()
    unicode_version = tlv.encode(0x13, b"040000")
    versions = tlv.encode(0x30, tlv.encode(0x13, lds_version.encode("ascii")) + unicode_version) if lds_version else b""
    content = der_integer(1 if lds_version else 0) + digest_algorithm + tlv.encode(0x30, entries) + versions
    return tlv.encode(0x77, new_signed_data(signer, LDS_SECURITY_OBJECT, tlv.encode(0x30, content), signed_at))


def new_signed_data(signer: Authority, content_type: str, content: bytes, signed_at: datetime | None) -> bytes:
    """Make a CMS SignedData with the signer's certificate inside (Doc 9303-10, 4.6.2.2)."""
    certificate = x509.Certificate.load(signer.certificate)
    digest = hashlib.new(signer.hash_name, content).digest()
    attributes = [
        cms.CMSAttribute({"type": "content_type", "values": [cms.ContentType(content_type)]}),
        cms.CMSAttribute({"type": "message_digest", "values": [core.OctetString(digest)]}),
    ]
    if signed_at is not None:
        time = cms.Time({"utc_time": core.UTCTime(signed_at)})
        attributes.append(cms.CMSAttribute({"type": "signing_time", "values": [time]}))
    signed = cms.CMSAttributes(attributes)
    signer_info = cms.SignerInfo(
        {
            "version": "v1",
            "sid": cms.SignerIdentifier(
                {
                    "issuer_and_serial_number": cms.IssuerAndSerialNumber(
                        {
                            "issuer": certificate.issuer,
                            "serial_number": certificate.serial_number,
                        }
                    )
                }
            ),
            "digest_algorithm": {"algorithm": signer.hash_name},
            "signed_attrs": signed,
            "signature_algorithm": signer.key.algorithm(signer.hash_name),
            "signature": signer.key.sign(signed.dump(), signer.hash_name),
        }
    )
    signed_data = cms.SignedData(
        {
            "version": "v3",
            "digest_algorithms": [{"algorithm": signer.hash_name}],
            "encap_content_info": {"content_type": content_type, "content": core.ParsableOctetString(content)},
            "certificates": [certificate],
            "signer_infos": [signer_info],
        }
    )
    dumped: bytes = cms.ContentInfo({"content_type": "signed_data", "content": signed_data}).dump()
    return dumped


def ec_spki(curve: Domain, public: bytes, *, is_explicit: bool = False) -> bytes:
    """Write a point as SubjectPublicKeyInfo, the curve by its name or with all its parameters (RFC 3279, 2.3.5)."""
    parameters = _explicit(curve) if is_explicit else tlv.encode(0x06, curve.oid)
    algorithm = tlv.encode(0x30, bytes.fromhex("06072A8648CE3D0201") + parameters)
    return tlv.encode(0x30, algorithm + tlv.encode(0x03, b"\x00" + public))


def der_integer(value: int) -> bytes:
    """Encode a number that is not negative."""
    return tlv.encode(0x02, value.to_bytes(value.bit_length() // 8 + 1))


def _explicit(curve: Domain) -> bytes:
    size = curve.field_bytes
    field = tlv.encode(0x30, bytes.fromhex("06072A8648CE3D0101") + der_integer(curve.p))
    coefficients = tlv.encode(0x04, curve.a.to_bytes(size)) + tlv.encode(0x04, curve.b.to_bytes(size))
    base = tlv.encode(0x04, curve.encode(curve.base))
    return tlv.encode(
        0x30,
        der_integer(1) + field + tlv.encode(0x30, coefficients) + base + der_integer(curve.n) + der_integer(1),
    )


def _name(country: str, title: str) -> x509.Name:
    return x509.Name.build({"country_name": country, "organization_name": "Utopia", "common_name": title})


def _key_id(spki: bytes) -> bytes:
    return hashlib.sha1(bytes(keys.PublicKeyInfo.load(spki)["public_key"]), usedforsecurity=False).digest()


def _certificate(
    spki: bytes,
    subject: x509.Name,
    issuer: x509.Name,
    serial: int,
    valid: tuple[datetime, datetime],
    by: SigningKey,
    by_spki: bytes,
    hash_name: HashName,
    *,
    is_ca: bool = False,
) -> bytes:
    """Build and sign a certificate with the extensions of Doc 9303-12, 7.1.1."""
    usages = {"key_cert_sign", "crl_sign"} if is_ca else {"digital_signature"}
    extensions = [
        {"extn_id": "authority_key_identifier", "critical": False, "extn_value": {"key_identifier": _key_id(by_spki)}},
        {"extn_id": "key_identifier", "critical": False, "extn_value": _key_id(spki)},
        {"extn_id": "key_usage", "critical": True, "extn_value": usages},
    ]
    if is_ca:
        constraints = {"ca": True, "path_len_constraint": 0}
        extensions.append({"extn_id": "basic_constraints", "critical": True, "extn_value": constraints})
    part = x509.TbsCertificate(
        {
            "version": "v3",
            "serial_number": serial,
            "signature": by.algorithm(hash_name),
            "issuer": issuer,
            "validity": {
                "not_before": x509.Time({"utc_time": valid[0]}),
                "not_after": x509.Time({"utc_time": valid[1]}),
            },
            "subject": subject,
            "subject_public_key_info": keys.PublicKeyInfo.load(spki),
            "extensions": extensions,
        }
    )
    certificate: bytes = x509.Certificate(
        {
            "tbs_certificate": part,
            "signature_algorithm": by.algorithm(hash_name),
            "signature_value": by.sign(part.dump(), hash_name),
        }
    ).dump()
    return certificate

"""EF.SOD: the security object that vouches for the data groups (Doc 9303-10, 4.6.2; CMS SignedData, RFC 5652).

Takes it apart and keeps every byte a signature is over as it came. Whether the hashes agree, the signature is right and
the signer is trusted is decided in ``passive_auth``. One error: ``CardUnreadable``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from hardware.card_reader import CardUnreadable, tlv
from hardware.card_reader.emrtd.algorithms import parse_digest
from hardware.card_reader.emrtd.ber import definite
from hardware.card_reader.emrtd.certificates import Certificate, parse_certificate, parse_time

MAX_SOD_BYTES = 128 << 10
MAX_CERTIFICATES = 8
MAX_SIGNERS = 4

CONTENT_TYPE = bytes.fromhex("678108010101")  # 2.23.136.1.1.1: id-icao-mrtd-security-ldsSecurityObject
_VERSION = re.compile(r"[0-9A-Za-z.]{1,8}", re.ASCII)
_SIGNED_DATA = bytes.fromhex("2A864886F70D010702")
_ATTRIBUTES = bytes.fromhex("2A864886F70D0109")
_CONTENT_TYPE_ATTRIBUTE, _MESSAGE_DIGEST, _SIGNING_TIME = (_ATTRIBUTES + bytes((arc,)) for arc in (3, 4, 5))


@dataclass(frozen=True, repr=False)
class Signer:
    """One SignerInfo. ``attributes``: the signed attributes as the SET that was signed; b"": there are none."""

    issuer: bytes | None
    serial: bytes | None
    key_id: bytes | None
    digest: str
    attributes: bytes
    content_type: bytes | None
    message_digest: bytes | None
    signing_time: datetime | None
    algorithm: bytes
    signature: bytes


@dataclass(frozen=True, repr=False)
class SignedData:
    """A CMS SignedData: what is signed, of which type, by whom."""

    content: bytes
    content_type: bytes
    signers: tuple[Signer, ...]
    certificates: tuple[Certificate, ...]


@dataclass(frozen=True, repr=False)
class SecurityObject(SignedData):
    """An EF.SOD. ``hashes``: number of a data group -> its hash; ``content``: the signed LDSSecurityObject."""

    hash_algorithm: str  # as hashlib names it; an unknown one as its hex identifier
    hashes: dict[int, bytes]
    lds_version: str  # "" before LDS 1.8


def parse(raw: bytes) -> SecurityObject:
    """Decode EF.SOD. Raises ``CardUnreadable``."""
    if len(raw) > MAX_SOD_BYTES:
        raise CardUnreadable(f"EF.SOD has {len(raw)} bytes, more than {MAX_SOD_BYTES}")
    signed = parse_signed_data(tlv.read_exactly(raw, 0x77))
    algorithm, hashes, lds_version = _content(signed.content)
    return SecurityObject(
        content=signed.content,
        content_type=signed.content_type,
        signers=signed.signers,
        certificates=signed.certificates,
        hash_algorithm=algorithm,
        hashes=hashes,
        lds_version=lds_version,
    )


def parse_signed_data(raw: bytes, name: str = "EF.SOD") -> SignedData:
    """Decode a ContentInfo that is a SignedData; ``name``: which file's. Raises ``CardUnreadable``."""
    content_info = tlv.read_all(tlv.read_exactly(definite(raw), 0x30))
    if [item.tag for item in content_info] != [0x06, 0xA0] or content_info[0].value != _SIGNED_DATA:
        raise CardUnreadable(f"{name} is no CMS SignedData")
    items = tlv.read_all(tlv.read_exactly(content_info[1].value, 0x30))
    tags = [item.tag for item in items]
    if tags[:3] != [0x02, 0x31, 0x30] or tags[-1] != 0x31 or not set(tags[3:-1]) <= {0xA0, 0xA1}:
        raise CardUnreadable(f"{name}'s SignedData does not have the order of RFC 5652")
    wrapper = tlv.read_all(items[2].value)
    if [item.tag for item in wrapper] != [0x06, 0xA0]:
        raise CardUnreadable(f"{name} carries no content")
    signers = [_signer(item) for item in tlv.read_all(items[-1].value)[: MAX_SIGNERS + 1]]
    certificates = [one for item in items[3:-1] if item.tag == 0xA0 for one in tlv.read_all(item.value)]
    if len(certificates) > MAX_CERTIFICATES or not 1 <= len(signers) <= MAX_SIGNERS:
        raise CardUnreadable(f"{name} has {len(certificates)} certificates and {len(signers)} signers")
    return SignedData(
        content=tlv.read_exactly(wrapper[1].value, 0x04),
        content_type=wrapper[0].value,
        signers=tuple(signers),
        certificates=tuple(one for item in certificates if (one := _certificate(item)) is not None),
    )


def _certificate(item: tlv.Tlv) -> Certificate | None:
    """Decode a certificate; None for another choice (attribute certificates have other tags) and for a broken one.

    A document is not unreadable because a certificate in it is: without its signer's, nothing is said of the signature.
    """
    try:
        return parse_certificate(item.raw) if item.tag == 0x30 else None
    except CardUnreadable:
        return None


def _content(content: bytes) -> tuple[str, dict[int, bytes], str]:
    """Decode LDSSecurityObject: digest, hashes, and from its version 1 on the LDS version."""
    items = tlv.read_all(tlv.read_exactly(content, 0x30))
    if [item.tag for item in items[:3]] != [0x02, 0x30, 0x30] or len(items) > 4:
        raise CardUnreadable("the security object does not have the order of Doc 9303-10, 4.6.2.3")
    hashes: dict[int, bytes] = {}
    for entry in tlv.read_all(items[2].value):
        pair = tlv.read_all(entry.value)
        if [item.tag for item in pair] != [0x02, 0x04] or len(pair[0].value) != 1 or not 1 <= pair[0].value[0] <= 16:
            raise CardUnreadable("the security object has a hash without the number of a data group")
        if pair[0].value[0] in hashes:
            raise CardUnreadable("the security object has two hashes of one data group")
        hashes[pair[0].value[0]] = pair[1].value
    versions = tlv.read_all(items[3].value) if len(items) > 3 else ()
    text = versions[0].value.decode("ascii", errors="replace") if versions else ""
    if not hashes:
        raise CardUnreadable("the security object has no hashes")
    return parse_digest(items[1].raw), hashes, text if _VERSION.fullmatch(text) else ""


def _signer(item: tlv.Tlv) -> Signer:
    items = tlv.read_all(item.value) if item.tag == 0x30 else ()
    tags = [one.tag for one in items]
    has_attributes = tags[3:4] == [0xA0]
    body = items[4:] if has_attributes else items[3:]
    if tags[:1] != [0x02] or tags[2:3] != [0x30] or [one.tag for one in body[:2]] != [0x30, 0x04]:
        raise CardUnreadable("a signer in EF.SOD does not have the order of RFC 5652")
    issuer, serial, key_id = _identifier(items[1])
    # The signature is over the attributes as a SET, whose tag the SignerInfo replaces by [0] (RFC 5652, 5.4).
    attributes = b"\x31" + items[3].raw[1:] if has_attributes else b""
    values = _attributes(items[3].value) if has_attributes else {}
    digest = values.get(_MESSAGE_DIGEST)
    content_type, time = values.get(_CONTENT_TYPE_ATTRIBUTE), values.get(_SIGNING_TIME)
    return Signer(
        issuer=issuer,
        serial=serial,
        key_id=key_id,
        digest=parse_digest(items[2].raw),
        attributes=attributes,
        content_type=content_type.value if content_type else None,
        message_digest=digest.value if digest else None,
        signing_time=_time(time),
        algorithm=body[0].raw,
        signature=body[1].value,
    )


def _time(item: tlv.Tlv | None) -> datetime | None:
    """Decode a signing time; one that is written in another way than it should be is as good as none."""
    try:
        return None if item is None else parse_time(item)
    except CardUnreadable:
        return None


def _identifier(item: tlv.Tlv) -> tuple[bytes | None, bytes | None, bytes | None]:
    """Give issuer and serial number, or the key identifier."""
    if item.tag == 0x80:
        return None, None, item.value
    parts = tlv.read_all(item.value) if item.tag == 0x30 else ()
    if [part.tag for part in parts] != [0x30, 0x02]:
        raise CardUnreadable("a signer in EF.SOD is not identified")
    return parts[0].raw, parts[1].value, None


def _attributes(value: bytes) -> dict[bytes, tlv.Tlv]:
    """Give the single value of each signed attribute; one that comes twice is an error (RFC 5652, 5.3)."""
    found: dict[bytes, tlv.Tlv] = {}
    for item in tlv.read_all(value):
        parts = tlv.read_all(item.value)
        if [part.tag for part in parts] != [0x06, 0x31] or parts[0].value in found:
            raise CardUnreadable("a signed attribute in EF.SOD is no kind and values, or is there twice")
        values = tlv.read_all(parts[1].value)
        if values:
            found[parts[0].value] = values[0]
    return found

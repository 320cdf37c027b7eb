"""X.509 certificates of document signers and their authorities (Doc 9303-12, 7; RFC 5280), as far as trust needs them.

The signed part is kept as the bytes that came, because a certificate written again is another certificate. Judges
nothing: who trusts whom is in ``passive_auth``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from hardware.card_reader import CardUnreadable, tlv
from hardware.card_reader.emrtd.algorithms import parse_scheme
from hardware.card_reader.emrtd.ber import definite
from hardware.card_reader.emrtd.public_keys import PublicKey, parse_public_key, verify

MAX_CERTIFICATE_BYTES = 32 << 10

_SUBJECT_KEY_ID, _AUTHORITY_KEY_ID, _BASIC_CONSTRAINTS = (bytes((0x55, 0x1D, arc)) for arc in (14, 35, 19))
_TIME = re.compile(r"([0-9]{2}|[0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})?Z", re.ASCII)
_TEXTS = {0x0C: "utf-8", 0x13: "ascii", 0x16: "ascii", 0x14: "latin-1", 0x1E: "utf-16-be"}


@dataclass(frozen=True, repr=False)
class Certificate:
    """One certificate. ``issuer`` and ``subject`` are whole Names as they came; times are in UTC."""

    raw: bytes
    signed_part: bytes
    serial: bytes
    issuer: bytes
    subject: bytes
    not_before: datetime
    not_after: datetime
    public_key_info: bytes
    key_id: bytes | None
    authority_key_id: bytes | None
    is_ca: bool | None  # None: not said
    algorithm: bytes
    signature: bytes

    @property
    def public_key(self) -> PublicKey:
        """Raises ``CardUnreadable`` for a key of an unknown kind."""
        return parse_public_key(self.public_key_info)

    @property
    def may_sign(self) -> bool:
        """An authority: it says so, or it is of the old ones that say nothing and have signed themselves."""
        return bool(self.is_ca) or (self.is_ca is None and self.issuer == self.subject)

    def has_signed(self, other: Certificate) -> bool:
        """Tell whether this certificate's key signed ``other``; ``UnknownScheme``, ``CardUnreadable``: cannot tell."""
        return verify(self.public_key, other.signature, other.signed_part, parse_scheme(other.algorithm))

    def is_valid_at(self, moment: datetime) -> bool:
        return self.not_before <= moment <= self.not_after


def parse_certificate(raw: bytes) -> Certificate:
    """Decode one certificate, DER or BER. Raises ``CardUnreadable``."""
    if len(raw) > MAX_CERTIFICATE_BYTES:
        raise CardUnreadable(f"a certificate of {len(raw)} bytes, more than {MAX_CERTIFICATE_BYTES}")
    raw = definite(raw)
    parts = tlv.read_all(tlv.read_exactly(raw, 0x30))
    if [part.tag for part in parts] != [0x30, 0x30, 0x03] or parts[2].value[:1] != b"\x00":
        raise CardUnreadable("a certificate is not a signed part, an algorithm and a signature")
    fields = tlv.read_all(parts[0].value)
    fields = fields[1:] if fields and fields[0].tag == 0xA0 else fields
    if [item.tag for item in fields[:6]] != [0x02, 0x30, 0x30, 0x30, 0x30, 0x30]:
        raise CardUnreadable("a certificate's signed part does not have the order of X.509")
    serial, _, issuer, validity, subject, key = fields[:6]
    times = tlv.read_all(validity.value)
    if len(times) != 2:
        raise CardUnreadable("a certificate's validity is not from one time to another")
    extensions = _extensions(next((item.value for item in fields[6:] if item.tag == 0xA3), None))
    return Certificate(
        raw=raw,
        signed_part=parts[0].raw,
        serial=serial.value,
        issuer=issuer.raw,
        subject=subject.raw,
        not_before=parse_time(times[0]),
        not_after=parse_time(times[1]),
        public_key_info=key.raw,
        key_id=tlv.read_exactly(extensions[_SUBJECT_KEY_ID], 0x04) if _SUBJECT_KEY_ID in extensions else None,
        authority_key_id=_authority_key_id(extensions.get(_AUTHORITY_KEY_ID)),
        is_ca=_is_ca(extensions.get(_BASIC_CONSTRAINTS)),
        algorithm=parts[1].raw,
        signature=parts[2].value[1:],
    )


def parse_time(item: tlv.Tlv) -> datetime:
    """Decode UTCTime or GeneralizedTime in UTC, with or without seconds. Raises ``CardUnreadable``."""
    found = _TIME.fullmatch(item.value.decode("ascii", errors="replace"))
    if found is None or (item.tag, len(found[1])) not in ((0x17, 2), (0x18, 4)):
        raise CardUnreadable("a time is neither UTCTime nor GeneralizedTime")
    year = int(found[1])
    if item.tag == 0x17:
        year += 1900 if year >= 50 else 2000  # RFC 5280, 4.1.2.5.1
    try:
        month, day, hour, minute, second = (int(part or 0) for part in found.groups()[1:])
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        raise CardUnreadable("a time that does not exist") from None


def is_same_name(one: bytes, other: bytes) -> bool:
    """Compare two Names: byte for byte, or as texts without regard to string type, case and blanks (RFC 5280, 7.1).

    Raises ``CardUnreadable`` for what is no Name.
    """
    return one == other or comparable_name(one) == comparable_name(other)


def comparable_name(name: bytes) -> tuple[tuple[bytes, str], ...]:
    """Give a Name in a form that compares as ``is_same_name`` does. Raises ``CardUnreadable``."""
    attributes: list[tuple[bytes, str]] = []
    for group in tlv.read_all(tlv.read_exactly(name, 0x30)):
        for attribute in sorted(item.value for item in tlv.read_all(group.value)):
            pair = tlv.read_all(attribute)
            if len(pair) != 2 or pair[0].tag != 0x06:
                raise CardUnreadable("a name in a certificate has an attribute without kind and value")
            text = pair[1].value.decode(_TEXTS.get(pair[1].tag, "latin-1"), errors="replace")
            attributes.append((pair[0].value, " ".join(text.casefold().split())))
    return tuple(attributes)


def _extensions(wrapped: bytes | None) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for item in tlv.read_all(tlv.read_exactly(wrapped, 0x30)) if wrapped is not None else ():
        parts = tlv.read_all(item.value)
        if len(parts) < 2 or parts[0].tag != 0x06 or parts[-1].tag != 0x04:
            raise CardUnreadable("a certificate's extension is no kind and value")
        found.setdefault(parts[0].value, parts[-1].value)
    return found


def _authority_key_id(value: bytes | None) -> bytes | None:
    return None if value is None else tlv.find(tlv.read_exactly(value, 0x30), 0x80)


def _is_ca(value: bytes | None) -> bool | None:
    if value is None:
        return None
    return tlv.find(tlv.read_exactly(value, 0x30), 0x01) not in (None, b"\x00")

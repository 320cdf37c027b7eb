"""SecurityInfos: which protocols a chip speaks (EF.CardAccess and DG14; Doc 9303-11, 9.2; BSI TR-03110-3, A.1.1).

A SET of SecurityInfo ::= SEQUENCE {protocol OBJECT IDENTIFIER, requiredData, optionalData OPTIONAL}. Entries of
protocols that concern no reader without terminal certificates are kept as bytes only. Decides nothing: EF.CardAccess
is not signed, so whoever used it compares it with DG14 afterwards (``SecurityInfos.includes``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hardware.card_reader import CardUnreadable, tlv

KeyAgreement = Literal["DH", "ECDH"]
Cipher = Literal["3DES", "AES-128", "AES-192", "AES-256"]
Mapping = Literal["GM", "IM", "CAM"]

MAX_ENTRIES = 64

_BSI = bytes.fromhex("04007F000702 02")  # 0.4.0.127.0.7.2.2: bsi-de protocols smartcard
_PUBLIC_KEY, _CHIP_AUTH, _PACE = (_BSI + bytes((arc,)) for arc in (1, 3, 4))
_ACTIVE_AUTH = bytes.fromhex("678108010105")  # 2.23.136.1.1.5: id-icao-mrtd-security-aaProtocolObject
_CIPHERS: dict[int, Cipher] = {1: "3DES", 2: "AES-128", 3: "AES-192", 4: "AES-256"}
_AGREEMENTS: dict[int, KeyAgreement] = {1: "DH", 2: "ECDH"}
_PACE_KINDS: dict[int, tuple[KeyAgreement, Mapping]] = {
    1: ("DH", "GM"), 2: ("ECDH", "GM"), 3: ("DH", "IM"), 4: ("ECDH", "IM"), 6: ("ECDH", "CAM"),
}  # fmt: skip


@dataclass(frozen=True)
class PaceInfo:
    """PACE as the chip offers it. ``oid``: the content octets, as MSE:Set AT wants them in DO 80."""

    oid: bytes
    agreement: KeyAgreement
    mapping: Mapping
    cipher: Cipher
    version: int
    parameter_id: int | None  # standardized domain parameters (Doc 9303-11, 9.5.1); None: not said


@dataclass(frozen=True)
class ChipAuthInfo:
    """Chip authentication as the chip offers it; ``key_id`` where it has several keys."""

    oid: bytes
    agreement: KeyAgreement
    cipher: Cipher
    version: int
    key_id: int | None


@dataclass(frozen=True)
class ChipAuthPublicKey:
    """A static key of the chip. ``public_key``: SubjectPublicKeyInfo, DER as it came."""

    agreement: KeyAgreement
    public_key: bytes
    key_id: int | None


@dataclass(frozen=True)
class ActiveAuthInfo:
    """How the chip signs with an elliptic curve. ``signature_oid``: content octets (BSI TR-03111, 5.2.1.1)."""

    version: int
    signature_oid: bytes


@dataclass(frozen=True)
class SecurityInfos:
    """All entries in their order; ``entries`` are the encoded ones, those of unknown protocols too."""

    pace: tuple[PaceInfo, ...]
    chip_auth: tuple[ChipAuthInfo, ...]
    chip_auth_keys: tuple[ChipAuthPublicKey, ...]
    active_auth: ActiveAuthInfo | None
    entries: frozenset[bytes]

    def includes(self, other: SecurityInfos) -> bool:
        """Tell whether every entry of ``other`` is here, byte for byte: DG14 shall repeat EF.CardAccess."""
        return other.entries <= self.entries


def parse_security_infos(raw: bytes) -> SecurityInfos:
    """Decode the content of EF.CardAccess: one SET. Raises ``CardUnreadable``."""
    pace: list[PaceInfo] = []
    chip_auth: list[ChipAuthInfo] = []
    keys: list[ChipAuthPublicKey] = []
    active_auth: ActiveAuthInfo | None = None
    entries = tlv.read_all(tlv.read_exactly(raw, 0x31))
    if len(entries) > MAX_ENTRIES:
        raise CardUnreadable(f"{len(entries)} security infos, more than {MAX_ENTRIES}")
    for entry in entries:
        oid, items = _entry(entry)
        if oid[:-2] == _PACE and oid[-1] in _CIPHERS and oid[-2] in _PACE_KINDS:
            agreement, mapping = _PACE_KINDS[oid[-2]]
            version, parameter_id = _version_and_id(items)
            pace.append(PaceInfo(oid, agreement, mapping, _CIPHERS[oid[-1]], version, parameter_id))
        elif oid[:-2] == _CHIP_AUTH and oid[-1] in _CIPHERS and oid[-2] in _AGREEMENTS:
            version, key_id = _version_and_id(items)
            chip_auth.append(ChipAuthInfo(oid, _AGREEMENTS[oid[-2]], _CIPHERS[oid[-1]], version, key_id))
        elif oid[:-1] == _PUBLIC_KEY and oid[-1] in _AGREEMENTS:
            if items[0].tag != 0x30:
                raise CardUnreadable("a chip authentication key is no SubjectPublicKeyInfo")
            key_id = _number(items[1]) if len(items) > 1 else None
            keys.append(ChipAuthPublicKey(_AGREEMENTS[oid[-1]], items[0].raw, key_id))
        elif oid == _ACTIVE_AUTH:
            if len(items) != 2 or items[1].tag != 0x06:
                raise CardUnreadable("the active authentication info names no signature algorithm")
            active_auth = ActiveAuthInfo(_number(items[0]), items[1].value)
    return SecurityInfos(
        tuple(pace), tuple(chip_auth), tuple(keys), active_auth, frozenset(entry.raw for entry in entries)
    )


def _entry(entry: tlv.Tlv) -> tuple[bytes, tuple[tlv.Tlv, ...]]:
    """Give protocol and the one or two further items of a SecurityInfo."""
    items = tlv.read_all(entry.value) if entry.tag == 0x30 else ()
    if not 2 <= len(items) <= 3 or items[0].tag != 0x06 or not items[0].value:
        raise CardUnreadable("a security info is no sequence of protocol and data")
    return items[0].value, items[1:]


def _version_and_id(items: tuple[tlv.Tlv, ...]) -> tuple[int, int | None]:
    return _number(items[0]), _number(items[1]) if len(items) > 1 else None


def _number(item: tlv.Tlv) -> int:
    if item.tag != 0x02 or not 1 <= len(item.value) <= 8 or item.value[0] & 0x80:
        raise CardUnreadable("a security info has no small number where one is expected")
    return int.from_bytes(item.value)

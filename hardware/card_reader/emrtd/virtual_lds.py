"""The files a virtual eMRTD carries (Doc 9303-10), written from their layouts and not with the reader's decoders.

Holders are of Utopia and made up; a portrait is whatever the caller gives. Knows no command.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from hardware.card_reader import tlv
from hardware.card_reader.emrtd.issuing import der_integer

GROUP_TAGS = (0x61, 0x75, 0x63, 0x76, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6A, 0x6B, 0x6C, 0x6D, 0x6E, 0x6F, 0x70)
# Identifiers of standardized domain parameters (Doc 9303-11, 9.5.1)
PARAMETER_IDS: Mapping[str, int] = {
    "secp192r1": 8, "brainpoolP192r1": 9, "secp224r1": 10, "brainpoolP224r1": 11, "secp256r1": 12,
    "brainpoolP256r1": 13, "brainpoolP320r1": 14, "secp384r1": 15, "brainpoolP384r1": 16, "brainpoolP512r1": 17,
    "secp521r1": 18,
}  # fmt: skip

PaceMapping = Literal["GM", "CAM"]
CipherName = Literal["3DES", "AES-128", "AES-192", "AES-256"]
_CIPHER_ARCS: Mapping[CipherName, int] = {"3DES": 1, "AES-128": 2, "AES-192": 3, "AES-256": 4}
_SIGNATURE_ARCS = {"sha1": 1, "sha224": 2, "sha256": 3, "sha384": 4, "sha512": 5}
_BSI_SMARTCARD = bytes.fromhex("04007F00070202")
_PLAIN_ECDSA = bytes.fromhex("04007F0007010104 01".replace(" ", ""))  # ecdsa-plain-signatures (BSI TR-03111, 5.2.1.1)
_ACTIVE_AUTH = bytes.fromhex("678108010105")


@dataclass(frozen=True, repr=False)
class Holder:
    """Who a specimen is made out to. Names in capital Latin letters with single blanks."""

    primary: str = "ERIKSSON"
    secondary: str = "ANNA MARIA"
    number: str = "L898902C3"
    birth: date = date(1974, 8, 12)
    expiry: date = date(2034, 4, 15)
    sex: Literal["M", "F", "<"] = "F"
    state: str = "UTO"
    personal_number: str = ""
    local_name: str = ""  # for DG11, in the holder's script
    address: str = ""


# -- machine readable zones (Doc 9303-4, -5; mainland travel permits) -------------------------------------------------


def td3(holder: Holder) -> str:
    """A passport's zone: 2 x 44 characters."""
    upper = f"P<{holder.state}{_names(holder)}".ljust(44, "<")[:44]
    optional = holder.personal_number.ljust(14, "<")
    number, birth, expiry = (
        _with_digit(_number(holder)),
        _with_digit(_day(holder.birth)),
        _with_digit(_day(holder.expiry)),
    )
    optional_digit = _digit(optional) if holder.personal_number else "<"
    composite = _digit(number + birth + expiry + optional + optional_digit)
    return upper + number + holder.state + birth + holder.sex + expiry + optional + optional_digit + composite


def td1(holder: Holder) -> str:
    """An identity card's zone: 3 x 30 characters. Numbers longer than nine characters go on in the optional data."""
    number, rest = holder.number[:9], holder.number[9:]
    first = number + "<" + rest + _digit(number + rest) if rest else _with_digit(_number(holder))
    upper = f"I<{holder.state}{first}".ljust(30, "<")
    birth, expiry = _with_digit(_day(holder.birth)), _with_digit(_day(holder.expiry))
    optional = holder.personal_number.ljust(11, "<")
    composite = _digit(upper[5:] + birth + expiry + optional)
    middle = birth + holder.sex + expiry + holder.state + optional + composite
    return upper + middle + _names(holder).ljust(30, "<")[:30]


def travel_permit(holder: Holder, code: Literal["CS", "CD"] = "CS") -> str:
    """A mainland permit to Hong Kong and Macau (CS) or Taiwan (CD): 3 x 30, expiry before birth."""
    number, expiry, birth = (
        _with_digit(_number(holder)),
        _with_digit(_day(holder.expiry)),
        _with_digit(_day(holder.birth)),
    )
    upper = f"{code}{number}<{expiry}<{birth}<{_digit(number + expiry + birth)}"
    half_bytes = holder.local_name.encode("gbk").hex()
    chinese = "".join("ABCDEFGHIJKLMNOP"[int(half, 16)] for half in half_bytes)[:12].ljust(12, "<")
    return upper + (chinese + _names(holder)).ljust(30, "<")[:30] + holder.sex.ljust(30, "<")


def mrz_information(holder: Holder) -> bytes:
    """Number, birth and expiry with their check digits: what the keys of access control come from (9303-11, 4.3.2)."""
    parts = (_number(holder), _day(holder.birth), _day(holder.expiry))
    return "".join(_with_digit(part) for part in parts).encode("ascii")


def _number(holder: Holder) -> str:
    return holder.number.ljust(9, "<")


def _names(holder: Holder) -> str:
    return f"{holder.primary}<<{holder.secondary}".replace(" ", "<")


def _day(day: date) -> str:
    return f"{day:%y%m%d}"


def _with_digit(text: str) -> str:
    return text + _digit(text)


def _digit(text: str) -> str:
    values = (0 if one == "<" else int(one, 36) for one in text)
    return str(sum(value * (7, 3, 1)[at % 3] for at, value in enumerate(values)) % 10)


# -- data groups ------------------------------------------------------------------------------------------------------


def dg1(zone: str) -> bytes:
    return tlv.encode(0x61, tlv.encode(0x5F1F, zone.encode("ascii")))


def dg2(picture: bytes, *, width: int = 0, height: int = 0) -> bytes:
    """A facial record (ISO/IEC 19794-5:2005) in its templates; the picture type follows from its first bytes."""
    is_jpeg = picture.startswith(b"\xff\xd8")
    image = bytes((0x01, 0 if is_jpeg else 1)) + width.to_bytes(2) + height.to_bytes(2) + bytes(6)
    face = (20 + len(image) + len(picture)).to_bytes(4) + bytes(16) + image + picture
    record = b"FAC\x00010\x00" + (14 + len(face)).to_bytes(4) + (1).to_bytes(2) + face
    header = bytes.fromhex("A10E 81 01 02 82 01 00 87 02 0101 88 02 0008".replace(" ", ""))
    template = tlv.encode(0x7F60, header + tlv.encode(0x5F2E, record))
    return tlv.encode(0x75, tlv.encode(0x7F61, bytes.fromhex("020101") + template))


def dg2_39794(picture: bytes) -> bytes:
    """The same after ISO/IEC 39794-5: one representation, mandatory fields only."""
    information = tlv.encode(0xA1, tlv.encode(0xA0, bytes.fromhex("800102")))
    block = tlv.encode(0xA0, tlv.encode(0x80, picture) + information)
    representation = bytes.fromhex("800100") + tlv.encode(0xA1, tlv.encode(0xA0, block))
    version = bytes.fromhex("A007 800103 81020 7E3".replace(" ", ""))
    record = tlv.encode(0x65, version + tlv.encode(0xA1, tlv.encode(0x30, representation)))
    header = bytes.fromhex("A108 8702 0101 8802 002B".replace(" ", ""))
    template = tlv.encode(0x7F60, header + tlv.encode(0x7F2E, tlv.encode(0xA1, record)))
    return tlv.encode(0x75, tlv.encode(0x7F61, bytes.fromhex("020101") + template))


def dg11(holder: Holder) -> bytes:
    items = [
        (0x5F0E, holder.local_name or _names(holder)),
        (0x5F10, holder.personal_number),
        (0x5F2B, f"{holder.birth:%Y%m%d}"),
        (0x5F42, holder.address.replace(", ", "<")),
    ]
    return tlv.encode(0x6B, _with_tag_list([(tag, text.encode("utf-8")) for tag, text in items if text]))


def dg12(issuer: str, issued: date) -> bytes:
    items = [(0x5F19, issuer.encode("utf-8")), (0x5F26, f"{issued:%Y%m%d}".encode("ascii"))]
    return tlv.encode(0x6C, _with_tag_list(items))


def dg14(entries: Iterable[bytes]) -> bytes:
    return tlv.encode(0x6E, security_infos(entries))


def dg15(spki: bytes) -> bytes:
    return tlv.encode(0x6F, spki)


def ef_com(groups: Iterable[int]) -> bytes:
    tags = bytes(GROUP_TAGS[number - 1] for number in sorted(groups))
    versions = tlv.encode(0x5F01, b"0107") + tlv.encode(0x5F36, b"040000")
    return tlv.encode(0x60, versions + tlv.encode(0x5C, tags))


def _with_tag_list(items: list[tuple[int, bytes]]) -> bytes:
    tags = b"".join(tag.to_bytes(2) for tag, _ in items)
    return tlv.encode(0x5C, tags) + b"".join(tlv.encode(tag, value) for tag, value in items)


# -- SecurityInfos (Doc 9303-11, 9.2) ---------------------------------------------------------------------------------


def security_infos(entries: Iterable[bytes]) -> bytes:
    """A SET in the order of DER."""
    return tlv.encode(0x31, b"".join(sorted(entries)))


def pace_oid(mapping: PaceMapping, cipher: CipherName) -> bytes:
    return _BSI_SMARTCARD + bytes((4, 2 if mapping == "GM" else 6, _CIPHER_ARCS[cipher]))


def pace_info(mapping: PaceMapping, cipher: CipherName, curve: str) -> bytes:
    return _entry(pace_oid(mapping, cipher), der_integer(2), der_integer(PARAMETER_IDS[curve]))


def chip_auth_oid(cipher: CipherName) -> bytes:
    return _BSI_SMARTCARD + bytes((3, 2, _CIPHER_ARCS[cipher]))


def chip_auth_info(cipher: CipherName, key_id: int | None = None) -> bytes:
    return _entry(chip_auth_oid(cipher), der_integer(1), b"" if key_id is None else der_integer(key_id))


def chip_auth_public_key(spki: bytes, key_id: int | None = None) -> bytes:
    return _entry(_BSI_SMARTCARD + bytes((1, 2)), spki, b"" if key_id is None else der_integer(key_id))


def active_auth_info(hash_name: str) -> bytes:
    return _entry(_ACTIVE_AUTH, der_integer(1), tlv.encode(0x06, _PLAIN_ECDSA + bytes((_SIGNATURE_ARCS[hash_name],))))


def _entry(oid: bytes, required: bytes, optional: bytes) -> bytes:
    return tlv.encode(0x30, tlv.encode(0x06, oid) + required + optional)

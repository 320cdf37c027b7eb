"""Chip authentication: does the chip have the private key to the public one its issuer signed (Doc 9303-11, 6.2).

A copy of all the files cannot do it. The proof is that the session goes on with the new keys, so this is also the last
thing that is tried with a chip: afterwards either all is well or nobody talks any more.
"""

from __future__ import annotations

from pathlib import Path

from hardware.card_reader import CardUnreadable, Check, Result, tlv
from hardware.card_reader.apdu import Command, Exchange
from hardware.card_reader.emrtd.channel import Channel
from hardware.card_reader.emrtd.curves import Curve
from hardware.card_reader.emrtd.pace import Mapping, NewScalar
from hardware.card_reader.emrtd.passive_auth import verify_signed
from hardware.card_reader.emrtd.primitives import AUTHENTICATION, ENCRYPTION, Suite
from hardware.card_reader.emrtd.public_keys import ec_point
from hardware.card_reader.emrtd.secure_messaging import SecureMessaging
from hardware.card_reader.emrtd.security_infos import (
    ChipAuthInfo,
    ChipAuthPublicKey,
    SecurityInfos,
    parse_security_infos,
)
from hardware.card_reader.emrtd.sod import parse_signed_data

NAME = "chip_authentication"
CARD_SECURITY_CONTENT = bytes.fromhex("04007F0007030201")  # 0.4.0.127.0.7.3.2.1: id-SecurityObject
_EF_COM = 0x011E
MAX_KEYS = 4  # of a chip on one curve; each costs a multiplication of a point


def is_offered(infos: SecurityInfos | None) -> bool:
    """Tell whether DG14 names a key for it."""
    return infos is not None and bool(infos.chip_auth_keys)


def authenticate(channel: Channel, infos: SecurityInfos, new_scalar: NewScalar = Curve.new_scalar) -> Exchange[Check]:
    """Authenticate the chip; afterwards the channel has the new session, or one that has ended.

    What the chip refuses is ``FAIL``: it was its issuer who promised it. Keys of a kind not spoken here: ``NOT_DONE``.
    """
    chosen = _choose(infos)
    if chosen is None:
        return Check(NAME, Result.NOT_DONE, "the document's keys are not on elliptic curves")
    info, suite, key = chosen
    try:
        curve, point = ec_point(key.public_key)
    except CardUnreadable as unknown:
        return Check(NAME, Result.NOT_DONE, unknown.message)
    try:
        scalar = new_scalar(curve)
        secret = curve.encode_x(curve.multiply(scalar, point))
        refused = yield from _agree(channel, info, suite, key, curve.encode(curve.times_base(scalar)))
        if refused:
            return Check(NAME, Result.FAIL, f"the chip refuses what its issuer promised (SW {refused:04X})")
        channel.session = SecureMessaging(suite, suite.derive(secret, ENCRYPTION), suite.derive(secret, AUTHENTICATION))
        yield from channel.select_file(_EF_COM)
    except CardUnreadable as failure:
        return Check(NAME, Result.FAIL, f"the chip does not have the key its issuer signed ({failure.message})")
    return Check(NAME, Result.PASS, f"{suite.title} on {curve.name}")


def judge_mapping(
    mapping: Mapping, infos: SecurityInfos | None, card_security: bytes | None, trust_folder: Path | None
) -> Check:
    """Judge what PACE with chip authentication mapping has shown by the chip's public keys (Doc 9303-11, 4.4.3.5).

    Keys in DG14 (``infos``) are vouched for by EF.SOD, those in EF.CardSecurity by that file's own signature.
    """
    if infos is not None and _is_proven(mapping, infos) is True:
        return Check(NAME, Result.PASS, f"PACE mapping on {mapping.curve.name}")
    if card_security is None:
        return Check(NAME, Result.NOT_DONE, "the chip has no EF.CardSecurity to judge its mapping by")
    signed = parse_signed_data(card_security, "EF.CardSecurity")
    proven = _is_proven(mapping, parse_security_infos(signed.content))
    if proven is None:
        return Check(NAME, Result.NOT_DONE, "EF.CardSecurity has no key on the curve of the mapping")
    signature, trust = verify_signed(signed, CARD_SECURITY_CONTENT, trust_folder)
    if not proven or signature.result is Result.FAIL:
        return Check(NAME, Result.FAIL, "the chip's mapping does not come from a key its issuer signed")
    if trust.result is not Result.PASS:
        return Check(NAME, Result.WARN, f"who signed EF.CardSecurity is not known ({trust.reason})")
    return Check(NAME, Result.PASS, f"PACE mapping on {mapping.curve.name}")


def _is_proven(mapping: Mapping, infos: SecurityInfos) -> bool | None:
    """Tell whether one of the keys on the mapping's curve is the chip's; None when none is on it."""
    points = []
    for key in infos.chip_auth_keys:
        try:
            curve, point = ec_point(key.public_key)
        except CardUnreadable:  # a key of another kind
            continue
        if curve == mapping.curve:
            points.append(point)
    return any(mapping.is_proven_by(point) for point in points[:MAX_KEYS]) if points else None


def _choose(infos: SecurityInfos) -> tuple[ChipAuthInfo | None, Suite, ChipAuthPublicKey] | None:
    """Choose the longest keys; without a ChipAuthenticationInfo it is Triple-DES (BSI TR-03110-3, A.1.1.2)."""
    keys = [key for key in infos.chip_auth_keys if key.agreement == "ECDH"]
    suites = list(Suite)
    pairs = [
        (info, next(suite for suite in suites if suite.title == info.cipher), key)
        for info in infos.chip_auth
        for key in keys
        if info.agreement == "ECDH" and info.key_id == key.key_id
    ]
    if pairs:
        return max(pairs, key=lambda pair: suites.index(pair[1]))
    return (None, Suite.TDES, keys[0]) if keys and not infos.chip_auth else None


def _agree(
    channel: Channel, info: ChipAuthInfo | None, suite: Suite, key: ChipAuthPublicKey, public_key: bytes
) -> Exchange[int]:
    """Send our public key; give the status word of a refusal, 0 for none."""
    which = b"" if key.key_id is None else tlv.encode(0x84, _unsigned(key.key_id))
    if info is None or not suite.is_aes:
        response = yield from channel.send(Command(0x00, 0x22, 0x41, 0xA6, tlv.encode(0x91, public_key) + which))
        return 0 if response.status == 0x9000 else response.status
    response = yield from channel.send(Command(0x00, 0x22, 0x41, 0xA4, tlv.encode(0x80, info.oid) + which))
    if response.status == 0x9000:
        data = tlv.encode(0x7C, tlv.encode(0x80, public_key))
        response = yield from channel.send(Command(0x00, 0x86, 0x00, 0x00, data, 0))
    return 0 if response.status == 0x9000 else response.status


def _unsigned(number: int) -> bytes:
    return number.to_bytes(max(1, (number.bit_length() + 7) // 8))

"""PACE: the newer way into a chip, with the zone or the six digits of the CAN as its password (Doc 9303-11, 4.4).

Elliptic curves with generic mapping and with chip authentication mapping; groups modulo a prime and integrated mapping
are left to basic access control, for no document was found that has nothing else. Costs five multiplications of points
and at most five exchanges. Knows no file: whether the chip's parameters are genuine is decided when DG14 was read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hardware.card_reader import AccessKey, CanKey, CardProtected, CardUnreadable, KeyRefused, tlv
from hardware.card_reader.apdu import Command, Exchange, Response
from hardware.card_reader.emrtd.bac import is_refusal
from hardware.card_reader.emrtd.channel import Channel
from hardware.card_reader.emrtd.curves import PARAMETER_IDS, Curve, Point, standardized
from hardware.card_reader.emrtd.mrz import key_information
from hardware.card_reader.emrtd.primitives import (
    AUTHENTICATION,
    ENCRYPTION,
    PASSWORD,
    BadPadding,
    Suite,
    is_same,
    unpad,
)
from hardware.card_reader.emrtd.secure_messaging import SecureMessaging
from hardware.card_reader.emrtd.security_infos import PaceInfo

MRZ, CAN = 0x01, 0x02
MAX_NONCE_BYTES = 64
_NOT_OFFERED = frozenset({0x6A80, 0x6A88, 0x6A86, 0x6D00, 0x6E00, 0x6A81})
_NONCE, _MAP_OURS, _MAP_THEIRS, _KEY_OURS, _KEY_THEIRS, _TOKEN_OURS, _TOKEN_THEIRS, _CHIP_DATA = (
    0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x8A,
)  # fmt: skip

NewScalar = Callable[[Curve], int]


@dataclass(frozen=True, repr=False)
class Mapping:
    """What of a chip authentication mapping is left to judge: the chip's mapping key is ``proof`` times its own key."""

    curve: Curve
    key: Point
    proof: int

    def is_proven_by(self, public_key: Point) -> bool:
        """Tell whether the chip has the private key to ``public_key`` (Doc 9303-11, 4.4.3.3.3)."""
        return self.proof % self.curve.n != 0 and self.curve.multiply(self.proof, public_key) == self.key


@dataclass(frozen=True, repr=False)
class Opened:
    """A chip opened with PACE. ``mapping`` where the chip has authenticated itself as well."""

    session: SecureMessaging
    mapping: Mapping | None


def choose(infos: Sequence[PaceInfo]) -> PaceInfo | None:
    """Choose how to open a chip: chip authentication mapping first, then the longer keys; None: nothing we speak."""
    spoken = [
        info
        for info in infos
        if info.agreement == "ECDH" and info.mapping in ("GM", "CAM") and info.parameter_id in PARAMETER_IDS
    ]
    suites = list(Suite)
    return max(spoken, key=lambda info: (info.mapping == "CAM", suites.index(_suite(info))), default=None)


def authenticate(
    channel: Channel,
    info: PaceInfo,
    key: AccessKey,
    new_scalar: NewScalar = Curve.new_scalar,
    *,
    names_curve: bool = False,
) -> Exchange[Opened]:
    """Open a chip; EF.CardAccess has offered ``info``, which ``choose`` chose.

    ``names_curve``: say which curve, as the chip must be told where it has several for one protocol (4.4.4.1).
    Raises ``KeyRefused`` for a key the chip does not take, ``CardProtected`` when it does not know this kind of key,
    and ``CardUnreadable`` for anything else.
    """
    suite, curve = _suite(info), standardized(info.parameter_id)
    yield from _set_template(channel, info, CAN if isinstance(key, CanKey) else MRZ, names_curve=names_curve)

    found = yield from _general_authenticate(channel, {})
    nonce = _decrypt_nonce(suite, key, _one(found, _NONCE))

    scalar = new_scalar(curve)
    found = yield from _general_authenticate(channel, {_MAP_OURS: curve.encode(curve.times_base(scalar))})
    their_map = curve.decode(_one(found, _MAP_THEIRS))
    shared_point = curve.multiply(scalar, their_map)
    generator = curve.add(curve.times_base(nonce), shared_point)

    scalar = new_scalar(curve)
    ours = curve.multiply(scalar, generator)
    found = yield from _general_authenticate(channel, {_KEY_OURS: curve.encode(ours)})
    theirs = curve.decode(_one(found, _KEY_THEIRS))
    if theirs == ours:
        raise CardUnreadable("the chip sent our own key back")
    secret = curve.encode_x(curve.multiply(scalar, theirs))
    encryption, authentication = suite.derive(secret, ENCRYPTION), suite.derive(secret, AUTHENTICATION)

    token = suite.mac(authentication, token_input(info.oid, curve.encode(theirs)))
    found = yield from _general_authenticate(channel, {_TOKEN_OURS: token}, is_last=True)
    expected = suite.mac(authentication, token_input(info.oid, curve.encode(ours)))
    if not is_same(_one(found, _TOKEN_THEIRS), expected):
        raise KeyRefused("the chip's token does not fit this key")
    mapping = None
    if info.mapping == "CAM":
        mapping = Mapping(curve, their_map, _decrypt_chip_data(suite, curve, encryption, _one(found, _CHIP_DATA)))
    return Opened(SecureMessaging(suite, encryption, authentication), mapping)


def password(key: AccessKey) -> bytes:
    """Give what the password key is derived from (Doc 9303-11, 9.7.3)."""
    if isinstance(key, CanKey):
        return key.can.encode("ascii")
    return hashlib.sha1(key_information(key).encode("ascii"), usedforsecurity=False).digest()


def token_input(oid: bytes, public_key: bytes) -> bytes:
    """Give the public key data object that a token is the MAC of (Doc 9303-11, 9.4.5)."""
    return tlv.encode(0x7F49, tlv.encode(0x06, oid) + tlv.encode(0x86, public_key))


def _suite(info: PaceInfo) -> Suite:
    return next(suite for suite in Suite if suite.title == info.cipher)


def _set_template(channel: Channel, info: PaceInfo, kind: int, *, names_curve: bool) -> Exchange[None]:
    data = tlv.encode(0x80, info.oid) + tlv.encode(0x83, bytes((kind,)))
    if names_curve and info.parameter_id is not None:
        data += tlv.encode(0x84, bytes((info.parameter_id,)))
    response = yield from channel.send(Command(0x00, 0x22, 0xC1, 0xA4, data))
    if response.status in _NOT_OFFERED:
        raise CardProtected(f"the chip does not open with this kind of key (SW {response.status:04X})")
    if response.status != 0x9000 and response.status >> 8 != 0x63:  # 63Cx: tries left, a warning
        raise CardUnreadable(f"starting PACE: SW {response.status:04X}")


def _general_authenticate(
    channel: Channel, items: dict[int, bytes], *, is_last: bool = False
) -> Exchange[dict[int, bytes]]:
    data = tlv.encode(0x7C, b"".join(tlv.encode(tag, value) for tag, value in items.items()))
    response: Response = yield from channel.send(Command(0x00 if is_last else 0x10, 0x86, 0x00, 0x00, data, 0))
    if is_last and is_refusal(response.status):
        raise KeyRefused(f"the document does not open with this key (SW {response.status:04X})")
    if response.status != 0x9000:
        raise CardUnreadable(f"PACE: SW {response.status:04X}")
    return {one.tag: one.value for one in tlv.read_all(tlv.read_exactly(response.data, 0x7C))}


def _one(found: dict[int, bytes], tag: int) -> bytes:
    if tag not in found:
        raise CardUnreadable(f"PACE: the chip's answer has no data object {tag:02X}")
    return found[tag]


def _decrypt_nonce(suite: Suite, key: AccessKey, secret: bytes) -> int:
    if not secret or len(secret) % suite.block_bytes or len(secret) > MAX_NONCE_BYTES:
        raise CardUnreadable(f"PACE: a nonce of {len(secret)} bytes")
    return int.from_bytes(suite.decrypt(suite.derive(password(key), PASSWORD), secret))


def _decrypt_chip_data(suite: Suite, curve: Curve, key: bytes, secret: bytes) -> int:
    """Decrypt DO 8A (Doc 9303-11, 4.4.3.5): CBC, the vector is the encrypted block of ones."""
    if not suite.is_aes or not secret or len(secret) % suite.block_bytes or len(secret) > 2 * curve.size_bytes + 32:
        raise CardUnreadable("PACE: chip authentication data of broken blocks")
    iv = suite.encrypt(key, b"\xff" * suite.block_bytes)
    try:
        return int.from_bytes(unpad(suite.decrypt(key, secret, iv), suite.block_bytes))
    except BadPadding as wrong:
        raise CardUnreadable(f"PACE: {wrong}") from None

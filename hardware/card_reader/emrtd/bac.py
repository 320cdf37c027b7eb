"""Basic access control: the older way into a chip, with a key made from the machine readable zone (Doc 9303-11, 4.3).

Proves to the chip that somebody has the open document before him, and agrees on session keys. Knows no file.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable

from hardware.card_reader import CardProtected, CardUnreadable, KeyRefused
from hardware.card_reader.apdu import Command, Exchange
from hardware.card_reader.emrtd.channel import Channel
from hardware.card_reader.emrtd.primitives import AUTHENTICATION, ENCRYPTION, Suite, is_same
from hardware.card_reader.emrtd.secure_messaging import SecureMessaging

_SUITE = Suite.TDES
_NOT_OFFERED = frozenset({0x6A88, 0x6D00, 0x6E00, 0x6A81, 0x6A86})  # chips that have PACE only
CRYPTOGRAM_BYTES, KEY_BYTES, NONCE_BYTES = 32, 16, 8

Random = Callable[[int], bytes]


def is_refusal(status: int) -> bool:
    """Tell whether a status word means that the key is wrong: chips do not agree on one."""
    return status >> 8 == 0x63 or status in (0x6982, 0x6983, 0x6985, 0x6988, 0x6A80)


def key_seed(information: str) -> bytes:
    """Give what the keys are derived from (Doc 9303-11, 9.7.2)."""
    return hashlib.sha1(information.encode("ascii"), usedforsecurity=False).digest()[:16]


def authenticate(channel: Channel, information: str, random: Random = os.urandom) -> Exchange[SecureMessaging]:
    """Open a chip with MRZ_information; the eMRTD application must be selected.

    Raises ``KeyRefused`` for a key the chip does not take, ``CardProtected`` when it has no basic access control, and
    ``CardUnreadable`` when what it answers cannot come from the holder of the same key.
    """
    seed = key_seed(information)
    encryption, authentication = _SUITE.derive(seed, ENCRYPTION), _SUITE.derive(seed, AUTHENTICATION)

    challenge = yield from channel.send(Command(0x00, 0x84, 0x00, 0x00, le=NONCE_BYTES))
    if challenge.status in _NOT_OFFERED:
        raise CardProtected(f"the chip has no basic access control (SW {challenge.status:04X})")
    if challenge.status != 0x9000 or len(challenge.data) != NONCE_BYTES:
        raise CardUnreadable(f"the chip gave no challenge (SW {challenge.status:04X})")
    theirs = challenge.data

    ours, key = random(NONCE_BYTES), random(KEY_BYTES)
    secret = _SUITE.encrypt(encryption, ours + theirs + key)
    proof = secret + _SUITE.mac(authentication, secret)
    answer = yield from channel.send(Command(0x00, 0x82, 0x00, 0x00, proof, len(proof)))
    if answer.status in _NOT_OFFERED:
        raise CardProtected(f"the chip has no basic access control (SW {answer.status:04X})")
    if is_refusal(answer.status):
        raise KeyRefused(f"the document does not open with this key (SW {answer.status:04X})")
    if answer.status != 0x9000 or len(answer.data) != CRYPTOGRAM_BYTES + 8:
        raise CardUnreadable(f"mutual authentication failed (SW {answer.status:04X})")

    secret, mac = answer.data[:CRYPTOGRAM_BYTES], answer.data[CRYPTOGRAM_BYTES:]
    if not is_same(_SUITE.mac(authentication, secret), mac):
        raise CardUnreadable("the chip's answer to mutual authentication has a wrong MAC")
    plain = _SUITE.decrypt(encryption, secret)
    if not is_same(plain[: 2 * NONCE_BYTES], theirs + ours):
        raise CardUnreadable("the chip answered another challenge than ours")
    shared = bytes(one ^ other for one, other in zip(key, plain[2 * NONCE_BYTES :], strict=True))
    counter = int.from_bytes(theirs[-4:] + ours[-4:])
    return SecureMessaging(_SUITE, _SUITE.derive(shared, ENCRYPTION), _SUITE.derive(shared, AUTHENTICATION), counter)

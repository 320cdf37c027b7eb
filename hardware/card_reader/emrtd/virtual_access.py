"""The chip's side of access control: BAC and PACE (Doc 9303-11, 4.3 and 4.4), written from the standard.

Shares the symmetric primitives with the terminal and nothing else: the points are added by other arithmetic, and the
order of steps is a chip's. Each step is answered with data and a status word; a finished one hands over a session.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from hardware.card_reader import tlv
from hardware.card_reader.emrtd.primitives import AUTHENTICATION, ENCRYPTION, PASSWORD, Suite, is_same, pad
from hardware.card_reader.emrtd.virtual_apdu import Apdu, objects
from hardware.card_reader.emrtd.virtual_curves import Domain, domain
from hardware.card_reader.emrtd.virtual_lds import PARAMETER_IDS, CipherName, PaceMapping, pace_oid
from hardware.card_reader.emrtd.virtual_messaging import Session

Random = Callable[[int], bytes]
Answer = tuple[bytes, int]

SUITES: dict[CipherName, Suite] = {
    "3DES": Suite.TDES, "AES-128": Suite.AES128, "AES-192": Suite.AES192, "AES-256": Suite.AES256,
}  # fmt: skip
MRZ_PASSWORD, CAN_PASSWORD = 1, 2
_MAX_DRAWS = 64


@dataclass(frozen=True)
class PaceOffer:
    """One PACE protocol a chip offers in EF.CardAccess."""

    mapping: PaceMapping = "GM"
    cipher: CipherName = "AES-128"
    curve: str = "brainpoolP256r1"


@dataclass(frozen=True, repr=False)
class StaticKey:
    """The chip's own key pair, of chip authentication and of PACE-CAM."""

    domain: Domain
    secret: int
    key_id: int | None = None

    @property
    def public(self) -> bytes:
        """The point, uncompressed."""
        return self.domain.encode(self.domain.multiply(self.secret, self.domain.base))


def draw(random: Random, curve: Domain) -> int:
    """Draw a secret key in 1 .. n-1: bytes as long as the order, drawn again when they are none."""
    size = (curve.n.bit_length() + 7) // 8
    excess = 8 * size - curve.n.bit_length()
    for _ in range(_MAX_DRAWS):
        number = int.from_bytes(random(size)) >> excess
        if 0 < number < curve.n:
            return number
    raise RuntimeError("the random source gives no key")


class Bac:
    """Basic access control: one challenge, one mutual authentication."""

    def __init__(self, information: bytes, random: Random) -> None:
        self._random = random
        seed = hashlib.sha1(information, usedforsecurity=False).digest()[:16]
        self._encryption_key = Suite.TDES.derive(seed, ENCRYPTION)
        self._mac_key = Suite.TDES.derive(seed, AUTHENTICATION)
        self._challenge = b""

    def challenge(self) -> Answer:
        """GET CHALLENGE."""
        self._challenge = self._random(8)
        return self._challenge, 0x9000

    def authenticate(self, data: bytes, wrong_key: int) -> tuple[Answer, Session | None]:
        """EXTERNAL AUTHENTICATE: verify what the terminal sent, answer in kind. A challenge counts once."""
        challenge, self._challenge = self._challenge, b""
        if not challenge:
            return (b"", 0x6985), None
        if len(data) != 40:
            return (b"", 0x6700), None
        suite, cipher, mac = Suite.TDES, data[:32], data[32:]
        if not is_same(suite.mac(self._mac_key, cipher), mac):
            return (b"", wrong_key), None
        text = suite.decrypt(self._encryption_key, cipher)
        terminal_challenge, echoed, terminal_key = text[:8], text[8:16], text[16:]
        if echoed != challenge:
            return (b"", wrong_key), None
        key = self._random(16)
        reply = suite.encrypt(self._encryption_key, challenge + terminal_challenge + key)
        seed = bytes(one ^ other for one, other in zip(key, terminal_key, strict=True))
        session = Session(
            suite,
            suite.derive(seed, ENCRYPTION),
            suite.derive(seed, AUTHENTICATION),
            int.from_bytes(challenge[4:] + terminal_challenge[4:]),
        )
        return (reply + suite.mac(self._mac_key, reply), 0x9000), session


class Pace:
    """One run of PACE, from MSE:Set AT to the tokens. A wrong step ends it."""

    def __init__(self, offer: PaceOffer, password: bytes, static: StaticKey | None, random: Random) -> None:
        self._offer = offer
        self._suite = SUITES[offer.cipher]
        self._curve = domain(offer.curve)
        self._password_key = self._suite.derive(password, PASSWORD)
        self._static = static
        self._random = random
        self._step = 0
        self._nonce = b""
        self._mapping_secret = 0
        self._base: tuple[int, int] | None = None
        self._own = self._theirs = b""
        self._keys = (b"", b"")

    def general_authenticate(self, apdu: Apdu, wrong_key: int) -> tuple[Answer, Session | None]:
        """One GENERAL AUTHENTICATE; chained (CLA 10) but for the last."""
        sent = objects(apdu.data)
        inner = objects(sent[0x7C]) if sent is not None and list(sent) == [0x7C] else None
        tags = ((), (0x81,), (0x83,), (0x85,))[self._step] if self._step < 4 else (0,)
        if inner is None or tuple(inner) != tags or (apdu.cla == 0x00) != (self._step == 3):
            self._step = 4
            return (b"", 0x6A80), None
        try:
            step = (self._encrypted_nonce, self._map, self._agree)
            if self._step < 3:
                reply = step[self._step](inner.get(tags[0], b"") if tags else b"")
                self._step += 1
                return (tlv.encode(0x7C, reply), 0x9000), None
            self._step = 4
            return self._confirm(inner[0x85], wrong_key)
        except ValueError:  # a point that is none, or not on the curve
            self._step = 4
            return (b"", 0x6A80), None

    def _encrypted_nonce(self, _: bytes) -> bytes:
        self._nonce = self._random(16)
        return tlv.encode(0x80, self._suite.encrypt(self._password_key, self._nonce))

    def _map(self, data: bytes) -> bytes:
        """Generic mapping: a new base point from the nonce and a point only both sides know (4.4.3.3.2)."""
        theirs = self._curve.decode(data)
        self._mapping_secret = draw(self._random, self._curve)
        shared = self._curve.multiply(self._mapping_secret, theirs)
        nonce_point = self._curve.multiply(int.from_bytes(self._nonce), self._curve.base)
        self._base = self._curve.add(nonce_point, shared)
        if shared is None or self._base is None:
            raise ValueError("the mapping leads to infinity")
        return tlv.encode(0x82, self._curve.encode(self._curve.multiply(self._mapping_secret, self._curve.base)))

    def _agree(self, data: bytes) -> bytes:
        theirs = self._curve.decode(data)
        secret = draw(self._random, self._curve)
        self._theirs, self._own = data, self._curve.encode(self._curve.multiply(secret, self._base))
        shared = self._curve.multiply(secret, theirs)
        if shared is None or self._theirs == self._own:
            raise ValueError("no shared secret")
        material = shared[0].to_bytes(self._curve.field_bytes)
        self._keys = (self._suite.derive(material, ENCRYPTION), self._suite.derive(material, AUTHENTICATION))
        return tlv.encode(0x84, self._own)

    def _confirm(self, token: bytes, wrong_key: int) -> tuple[Answer, Session | None]:
        """Compare the terminal's token, give the chip's own; with chip authentication mapping also its proof."""
        if not is_same(self._token(self._own), token):
            return (b"", wrong_key), None
        reply = tlv.encode(0x86, self._token(self._theirs))
        if self._offer.mapping == "CAM" and self._static is not None:
            reply += tlv.encode(0x8A, self._chip_proof(self._static))
        session = Session(self._suite, *self._keys, 0)
        return (tlv.encode(0x7C, reply), 0x9000), session

    def _token(self, public: bytes) -> bytes:
        oid = tlv.encode(0x06, pace_oid(self._offer.mapping, self._offer.cipher))
        return self._suite.mac(self._keys[1], tlv.encode(0x7F49, oid + tlv.encode(0x86, public)))

    def _chip_proof(self, static: StaticKey) -> bytes:
        """CA_IC = mapping key / static key modulo n, encrypted with an initial vector from -1 (4.4.3.5.2)."""
        n = self._curve.n
        proof = pow(static.secret, -1, n) * self._mapping_secret % n
        text = pad(proof.to_bytes((n.bit_length() + 7) // 8), self._suite.block_bytes)
        iv = self._suite.encrypt(self._keys[0], b"\xff" * self._suite.block_bytes)
        return self._suite.encrypt(self._keys[0], text, iv)


def choose(offers: tuple[PaceOffer, ...], data: bytes) -> tuple[PaceOffer, int] | None:
    """Find the offer and the password MSE:Set AT names (DO 80, 83, 84); None: 6A80."""
    sent = objects(data)
    if sent is None or 0x80 not in sent or len(sent.get(0x83, b"")) != 1 or not set(sent) <= {0x80, 0x83, 0x84}:
        return None
    fitting = [one for one in offers if pace_oid(one.mapping, one.cipher) == sent[0x80]]
    if 0x84 in sent:
        fitting = [one for one in fitting if bytes((PARAMETER_IDS[one.curve],)) == sent[0x84]]
    return (fitting[0], sent[0x83][0]) if len(fitting) == 1 else None

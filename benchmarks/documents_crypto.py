"""What an eMRTD costs this computer, without a wire: PACE's points, and one protected block of 256 bytes.

CPU time of this process, so that a busy machine does not count. References: OpenSSL multiplying the same points, and
the bare ciphers and MACs of a block.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator

from cryptography.hazmat.primitives.asymmetric import ec

from benchmarks.figure import Figure, Options
from hardware.card_reader.apdu import Command
from hardware.card_reader.emrtd.curves import Curve, named
from hardware.card_reader.emrtd.primitives import Suite, unpad
from hardware.card_reader.emrtd.secure_messaging import SecureMessaging
from hardware.card_reader.emrtd.virtual_apdu import decode
from hardware.card_reader.emrtd.virtual_messaging import Session

_CURVES: dict[str, type[ec.EllipticCurve]] = {"secp256r1": ec.SECP256R1, "brainpoolP256r1": ec.BrainpoolP256R1}
_READ = Command(0x00, 0xB0, 0x00, 0x00, le=0)
_BLOCKS = 20  # in one measurement, because a single block is at the edge of what the clock can tell


def points(options: Options) -> Iterator[Figure]:
    """The terminal's part of PACE with generic mapping, on the slower of the two curves of 256 bits."""
    times = options.times(40)
    ours = {}
    for name in _CURVES:
        curve = named(name)
        theirs = curve.encode(curve.multiply(curve.n // 7))
        ours[name] = _median_ms(lambda curve=curve, theirs=theirs: _pace(curve, theirs), times)
    name = max(ours, key=lambda each: ours[each])
    curve = named(name)
    other = ec.derive_private_key(curve.n // 5, _CURVES[name]())
    openssl = _median_ms(lambda: _openssl(_CURVES[name](), curve.n // 3, other.public_key()), times)
    reference = f"OpenSSL, five multiplications on {name}, median"
    yield Figure("documents.pace_ec", ours[name], "ms", reference, openssl, at_most=15)


def block(options: Options) -> Iterator[Figure]:
    """One READ BINARY protected and its answer opened, with the slowest suite."""
    times = options.times(60)
    ours = {suite: _block_ms(suite, times) for suite in Suite}
    slowest = max(ours, key=lambda suite: ours[suite])
    reference = f"the ciphers and MACs alone, {slowest.title}, median"
    yield Figure("documents.sm_block", ours[slowest], "ms", reference, _bare_ms(slowest, times), at_most=0.5)


def _pace(curve: Curve, theirs: bytes) -> None:
    """Two keys, the shared point, the new generator, the shared secret: five multiplications in all."""
    first = curve.new_scalar()
    curve.encode(curve.times_base(first))
    generator = curve.add(curve.times_base(curve.n // 11), curve.multiply(first, curve.decode(theirs)))
    second = curve.new_scalar()
    curve.encode(curve.multiply(second, generator))
    curve.encode_x(curve.multiply(second, curve.decode(theirs)))


def _openssl(curve: ec.EllipticCurve, scalar: int, theirs: ec.EllipticCurvePublicKey) -> None:
    key = ec.derive_private_key(scalar, curve)
    for _ in range(4):
        key.exchange(ec.ECDH(), theirs)


def _block_ms(suite: Suite, times: int) -> float:
    keys = (bytes(range(suite.key_bytes)), bytes(range(1, suite.key_bytes + 1)))
    terminal, chip = SecureMessaging(suite, *keys), Session(suite, *keys, 0)
    data = bytes(chip.capacity(is_extended=False))
    found = []
    for _ in range(times):
        spent = 0.0
        for _ in range(_BLOCKS):
            began = time.process_time()
            command = terminal.wrap(_READ)
            spent += time.process_time() - began
            chip.open(decode(command))
            answer = chip.close(data, 0x9000)
            began = time.process_time()
            terminal.unwrap(answer)
            spent += time.process_time() - began
        found.append(spent / _BLOCKS * 1000)
    return statistics.median(found)


def _bare_ms(suite: Suite, times: int) -> float:
    key = bytes(range(suite.key_bytes))
    text = bytes(223) + b"\x80"
    secret = suite.encrypt(key, text)
    command, answer = bytes(suite.block_bytes + 3), bytes(len(secret) + 8)

    def once() -> None:
        suite.message_mac(key, 1, command)
        suite.message_mac(key, 2, answer)
        unpad(suite.decrypt(key, secret, bytes(suite.block_bytes)), suite.block_bytes)
        suite.message_iv(key, 2)

    return _median_ms(lambda: [once() for _ in range(_BLOCKS)], times) / _BLOCKS


def _median_ms(work: Callable[[], object], times: int) -> float:
    found = []
    for _ in range(times):
        began = time.process_time()
        work()
        found.append((time.process_time() - began) * 1000)
    return statistics.median(found)

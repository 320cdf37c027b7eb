"""Active authentication: the worked example of Doc 9303-11 (appendix F), every digest, and what does not verify."""

from __future__ import annotations

import functools
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from hardware.card_reader import Result
from hardware.card_reader.emrtd import active_auth
from hardware.card_reader.emrtd.active_auth import recovers, verify_signature
from hardware.card_reader.emrtd.channel import Channel
from hardware.card_reader.emrtd.curves import named
from hardware.card_reader.emrtd.public_keys import OtherCurveKey, UnknownScheme
from hardware.card_reader.emrtd.security_infos import ActiveAuthInfo

from .scripted import of, play

# Appendix F: RND.IFD 'F173589974BF40C6'; modulus of 1024 bits, SHA-1; trailer 'BC'
NONCE = of("F173589974BF40C6")
M1 = of(
    "9D2784A67F8E7C659973EA1AEA25D95B 6C8F91E5002F369F0FBDCE8A3CEC1991 B543F1696546C5524CF23A5303CD6C98"
    "599F40B79F377B5F3A1406B3B4D8F967 84D23AA88DB7E1032A405E69325FA91A 6E86F5C71AEA978264C4A207446DAD4E"
    "7292E2DCDA3024B47DA8"
)
DIGEST = of("C063AA1E6D22FBD976AB0FE73D94D2D9C6D88127")
MESSAGE = b"\x6a" + M1 + DIGEST + b"\xbc"  # F of appendix F


@functools.cache
def rsa_key(bits: int = 1024) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


def sign(message: bytes, key: rsa.RSAPrivateKey | None = None) -> bytes:
    numbers = (key or rsa_key()).private_numbers()
    return pow(int.from_bytes(message), numbers.d, numbers.public_numbers.n).to_bytes(len(message))


def recovered(signature: bytes, nonce: bytes = NONCE) -> bool:
    numbers = rsa_key().public_key().public_numbers()
    return recovers(signature, numbers.n, numbers.e, nonce)


def test_appendix_f():
    assert hashlib.sha1(M1 + NONCE).digest() == DIGEST
    assert len(MESSAGE) == 128
    assert recovered(sign(MESSAGE))


def test_the_complement_of_a_signature_is_as_good():
    # ISO/IEC 9796-2, B.6: the signer may give the smaller of the two
    n = rsa_key().public_key().public_numbers().n
    assert recovered((n - int.from_bytes(sign(MESSAGE))).to_bytes(128))


@pytest.mark.parametrize(
    ("name", "trailer"),
    [("sha1", "33CC"), ("sha224", "38CC"), ("sha256", "34CC"), ("sha384", "36CC"), ("sha512", "35CC")],
)
def test_digests_named_by_the_trailer(name, trailer):
    size = 128 - 1 - hashlib.new(name).digest_size - 2
    first = M1[:size]
    assert recovered(sign(b"\x6a" + first + hashlib.new(name, first + NONCE).digest() + of(trailer)))


@pytest.mark.parametrize(
    "message",
    [
        b"\x4a" + MESSAGE[1:],  # says that nothing is left out
        MESSAGE[:-1] + b"\xcc",
        MESSAGE[:-1] + b"\xac",
        MESSAGE[:-2] + of("3FCC"),  # a digest without a number
        MESSAGE[:40] + b"\x00" + MESSAGE[41:],
        bytes(127) + b"\x01",
    ],
)
def test_other_representatives_do_not_verify(message):
    assert not recovered(sign(message))


def test_other_lengths_and_numbers_do_not_verify():
    signature = sign(MESSAGE)
    assert not recovered(signature, of("F173589974BF40C7"))
    assert not recovered(signature[1:])
    assert not recovered(b"\x00" + signature)
    assert not recovered(b"\xff" * 128)
    assert not recovered(b"")


def plain(hash_name: str, curve: str = "secp256r1") -> tuple[OtherCurveKey, bytes]:
    """Sign by hand: r || s, each as long as the field."""
    one = named(curve)
    secret, once = 12345, 67890
    point = one.multiply(once)
    digest = hashlib.new(hash_name, NONCE).digest()
    number = int.from_bytes(digest) >> max(0, 8 * len(digest) - one.n.bit_length())
    r = point[0] % one.n
    s = pow(once, -1, one.n) * (number + r * secret) % one.n
    return OtherCurveKey(one, one.multiply(secret)), r.to_bytes(one.size_bytes) + s.to_bytes(one.size_bytes)


def info(number: int) -> ActiveAuthInfo:
    return ActiveAuthInfo(1, of("04007F000701010401") + bytes((number,)))  # BSI TR-03111, 5.2.1.1


@pytest.mark.parametrize(("number", "name"), [(1, "sha1"), (2, "sha224"), (3, "sha256"), (4, "sha384"), (5, "sha512")])
@pytest.mark.parametrize("curve", ["secp256r1", "brainpoolP320r1"])
def test_plain_signatures(number, name, curve):
    key, signature = plain(name, curve)
    assert verify_signature(key, info(number), signature, NONCE)
    assert verify_signature(key, None, signature, NONCE)
    assert not verify_signature(key, info(number % 5 + 1), signature, NONCE)
    assert not verify_signature(key, None, signature, bytes(8))
    assert not verify_signature(key, None, signature[:-1], NONCE)
    assert not verify_signature(key, None, bytes(len(signature)), NONCE)


def test_an_algorithm_nobody_knows_is_not_judged():
    key, signature = plain("sha256")
    with pytest.raises(UnknownScheme):
        verify_signature(key, info(6), signature, NONCE)  # RIPEMD-160
    check = play(
        active_auth.authenticate(Channel(), key, info(6), random=lambda _: NONCE),
        ("0088000008 F173589974BF40C6 00", signature.hex() + "9000"),
    )
    assert check.result is Result.NOT_DONE


def test_internal_authenticate_asks_for_256_bytes_and_no_more():
    # Doc 9303-11, 6.1.4: '00 88 00 00 08 RND.IFD 00'. Found on the passport of the People's Republic: Le 65536 gives
    # nothing at all.
    key = rsa_key().public_key()
    check = play(
        active_auth.authenticate(Channel(), key, None, allows_extended=True, random=lambda _: NONCE),
        ("0088000008 F173589974BF40C6 00", sign(MESSAGE).hex() + "9000"),
    )
    assert check.result is Result.PASS


@pytest.mark.parametrize(("allows", "result"), [(False, Result.NOT_DONE), (True, Result.FAIL)])
def test_a_long_signature_needs_a_reader_that_passes_it(allows, result):
    long_key = rsa.RSAPublicNumbers(65537, (1 << 2047) | 1).public_key()
    command = "00880000 000008 F173589974BF40C6 0100" if allows else "0088000008 F173589974BF40C6 00"
    check = play(
        active_auth.authenticate(Channel(), long_key, None, allows_extended=allows, random=lambda _: NONCE),
        (command, "6700"),
    )
    assert check.result is result


@pytest.mark.parametrize("answer", ["6A80", "9000", "00 9000"])
def test_what_a_copy_answers_fails(answer):
    key = ec.derive_private_key(5, ec.SECP256R1()).public_key()
    check = play(
        active_auth.authenticate(Channel(), key, info(3), random=lambda _: NONCE),
        ("0088000008 F173589974BF40C6 00", answer),
    )
    assert check.result is Result.FAIL

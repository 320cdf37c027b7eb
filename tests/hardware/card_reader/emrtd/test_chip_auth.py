"""Chip authentication: which commands, with which keys, and what each refusal means."""

from __future__ import annotations

import pytest

from hardware.card_reader import Result
from hardware.card_reader.apdu import Command
from hardware.card_reader.emrtd import chip_auth
from hardware.card_reader.emrtd.channel import Channel
from hardware.card_reader.emrtd.curves import named
from hardware.card_reader.emrtd.issuing import ec_spki
from hardware.card_reader.emrtd.primitives import AUTHENTICATION, ENCRYPTION, Suite
from hardware.card_reader.emrtd.secure_messaging import SecureMessaging
from hardware.card_reader.emrtd.security_infos import SecurityInfos, parse_security_infos
from hardware.card_reader.emrtd.virtual_curves import domain
from hardware.card_reader.emrtd.virtual_lds import chip_auth_info, chip_auth_public_key, security_infos
from hardware.card_reader.emrtd.virtual_messaging import Session

from .scripted import play

CURVE = named("brainpoolP256r1")
SECRET, OURS = 0x1234567, 0x89ABCDE  # the chip's static key, and our ephemeral one
PUBLIC = CURVE.encode(CURVE.multiply(OURS)).hex()


def infos(*ciphers: str, key_id: int | None = None, curve: str = "brainpoolP256r1") -> SecurityInfos:
    one = domain(curve)
    spki = ec_spki(one, one.encode(one.multiply(SECRET, one.base)))
    entries = [chip_auth_info(cipher, key_id) for cipher in ciphers]
    return parse_security_infos(security_infos([*entries, chip_auth_public_key(spki, key_id)]))


def proof(suite: Suite, secret: int = SECRET) -> tuple[str, str]:
    """The first command under the new keys and its answer: select EF.COM (Doc 9303-11, 6.2.4.4; counter zero)."""
    shared = CURVE.encode_x(CURVE.multiply(secret, CURVE.multiply(OURS)))
    terminal = CURVE.encode_x(CURVE.multiply(OURS, CURVE.multiply(SECRET)))
    keys = [(suite.derive(one, ENCRYPTION), suite.derive(one, AUTHENTICATION)) for one in (shared, terminal)]
    from_us = SecureMessaging(suite, *keys[1]).wrap(Command(0x00, 0xA4, 0x02, 0x0C, b"\x01\x1e"))
    session = Session(suite, *keys[0], 1)
    return from_us.hex(), session.close(b"", 0x9000).hex()


def authenticate(of: SecurityInfos, *turns: tuple[str, str]):
    channel = Channel()
    return play(chip_auth.authenticate(channel, of, lambda _: OURS), *turns), channel


@pytest.mark.parametrize(("key_id", "reference"), [(None, ""), (0, "840100"), (0xC3, "8401C3")])
def test_triple_des_is_one_command(key_id, reference):
    # Doc 9303-11, 6.2.4.1: '00 22 41 A6 Lc 91 public key [84 key reference]'
    size = 2 + 65 + len(reference) // 2
    check, channel = authenticate(
        infos("3DES", key_id=key_id),
        (f"002241A6{size:02X} 9141{PUBLIC}{reference}", "9000"),
        proof(Suite.TDES),
    )
    assert check.result is Result.PASS
    assert channel.session is not None
    assert channel.session.suite is Suite.TDES


@pytest.mark.parametrize(("cipher", "suite", "arc"), [("AES-128", Suite.AES128, 2), ("AES-256", Suite.AES256, 4)])
def test_aes_is_two_commands(cipher, suite, arc):
    # 6.2.4.2: '00 22 41 A4 Lc 80 protocol [84 key reference]'; 6.2.4.3: '00 86 00 00 Lc 7C {80 public key} 00'
    check, _ = authenticate(
        infos(cipher),
        (f"002241A40C 800A04007F000702020302{arc:02X}", "9000"),
        (f"0086000045 7C438041{PUBLIC} 00", "7C00 9000"),
        proof(suite),
    )
    assert check.result is Result.PASS


def test_the_longest_keys_are_chosen_and_the_oldest_documents_say_nothing():
    authenticate(infos("3DES", "AES-192", "AES-128"), ("002241A40C 800A04007F00070202030203", "6A80"))
    authenticate(infos(), (f"002241A643 9141{PUBLIC}", "6A80"))  # no ChipAuthenticationInfo: Triple-DES


def test_a_copy_answers_with_other_keys():
    command, answer = proof(Suite.AES128, SECRET + 1)
    check, channel = authenticate(
        infos("AES-128"),
        ("002241A40C 800A04007F00070202030202", "9000"),
        (f"0086000045 7C438041{PUBLIC} 00", "7C00 9000"),
        (command, answer),
    )
    assert check.result is Result.FAIL
    assert channel.session is not None
    assert not channel.session.is_open


@pytest.mark.parametrize("status", ["6A80", "6A88", "6700", "6300"])
def test_a_refusal_breaks_the_issuers_promise(status):
    check, channel = authenticate(infos("AES-128"), ("002241A40C 800A04007F00070202030202", status))
    assert check.result is Result.FAIL
    assert channel.session is None


def test_keys_of_another_kind_are_not_judged():
    diffie_hellman = bytes.fromhex("300F 0609 04007F000702020101 3002 0500".replace(" ", ""))
    unspoken = parse_security_infos(b"\x31" + bytes((len(diffie_hellman),)) + diffie_hellman)
    protocol = chip_auth.authenticate(Channel(), unspoken)
    with pytest.raises(StopIteration) as ended:
        next(protocol)
    assert ended.value.value.result is Result.NOT_DONE
    assert chip_auth.is_offered(unspoken)
    assert not chip_auth.is_offered(None)

"""Key derivation, paddings, MACs and suites: the worked values of Doc 9303-11, appendices D and G."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.card_reader.emrtd.primitives import (
    AUTHENTICATION,
    ENCRYPTION,
    PASSWORD,
    BadPadding,
    Suite,
    cmac,
    pad,
    retail_mac,
    unpad,
    with_parity,
)


def of(text: str) -> bytes:
    return bytes.fromhex(text)


def test_keys_of_appendix_d1():
    # Doc 9303-11, D.1: Kseed '239AB9CB282DAF66231DC5A4DF6BFBAE'
    #   D = Kseed || 00000001; SHA-1 -> Ka 'AB94FCEDF2664EDF', Kb 'B9B291F85D7F77F2'; parity adjusted:
    #   KEnc 'AB94FDECF2674FDFB9B391F85D7F76F2'
    #   D = Kseed || 00000002 -> parity adjusted: KMac '7962D9ECE03D1ACD4C76089DCE131543'
    seed = of("239AB9CB282DAF66231DC5A4DF6BFBAE")
    assert Suite.TDES.derive(seed, ENCRYPTION) == of("AB94FDECF2674FDFB9B391F85D7F76F2")
    assert Suite.TDES.derive(seed, AUTHENTICATION) == of("7962D9ECE03D1ACD4C76089DCE131543")
    assert Suite.AES128.derive(seed, ENCRYPTION) == of("AB94FCEDF2664EDFB9B291F85D7F77F2")


def test_parity_of_appendix_d1():
    assert with_parity(of("AB94FCEDF2664EDF")) == of("AB94FDECF2674FDF")
    assert with_parity(of("B9B291F85D7F77F2")) == of("B9B391F85D7F76F2")


def test_encryption_and_mac_of_appendix_d3():
    # D.3: S = '781723860C06C2264608F919887022120B795240CB7049B01C19B33E32804F0B'
    #   EIFD = E(KEnc, S) = '72C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F2'
    #   MIFD = MAC(KMac, EIFD) = '5F1448EEA8AD90A7'
    enc, mac = of("AB94FDECF2674FDFB9B391F85D7F76F2"), of("7962D9ECE03D1ACD4C76089DCE131543")
    plain = of("781723860C06C2264608F919887022120B795240CB7049B01C19B33E32804F0B")
    secret = of("72C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F2")
    assert Suite.TDES.encrypt(enc, plain) == secret
    assert Suite.TDES.decrypt(enc, secret) == plain
    assert Suite.TDES.mac(mac, secret) == of("5F1448EEA8AD90A7")


def test_message_mac_of_appendix_d4():
    # D.4, select EF.COM: M = '0CA4020C80000000' || '8709016375432908C044F6', SSC '887022120C06C227'
    #   CC = MAC(KSMAC, SSC || M || padding) = 'BF8B92D635FF24F8'
    key = of("F1CB1F1FB5ADF208806B89DC579DC1F8")
    message = of("0CA4020C800000008709016375432908C044F6")
    assert Suite.TDES.message_mac(key, 0x887022120C06C227, message) == of("BF8B92D635FF24F8")
    assert Suite.TDES.message_iv(key, 0x887022120C06C227) == bytes(8)


def test_session_keys_of_appendix_g1():
    # G.1: K = '7E2D2A41C74EA0B38CD36F863939BFA8E9032AAD'; K_pi '89DED1B26624EC1E634C1989302849DD'
    #   shared secret '28768D20...' -> KSEnc 'F5F0E35C0D7161EE6724EE513A0D9A7F', KSMAC 'FE251C7858B356B24514B3BD...'
    assert Suite.AES128.derive(of("7E2D2A41C74EA0B38CD36F863939BFA8E9032AAD"), PASSWORD) == of(
        "89DED1B26624EC1E634C1989302849DD"
    )
    shared = of("28768D20701247DAE81804C9E780EDE582A9996DB4A315020B2733197DB84925")
    assert Suite.AES128.derive(shared, ENCRYPTION) == of("F5F0E35C0D7161EE6724EE513A0D9A7F")
    assert Suite.AES128.derive(shared, AUTHENTICATION) == of("FE251C7858B356B24514B3BD5F4297D1")


# NIST SP 800-38B, appendix D: AES-128, AES-192 and AES-256, the 40-byte message of examples 3, 7 and 11
CMAC_MESSAGE = of("6BC1BEE22E409F96E93D7E117393172AAE2D8A571E03AC9C9EB76FAC45AF8E5130C81C46A35CE411")


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("2B7E151628AED2A6ABF7158809CF4F3C", "DFA66747DE9AE630"),
        ("8E73B0F7DA0E6452C810F32B809079E562F8EAD2522C6B7B", "8A1DE5BE2EB31AAD"),
        ("603DEB1015CA71BE2B73AEF0857D77811F352C073B6108D72D9810A30914DFF4", "AAF3D8F1DE5640C2"),
    ],
)
def test_cmac_of_sp_800_38b(key, expected):
    assert cmac(of(key), CMAC_MESSAGE) == of(expected)


@pytest.mark.parametrize("suite", list(Suite))
def test_suites_differ_in_what_the_standard_says(suite):
    # Doc 9303-11, 9.8.6.3 and 9.8.7.3: the counter is as long as a block; with AES the vector is the encrypted counter
    key = suite.derive(b"a shared secret", ENCRYPTION)
    assert len(key) == suite.key_bytes
    assert suite.counter(258) == bytes(suite.block_bytes - 2) + b"\x01\x02"
    assert suite.counter(1 << 8 * suite.block_bytes) == bytes(suite.block_bytes)
    expected = suite.encrypt(key, suite.counter(7)) if suite.is_aes else bytes(8)
    assert suite.message_iv(key, 7) == expected


@pytest.mark.parametrize("suite", list(Suite))
@given(text=st.binary(max_size=100), count=st.integers(0, 1 << 130))
def test_what_is_encrypted_comes_back(suite, text, count):
    key = suite.derive(b"a shared secret", ENCRYPTION)
    iv = suite.message_iv(key, count)
    assert (
        unpad(suite.decrypt(key, suite.encrypt(key, pad(text, suite.block_bytes), iv), iv), suite.block_bytes) == text
    )
    assert len(suite.message_mac(key, count, text)) == 8


def test_padding_method_2():
    # ISO/IEC 9797-1, 6.3.3: at least the one byte 80
    assert pad(b"", 8) == of("8000000000000000")
    assert pad(b"1234567", 8) == b"1234567\x80"
    assert pad(b"12345678", 8) == b"12345678" + of("8000000000000000")


@pytest.mark.parametrize("text", [b"", bytes(16), b"12345678", of("80000001"), of("31800000000000000000")])
def test_a_text_without_padding_is_refused(text):
    with pytest.raises(BadPadding):
        unpad(text, 8)


def test_a_text_of_one_block_has_a_retail_mac_too():
    assert len(retail_mac(bytes(range(16)), b"")) == 8
    assert retail_mac(bytes(range(16)), b"") != retail_mac(bytes(range(16)), b"\x00")


@pytest.mark.parametrize("suite", list(Suite))
def test_half_a_block_is_no_cipher_text(suite):
    with pytest.raises(ValueError, match="block"):
        suite.decrypt(bytes(suite.key_bytes), b"12345")

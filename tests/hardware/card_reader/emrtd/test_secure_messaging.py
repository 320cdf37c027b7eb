"""Secure messaging: appendix D of Doc 9303-11, both ends of all suites, and everything that ends a session."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.card_reader import CardUnreadable, tlv
from hardware.card_reader.apdu import Command
from hardware.card_reader.emrtd.primitives import Suite, pad
from hardware.card_reader.emrtd.secure_messaging import SecureMessaging, SessionLost

from .scripted import of

# D.4: KSEnc, KSMAC and the counter after mutual authentication
ENC, MAC = of("979EC13B1CBFE9DCD01AB0FED307EAE5"), of("F1CB1F1FB5ADF208806B89DC579DC1F8")
SSC = 0x887022120C06C226
SELECT = Command(0x00, 0xA4, 0x02, 0x0C, of("011E"))
READ = Command(0x00, 0xB0, 0x00, 0x00, le=4)


def session() -> SecureMessaging:
    return SecureMessaging(Suite.TDES, ENC, MAC, SSC)


def answer(
    suite: Suite, count: int, data: bytes = b"", status: int = 0x9000, tag: int = 0x87, padded: bytes | None = None
):
    """What a chip with the keys of appendix D (lengthened for AES) answers."""
    enc, mac = ENC.ljust(suite.key_bytes, b"\x11"), MAC.ljust(suite.key_bytes, b"\x22")
    body = b""
    if data or padded is not None:
        plain = pad(data, suite.block_bytes) if padded is None else padded
        secret = suite.encrypt(enc, plain, suite.message_iv(enc, count))
        body = tlv.encode(tag, (b"\x01" if tag == 0x87 else b"") + secret)
    body += tlv.encode(0x99, status.to_bytes(2))
    return body + tlv.encode(0x8E, suite.message_mac(mac, count, body)) + b"\x90\x00"


def test_appendix_d4():
    one = session()
    assert one.wrap(SELECT) == of("0CA4020C158709016375432908C044F68E08BF8B92D635FF24F800")
    assert one.unwrap(of("990290008E08FA855A5D4C50A8ED9000")).status == 0x9000
    assert one.wrap(READ) == of("0CB000000D9701048E08ED6705417E96BA5500")
    response = one.unwrap(of("8709019FF0EC34F9922651990290008E08AD55CC17140B2DED9000"))
    assert response.data == of("60145F01")
    assert one.wrap(Command(0x00, 0xB0, 0x00, 0x04, le=0x12)) == of("0CB000040D9701128E082EA28A70F3C7B53500")
    response = one.unwrap(of("871901FB9235F4E4037F2327DCC8964F1F9B8C30F42C8E2FFF224A990290008E08C8B2787EAEA07D749000"))
    assert response.data == of("04303130365F36063034303030305C026175")


@pytest.mark.parametrize("suite", list(Suite))
def test_an_offset_past_32767_travels_as_a_data_object(suite):
    # ISO/IEC 7816-4, 11.2.3 and 10.2: odd instruction, offset in DO 54, answer in DO 53; encrypted in DO 85
    enc, mac = ENC.ljust(suite.key_bytes, b"\x11"), MAC.ljust(suite.key_bytes, b"\x22")
    one = SecureMessaging(suite, enc, mac, 7)
    wrapped = one.wrap(Command(0x00, 0xB1, 0x00, 0x00, of("54028000"), 0))
    assert wrapped[:4] == of("0CB10000")
    objects = tlv.read_all(wrapped[5:-1])
    assert [each.tag for each in objects] == [0x85, 0x97, 0x8E]
    assert suite.decrypt(enc, objects[0].value, suite.message_iv(enc, 8)) == pad(of("54028000"), suite.block_bytes)
    assert one.unwrap(answer(suite, 9, of("5302ABCD"), tag=0x85)).data == of("5302ABCD")


@pytest.mark.parametrize("suite", list(Suite))
@given(data=st.binary(min_size=1, max_size=300), count=st.integers(0, 1 << 70))
def test_both_ends_understand_each_other(suite, data, count):
    one = SecureMessaging(suite, ENC.ljust(suite.key_bytes, b"\x11"), MAC.ljust(suite.key_bytes, b"\x22"), count)
    one.wrap(READ)
    response = one.unwrap(answer(suite, count + 2, data, 0x6282))
    assert (response.data, response.status) == (data, 0x6282)


def test_a_length_past_256_makes_the_command_extended():
    wrapped = session().wrap(Command(0x00, 0xB0, 0x00, 0x00, le=2048, is_extended=True))
    assert wrapped[:7] == of("0CB00000 00000E")
    assert of("97020800") in wrapped
    assert wrapped.endswith(b"\x00\x00")
    assert session().wrap(Command(0x00, 0x88, 0x00, 0x00, bytes(240), 0))[4:7] == of("00 0109")


def test_a_command_that_cannot_be_protected_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="neither"):
        session().wrap(Command(0x00, 0x44, 0x00, 0x00))


GOOD = answer(Suite.TDES, SSC + 2, of("60145F01"))
BAD = {
    "naked": of("6700"),
    "naked 9000": of("9000"),
    "empty": b"",
    "one byte": b"\x90",
    "wrong mac": GOOD[:-3] + bytes((GOOD[-3] ^ 1,)) + GOOD[-2:],
    "short mac": of("990290008E04FA855A5D9000"),
    "no mac": GOOD[:-12] + of("9000"),
    "no status": answer(Suite.TDES, SSC + 2, of("60145F01"))[:11] + of("8E08") + bytes(8) + of("9000"),
    "a flipped bit in the text": bytes((GOOD[0], GOOD[1], GOOD[2], GOOD[3] ^ 1)) + GOOD[4:],
    "of a moment ago": answer(Suite.TDES, SSC + 1, of("60145F01")),
    "of the next command": answer(Suite.TDES, SSC + 4, of("60145F01")),
    "no padding": answer(Suite.TDES, SSC + 2, padded=bytes(8)),
    "too much padding": answer(Suite.TDES, SSC + 2, padded=of("80") + bytes(15)),
    "no block": answer(Suite.TDES, SSC + 2, padded=b""),
    "half a block": tlv.encode(0x87, of("01") + bytes(5)) + GOOD[11:],
    "a status of one byte": of("9901908E08FA855A5D4C50A8ED9000"),
    "twice the same": GOOD[:11] + GOOD,
    "indefinite length": of("8780") + GOOD[2:],
    "in another order": GOOD[11:15] + GOOD[:11] + GOOD[15:],
    "an unknown object": of("8101FF") + GOOD,
    "tags without an end": b"\x1f" * 200 + of("9000"),
    "a thousand nested tags": b"\x30\x82\x01\x00" * 250 + of("9000"),
}


@pytest.mark.parametrize("raw", BAD.values(), ids=BAD.keys())
def test_whatever_is_wrong_is_one_error_and_the_end(raw):
    one = session()
    one.wrap(READ)
    with pytest.raises(CardUnreadable) as caught:
        one.unwrap(raw)
    assert isinstance(caught.value, SessionLost) == (raw in (of("6700"), of("9000")))
    with pytest.raises(CardUnreadable, match="ended"):
        one.wrap(READ)
    with pytest.raises(CardUnreadable, match="ended"):
        one.unwrap(GOOD)


def test_the_same_answer_twice_is_refused():
    one = session()
    one.wrap(READ)
    assert one.unwrap(GOOD).data == of("60145F01")
    one.wrap(READ)
    with pytest.raises(CardUnreadable, match="MAC"):
        one.unwrap(GOOD)


def test_an_unknown_padding_indicator_is_refused():
    enc = Suite.TDES.encrypt(ENC, pad(b"x", 8))
    body = tlv.encode(0x87, b"\x02" + enc) + of("99029000")
    raw = body + tlv.encode(0x8E, Suite.TDES.message_mac(MAC, SSC + 2, body)) + of("9000")
    one = session()
    one.wrap(READ)
    with pytest.raises(CardUnreadable, match="padding"):
        one.unwrap(raw)


@given(st.binary(max_size=400))
def test_any_answer_is_refused_without_the_keys(raw):
    one = session()
    one.wrap(READ)
    with pytest.raises(CardUnreadable):
        one.unwrap(raw)

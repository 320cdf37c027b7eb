"""EF.SOD taken apart: versions, BER, and limits."""

from __future__ import annotations

import pytest

from hardware.card_reader import CardUnreadable, tlv
from hardware.card_reader.emrtd import ber, sod
from hardware.card_reader.emrtd.certificates import is_same_name, parse_certificate, parse_time
from hardware.card_reader.emrtd.issuing import new_csca, new_ec_key, new_signer, new_sod
from hardware.card_reader.emrtd.virtual_specimens import seeded

RANDOM = seeded(21)
CSCA = new_csca(new_ec_key(RANDOM))
SIGNER = new_signer(CSCA, new_ec_key(RANDOM))
GROUPS = {1: b"\x61\x02\x5f\x00", 2: b"\x75\x03abc"}
SOD = new_sod(SIGNER, GROUPS)


def in_ber(raw: bytes, depth: int = 99) -> bytes:
    """Write every constructed object with an indefinite length, and octet strings in pieces, down to ``depth``."""
    written = b""
    for item in tlv.read_all(raw):
        tag = item.raw[:1]
        if item.is_constructed and depth:
            written += tag + b"\x80" + in_ber(item.value, depth - 1) + b"\x00\x00"
        elif item.tag == 0x04 and len(item.value) > 20:
            pieces = tlv.encode(0x04, item.value[:7]) + tlv.encode(0x04, item.value[7:])
            written += b"\x24\x80" + pieces + b"\x00\x00"
        else:
            written += item.raw
    return written


def test_a_security_object_of_lds_1_8():
    found = sod.parse(SOD)
    assert (found.hash_algorithm, sorted(found.hashes), found.lds_version) == ("sha256", [1, 2], "0108")
    assert [one.raw for one in found.certificates] == [SIGNER.certificate]
    (signer,) = found.signers
    assert signer.content_type == sod.CONTENT_TYPE
    assert signer.signing_time is not None
    assert signer.signing_time.year == 2024


def test_a_security_object_of_lds_1_7_has_no_version():
    assert sod.parse(new_sod(SIGNER, GROUPS, lds_version="")).lds_version == ""


def test_ber_is_read_as_what_was_signed():
    """Indefinite lengths and pieces on the outside; what is under the signature is DER (RFC 5652, 5.4 and 10.1)."""
    found = sod.parse(SOD)
    body = tlv.read_exactly(SOD, 0x77)
    signed_data = tlv.read_exactly(tlv.find(body, 0x30, 0xA0) or b"", 0x30)
    items = tlv.read_all(signed_data)
    encapsulated = in_ber(items[2].raw)
    rewritten = b"".join(item.raw for item in items[:2]) + encapsulated + b"".join(item.raw for item in items[3:])
    oid = tlv.read_all(tlv.read_exactly(body, 0x30))[0].raw
    info = b"\x30\x80" + oid + b"\xa0\x80\x30\x80" + rewritten + b"\x00\x00" * 3
    again = sod.parse(tlv.encode(0x77, info))
    assert again.content == found.content
    assert again.hashes == found.hashes
    assert again.signers == found.signers
    assert again.certificates == found.certificates


@pytest.mark.parametrize("depth", [0, 1, 2, 5, 99])
def test_whatever_is_written_in_ber_comes_back_definite(depth):
    body = tlv.read_exactly(SOD, 0x77)
    assert ber.definite(in_ber(body, depth)) == body


def test_definite_lengths_stay_byte_for_byte():
    longer = b"\x30\x83\x00\x00\x05\x02\x81\x01\x05\x05\x00"[:10]
    odd = b"\x30\x82\x00\x06\x02\x82\x00\x02\x01\x80"  # lengths longer than need be
    assert ber.definite(odd) == odd
    with pytest.raises(CardUnreadable):
        ber.definite(longer[:-1] + b"\x80\x80")


@pytest.mark.parametrize(
    "data",
    [
        b"\x30\x80" * 1000,
        b"\x30\x80" * 1000 + b"\x00\x00" * 1000,
        b"\x30\x80" + b"\x02\x01\x80" * 5000 + b"\x00\x00",
        b"\x30\x80",
        b"\x30\x80\x00",
        b"\x04\x80\x00\x00",  # indefinite and primitive
        b"\x24\x80\x02\x01\x80\x00\x00",  # a piece that is none
        b"\x30\x80\x04\x05\x80\x00\x00",
        b"\x30\x04\x30\x80\x02\x01",  # open beyond what it lies in
        b"\x80",
        b"\x1f\xff\xff\xff\x80",
    ],
)
def test_broken_ber(data):
    with pytest.raises(CardUnreadable):
        ber.definite(data)


def test_a_thousand_levels_are_refused_wherever_they_are():
    nest = b""
    for _ in range(1000):
        nest = tlv.encode(0x30, nest)
    for raw in (tlv.encode(0x77, nest), tlv.encode(0x77, b"\x30\x80" * 1000), nest):
        with pytest.raises(CardUnreadable):
            sod.parse(raw)


def test_an_enormous_security_object_is_refused():
    with pytest.raises(CardUnreadable, match="more than"):
        sod.parse(tlv.encode(0x77, bytes(200_000)))


def test_every_cut_is_refused():
    for size in range(0, len(SOD), 7):
        with pytest.raises(CardUnreadable):
            sod.parse(SOD[:size])


# -- certificates ------------------------------------------------------------------------------------------------------


def test_a_certificate_says_what_was_written():
    signer, csca = parse_certificate(SIGNER.certificate), parse_certificate(CSCA.certificate)
    assert (signer.is_ca, csca.is_ca) == (None, True)
    assert signer.authority_key_id == csca.key_id != signer.key_id
    assert signer.issuer == csca.subject == csca.issuer
    assert csca.has_signed(signer)
    assert csca.has_signed(csca)
    assert not signer.has_signed(csca)
    assert (signer.not_before.year, signer.not_after.year) == (2022, 2038)


def test_names_compare_without_string_type_case_and_blanks():
    def name(tag: int, text: bytes) -> bytes:
        return tlv.encode(0x30, tlv.encode(0x31, tlv.encode(0x30, b"\x06\x03\x55\x04\x0a" + tlv.encode(tag, text))))

    assert is_same_name(name(0x13, b"UTOPIA  Office"), name(0x0C, b"Utopia office "))
    assert is_same_name(name(0x1E, "Utopia".encode("utf-16-be")), name(0x13, b"utopia"))
    assert not is_same_name(name(0x13, b"Utopia"), name(0x13, b"Utopia 2"))


@pytest.mark.parametrize(
    ("tag", "text", "year"),
    [(0x17, b"491231235959Z", 2049), (0x17, b"500101000000Z", 1950), (0x18, b"20500101000000Z", 2050),
     (0x17, b"2405011200Z", 2024)],
)  # fmt: skip
def test_times(tag, text, year):
    assert parse_time(tlv.read_one(tlv.encode(tag, text))).year == year


@pytest.mark.parametrize(
    ("tag", "text"),
    [(0x17, b"20500101000000Z"), (0x18, b"491231235959Z"), (0x17, b"491331235959Z"), (0x17, b"4912312359+0100"),
     (0x17, b""), (0x04, b"491231235959Z"), (0x17, "４９１２３１２３５９５９Z".encode())],
)  # fmt: skip
def test_times_that_are_none(tag, text):
    with pytest.raises(CardUnreadable):
        parse_time(tlv.read_one(tlv.encode(tag, text)))

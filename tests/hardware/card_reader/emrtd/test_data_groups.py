"""Data groups as Doc 9303-10 lays them out, and what breaks the layout."""

from __future__ import annotations

from datetime import date

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from hardware.card_reader import CardUnreadable, tlv
from hardware.card_reader.emrtd import data_groups
from hardware.card_reader.emrtd import virtual_lds as lds
from hardware.card_reader.emrtd.curves import named
from hardware.card_reader.emrtd.issuing import ec_spki, new_ec_key, new_rsa_key
from hardware.card_reader.emrtd.public_keys import OtherCurveKey, ec_point, parse_public_key
from hardware.card_reader.emrtd.virtual_curves import domain
from hardware.card_reader.emrtd.virtual_lds import Holder
from hardware.card_reader.emrtd.virtual_specimens import seeded

from .driving import portrait

TODAY = date(2026, 11, 22)


# -- EF.COM, DG1 -------------------------------------------------------------------------------------------------------


def test_ef_com_of_appendix_d():
    # Doc 9303-11, D.4: EF.COM '60145F0104303130365F36063034303030305C026175'
    com = data_groups.parse_ef_com(bytes.fromhex("60145F0104303130365F36063034303030305C026175"))
    assert com == data_groups.Contents("0106", "040000", (1, 2))


def test_dg1_of_the_standards_passport():
    # Doc 9303-4, appendix B
    zone = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<L898902C36UTO7408122F1204159ZE184226B<<<<<10"
    dg1 = data_groups.parse_dg1(tlv.encode(0x61, tlv.encode(0x5F1F, zone.encode())), TODAY)
    assert (dg1.mrz.layout, dg1.mrz.number, dg1.mrz.secondary) == ("TD3", "L898902C3", "ANNA MARIA")


@pytest.mark.parametrize(
    "raw",
    ["", "61", "6100", "61035F1F00", "61045F1F01", "6180 5F1F00 0000", "75035F1F00", "61045F1F01FF", "61035F1F0000"],
)
def test_dg1_that_is_none(raw):
    with pytest.raises(CardUnreadable):
        data_groups.parse_dg1(bytes.fromhex(raw.replace(" ", "")), TODAY)


# -- DG2 ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("write", [lds.dg2, lds.dg2_39794], ids=["19794-5", "39794-5"])
@pytest.mark.parametrize(("kind", "name"), [("JPEG", "jpeg"), ("JPEG2000", "jp2")])
def test_dg2_gives_the_picture_as_it_is(write, kind, name):
    picture = portrait(kind)
    face = data_groups.parse_dg2(write(picture))
    assert (face.format, face.picture) == (name, picture)


def test_dg2_with_feature_points_and_a_short_record_length():
    # ISO/IEC 19794-5: 8 bytes a feature point before the image header; some issuers count the record 8 bytes short.
    picture = portrait()
    face = (20 + 16 + 12 + len(picture)).to_bytes(4) + (2).to_bytes(2) + bytes(14) + bytes(16) + bytes(12) + picture
    record = b"FAC\x00010\x00" + (14 + len(face) - 8).to_bytes(4) + b"\x00\x01" + face
    header = bytes.fromhex("A108870201018802 0008")
    raw = tlv.encode(
        0x75, tlv.encode(0x7F61, b"\x02\x01\x01" + tlv.encode(0x7F60, header + tlv.encode(0x7F2E, record)))
    )
    assert data_groups.parse_dg2(raw).picture == picture


def record_of(**changes: bytes) -> bytes:
    fields = {
        "format": b"FAC\x00", "version": b"010\x00", "length": (14 + 32 + 20).to_bytes(4), "count": b"\x00\x01",
        "face_length": (32 + 20).to_bytes(4), "points": b"\x00\x00", "rest": bytes(14), "image": bytes(12),
        "picture": b"\xff\xd8\xff" + bytes(17),
    }  # fmt: skip
    record = b"".join((fields | changes).values())
    template = tlv.encode(0x7F60, tlv.encode(0x5F2E, record))
    return tlv.encode(0x75, tlv.encode(0x7F61, b"\x02\x01\x01" + template))


def test_the_record_the_next_test_breaks_is_whole():
    assert data_groups.parse_dg2(record_of()).format == "jpeg"


@pytest.mark.parametrize(
    "changes",
    [
        {"format": b"FIR\x00"},
        {"count": b"\x00\x00"},
        {"face_length": bytes(4)},
        {"face_length": b"\xff\xff\xff\xff"},
        {"points": b"\xff\xff"},
        {"picture": b"GIF89a" + bytes(14)},
        {"picture": b""},
    ],
)
def test_broken_face_records(changes):
    with pytest.raises(CardUnreadable):
        data_groups.parse_dg2(record_of(**changes))


def test_an_enormous_portrait_is_none():
    with pytest.raises(CardUnreadable, match="more than"):
        data_groups.parse_dg2(lds.dg2(b"\xff\xd8\xff" + bytes(600_000)))


@pytest.mark.parametrize("raw", ["7500", "75037F6100", "75067F61030201 01", "7508 7F61057F60025F2E"])
def test_dg2_without_a_face(raw):
    with pytest.raises(CardUnreadable):
        data_groups.parse_dg2(bytes.fromhex(raw.replace(" ", "")))


# -- DG11, DG12 --------------------------------------------------------------------------------------------------------


def test_dg11_written_and_read():
    holder = Holder(personal_number="19491231X", local_name="张<<伟<明", address="1 High Street, Utopia")
    details = data_groups.parse_dg11(lds.dg11(holder))
    assert details == data_groups.PersonalDetails(
        name="张伟明", personal_number="19491231X", birth=holder.birth, address="1 High Street, Utopia"
    )


@pytest.mark.parametrize(
    ("written", "read"),
    [("ERIKSSON<<ANNA<MARIA", "ERIKSSON ANNA MARIA"), ("Müller<<Jörg", "Müller Jörg"), ("李<<ANNA", "李 ANNA")],
)
def test_names_in_dg11(written, read):
    raw = tlv.encode(0x6B, tlv.encode(0x5C, b"\x5f\x0e") + tlv.encode(0x5F0E, written.encode()))
    assert data_groups.parse_dg11(raw).name == read


def test_other_names_in_dg11():
    # Doc 9303-10, 4.7.11: A0 {02 01 n, 5F0F name ...}
    names = b"\x02\x01\x02" + tlv.encode(0x5F0F, b"MUSTER<<ERIKA") + tlv.encode(0x5F0F, b"STAR")
    assert data_groups.parse_dg11(tlv.encode(0x6B, tlv.encode(0xA0, names))).other_names == ("MUSTER ERIKA", "STAR")


@pytest.mark.parametrize(
    ("value", "day"),
    [
        (b"19491231", date(1949, 12, 31)),
        (bytes.fromhex("19491231"), date(1949, 12, 31)),  # BCD
        (b"19490000", None),
        (b"1949<<<<", None),
        (b"", None),
    ],
)
def test_dates(value, day):
    assert data_groups.parse_dg11(tlv.encode(0x6B, tlv.encode(0x5F2B, value))).birth == day


@pytest.mark.parametrize(
    "value", [b"19491332", b"1949123", b"\xff\xff\xff\xff", "１９４９１２３１".encode(), b"19490230"]
)
def test_dates_that_are_none(value):
    with pytest.raises(CardUnreadable):
        data_groups.parse_dg12(tlv.encode(0x6C, tlv.encode(0x5F26, value)))


def test_text_that_is_not_utf_8_is_left_out_and_named():
    raw = tlv.encode(0x6B, tlv.encode(0x5F0E, "张伟".encode("gbk")) + tlv.encode(0x5F42, b"line\x07feed"))
    details = data_groups.parse_dg11(raw)
    assert (details.name, details.address, details.undecoded) == ("", "", (0x5F0E, 0x5F42))


def test_dg12():
    assert data_groups.parse_dg12(lds.dg12("Utopia<Office", date(2024, 5, 1))) == data_groups.DocumentDetails(
        "Utopia, Office", date(2024, 5, 1)
    )


def test_personal_data_has_no_repr():
    holder = Holder(personal_number="19491231X", local_name="SECRETNAME")
    for one in (data_groups.parse_dg11(lds.dg11(holder)), data_groups.parse_dg1(lds.dg1(lds.td3(holder)), TODAY)):
        assert "SECRET" not in repr(one)
        assert "19491231X" not in repr(one)
        assert "ERIKSSON" not in repr(one)


# -- SecurityInfos -----------------------------------------------------------------------------------------------------


def test_card_access_of_appendix_g1():
    # Doc 9303-11, G.1: EF.CardAccess '31143012060A04007F0007020204020202010202010D'
    infos = data_groups.parse_security_infos(bytes.fromhex("31143012060A04007F0007020204020202010202010D"))
    (one,) = infos.pace
    assert (one.agreement, one.mapping, one.cipher, one.version, one.parameter_id) == ("ECDH", "GM", "AES-128", 2, 13)
    assert one.oid.hex().upper() == "04007F00070202040202"


def test_dg14_with_everything():
    point = domain("brainpoolP256r1")
    spki = ec_spki(point, point.encode(point.base), is_explicit=True)
    unknown = tlv.encode(0x30, bytes.fromhex("0603290102 0101FF".replace(" ", "")))
    entries = [
        lds.pace_info("CAM", "AES-256", "secp384r1"),
        lds.chip_auth_info("AES-128", 7),
        lds.chip_auth_public_key(spki, 7),
        lds.active_auth_info("sha256"),
        unknown,
    ]
    infos = data_groups.parse_dg14(lds.dg14(entries))
    assert [(one.mapping, one.cipher, one.parameter_id) for one in infos.pace] == [("CAM", "AES-256", 15)]
    assert [(one.cipher, one.key_id) for one in infos.chip_auth] == [("AES-128", 7)]
    assert [(one.public_key, one.key_id) for one in infos.chip_auth_keys] == [(spki, 7)]
    assert infos.active_auth is not None
    assert infos.active_auth.signature_oid.hex().upper() == "04007F00070101040103"
    offered = data_groups.parse_security_infos(lds.security_infos(entries[:1]))
    assert infos.includes(offered)
    assert not offered.includes(infos)


@pytest.mark.parametrize(
    "raw",
    [
        "", "30", "3100 00", "3102 3000", "3103 300100", "3105 3003060100", "3108 3006 0601 2A 0201".replace(" ", ""),
        "3114 3012 060A04007F00070202040202 0201FF 02010D", "3112 3010 060A04007F00070202040202 0200 0200",
        "3114 3012 060A04007F00070202040202 040102 02010D",
    ],
)  # fmt: skip
def test_security_infos_that_are_none(raw):
    with pytest.raises(CardUnreadable):
        data_groups.parse_security_infos(bytes.fromhex(raw.replace(" ", "")))


# -- keys --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_explicit", [False, True], ids=["named", "explicit"])
@pytest.mark.parametrize(
    "curve",
    ["secp192r1", "secp224r1", "secp256r1", "secp384r1", "secp521r1", "brainpoolP192r1", "brainpoolP224r1",
     "brainpoolP256r1", "brainpoolP320r1", "brainpoolP384r1", "brainpoolP512r1"],
)  # fmt: skip
def test_keys_on_every_curve(curve, is_explicit):
    key = new_ec_key(seeded(4), curve, is_explicit=is_explicit)
    x, y = key.domain.multiply(key.secret, key.domain.base)
    assert ec_point(key.spki) == (named(curve), (x, y))
    parsed = data_groups.parse_dg15(lds.dg15(key.spki))
    if isinstance(parsed, OtherCurveKey):
        assert (parsed.curve.name, parsed.point) == (curve, (x, y))
    else:
        assert isinstance(parsed, ec.EllipticCurvePublicKey)
        assert (parsed.public_numbers().x, parsed.public_numbers().y) == (x, y)


def test_rsa_keys():
    key = new_rsa_key(1024)
    parsed = parse_public_key(key.spki)
    assert isinstance(parsed, rsa.RSAPublicKey)
    assert parsed.public_numbers() == key.key.public_key().public_numbers()


def test_a_curve_with_a_generator_of_somebodys_own_is_refused():
    """Whoever chooses the generator chooses the key to any public point (CVE-2020-0601)."""
    curve = domain("secp256r1")
    theirs = curve.multiply(3, curve.base)
    spki = ec_spki(curve, curve.encode(theirs), is_explicit=True)
    forged = spki.replace(curve.encode(curve.base), curve.encode(theirs), 1)
    assert ec_point(spki)[0].name == "secp256r1"
    with pytest.raises(CardUnreadable, match="no named curve"):
        ec_point(forged)


def test_points_that_are_not_on_the_curve():
    curve = domain("brainpoolP320r1")
    point = curve.encode(curve.base)
    for wrong in (point[:-1] + bytes((point[-1] ^ 1,)), point[:-1], b"\x04", b"\x00", b"\x02" + point[1:41]):
        with pytest.raises(CardUnreadable):
            parse_public_key(ec_spki(curve, wrong))


def test_rsa_keys_out_of_bounds():
    def spki(modulus: int, exponent: int) -> bytes:
        from hardware.card_reader.emrtd.issuing import der_integer

        numbers = tlv.encode(0x30, der_integer(modulus) + der_integer(exponent))
        algorithm = bytes.fromhex("300D06092A864886F70D0101010500")
        return tlv.encode(0x30, algorithm + tlv.encode(0x03, b"\x00" + numbers))

    good = new_rsa_key(1024).key.public_key().public_numbers().n
    assert parse_public_key(spki(good, 65537))
    for modulus, exponent in ((good >> 600, 3), (1 << 9000 | 1, 3), (good, 1 << 70 | 1), (good, 4), (good, 0), (4, 3)):
        with pytest.raises(CardUnreadable):
            parse_public_key(spki(modulus, exponent))

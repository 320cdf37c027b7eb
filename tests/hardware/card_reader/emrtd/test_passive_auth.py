"""Passive authentication: what was signed, by whom, and what a forger gets for his trouble (Doc 9303-11, 5.1)."""

from __future__ import annotations

import functools
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from asn1crypto import cms, core, x509

from hardware.card_reader import CardUnreadable, tlv
from hardware.card_reader.emrtd import passive_auth, sod, trust_store
from hardware.card_reader.emrtd.certificates import parse_certificate
from hardware.card_reader.emrtd.issuing import (
    Authority,
    new_csca,
    new_ec_key,
    new_rsa_key,
    new_signer,
    new_sod,
)
from hardware.card_reader.emrtd.virtual_specimens import seeded

TODAY = date(2026, 11, 22)
GROUPS = {1: b"\x61\x02\x5f\x00", 2: b"\x75\x03abc", 14: b"\x6e\x00"}
RANDOM = seeded(11)


@functools.cache
def rsa_key(*, is_pss: bool = False):
    return new_rsa_key(2048, is_pss=is_pss)


@functools.cache
def country(kind: str) -> tuple[Authority, Authority]:
    """A CSCA and a signer of one kind."""
    curve, _, hash_name = kind.partition(" ")
    hash_name = hash_name or "sha256"
    if curve in ("rsa", "pss"):
        keys = (rsa_key(is_pss=curve == "pss"),) * 2
    else:
        is_explicit = curve.endswith("!")
        keys = tuple(new_ec_key(RANDOM, curve.rstrip("!"), is_explicit=is_explicit) for _ in range(2))
    csca = new_csca(keys[0], hash_name=hash_name)
    return csca, new_signer(csca, keys[1], hash_name)


def trust(folder: Path, *certificates: bytes) -> Path:
    """Make a folder of nothing but these."""
    for old in folder.iterdir():
        old.unlink()
    for number, certificate in enumerate(certificates):
        (folder / f"{number}.cer").write_bytes(certificate)
    return folder


def results(raw: bytes, groups: Mapping[int, bytes], folder: Path | None, today: date = TODAY) -> dict[str, str]:
    return {check.name: check.result.value for check in passive_auth.verify(raw, groups, folder, today)}


def reasons(raw: bytes, groups: Mapping[int, bytes], folder: Path | None, today: date = TODAY) -> dict[str, str]:
    return {check.name: check.reason for check in passive_auth.verify(raw, groups, folder, today)}


ALL_PASS = dict.fromkeys(("dg_hashes", "sod_signature", "csca_trust", "signer_valid"), "pass")
KINDS = (
    "rsa", "rsa sha512", "pss", "pss sha384", "secp224r1 sha224", "secp256r1", "secp521r1 sha512", "brainpoolP256r1!",
    "brainpoolP384r1! sha384", "brainpoolP512r1! sha512", "secp384r1! sha384", "brainpoolP224r1 sha224",
    "brainpoolP320r1! sha256", "brainpoolP192r1 sha512", "secp192r1!",
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_genuine_document_passes_and_a_changed_one_does_not(kind, tmp_path):
    csca, signer = country(kind)
    folder = trust(tmp_path, csca.certificate)
    raw = new_sod(signer, GROUPS, signer.hash_name)
    assert results(raw, GROUPS, folder) == ALL_PASS
    assert results(raw, GROUPS | {2: b"\x75\x03abd"}, folder) == ALL_PASS | {"dg_hashes": "fail"}
    broken = bytearray(raw)
    broken[-3] ^= 0x01  # inside the signature
    assert results(bytes(broken), GROUPS, folder) == {
        "dg_hashes": "pass", "sod_signature": "fail", "csca_trust": "not_done", "signer_valid": "not_done",
    }  # fmt: skip


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl on this computer")
@pytest.mark.parametrize("kind", ["rsa", "pss", "secp256r1", "brainpoolP384r1 sha384"])
def test_openssl_agrees_that_what_we_issue_is_cms(kind, tmp_path):
    csca, signer = country(kind)
    (tmp_path / "csca.der").write_bytes(csca.certificate)
    (tmp_path / "sod.der").write_bytes(tlv.read_exactly(new_sod(signer, GROUPS), 0x77))
    openssl = functools.partial(subprocess.run, check=True, capture_output=True, cwd=tmp_path)
    openssl(["openssl", "x509", "-inform", "DER", "-in", "csca.der", "-out", "csca.pem"])
    openssl(
        ["openssl", "cms", "-verify", "-inform", "DER", "-in", "sod.der", "-CAfile", "csca.pem", "-no_check_time",
         "-purpose", "any", "-binary", "-out", "content"]
    )  # fmt: skip
    assert (tmp_path / "content").read_bytes() == sod.parse(new_sod(signer, GROUPS)).content


def test_sha_1_is_accepted_with_a_warning(tmp_path):
    csca, signer = country("rsa sha1")
    folder = trust(tmp_path, csca.certificate)
    assert results(new_sod(signer, GROUPS, "sha1"), GROUPS, folder) == {
        "dg_hashes": "warn", "sod_signature": "warn", "csca_trust": "warn", "signer_valid": "pass",
    }  # fmt: skip


# -- hashes ------------------------------------------------------------------------------------------------------------


def test_a_group_that_nobody_signed_fails():
    _, signer = country("secp256r1")
    raw = new_sod(signer, {1: GROUPS[1]})
    assert results(raw, GROUPS, None)["dg_hashes"] == "fail"
    assert reasons(raw, GROUPS, None)["dg_hashes"].endswith("DG2, DG14")
    assert results(raw, {1: GROUPS[1]}, None)["dg_hashes"] == "pass"
    assert results(raw, {}, None)["dg_hashes"] == "not_done"


def test_a_group_that_was_asked_for_and_did_not_come_is_no_pass():
    _, signer = country("secp256r1")
    raw, read = new_sod(signer, GROUPS), {1: GROUPS[1]}
    for asked, result in (((1,), "pass"), ((1, 2, 3), "warn"), ((1, 14), "warn"), ((1, 15), "pass")):
        assert passive_auth.verify(raw, read, None, TODAY, asked)[0].result.value == result


def test_groups_swapped_for_one_another_fail():
    _, signer = country("secp256r1")
    assert results(new_sod(signer, GROUPS), GROUPS | {1: GROUPS[2], 2: GROUPS[1]}, None)["dg_hashes"] == "fail"


# -- trust -------------------------------------------------------------------------------------------------------------


def test_without_a_csca_trust_is_not_done(tmp_path):
    _, signer = country("secp256r1")
    raw = new_sod(signer, GROUPS)
    for folder in (None, tmp_path, tmp_path / "absent"):
        assert results(raw, GROUPS, folder) == ALL_PASS | {"csca_trust": "not_done"}
        assert reasons(raw, GROUPS, folder)["csca_trust"].startswith("no CSCA")


def test_a_stranger_is_untrusted_and_a_pretender_fails(tmp_path):
    csca, signer = country("secp256r1")
    stranger = new_csca(new_ec_key(RANDOM), country="XX")
    namesake = new_csca(new_ec_key(RANDOM))
    raw = new_sod(signer, GROUPS)
    assert results(raw, GROUPS, trust(tmp_path, stranger.certificate))["csca_trust"] == "warn"
    assert results(raw, GROUPS, trust(tmp_path, stranger.certificate, namesake.certificate))["csca_trust"] == "warn"
    # A signer that names the CSCA and its very key, but is signed with another one.
    forged = _signed_by(csca.certificate, namesake)
    folder = trust(tmp_path, csca.certificate)
    assert results(new_sod(forged, GROUPS), GROUPS, folder)["csca_trust"] == "fail"
    assert results(raw, GROUPS, folder)["csca_trust"] == "pass"


def _signed_by(csca_certificate: bytes, wrong: Authority) -> Authority:
    pretended = Authority(_Pretender(wrong.key, csca_certificate), csca_certificate)
    return new_signer(pretended, new_ec_key(RANDOM))


class _Pretender:
    """Signs with its own key under somebody else's public one."""

    def __init__(self, own, csca_certificate: bytes) -> None:
        self.spki = x509.Certificate.load(csca_certificate).public_key.dump()
        self.algorithm, self.sign = own.algorithm, own.sign


def test_a_signer_cannot_vouch_for_another_signer(tmp_path):
    csca, signer = country("secp256r1")
    below = new_signer(signer, new_ec_key(RANDOM))
    folder = trust(tmp_path, csca.certificate)
    assert results(new_sod(below, GROUPS), GROUPS, folder)["csca_trust"] == "warn"
    (tmp_path / "signer.cer").write_bytes(signer.certificate)  # not even when it was installed by mistake
    assert results(new_sod(below, GROUPS), GROUPS, folder)["csca_trust"] == "fail"


def test_a_csca_among_many_is_found_with_and_without_its_key_identifier(tmp_path):
    csca, signer = country("secp256r1")
    others = [country(kind)[0].certificate for kind in ("rsa", "brainpoolP320r1! sha256", "pss")]
    folder = trust(tmp_path, *others, csca.certificate)
    assert results(new_sod(signer, GROUPS), GROUPS, folder) == ALL_PASS
    key_id = parse_certificate(signer.certificate).authority_key_id
    assert [one.raw for one in trust_store.load(folder, key_id)] == [csca.certificate]
    # Remade without the extension: the issuer's name alone leads to it.
    nameless = _without_key_identifier(csca, signer)
    assert results(new_sod(nameless, GROUPS), GROUPS, folder) == ALL_PASS


def _without_key_identifier(csca: Authority, signer: Authority) -> Authority:
    certificate = x509.Certificate.load(signer.certificate)
    part = certificate["tbs_certificate"]
    part["extensions"] = [one for one in part["extensions"] if one["extn_id"].native != "authority_key_identifier"]
    certificate["signature_value"] = csca.key.sign(part.dump(force=True), csca.hash_name)
    return replace(signer, certificate=certificate.dump(force=True))


def test_a_csca_outside_its_time(tmp_path):
    key = new_ec_key(RANDOM)
    old = new_csca(key, valid=(datetime(2010, 1, 1, tzinfo=UTC), datetime(2015, 1, 1, tzinfo=UTC)))
    raw = new_sod(new_signer(old, new_ec_key(RANDOM)), GROUPS)
    assert results(raw, GROUPS, trust(tmp_path, old.certificate))["csca_trust"] == "warn"


def test_the_folder_takes_der_and_pem_and_passes_over_the_rest(tmp_path):
    certificates = [country(kind)[0].certificate for kind in ("rsa", "secp256r1", "brainpoolP320r1! sha256")]
    import base64

    def armoured(der: bytes) -> bytes:
        return b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) + b"-----END CERTIFICATE-----\n"

    (tmp_path / "a.CER").write_bytes(certificates[0])
    (tmp_path / "b.pem").write_bytes(b"Utopia\n" + armoured(certificates[1]) + armoured(certificates[2]))
    (tmp_path / "c.der").write_bytes(b"\x30\x80 no certificate")
    (tmp_path / "d.pem").write_bytes(b"-----BEGIN CERTIFICATE-----\nAAA\n-----END CERTIFICATE-----\n")
    (tmp_path / "e.txt").write_bytes(certificates[0])
    (tmp_path / "f.cer").mkdir()
    assert [one.raw for one in trust_store.load(tmp_path)] == certificates


def test_a_certificate_with_a_name_nobody_can_compare_spoils_no_other(tmp_path):
    csca, signer = country("secp256r1")
    subject = parse_certificate(csca.certificate).subject
    kind = bytes.fromhex("0603550406")  # the attribute "country", its tag made another
    broken = csca.certificate.replace(subject, subject.replace(kind, b"\x04" + kind[1:]))
    assert broken != csca.certificate
    folder = trust(tmp_path, broken, csca.certificate)
    assert [one.raw for one in trust_store.load(folder)] == [csca.certificate]
    assert results(new_sod(_without_key_identifier(csca, signer), GROUPS), GROUPS, folder) == ALL_PASS


# -- time --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("signed_at", "today", "result"),
    [
        (datetime(2024, 5, 1, tzinfo=UTC), TODAY, "pass"),
        (None, TODAY, "pass"),
        (datetime(2024, 5, 1, tzinfo=UTC), date(2039, 1, 1), "warn"),  # it has run out since
        (None, date(2039, 1, 1), "warn"),
        (None, date(2021, 1, 1), "warn"),  # the booth's clock?
        (datetime(2021, 5, 1, tzinfo=UTC), TODAY, "fail"),
        (datetime(2039, 5, 1, tzinfo=UTC), TODAY, "fail"),
        (datetime(2030, 5, 1, tzinfo=UTC), TODAY, "warn"),  # in the future
    ],
)
def test_validity_of_the_signer(signed_at, today, result):
    _, signer = country("secp256r1")  # valid from 2022 to 2038
    assert results(new_sod(signer, GROUPS, signed_at=signed_at), GROUPS, None, today)["signer_valid"] == result


# -- the signature's parts ---------------------------------------------------------------------------------------------


def remade(raw: bytes, change) -> bytes:
    """Take a security object apart with the other library, change it, put it together again."""
    info = cms.ContentInfo.load(tlv.read_exactly(raw, 0x77))
    change(info["content"])
    return tlv.encode(0x77, info.dump(force=True))


def plain_sod() -> bytes:
    return new_sod(country("secp256r1")[1], GROUPS)


def test_remaking_without_a_change_changes_nothing():
    assert remade(plain_sod(), lambda _: None) == plain_sod()


def test_another_content_under_the_same_signature_fails():
    other = sod.parse(new_sod(country("secp256r1")[1], GROUPS | {2: b"\x75\x00"})).content

    def change(signed_data):
        signed_data["encap_content_info"]["content"] = core.ParsableOctetString(other)

    raw = remade(plain_sod(), change)
    assert results(raw, GROUPS | {2: b"\x75\x00"}, None)["sod_signature"] == "fail"
    assert "digest" in reasons(raw, GROUPS, None)["sod_signature"]


def test_without_the_signers_certificate_nothing_is_said():
    def change(signed_data):
        signed_data["certificates"] = []

    assert results(remade(plain_sod(), change), GROUPS, None)["sod_signature"] == "not_done"


def test_a_signers_certificate_that_is_broken_says_nothing_of_the_document():
    raw = plain_sod()
    assert raw.count(b"220101000000Z") == 1  # the beginning of its validity
    broken = raw.replace(b"220101000000Z", b"22XX01000000Z")
    assert results(broken, GROUPS, None)["sod_signature"] == "not_done"


def test_a_signers_key_on_an_unknown_curve_is_neither_right_nor_wrong():
    raw = plain_sod()
    secp256r1, secp256k1 = bytes.fromhex("06082A8648CE3D030107"), bytes.fromhex("06082B8104000A000000")
    assert raw.count(secp256r1) == 1
    assert results(raw.replace(secp256r1, secp256k1), GROUPS, None)["sod_signature"] == "not_done"


def test_a_signing_time_in_another_form_is_as_good_as_none():
    raw = plain_sod()
    odd = raw.replace(b"240501120000Z", b"2405011200 CE")
    assert odd != raw
    assert sod.parse(odd).signers[0].signing_time is None


def test_an_unknown_digest_is_neither_right_nor_wrong():
    def change(signed_data):
        signed_data["signer_infos"][0]["digest_algorithm"] = {"algorithm": "md5"}

    assert results(remade(plain_sod(), change), GROUPS, None)["sod_signature"] == "not_done"


def test_another_kind_of_content_fails():
    def change(signed_data):
        signed_data["encap_content_info"]["content_type"] = "1.2.840.113549.1.7.1"

    assert results(remade(plain_sod(), change), GROUPS, None)["sod_signature"] == "fail"


def test_a_second_signer_that_is_wrong_does_not_spoil_the_right_one():
    def change(signed_data):
        wrong = signed_data["signer_infos"][0].copy()
        wrong["signature"] = b"\x30\x06\x02\x01\x01\x02\x01\x01"
        signed_data["signer_infos"] = [wrong, signed_data["signer_infos"][0].copy()]

    assert results(remade(plain_sod(), change), GROUPS, None)["sod_signature"] == "pass"


def test_a_signer_named_by_its_key_is_found():
    def change(signed_data):
        key_id = signed_data["certificates"][0].chosen.key_identifier
        sid = cms.SignerIdentifier({"subject_key_identifier": core.OctetString(key_id).contents})
        signed_data["signer_infos"][0]["sid"] = sid

    assert results(remade(plain_sod(), change), GROUPS, None)["sod_signature"] == "pass"


@pytest.mark.parametrize("signature", [b"", b"\x30\x00", b"\x30\x06\x02\x01\x00\x02\x01\x01", bytes(64)])
@pytest.mark.parametrize("kind", ["secp256r1", "brainpoolP320r1! sha256", "rsa"])
def test_signatures_that_are_none_fail(kind, signature):
    _, signer = country(kind)

    class Blank:
        spki, algorithm = signer.key.spki, signer.key.algorithm

        def sign(self, *_):
            return signature

    assert results(new_sod(replace(signer, key=Blank()), GROUPS), GROUPS, None)["sod_signature"] == "fail"


def test_a_security_object_that_is_none_is_unreadable():
    for raw in (
        b"",
        b"\x77\x00",
        b"\x77\x02\x30\x00",
        plain_sod()[:-1],
        plain_sod() + b"\x00",
        b"\x30" + plain_sod()[1:],
    ):
        with pytest.raises(CardUnreadable):
            passive_auth.verify(raw, GROUPS, None, TODAY)

"""Copies and forgeries against the virtual chip: what a check must tell."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hardware.card_reader import (
    Result,
)
from hardware.card_reader.emrtd import read
from hardware.card_reader.emrtd.issuing import new_sod
from hardware.card_reader.emrtd.virtual import EF_CARD_ACCESS, EF_COM, EF_SOD, VirtualChip
from hardware.card_reader.emrtd.virtual_access import PaceOffer
from hardware.card_reader.emrtd.virtual_lds import Holder, dg14, ef_com, pace_info, security_infos
from hardware.card_reader.emrtd.virtual_specimens import (
    Plan,
    Specimen,
    issue,
    new_country,
    seeded,
)

from .documents import BAC, PACE_ALL, changed, country, not_passed, result_of, specimen, task, with_file
from .driving import portrait, run


@pytest.fixture
def trust(tmp_path: Path) -> Path:
    (tmp_path / "csca.der").write_bytes(country().csca.certificate)
    return tmp_path


# -- copies and forgeries ----------------------------------------------------------------------------------------------


def test_a_copy_has_no_chip_authentication_key():
    one, other = specimen(PACE_ALL), issue(PACE_ALL, portrait(width=32, height=40), country(), seeded(3))
    document = run(read(task(one)), changed(one, static_key=other.contents.static_key))
    assert result_of(document, "chip_authentication") is Result.FAIL
    assert result_of(document, "dg_hashes") is Result.PASS  # its files are true


def test_a_copy_has_no_mapping_key():
    plan = Plan(pace=(PaceOffer("CAM", "AES-128", "secp256r1"),))
    one, other = specimen(plan), issue(plan, portrait(width=32, height=40), country(), seeded(3))
    document = run(read(task(one)), changed(one, static_key=other.contents.static_key))
    assert result_of(document, "chip_authentication") is Result.FAIL


@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_a_copy_has_no_active_authentication_key(kind):
    plan = Plan(active_auth=kind)
    one, other = specimen(plan), issue(plan, portrait(width=32, height=40), country(), seeded(3))
    document = run(read(task(one)), changed(one, active_key=other.contents.active_key))
    assert result_of(document, "active_authentication") is Result.FAIL
    document = run(read(task(one)), changed(one, active_key=None))
    assert result_of(document, "active_authentication") is Result.FAIL


def test_hiding_a_key_from_ef_com_does_not_spare_the_proof():
    one = specimen(PACE_ALL)
    chip = with_file(one, EF_COM, ef_com([1, 2]))
    assert not_passed(run(read(task(one)), chip)) == {"csca_trust"}


@pytest.mark.parametrize("number", [14, 15])
def test_hiding_a_key_altogether_does_not_spare_the_proof(number):
    """A copy may leave out the file whose key it does not have; what its issuer signed still lists it."""
    one = specimen(PACE_ALL)
    left = [group for group in one.groups if group != number]
    hidden = with_file(one, 0x0100 | number, None)
    files = {**hidden.contents.files, EF_COM: ef_com(left)}
    document = run(read(task(one)), changed(one, files=files))
    proof = {14: "chip_authentication", 15: "active_authentication"}[number]
    assert result_of(document, proof) is Result.FAIL
    assert result_of(document, "dg_hashes") is Result.WARN


def test_a_portrait_that_is_signed_for_and_withheld_is_no_pass():
    one = specimen(BAC)
    document = run(read(task(one)), with_file(one, 0x0102, None))
    assert (document.portrait, result_of(document, "dg_hashes")) == (None, Result.WARN)


def test_ef_com_may_be_missing():
    one = specimen(PACE_ALL)
    assert not_passed(run(read(task(one)), with_file(one, EF_COM, None))) == {"csca_trust"}


def test_a_changed_data_group_is_told_and_the_document_given_back():
    one = specimen(BAC)
    raw = one.groups[1].replace(b"ERIKSSON", b"ERIKSSEN")
    document = run(read(task(one)), with_file(one, 0x0101, raw))
    assert result_of(document, "dg_hashes") is Result.FAIL


def test_without_a_security_object_nothing_is_proven():
    one = specimen(BAC)
    document = run(read(task(one)), with_file(one, EF_SOD, None))
    assert result_of(document, "sod_signature") is Result.FAIL
    assert result_of(document, "dg_hashes") is Result.NOT_DONE


def test_another_ef_card_access_than_dg14_says_is_told():
    one = specimen(PACE_ALL)
    offer = PaceOffer("GM", "3DES", "secp256r1")  # weaker than what the issuer signed
    master = {EF_CARD_ACCESS: security_infos([pace_info(offer.mapping, offer.cipher, offer.curve)])}
    document = run(read(task(one)), changed(one, master_files=master, pace=(offer,)))
    assert result_of(document, "card_access_matches_dg14") is Result.FAIL
    hidden = run(read(task(one)), changed(one, master_files={}))
    assert result_of(hidden, "card_access_matches_dg14") is Result.WARN


def test_a_chip_that_opens_with_another_zone_than_it_holds_is_told():
    one, other = specimen(BAC), specimen(replace(BAC, holder=replace(Holder(), number="X12345678")))
    document = run(read(task(other)), changed(other, files=one.contents.files))
    assert result_of(document, "mrz_matches_key") is Result.FAIL


def mapped(signer, offered: str = "AES-128") -> tuple[Specimen, VirtualChip]:
    """A chip whose key for PACE's mapping is in EF.CardSecurity only, as on the passports of Germany."""
    plan = Plan(has_details=False, pace=(PaceOffer("CAM", offered, "secp256r1"),))
    one = issue(plan, portrait(width=32, height=40), signer, seeded(2))
    groups = {**one.groups, 14: dg14([pace_info("CAM", offered, "secp256r1")])}
    files = {**one.contents.files, 0x010E: groups[14], EF_SOD: new_sod(country().signer, groups)}
    return one, changed(one, files=files)


def test_a_mapping_key_may_be_in_ef_card_security(trust):
    one, chip = mapped(country())
    document = run(read(task(one, trust_folder=trust)), chip)
    assert result_of(document, "chip_authentication") is Result.PASS
    assert result_of(document, "dg_hashes") is Result.PASS


def test_a_mapping_key_that_nobody_known_signed_is_a_warning(trust):
    one, chip = mapped(new_country(seeded(9)))
    document = run(read(task(one, trust_folder=trust)), chip)
    assert result_of(document, "chip_authentication") is Result.WARN
    one, chip = mapped(country())
    assert result_of(run(read(task(one)), chip), "chip_authentication") is Result.WARN  # no trust anchor at all


def test_a_changed_ef_card_security_is_told(trust):
    one, chip = mapped(country())
    other, other_chip = mapped(country(), "AES-256")
    raw = chip.contents.master_files[0x011D]
    at = raw.index(bytes.fromhex("04007F00070202040602"))
    forged = raw[: at + 9] + b"\x04" + raw[at + 10 :]
    document = run(
        read(task(one, trust_folder=trust)),
        changed(one, files=chip.contents.files, master_files={**chip.contents.master_files, 0x011D: forged}),
    )
    assert result_of(document, "chip_authentication") is Result.FAIL
    assert result_of(run(read(task(other, trust_folder=trust)), other_chip), "chip_authentication") is Result.PASS


def test_without_ef_card_security_a_mapping_proves_nothing():
    one, chip = mapped(country())
    master = {EF_CARD_ACCESS: chip.contents.master_files[EF_CARD_ACCESS]}
    document = run(read(task(one)), changed(one, files=chip.contents.files, master_files=master))
    assert result_of(document, "chip_authentication") is Result.NOT_DONE

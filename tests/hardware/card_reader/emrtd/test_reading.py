"""Whole readings against the virtual chip: every way in, every proof, progress and keys."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from hardware.card_reader import (
    CanKey,
    CardUnknown,
    DocumentKind,
    KeyNeeded,
    KeyRefused,
    MrzKey,
    Phase,
    Progress,
    Result,
    Sex,
)
from hardware.card_reader.emrtd import read
from hardware.card_reader.emrtd.virtual import Traits, VirtualChip
from hardware.card_reader.emrtd.virtual_access import PaceOffer
from hardware.card_reader.emrtd.virtual_lds import Holder
from hardware.card_reader.emrtd.virtual_specimens import (
    PERMIT_HOLDER,
    PLANS,
    Plan,
    issue,
    seeded,
)
from hardware.card_reader.family import Task

from .documents import BAC, PACE_ALL, TODAY, country, not_passed, result_of, specimen, task
from .driving import portrait, run

# What is not to be had from a document that offers BAC only.
BAC_LACKS = {"chip_authentication", "active_authentication", "card_access_matches_dg14"}


@pytest.fixture
def trust(tmp_path: Path) -> Path:
    (tmp_path / "csca.der").write_bytes(country().csca.certificate)
    return tmp_path


def test_a_passport_with_basic_access_control(trust):
    one = specimen(BAC)
    document = run(read(task(one, trust_folder=trust)), one.chip())
    assert (document.kind, document.source) == (DocumentKind.PASSPORT, "emrtd TD3 bac")
    assert (document.name, document.latin_name) == ("ERIKSSON ANNA MARIA", "ERIKSSON ANNA MARIA")
    assert (document.card_number, document.number, document.nationality) == ("L898902C3", "", "UTO")
    assert (document.birth, document.valid_to, document.sex) == (date(1974, 8, 12), date(2034, 4, 15), Sex.FEMALE)
    assert document.portrait == portrait(width=32, height=40)
    assert document.portrait_raw is None
    assert not_passed(document) == BAC_LACKS


@pytest.mark.parametrize("curve", ["secp256r1", "brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1"])
@pytest.mark.parametrize("cipher", ["3DES", "AES-128", "AES-192", "AES-256"])
def test_pace_with_every_cipher_and_curve(cipher, curve):
    one = specimen(Plan(can="123456", pace=(PaceOffer("GM", cipher, curve),), traits=Traits(offers_bac=False)))
    document = run(read(task(one, key=CanKey("123456"))), one.chip())
    assert document.source == "emrtd TD3 pace"
    assert result_of(document, "card_access_matches_dg14") is Result.PASS
    assert result_of(document, "dg_hashes") is Result.PASS
    assert document.portrait == portrait(width=32, height=40)


@pytest.mark.parametrize("curve", ["secp192r1", "brainpoolP224r1", "brainpoolP320r1", "secp521r1"])
def test_pace_on_the_rarer_curves(curve):
    one = specimen(Plan(pace=(PaceOffer("GM", "AES-128", curve),), traits=Traits(offers_bac=False)))
    assert run(read(task(one)), one.chip()).source == "emrtd TD3 pace"


def test_a_chip_with_two_curves_is_told_which():
    offers = (PaceOffer("GM", "AES-128", "secp256r1"), PaceOffer("GM", "AES-128", "brainpoolP256r1"))
    one = specimen(Plan(pace=offers, traits=Traits(offers_bac=False)))
    assert run(read(task(one)), one.chip()).source == "emrtd TD3 pace"


@pytest.mark.parametrize("cipher", ["AES-128", "AES-256"])
@pytest.mark.parametrize("curve", ["secp256r1", "brainpoolP384r1"])
def test_chip_authentication_mapping(cipher, curve):
    one = specimen(Plan(can="123456", pace=(PaceOffer("CAM", cipher, curve), PaceOffer("GM", cipher, curve))))
    document = run(read(task(one, key=CanKey("123456"))), one.chip())
    assert result_of(document, "chip_authentication") is Result.PASS
    assert result_of(document, "access") is Result.PASS


@pytest.mark.parametrize("cipher", ["3DES", "AES-128", "AES-192", "AES-256"])
def test_chip_authentication_with_every_cipher(cipher):
    one = specimen(Plan(chip_auth=cipher, active_auth="ec"))
    document = run(read(task(one)), one.chip())
    assert result_of(document, "chip_authentication") is Result.PASS
    # The new session carries what comes after it.
    assert result_of(document, "active_authentication") is Result.PASS


@pytest.mark.parametrize(
    ("kind", "hash_name"), [("rsa", "sha1"), ("rsa", "sha256"), ("rsa", "sha512"), ("ec", "sha1"), ("ec", "sha384")]
)
def test_active_authentication(kind, hash_name):
    one = specimen(Plan(active_auth=kind, active_auth_hash=hash_name))
    assert result_of(run(read(task(one)), one.chip()), "active_authentication") is Result.PASS


def test_everything_at_once(trust):
    one = specimen(PACE_ALL)
    document = run(read(task(one, trust_folder=trust)), one.chip())
    assert not_passed(document) == set()
    assert document.number == ""  # a passport carries no citizen's number
    assert document.valid_from == date(2024, 5, 1)
    assert document.issuer == "Utopia Passport Office"


@pytest.mark.parametrize("name", PLANS)
def test_the_specimens_of_the_bench(name, trust):
    one = specimen(PLANS[name])
    document = run(read(task(one, trust_folder=trust)), one.chip())
    assert {check.name for check in document.checks if check.result in (Result.FAIL, Result.WARN)} == set()
    assert document.card_number == one.holder.number


def test_a_permit_gives_the_name_in_ideographs():
    one = specimen(Plan(layout="CN_PERMIT", holder=PERMIT_HOLDER))
    document = run(read(task(one)), one.chip())
    assert document.kind is DocumentKind.TRAVEL_PERMIT
    assert (document.name, document.latin_name) == ("证件样", "ZHENGJIAN YANGBEN")


def test_an_identity_card_with_a_long_number():
    one = specimen(Plan(layout="TD1", holder=replace(Holder(), number="D23145890734")))
    document = run(read(task(one)), one.chip())
    assert (document.kind, document.card_number) == (DocumentKind.IDENTITY_CARD, "D23145890734")


def test_an_expired_document_is_given_back_all_the_same():
    one = specimen(BAC)
    document = run(read(task(one, today=date(2034, 4, 16))), one.chip())
    assert result_of(document, "expired") is Result.FAIL


# -- progress ----------------------------------------------------------------------------------------------------------


def test_the_name_is_told_before_the_portrait_can_have_come():
    one = issue(BAC, portrait(width=200, height=250), country(), seeded(2))
    told: list[tuple[int, Progress]] = []
    received: list[int] = [0]

    def see(_: bytes, answer: bytes) -> None:
        received[0] += len(answer)

    run(read(task(one, report=lambda progress: told.append((received[0], progress)))), one.chip(), see)
    ((before, seen),) = [(count, progress.seen) for count, progress in told if progress.seen is not None]
    assert (seen.kind, seen.name_masked) == (DocumentKind.PASSPORT, "E*** A*** M***")
    assert before < 600
    assert len(one.groups[2]) > 5000


def test_progress_never_sinks_and_ends_at_one():
    one = specimen(PACE_ALL)
    told: list[Progress] = []
    run(read(task(one, report=told.append)), one.chip())
    shares = [progress.share for progress in told]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert list(dict.fromkeys(progress.phase for progress in told)) == [
        Phase.FOUND, Phase.OPENING, Phase.READING, Phase.PORTRAIT, Phase.CHECKING,
    ]  # fmt: skip


# -- keys --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("plan", "accepts"), [(BAC, ("mrz",)), (PACE_ALL, ("mrz", "can"))])
def test_without_a_key_it_says_which_one_it_wants(plan, accepts):
    one = specimen(plan)
    with pytest.raises(KeyNeeded) as caught:
        run(read(task(one, key=None)), one.chip())
    assert caught.value.accepts == accepts


@pytest.mark.parametrize("status", [0x6300, 0x6988, 0x6985, 0x63CF])
@pytest.mark.parametrize("plan", [BAC, PACE_ALL])
def test_a_wrong_zone_is_refused(plan, status):
    one = specimen(replace(plan, traits=Traits(wrong_key=status)))
    wrong = MrzKey("L898902C4", one.holder.birth, one.holder.expiry)
    with pytest.raises(KeyRefused):
        run(read(task(one, key=wrong)), one.chip())


def test_a_wrong_can_is_refused_and_no_other_way_tried():
    one = specimen(PACE_ALL)
    sent: list[bytes] = []
    with pytest.raises(KeyRefused):
        run(read(task(one, key=CanKey("654321"))), one.chip(), lambda command, _: sent.append(command))
    assert not [command for command in sent if command[1] == 0x84]  # GET CHALLENGE, where BAC begins


def test_a_can_opens_no_document_without_one():
    for plan in (BAC, replace(PACE_ALL, can="")):
        one = specimen(plan)
        with pytest.raises(KeyNeeded) as caught:
            run(read(task(one, key=CanKey("123456"))), one.chip())
        assert caught.value.accepts == ("mrz",)


def test_where_pace_fails_with_the_zone_bac_is_tried():
    one = specimen(PACE_ALL)
    chip = VirtualChip(replace(one.contents, pace=()), one.traits)  # EF.CardAccess offers what the chip does not have
    document = run(read(task(one)), chip)
    assert document.source == "emrtd TD3 bac"
    assert result_of(document, "access") is Result.WARN


def test_where_pace_fails_and_there_is_no_bac_the_reason_is_paces():
    one = specimen(replace(PACE_ALL, traits=Traits(offers_bac=False)))
    with pytest.raises(KeyRefused):
        run(read(task(one, key=MrzKey("L898902C4", one.holder.birth, one.holder.expiry))), one.chip())


def test_a_card_of_another_kind_is_unknown():
    class OtherCard:
        def respond(self, command: bytes) -> bytes:
            return b"\x6a\x82"

    with pytest.raises(CardUnknown):
        run(read(Task(TODAY)), OtherCard())

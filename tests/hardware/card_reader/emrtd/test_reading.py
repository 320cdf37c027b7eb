"""Whole readings against the virtual chip: every way in, every proof, every byte that may be wrong."""

from __future__ import annotations

import functools
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from hardware.card_reader import (
    CanKey,
    CardError,
    CardProtected,
    CardRemoved,
    CardUnknown,
    CardUnreadable,
    Document,
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
from hardware.card_reader.emrtd.virtual import EF_CARD_ACCESS, EF_COM, EF_SOD, Contents, Traits, VirtualChip
from hardware.card_reader.emrtd.virtual_access import PaceOffer
from hardware.card_reader.emrtd.virtual_lds import Holder, ef_com, pace_info, security_infos
from hardware.card_reader.emrtd.virtual_messaging import Fault
from hardware.card_reader.emrtd.virtual_specimens import (
    PERMIT_HOLDER,
    PLANS,
    Country,
    Plan,
    Specimen,
    issue,
    new_country,
    seeded,
)
from hardware.card_reader.family import Task

from .driving import portrait, run

TODAY = date(2026, 3, 1)
EF_ATR_INFO = 0x2F01


@functools.cache
def country() -> Country:
    return new_country(seeded(1))


@functools.cache
def specimen(plan: Plan) -> Specimen:
    return issue(plan, portrait(width=32, height=40), country(), seeded(2))


@pytest.fixture
def trust(tmp_path: Path) -> Path:
    (tmp_path / "csca.der").write_bytes(country().csca.certificate)
    return tmp_path


def key_of(one: Specimen) -> MrzKey:
    return MrzKey(one.holder.number, one.holder.birth, one.holder.expiry)


def task(one: Specimen, **more) -> Task:
    return Task(**{"today": TODAY, "key": key_of(one), **more})


def result_of(document: Document, name: str) -> Result:
    (check,) = [check for check in document.checks if check.name == name]
    return check.result


def not_passed(document: Document) -> set[str]:
    return {check.name for check in document.checks if check.result is not Result.PASS}


BAC = Plan(has_details=False)
PACE_ALL = Plan(
    holder=replace(Holder(), personal_number="ZE184226B", local_name="ERIKSSON<<ANNA<MARIA"), can="123456",
    pace=(PaceOffer(),), chip_auth="AES-128", active_auth="ec",
)  # fmt: skip
# What is not to be had from a document that offers BAC only.
BAC_LACKS = {"chip_authentication", "active_authentication", "card_access_matches_dg14"}


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
    assert (seen.kind, seen.name_masked) == (DocumentKind.PASSPORT, "E******* A*** M****")
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


# -- odd chips ---------------------------------------------------------------------------------------------------------

ODD = {
    "no master file": Traits(refuses_mf=True),
    "no Le on SELECT": Traits(refuses_le_on_select=True),
    "224 bytes at most, 6700": Traits(max_le=224),
    "160 bytes at most, 6700": Traits(max_le=160),
    "128 bytes at most, 6C80": Traits(max_le=128, long_le=0x6C00),
    "no warning at the end": Traits(says_eof=False),
    "no short identifiers": Traits(knows_short_ids=False),
    "BAC unknown": Traits(bac_refusal=0x6D00),
}


@pytest.mark.parametrize("traits", ODD.values(), ids=ODD.keys())
@pytest.mark.parametrize("plan", [BAC, Plan(pace=(PaceOffer(),), has_details=False)])
def test_odd_chips_are_read(plan, traits):
    if traits.refuses_mf and plan.pace:
        pytest.skip("a chip without master file has no PACE")
    one = specimen(replace(plan, traits=traits))
    assert result_of(run(read(task(one)), one.chip()), "dg_hashes") is Result.PASS


def with_capabilities(one: Specimen, traits: Traits) -> VirtualChip:
    # ISO/IEC 7816-4, 12.7.1: extended length information, DO 7F66: at most 1024 bytes to the chip, 65535 from it
    master = {**one.contents.master_files, EF_ATR_INFO: bytes.fromhex("7F66 08 02020400 0202FFFF")}
    return VirtualChip(replace(one.contents, master_files=master), traits)


def largest_le(sent: list[bytes]) -> int:
    return max(len(answer) for answer in sent)


@pytest.mark.parametrize("allows", [True, False])
def test_extended_lengths_only_where_reader_and_chip_have_them(allows):
    one = specimen(BAC)
    seen: list[bytes] = []
    chip = with_capabilities(one, Traits(takes_extended=True))
    run(read(task(one, allows_extended=allows)), chip, lambda _, answer: seen.append(answer))
    assert (largest_le(seen) > 258) == allows


def test_without_ef_atr_info_lengths_stay_short():
    one = specimen(replace(BAC, traits=Traits(takes_extended=True)))
    seen: list[bytes] = []
    run(read(task(one, allows_extended=True)), one.chip(), lambda _, answer: seen.append(answer))
    assert largest_le(seen) <= 258


@pytest.mark.parametrize("plan", [BAC, PACE_ALL])
def test_a_naked_6700_costs_the_session_and_a_second_one_with_short_lengths_is_opened(plan):
    # Found on the passport of the People's Republic: an extended command is answered 6700 outside secure messaging
    one = specimen(plan)
    sent: list[bytes] = []
    chip = with_capabilities(one, Traits(takes_extended=False))
    document = run(read(task(one, allows_extended=True)), chip, lambda command, _: sent.append(command))
    assert result_of(document, "dg_hashes") is Result.PASS
    assert len([command for command in sent if command[:2] == b"\x0c\xb0" and command[4] == 0]) == 1


def test_a_large_portrait_is_read_past_offset_32767():
    large = portrait("JPEG", 600, 740)
    large = large[:-2] + b"\xff\xfe\x80\x02" + bytes(0x8000) + large[-2:]  # a long comment before the end
    one = issue(BAC, large, country(), seeded(2))
    sent: list[bytes] = []
    document = run(read(task(one)), one.chip(), lambda command, _: sent.append(command))
    assert document.portrait == large
    assert [command for command in sent if command[1] == 0xB1]


# -- copies and forgeries ----------------------------------------------------------------------------------------------


def changed(one: Specimen, **contents) -> VirtualChip:
    return VirtualChip(replace(one.contents, **contents), one.traits)


def with_file(one: Specimen, identifier: int, raw: bytes | None) -> VirtualChip:
    files = {number: data for number, data in one.contents.files.items() if number != identifier}
    return changed(one, files=files if raw is None else {**files, identifier: raw})


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


# -- malformed files ---------------------------------------------------------------------------------------------------

NESTED = b"\x30\x82\x01\x00" * 1000
MALFORMED = {
    "another tag": b"\x62" + bytes.fromhex("5B5F1F58") + b"<" * 88,
    "indefinite": bytes.fromhex("6180") + bytes(60),
    "cut off": bytes.fromhex("615B5F1F58") + b"<" * 20,
    "too long": bytes.fromhex("6182FFFF") + bytes(300),
    "longer than any chip": bytes.fromhex("6184FFFFFFFF") + bytes(300),
    "length of five bytes": bytes.fromhex("6185") + bytes(300),
    "length of 127 bytes": bytes.fromhex("61FF") + bytes(300),
    "a tag of many bytes": b"\x7f" + b"\xff" * 80,
    "empty object": bytes.fromhex("6100"),
    "empty file": b"",
    "one byte": b"\x61",
    "a zone of 87": bytes.fromhex("615A5F1F57") + b"<" * 87,
    "a zone in lower case": bytes.fromhex("615B5F1F58") + b"a" * 88,
    "nested": b"\x61\x81\xc8" + NESTED[:200],
}


@pytest.mark.parametrize("raw", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_dg1_is_unreadable(raw):
    one = specimen(BAC)
    with pytest.raises(CardUnreadable):
        run(read(task(one)), with_file(one, 0x0101, raw))


@pytest.mark.parametrize("identifier", [0x0102, 0x010B, 0x010C, 0x010E, EF_COM, EF_SOD])
@pytest.mark.parametrize("body", [NESTED, b"\x80" * 64, b"\x1f" * 64, b"\xff" * 500, b""], ids=range(5))
def test_a_malformed_file_is_unreadable(identifier, body):
    one = specimen(PACE_ALL)
    if not body and identifier in (0x010B, 0x010C):
        pytest.skip("a group without fields breaks no rule")
    tag = one.contents.files[identifier][:1]
    raw = tag + b"\x82" + len(body).to_bytes(2) + body
    with pytest.raises(CardUnreadable):
        run(read(task(one)), with_file(one, identifier, raw))


@pytest.mark.parametrize("identifier", [0x0101, 0x0102, EF_SOD])
def test_a_group_cut_off_in_the_chip_is_unreadable(identifier):
    one = specimen(BAC)
    with pytest.raises(CardUnreadable):
        run(read(task(one)), with_file(one, identifier, one.contents.files[identifier][:-7]))


def test_a_chip_without_dg1_is_unreadable():
    one = specimen(BAC)
    with pytest.raises(CardUnreadable):
        run(read(task(one)), with_file(one, 0x0101, None))


def test_malformed_card_access_is_unreadable():
    one = specimen(BAC)
    chip = changed(one, master_files={EF_CARD_ACCESS: bytes.fromhex("3106300406020101")})
    with pytest.raises(CardUnreadable):
        run(read(task(one)), chip)


class Miser:
    """A chip in the clear that gives one byte at a time of a file that seems long."""

    def __init__(self) -> None:
        self.commands = 0

    def respond(self, command: bytes) -> bytes:
        self.commands += 1
        if command[1] == 0xA4:
            return b"\x90\x00" if command[2] != 0 else b"\x6a\x82"
        offset = int.from_bytes(command[2:4])
        head = bytes.fromhex("3182 0F00")
        return (head[offset : offset + 1] or b"\x00") + b"\x90\x00"


def test_a_chip_that_gives_byte_after_byte_is_left_soon():
    miser = Miser()
    with pytest.raises(CardError):
        run(read(Task(TODAY, MrzKey("A", TODAY, TODAY))), miser)
    assert miser.commands < 200


# -- every command -----------------------------------------------------------------------------------------------------

# A short curve, because the chip's own arithmetic is what takes the time.
PULLED = {
    "bac": Plan(has_details=False, chip_auth="AES-128", chip_auth_curve="secp192r1", active_auth="ec"),
    "pace": Plan(has_details=False, pace=(PaceOffer("CAM", "AES-128", "secp192r1"),)),
}


@pytest.mark.parametrize("plan", PULLED.values(), ids=PULLED.keys())
def test_a_pull_at_every_command_publishes_nothing(plan):
    one = specimen(plan)
    total: list[bytes] = []
    run(read(task(one)), one.chip(), lambda command, _: total.append(command))
    for at in range(len(total)):
        protocol = read(task(one))
        chip = one.chip()
        command = next(protocol)
        for _ in range(at):
            command = protocol.send(chip.respond(command))
        with pytest.raises(CardRemoved):
            protocol.throw(CardRemoved("pulled"))
        with pytest.raises(StopIteration) as ended:
            protocol.send(b"\x90\x00")
        assert ended.value.value is None


WHOLE = (Fault.WRONG_MAC, Fault.NAKED_STATUS)  # in every answer; the others in every third, to be quick


@pytest.mark.parametrize("fault", list(Fault))
def test_a_fault_in_every_protected_answer(fault):
    """Either one of the reader's errors, or a whole and true document: nothing in between."""
    one = specimen(PULLED["bac"])
    true = run(read(task(one)), one.chip())
    for at in range(0, count_protected(one), 1 if fault in WHOLE else 3):
        chip = one.chip(faults={at: fault})
        try:
            document = run(read(task(one)), chip)
        except CardUnreadable:
            continue
        assert (document.name, document.card_number, document.birth) == (true.name, true.card_number, true.birth)
        assert document.portrait == true.portrait
        # What the chip says under its own MAC counts: it may refuse a proof, or deny to have a security object.
        refused = {"chip_authentication", "active_authentication"}
        denied = {"sod_signature", "dg_hashes", "signer_valid"} if fault is Fault.OTHER_STATUS else set()
        assert not_passed(document) - refused - denied <= not_passed(true)


def outcome(protocol, respond) -> Document | None:
    """Drive a reading whose n-th command (from 0) is answered by ``respond(n, command)``; None: one of its errors."""
    command = next(protocol)
    for number in range(10_000):
        try:
            command = protocol.send(respond(number, command))
        except StopIteration as done:
            return done.value
        except (CardUnreadable, CardProtected, CardUnknown, KeyRefused):
            return None
    raise AssertionError("no end")


def count_protected(one: Specimen) -> int:
    sent: list[bytes] = []
    run(read(task(one)), one.chip(), lambda command, _: sent.append(command))
    return len([command for command in sent if command[0] & 0x0C])


HOSTILE = [b"", b"\x90", b"\x90\x00", b"\x6f\x00", b"\x30\x80\x90\x00", b"\x7c\x00\x90\x00", bytes(300), b"\xff" * 258,
           b"\x61\xff", b"\x6c\x00", NESTED[:254] + b"\x90\x00"]  # fmt: skip


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_a_hostile_answer_to_a_command_is_an_error_or_changes_nothing(number):
    answer = HOSTILE[number]
    one = specimen(PULLED["pace"])
    total: list[bytes] = []
    run(read(task(one)), one.chip(), lambda command, _: total.append(command))
    for at in (*range(12), *range(12 + number % 4, len(total), 4)):
        chip = one.chip()

        def respond(number: int, command: bytes, at: int = at, chip: VirtualChip = chip) -> bytes:
            reply = chip.respond(command)
            return answer if number == at else reply

        document = outcome(read(task(one)), respond)
        assert document is None or document.card_number == one.holder.number


def test_a_session_dropped_twice_is_unreadable():
    one = specimen(BAC)
    with pytest.raises(CardUnreadable, match="twice"):
        run(read(task(one)), one.chip(faults={3: Fault.NAKED_STATUS, 20: Fault.NAKED_STATUS}))


def test_two_chips_swapped_between_two_commands_are_never_mixed():
    one, other = specimen(BAC), specimen(replace(BAC, holder=replace(Holder(), primary="LINDQVIST")))
    total: list[bytes] = []
    run(read(task(one)), one.chip(), lambda command, _: total.append(command))
    for at in range(len(total)):
        chips = (one.chip(), other.chip())

        def respond(number: int, command: bytes, at: int = at, chips: tuple[VirtualChip, ...] = chips) -> bytes:
            return chips[number >= at].respond(command)

        document = outcome(read(task(one)), respond)
        if document is not None:
            assert document.latin_name in ("ERIKSSON ANNA MARIA", "LINDQVIST ANNA MARIA")
            assert result_of(document, "dg_hashes") is Result.PASS


def test_contents_have_no_repr():
    assert "ERIKSSON" not in repr(Contents(b"ERIKSSON", {}))

"""The virtual chip as a card: what it gives before and after access control, the odd chips it can be, how it breaks."""

from __future__ import annotations

from datetime import date

import pytest

from hardware.card_reader import CanKey, CardUnreadable, MrzKey
from hardware.card_reader.apdu import Command
from hardware.card_reader.emrtd import bac, data_groups, mrz, pace, passive_auth
from hardware.card_reader.emrtd.channel import Channel
from hardware.card_reader.emrtd.files import Files
from hardware.card_reader.emrtd.virtual import EF_CARD_ACCESS, EF_COM, EF_SOD, Traits, VirtualChip
from hardware.card_reader.emrtd.virtual_lds import GROUP_TAGS, dg2
from hardware.card_reader.emrtd.virtual_messaging import Fault
from hardware.card_reader.emrtd.virtual_specimens import (
    PLANS,
    Plan,
    Specimen,
    issue,
    new_country,
    seeded,
    specimens,
)

from .driving import portrait, run

TODAY = date(2026, 11, 22)
SELECT_APPLICATION = bytes.fromhex("00A4040C07A0000002471001")
SPECIMENS, COUNTRY = specimens(portrait(), seeded(2024))
BAC_PASSPORT, PACE_PASSPORT = SPECIMENS["passport_bac"], SPECIMENS["passport_pace"]


def key_of(specimen: Specimen) -> MrzKey:
    return MrzKey(specimen.holder.number, specimen.holder.birth, specimen.holder.expiry)


def opened(specimen: Specimen, chip: VirtualChip, key: MrzKey | CanKey | None = None) -> Channel:
    """Do what a terminal does before the first data group."""
    channel = Channel()
    key = key or key_of(specimen)
    if specimen.contents.pace:
        access = run(Files(channel).read(EF_CARD_ACCESS, 0x31, 1024), chip)
        info = pace.choose(data_groups.parse_security_infos(access).pace)
        channel.session = run(pace.authenticate(channel, info, key), chip).session
        assert run(channel.select_application(), chip) == 0x9000
    else:
        assert run(channel.select_application(), chip) == 0x9000
        channel.session = run(bac.authenticate(channel, mrz.key_information(key)), chip)
    return channel


def read_groups(channel: Channel, chip: VirtualChip, numbers) -> dict[int, bytes]:
    files = Files(channel)
    return {n: run(files.read(0x0100 | n, GROUP_TAGS[n - 1], 1 << 17), chip) for n in numbers}


@pytest.mark.parametrize("name", sorted(PLANS))
def test_every_specimen_is_read_whole_and_vouched_for(name, tmp_path):
    specimen = SPECIMENS[name]
    chip = specimen.chip()
    channel = opened(specimen, chip)
    contents = data_groups.parse_ef_com(run(Files(channel).read(EF_COM, 0x60, 1024), chip))
    assert contents.groups == tuple(sorted(specimen.groups))
    groups = read_groups(channel, chip, contents.groups)
    assert groups == specimen.groups
    zone = data_groups.parse_dg1(groups[1], TODAY).mrz
    assert (zone.primary, zone.secondary) == (specimen.holder.primary, specimen.holder.secondary)
    assert (zone.birth, zone.expiry, zone.number) == (
        specimen.holder.birth, specimen.holder.expiry, specimen.holder.number,
    )  # fmt: skip
    assert {check.result.value for check in zone.checks} == {"pass"}
    assert zone.chinese_name == (specimen.holder.local_name if name == "travel_permit" else "")
    assert data_groups.parse_dg2(groups[2]).picture == portrait()
    sod = run(Files(channel).read(EF_SOD, 0x77, 1 << 16), chip)
    (tmp_path / "utopia.cer").write_bytes(COUNTRY.csca.certificate)
    checks = passive_auth.verify(sod, groups, tmp_path, TODAY)
    assert [(check.name, check.result.value) for check in checks] == [
        ("dg_hashes", "pass"), ("sod_signature", "pass"), ("csca_trust", "pass"), ("signer_valid", "pass"),
    ]  # fmt: skip


@pytest.mark.parametrize("name", [name for name, plan in sorted(PLANS.items()) if plan.can])
def test_the_can_opens_as_well(name):
    specimen = SPECIMENS[name]
    chip = specimen.chip()
    assert read_groups(opened(specimen, chip, CanKey(specimen.can)), chip, [1])[1] == specimen.groups[1]


def test_the_same_random_source_gives_the_same_conversation():
    seen: list[list[bytes]] = []
    for _ in range(2):
        chip = BAC_PASSPORT.chip(random=seeded(7))
        chip.respond(SELECT_APPLICATION)
        seen.append([chip.respond(bytes.fromhex("0084000008")), chip.respond(bytes.fromhex("0084000008"))])
    assert seen[0] == seen[1]
    assert seen[0][0] != seen[0][1]


def test_specimens_of_one_seed_are_the_same_but_for_rsa():
    again, _ = specimens(portrait(), seeded(2024))
    for name, specimen in SPECIMENS.items():
        if PLANS[name].active_auth != "rsa":
            assert again[name].contents.files == specimen.contents.files, name


# -- nothing before access control -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(PLANS))
def test_nothing_personal_is_read_before_access_control(name):
    chip = SPECIMENS[name].chip()
    assert chip.respond(SELECT_APPLICATION) == b"\x90\x00"
    for number in (*range(1, 17), 0x1D, 0x1E):
        assert len(chip.respond(bytes((0x00, 0xA4, 0x02, 0x0C, 2, 1, number)))) == 2
        for command in ("00B00000 00", f"00B0{0x80 | number:02X}00 00", f"00B100{number:02X} 03 540100 00"):
            answer = chip.respond(bytes.fromhex(command.replace(" ", "")))
            assert len(answer) == 2, command
            assert answer != b"\x90\x00"


def test_a_command_in_the_clear_ends_the_session():
    chip = BAC_PASSPORT.chip()
    channel = opened(BAC_PASSPORT, chip)
    assert run(channel.select_file(0x0101), chip) == 0x9000
    assert chip.respond(bytes.fromhex("00B0000004")) == b"\x69\x86"
    assert chip.respond(bytes.fromhex("00A4020C020101")) == b"\x69\x82"
    with pytest.raises(CardUnreadable):
        run(channel.select_file(0x0101), chip)


def test_a_reset_ends_the_session():
    chip = BAC_PASSPORT.chip()
    channel = opened(BAC_PASSPORT, chip)
    chip.reset()
    with pytest.raises(CardUnreadable, match="6988"):
        run(channel.select_file(0x0101), chip)


@pytest.mark.parametrize("at", range(5, 40, 3))
def test_a_wrong_byte_in_a_command_ends_the_session(at):
    chip = PACE_PASSPORT.chip()
    channel = opened(PACE_PASSPORT, chip)
    command = bytearray(channel.session.wrap(Command(0x00, 0xA4, 0x02, 0x0C, b"\x01\x01")))
    command[min(at, len(command) - 2)] ^= 0x01
    assert chip.respond(bytes(command)) in (b"\x69\x87", b"\x69\x88", b"\x67\x00")
    with pytest.raises(CardUnreadable):
        run(channel.select_file(0x0101), chip)


# -- the odd chips -----------------------------------------------------------------------------------------------------


def chip_of(traits: Traits, picture_bytes: int = 0) -> tuple[Specimen, VirtualChip]:
    specimen = issue(Plan(traits=traits), portrait() + bytes(picture_bytes), COUNTRY, seeded(5))
    return specimen, specimen.chip()


def test_select_mf_refused():
    assert BAC_PASSPORT.chip().respond(bytes.fromhex("00A4000C023F00")) == b"\x6a\x82"
    assert PACE_PASSPORT.chip().respond(bytes.fromhex("00A4000C023F00")) == b"\x90\x00"


def test_select_with_le_refused():
    chip = PACE_PASSPORT.chip()
    assert chip.respond(SELECT_APPLICATION + b"\x00") == b"\x67\x00"
    assert chip.respond(SELECT_APPLICATION) == b"\x90\x00"


@pytest.mark.parametrize(
    "traits",
    [
        Traits(max_le=192),
        Traits(max_le=160),
        Traits(max_le=160, long_le=0x6C00),
        Traits(says_eof=False),
        Traits(knows_short_ids=False),
        Traits(takes_extended=True),
    ],
)
def test_odd_chips_are_read_all_the_same(traits):
    specimen, chip = chip_of(traits)
    assert read_groups(opened(specimen, chip), chip, [1, 2]) == {n: specimen.groups[n] for n in (1, 2)}


def test_data_groups_past_32_kilobytes_are_read_with_the_odd_instruction():
    specimen, chip = chip_of(Traits(), 40_000)
    seen: set[int] = set()
    channel = opened(specimen, chip)
    data = run(Files(channel).read(0x0102, 0x75, 1 << 17), chip, lambda command, _: seen.add(command[1]))
    assert data == specimen.groups[2]
    assert 0xB1 in seen


def test_the_chinese_passports_naked_6700_loses_nothing_inside_the_chip():
    """Extended length outside what the chip takes is answered in the clear and not counted (passport PO, 2018)."""
    chip = BAC_PASSPORT.chip()
    channel = opened(BAC_PASSPORT, chip)
    assert run(channel.select_file(0x0101), chip) == 0x9000
    assert (
        chip.respond(bytes.fromhex("0CB00000 00000D 9701048E080000000000000000 0000".replace(" ", ""))) == b"\x67\x00"
    )
    assert run(channel.send(Command(0x00, 0xB0, 0, 0, le=4)), chip).data == BAC_PASSPORT.groups[1][:4]


def test_a_chip_without_bac_says_so():
    chip = SPECIMENS["passport_cam"].chip()
    chip.respond(SELECT_APPLICATION)
    assert chip.respond(bytes.fromhex("0084000008"))[-2:] == b"\x90\x00"
    assert chip.respond(b"\x00\x82\x00\x00\x28" + bytes(40) + b"\x28") == b"\x6a\x88"


# -- forged and broken ones --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault is not Fault.OTHER_STATUS])
@pytest.mark.parametrize("name", ["passport_bac", "passport_pace"])
@pytest.mark.parametrize("at", [1, 3])
def test_no_fault_gets_past_the_terminal(fault, name, at):
    specimen = SPECIMENS[name]
    chip = specimen.chip(faults={at + bool(specimen.contents.pace): fault})  # PACE selects the application protected
    channel = opened(specimen, chip)
    seen: list[bytes] = []
    with pytest.raises(CardUnreadable):
        run(Files(channel).read(0x0102, 0x75, 1 << 17), chip, lambda command, _: seen.append(command))
    assert len(seen) <= 5  # it did not go on after the fault
    with pytest.raises(CardUnreadable):
        run(channel.select_file(0x0101), chip)


def test_a_replay_of_what_was_before_the_first_answer():
    chip = BAC_PASSPORT.chip(faults={0: Fault.REPLAYED})
    channel = opened(BAC_PASSPORT, chip)
    with pytest.raises(CardUnreadable, match="MAC"):
        run(channel.select_file(0x0101), chip)


def test_the_protected_status_word_counts_and_not_the_one_behind_it():
    chip = BAC_PASSPORT.chip(faults={0: Fault.OTHER_STATUS})
    channel = opened(BAC_PASSPORT, chip)
    assert run(channel.select_file(0x0101), chip) == 0x6A82


@pytest.mark.parametrize("claimed", ["7584 00500000", "7580", "7585 0100000000", "7584 FFFFFFFF"])
def test_an_absurd_length_is_refused_before_it_is_read(claimed):
    specimen, chip = chip_of(Traits())
    head = bytes.fromhex(claimed.replace(" ", ""))
    files = dict(specimen.contents.files) | {0x0102: head + dg2(portrait())}
    chip = VirtualChip(specimen.contents.__class__(specimen.contents.information, files))
    seen: list[bytes] = []
    with pytest.raises(CardUnreadable):
        run(Files(opened(specimen, chip)).read(0x0102, 0x75, 1 << 17), chip, lambda command, _: seen.append(command))
    assert len(seen) <= 4


def test_garbage_commands_never_break_the_chip():
    chip = PACE_PASSPORT.chip()
    random = seeded(99)
    for size in range(300):
        answer = chip.respond(random(size))
        assert len(answer) >= 2
    chip.reset()
    assert read_groups(opened(PACE_PASSPORT, chip), chip, [1])[1] == PACE_PASSPORT.groups[1]


def test_another_countrys_document_is_untrusted_and_not_forged(tmp_path):
    other = new_country(seeded(77), "brainpoolP256r1", is_explicit=True)
    specimen = issue(Plan(), portrait(), other, seeded(3))
    (tmp_path / "utopia.cer").write_bytes(COUNTRY.csca.certificate)
    sod = specimen.contents.files[EF_SOD]
    results = [check.result.value for check in passive_auth.verify(sod, specimen.groups, tmp_path, TODAY)]
    assert results == ["pass", "pass", "warn", "pass"]


def test_a_file_that_is_not_there_on_a_malaysian_chip():
    chip = issue(Plan(traits=Traits(absent_file=0x6283)), portrait(), COUNTRY, seeded(6)).chip()
    assert chip.respond(bytes.fromhex("00A4020C02011C")) == b"\x62\x83"


def test_a_signature_longer_than_a_short_answer_is_not_given():
    """A key of 2048 bits signs 256 bytes, which no short protected response holds."""
    plan = Plan(active_auth="rsa", active_auth_bits=2048, traits=Traits(takes_extended=True))
    specimen = issue(plan, portrait(), COUNTRY, seeded(8))
    chip = specimen.chip()
    channel = opened(specimen, chip)
    sign = Command(0x00, 0x88, 0, 0, bytes(8), 0)
    assert run(channel.send(sign), chip).status == 0x6700
    long = Command(0x00, 0x88, 0, 0, bytes(8), 256, is_extended=True)
    assert len(run(channel.send(long), chip).data) == 256


def test_the_chinese_passports_active_authentication_wants_a_short_le():
    """Passport PO (2018): Le 65536 gives no byte, Le 256 a signature."""
    plan = Plan(active_auth="rsa", traits=Traits(takes_extended=True, empty_on_full_extended=True))
    specimen = issue(plan, portrait(), COUNTRY, seeded(9))
    chip = specimen.chip()
    channel = opened(specimen, chip)
    full = run(channel.send(Command(0x00, 0x88, 0, 0, bytes(8), 65536, is_extended=True)), chip)
    assert (full.data, full.status) == (b"", 0x9000)
    assert len(run(channel.send(Command(0x00, 0x88, 0, 0, bytes(8), 0)), chip).data) == 128

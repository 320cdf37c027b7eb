"""Chips of the field that break a rule and are read all the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hardware.card_reader import (
    Result,
)
from hardware.card_reader.emrtd import read
from hardware.card_reader.emrtd.virtual import Traits, VirtualChip
from hardware.card_reader.emrtd.virtual_access import PaceOffer
from hardware.card_reader.emrtd.virtual_specimens import (
    Plan,
    Specimen,
    issue,
    seeded,
)

from .documents import BAC, PACE_ALL, country, result_of, specimen, task
from .driving import portrait, run

EF_ATR_INFO = 0x2F01

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

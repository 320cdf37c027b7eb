"""Specimens for whole readings, what opens them, and changes to what is written into a chip."""

from __future__ import annotations

import functools
from dataclasses import replace
from datetime import date

from hardware.card_reader import Document, MrzKey, Result
from hardware.card_reader.emrtd.virtual import VirtualChip
from hardware.card_reader.emrtd.virtual_access import PaceOffer
from hardware.card_reader.emrtd.virtual_lds import Holder
from hardware.card_reader.emrtd.virtual_specimens import Country, Plan, Specimen, issue, new_country, seeded
from hardware.card_reader.family import Task

from .driving import portrait

TODAY = date(2026, 3, 1)

BAC = Plan(has_details=False)
PACE_ALL = Plan(
    holder=replace(Holder(), personal_number="ZE184226B", local_name="ERIKSSON<<ANNA<MARIA"), can="123456",
    pace=(PaceOffer(),), chip_auth="AES-128", active_auth="ec",
)  # fmt: skip


@functools.cache
def country() -> Country:
    return new_country(seeded(1))


@functools.cache
def specimen(plan: Plan) -> Specimen:
    return issue(plan, portrait(width=32, height=40), country(), seeded(2))


def key_of(one: Specimen) -> MrzKey:
    return MrzKey(one.holder.number, one.holder.birth, one.holder.expiry)


def task(one: Specimen, **more) -> Task:
    return Task(**{"today": TODAY, "key": key_of(one), **more})


def result_of(document: Document, name: str) -> Result:
    (check,) = [check for check in document.checks if check.name == name]
    return check.result


def not_passed(document: Document) -> set[str]:
    return {check.name for check in document.checks if check.result is not Result.PASS}


def changed(one: Specimen, **contents) -> VirtualChip:
    return VirtualChip(replace(one.contents, **contents), one.traits)


def with_file(one: Specimen, identifier: int, raw: bytes | None) -> VirtualChip:
    files = {number: data for number, data in one.contents.files.items() if number != identifier}
    return changed(one, files=files if raw is None else {**files, identifier: raw})

"""Documents of the synthetic residents: the virtual card of each, the place it is laid, and what can go wrong with it.

Chips of passports and permits are signed by a test authority of this run, whose certificate the booth trusts. Knows the
virtual cards of every family, no booth and no page.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from hardware.card_reader.emrtd.virtual_access import PaceOffer
from hardware.card_reader.emrtd.virtual_lds import Holder
from hardware.card_reader.emrtd.virtual_messaging import Fault
from hardware.card_reader.emrtd.virtual_specimens import Country, Layout, Plan, issue, new_country
from hardware.card_reader.nhi import virtual as nhi
from hardware.card_reader.sdt import simulator as sam
from hardware.card_reader.sdt.virtual import VirtualSamCard
from hardware.card_reader.simulator import REAL_PACE_MS, Misbehaviour, VirtualCard
from hardware.card_reader.ssse import virtual as ssse
from hardware.card_reader.thai_id import virtual as thai_id

# What can be wrong with the next card; the words are the page's too.
FAULTS = (
    "slow", "mute", "unreadable", "bank_card", "pulled_early", "truncated", "wrong_mac", "late_reply", "hung",
)  # fmt: skip
_PERMITS, _KEYED, _OTHERS = "Permits and permanent residence", "Passports and cards with a key", "Plug-in cards"
GROUPS = {  # how the page groups them, in its order
    "social_security_card": "Social security cards", "resident_id_card": "Resident ID cards",
    "residence_permit": _PERMITS, "permanent_residence_card": _PERMITS, "passport": _KEYED, "travel_permit": _KEYED,
    "identity_card": _KEYED, "thai_id_card": _OTHERS, "nhi_card": _OTHERS,
}  # fmt: skip
WITH_A_SAM = ("resident_id_card", "residence_permit", "permanent_residence_card")
WITH_A_KEY: dict[str, Layout] = {"passport": "TD3", "travel_permit": "CN_PERMIT", "identity_card": "TD1"}
_SEX = {"M": "1", "F": "2"}
_AT = 8  # the command, counted from 0, at which something goes wrong
_AT_KEYED = 20  # of a chip with a key: its name is read by then, its portrait is not


class NoSuchFault(ValueError):
    """This document cannot go wrong in that way; the text says why."""


@dataclass(frozen=True)
class Paper:
    """One document of a resident, as the platform's list has it."""

    id: str
    kind: str
    number: str
    issued: date
    expires: date
    version: str
    can: str

    @property
    def is_keyed(self) -> bool:
        return self.kind in WITH_A_KEY


@dataclass(frozen=True)
class Bearer:
    """Whom a document is made out to. ``keys``: registry kind -> number."""

    number: str
    name: str
    latin_name: str  # family name << given names
    nationality: str
    birth: date
    sex: str  # "M" | "F"
    address: str
    keys: dict[str, str]
    portrait: bytes | None

    @property
    def names(self) -> tuple[str, str]:
        family, _, given = self.latin_name.partition("<<")
        return family, given


@dataclass(frozen=True)
class OnSlot:
    """A card for the PC/SC reader, and how it behaves."""

    card: VirtualCard
    how: Misbehaviour


@dataclass(frozen=True)
class OnSam:
    """A card for the SAM module, and what goes wrong with it."""

    card: VirtualSamCard
    how: sam.Misbehaviour | None


class Printery:
    """Makes documents. ``country`` signs the chips of this run."""

    def __init__(self) -> None:
        self.country: Country = new_country()
        self._make: dict[str, Callable[[Paper, Bearer], VirtualCard]] = {
            "social_security_card": _social, "thai_id_card": _thai, "nhi_card": _nhi,
        }  # fmt: skip

    def trust(self, folder: Path) -> None:
        """Put the authority's certificate where the booth looks for what it trusts."""
        folder.mkdir(exist_ok=True)
        for old in folder.glob("*.der"):
            old.unlink()
        (folder / "utopia.der").write_bytes(self.country.csca.certificate)

    def make(self, paper: Paper, bearer: Bearer, fault: str = "", at: int | None = None) -> OnSlot | OnSam:
        """The document, with a fault of ``FAULTS``; ``at`` is the command it happens at. Raises ``NoSuchFault``."""
        if paper.kind in WITH_A_SAM:
            return _sam_card(paper, bearer, fault)
        at = (_AT_KEYED if paper.is_keyed else _AT) if at is None else at
        if fault == "bank_card":
            fields = ssse.CardFields(bearer.number, bearer.name)
            return OnSlot(ssse.VirtualSocialCard(fields, ssse.Traits(is_bank_card=True)), Misbehaviour(delay_ms=12))
        if paper.is_keyed:
            faults = {at: Fault.WRONG_MAC} if fault == "wrong_mac" else {}
            chip = self._specimen(paper, bearer).chip(faults=faults)
            return OnSlot(chip, _slot_fault(fault, at, Misbehaviour(ms_a_block=REAL_PACE_MS)))
        if fault == "wrong_mac":
            raise NoSuchFault("only chips with a key, and the SAM module's line, have something to check")
        return OnSlot(self._make[paper.kind](paper, bearer), _slot_fault(fault, at, Misbehaviour(delay_ms=12)))

    def _specimen(self, paper: Paper, bearer: Bearer) -> Any:
        family, given = bearer.names
        holder = Holder(
            family, given, paper.number, bearer.birth, paper.expires, "M" if bearer.sex == "M" else "F",
            bearer.nationality, local_name=bearer.name if bearer.nationality == "CHN" else "", address=bearer.address,
        )  # fmt: skip
        plan = Plan(layout=WITH_A_KEY[paper.kind], holder=holder, can=paper.can, has_details=paper.kind == "passport")
        if paper.can:
            plan = replace(plan, pace=(PaceOffer("GM", "AES-128", "brainpoolP256r1"),), chip_auth="AES-128")
        return issue(plan, bearer.portrait or silhouette(), self.country, title=paper.id)


def _slot_fault(fault: str, at: int, well: Misbehaviour) -> Misbehaviour:
    return {
        "": well,
        "wrong_mac": well,
        "slow": replace(well, delay_ms=150, ms_a_block=4 * well.ms_a_block),
        "mute": Misbehaviour(is_mute=True),
        "unreadable": replace(well, garbage_at=at),
        "pulled_early": replace(well, pull_at=at),
        "truncated": replace(well, truncate_at=at),
        "late_reply": replace(well, late_at=at),
        "hung": replace(well, hang_at=at),
    }[fault]


def _sam_fault(fault: str) -> sam.Misbehaviour | None:
    return {
        "": None,
        "bank_card": None,
        "slow": sam.Misbehaviour(delay_ms=1500),
        "mute": sam.Misbehaviour(is_mute=True, times=0),
        "unreadable": sam.Misbehaviour(garbage=bytes(range(64)), is_wrong=True, times=0),
        "pulled_early": sam.Misbehaviour(pull_at=600),
        "truncated": sam.Misbehaviour(cut_at=600, times=0),
        "wrong_mac": sam.Misbehaviour(is_wrong=True, times=0),
        "late_reply": sam.Misbehaviour(is_late=True),
        "hung": sam.Misbehaviour(hangs=True),
    }[fault]


def _sam_card(paper: Paper, bearer: Bearer, fault: str) -> OnSam:
    sex, latin = _SEX[bearer.sex], bearer.latin_name.replace("<<", ", ")
    if paper.kind == "resident_id_card":
        card = VirtualSamCard.resident(bearer.number, bearer.name, sex, address=bearer.address, valid_to=paper.expires)
    elif paper.kind == "residence_permit":
        card = VirtualSamCard.special_regions(bearer.number, bearer.name, sex, permit_number=paper.number)
    else:
        make = VirtualSamCard.foreigner_2017 if paper.version == "2017" else VirtualSamCard.foreigner_2023
        number = bearer.keys["permanent_residence"]
        card = make(number, latin, sex, bearer.birth, nationality=bearer.nationality, name=bearer.name)
    return OnSam(replace(card, is_other_kind=fault == "bank_card"), _sam_fault(fault))


def _social(paper: Paper, bearer: Bearer) -> VirtualCard:
    fields = ssse.CardFields(
        bearer.number, bearer.name, _SEX[bearer.sex], bearer.birth, card_number=paper.number, issued=paper.issued,
        expires=paper.expires,
    )  # fmt: skip
    return ssse.VirtualSocialCard(fields, ssse.Traits(version=paper.version or "3.00"))


def _thai(paper: Paper, bearer: Bearer) -> VirtualCard:
    def buddhist(day: date) -> str:
        return f"{day.year + 543}{day:%m%d}"

    family, given = bearer.names
    first, _, last = bearer.name.partition(" ")
    fields = thai_id.CardFields(
        number=bearer.keys["thai_id"],
        thai_name=f"นาย#{first}##{last}",
        latin_name=f"Mr.#{given.title()}##{family.title()}",
        birth=buddhist(bearer.birth),
        sex=_SEX[bearer.sex],
        issued=buddhist(paper.issued),
        expires=buddhist(paper.expires),
    )
    return thai_id.VirtualThaiCard(fields)


def _nhi(paper: Paper, bearer: Bearer) -> VirtualCard:
    fields = nhi.CardFields(
        number=bearer.keys["taiwan_id"], name=bearer.name, sex=bearer.sex, birth=bearer.birth,
        card_number=paper.number, issued=paper.issued,
    )  # fmt: skip
    return nhi.VirtualNhiCard(fields)


def silhouette() -> bytes:
    """A portrait of nobody: a JPEG as large as a chip's portrait is, 413x531 px."""
    picture = Image.effect_noise((413, 531), 24).convert("RGB")
    draw = ImageDraw.Draw(picture)
    draw.ellipse((126, 110, 286, 320), fill="#8a8f98")
    draw.ellipse((40, 350, 373, 800), fill="#6b7280")
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=40)
    return stream.getvalue()

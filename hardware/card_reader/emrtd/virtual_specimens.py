"""Ready-made specimens for the bench and for tests: documents of Utopia and a permit, with a portrait of the caller's.

Issued by a test authority made on the spot; its certificate comes with them, for a trust folder. Names are ICAO's and
other specimens' inventions, numbers are synthetic, keys are of no country.
"""

from __future__ import annotations

import random as reproducible
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from hardware.card_reader.emrtd import virtual_lds as lds
from hardware.card_reader.emrtd.issuing import (
    SECURITY_OBJECT,
    Authority,
    HashName,
    ec_spki,
    new_csca,
    new_ec_key,
    new_rsa_key,
    new_signed_data,
    new_signer,
    new_sod,
)
from hardware.card_reader.emrtd.virtual import (
    EF_ATR,
    EF_CARD_ACCESS,
    EF_CARD_SECURITY,
    EF_COM,
    EF_SOD,
    Contents,
    Traits,
    VirtualChip,
)
from hardware.card_reader.emrtd.virtual_access import PaceOffer, Random, StaticKey
from hardware.card_reader.emrtd.virtual_auth import ActiveKey
from hardware.card_reader.emrtd.virtual_curves import domain
from hardware.card_reader.emrtd.virtual_lds import CipherName, Holder
from hardware.card_reader.emrtd.virtual_messaging import Fault

Layout = Literal["TD3", "TD1", "CN_PERMIT"]
ISSUED = date(2024, 5, 1)
CAN = "123456"
# At most 1024 bytes to the chip and 65535 from it (ISO/IEC 7816-4, 12.7.1)
EXTENDED_LENGTHS = bytes.fromhex("7F6608020204000202FFFF")


@dataclass(frozen=True)
class Plan:
    """What a document is to be. ``chip_auth`` needs a static key, which PACE-CAM has anyway (on its own curve)."""

    layout: Layout = "TD3"
    holder: Holder = Holder()  # noqa: RUF009 - frozen
    can: str = ""
    pace: tuple[PaceOffer, ...] = ()
    chip_auth: CipherName | None = None
    chip_auth_curve: str = "brainpoolP256r1"
    active_auth: Literal["", "rsa", "ec"] = ""
    active_auth_bits: int = 1024
    active_auth_hash: HashName = "sha256"
    has_details: bool = True  # DG11 and DG12
    is_39794: bool = False  # the portrait in the newer record
    tells_lengths: bool = False  # EF.ATR/INFO says that extended lengths are taken
    traits: Traits = Traits()  # noqa: RUF009 - frozen


@dataclass(frozen=True, repr=False)
class Specimen:
    """A document, with what one must know to open it. ``groups``: number -> the whole data group."""

    title: str
    holder: Holder
    zone: str  # the machine readable zone as in DG1
    can: str
    contents: Contents
    traits: Traits
    groups: Mapping[int, bytes]

    def chip(self, *, faults: Mapping[int, Fault] | None = None, random: Random = secrets.token_bytes) -> VirtualChip:
        """Make a chip of it; faults by the number of the protected response."""
        return VirtualChip(self.contents, self.traits, faults=faults, random=random)


@dataclass(frozen=True, repr=False)
class Country:
    """Who issued the specimens: put ``csca.certificate`` into a trust folder and they are trusted."""

    csca: Authority
    signer: Authority


def seeded(seed: int) -> Random:
    """Give a random source that always gives the same. For specimens and chips, which have no secrets."""
    return reproducible.Random(seed).randbytes  # noqa: S311


def new_country(
    random: Random = secrets.token_bytes, curve: str = "secp256r1", *, is_explicit: bool = False
) -> Country:
    """Make an authority and a document signer on one curve."""
    csca = new_csca(new_ec_key(random, curve, is_explicit=is_explicit))
    return Country(csca, new_signer(csca, new_ec_key(random, curve, is_explicit=is_explicit)))


def issue(
    plan: Plan, portrait: bytes, country: Country, random: Random = secrets.token_bytes, title: str = ""
) -> Specimen:
    """Personalise a chip: data groups, security object, keys. RSA keys are new every time."""
    holder = plan.holder
    write: Callable[[Holder], str] = {"TD3": lds.td3, "TD1": lds.td1, "CN_PERMIT": lds.travel_permit}[plan.layout]
    zone = write(holder)
    groups = {1: lds.dg1(zone), 2: lds.dg2_39794(portrait) if plan.is_39794 else lds.dg2(portrait)}
    if plan.has_details:
        groups |= {11: lds.dg11(holder), 12: lds.dg12("Utopia Passport Office", ISSUED)}
    offered = [lds.pace_info(one.mapping, one.cipher, one.curve) for one in plan.pace]
    static = _static_key(plan, random)
    entries = [*offered, *_key_infos(plan, static)]
    active = _active_key(plan, random)
    if active is not None:
        spki, key = active
        groups[15] = lds.dg15(spki)
        if plan.active_auth == "ec":
            entries.append(lds.active_auth_info(key.hash_name))
    if entries:
        groups[14] = lds.dg14(entries)
    files = {EF_COM: lds.ef_com(groups), EF_SOD: new_sod(country.signer, groups)}
    files |= {0x0100 | number: raw for number, raw in groups.items()}
    master = {EF_CARD_ACCESS: lds.security_infos(offered)} if offered else {}
    if plan.tells_lengths:
        master[EF_ATR] = EXTENDED_LENGTHS
    if any(one.mapping == "CAM" for one in plan.pace):
        signed = lds.security_infos(entries)
        master[EF_CARD_SECURITY] = new_signed_data(country.signer, SECURITY_OBJECT, signed, None)
    contents = Contents(
        information=lds.mrz_information(holder),
        files=files,
        master_files=master,
        can=plan.can,
        pace=plan.pace,
        static_key=static,
        chip_auth=plan.chip_auth,
        active_key=active[1] if active else None,
    )
    return Specimen(title, holder, zone, plan.can, contents, plan.traits, groups)


def _static_key(plan: Plan, random: Random) -> StaticKey | None:
    cam = [one.curve for one in plan.pace if one.mapping == "CAM"]
    if not cam and plan.chip_auth is None:
        return None
    curve = domain(cam[0] if cam else plan.chip_auth_curve)
    return StaticKey(curve, new_ec_key(random, curve.name).secret)


def _key_infos(plan: Plan, static: StaticKey | None) -> list[bytes]:
    if static is None:
        return []
    key = lds.chip_auth_public_key(ec_spki(static.domain, static.public))
    return [key] if plan.chip_auth is None else [lds.chip_auth_info(plan.chip_auth), key]


def _active_key(plan: Plan, random: Random) -> tuple[bytes, ActiveKey] | None:
    if plan.active_auth == "rsa":
        signing = new_rsa_key(plan.active_auth_bits)
        return signing.spki, ActiveKey(signing.key, plan.active_auth_hash)
    if plan.active_auth == "ec":
        key = new_ec_key(random)
        return key.spki, ActiveKey(key, plan.active_auth_hash)
    return None


ERIKSSON = Holder()
MUSTERMANN = Holder("MUSTERMANN", "ERIKA", "C01X00T47", date(1983, 8, 12), date(2033, 2, 28))
LONG_NUMBER = Holder("VAN DER MUSTER", "JAN", "D23145890734", date(1990, 3, 4), date(2032, 6, 5), "M")
PERMIT_HOLDER = Holder(
    "ZHENGJIAN", "YANGBEN", "C12345678", date(1981, 8, 3), date(2031, 2, 20), "F", local_name="证件样", state="CHN"
)

PLANS: Mapping[str, Plan] = {
    "passport_bac": Plan(holder=ERIKSSON, traits=Traits(refuses_mf=True, says_eof=False)),
    "passport_pace": Plan(
        holder=replace(MUSTERMANN, personal_number="ZE184226B", local_name="MUSTERMANN<<ERIKA"),
        can=CAN, pace=(PaceOffer("GM", "AES-128", "brainpoolP256r1"),), chip_auth="AES-128", active_auth="ec",
        traits=Traits(refuses_le_on_select=True),
    ),
    "passport_cam": Plan(
        holder=MUSTERMANN, can=CAN, traits=Traits(offers_bac=False, takes_extended=True), tells_lengths=True,
        pace=(PaceOffer("CAM", "AES-256", "secp256r1"), PaceOffer("GM", "AES-256", "secp256r1")),
    ),
    "identity_card": Plan(
        layout="TD1", holder=LONG_NUMBER, can="654321", pace=(PaceOffer("GM", "AES-256", "brainpoolP384r1"),),
        traits=Traits(offers_bac=False, wrong_key=0x6300, tries_left=3),
    ),
    "travel_permit": Plan(
        layout="CN_PERMIT", holder=PERMIT_HOLDER, active_auth="rsa", active_auth_hash="sha1", has_details=False,
        pace=(PaceOffer("GM", "3DES", "secp256r1"),),
        traits=Traits(refuses_mf=False, refuses_le_on_select=True, max_le=224, empty_on_full_extended=True),
    ),
}  # fmt: skip


def specimens(
    portrait: bytes, random: Random = secrets.token_bytes, country: Country | None = None
) -> tuple[dict[str, Specimen], Country]:
    """Make one document of every plan, and say who issued them. ``portrait``: JPEG or JPEG 2000 bytes."""
    country = country or new_country(random)
    return {name: issue(plan, portrait, country, random, name) for name, plan in PLANS.items()}, country

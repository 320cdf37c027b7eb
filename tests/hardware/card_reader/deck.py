"""One card of every kind, as new on every deal: what tests put into a slot or drive without one."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from PIL import Image

from hardware.card_reader import AccessKey, CanKey, MrzKey
from hardware.card_reader.emrtd.virtual_specimens import PLANS, Specimen, issue, new_country, seeded
from hardware.card_reader.nhi.virtual import CardFields as NhiFields
from hardware.card_reader.nhi.virtual import VirtualNhiCard
from hardware.card_reader.simulator import VirtualCard
from hardware.card_reader.ssse.virtual import CardFields, Traits, VirtualSocialCard, Way
from hardware.card_reader.thai_id.virtual import CardFields as ThaiFields
from hardware.card_reader.thai_id.virtual import VirtualThaiCard

# Synthetic people; numbers that check out and belong to nobody.
WOMAN = CardFields("11010519491231002X", "张秀英", "2", date(1949, 12, 31), card_number="A11111111")
MAN = CardFields(
    "34052419800101001X", "李建国", "1", date(1980, 1, 1), card_number="B22222222", expires=date(2033, 3, 3)
)
JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 4 + b"\xff\xd9"


@dataclass(frozen=True)
class Dealt:
    """``make`` gives the card anew; ``key`` opens it."""

    make: Callable[[], VirtualCard]
    key: AccessKey | None = None


@functools.cache
def portrait(size: tuple[int, int] = (60, 80)) -> bytes:
    """A picture of nobody."""
    out = io.BytesIO()
    Image.effect_noise(size, 90).convert("RGB").save(out, "JPEG", quality=60)
    return out.getvalue()


@functools.cache
def specimen(name: str, size: tuple[int, int] = (60, 80)) -> Specimen:
    """An eMRTD of the virtual country."""
    return issue(PLANS[name], portrait(size), new_country(seeded(1)), seeded(2))


def passport(name: str = "passport_bac", size: tuple[int, int] = (60, 80)) -> Dealt:
    """It and its key: the CAN where it has one."""
    one = specimen(name, size)
    key = CanKey(one.can) if one.can else MrzKey(one.holder.number, one.holder.birth, one.holder.expiry)
    return Dealt(lambda: one.chip(random=seeded(3)), key)


def deck() -> dict[str, Dealt]:
    """All of them by name."""
    return {
        "social_1": Dealt(lambda: VirtualSocialCard(WOMAN, Traits(version="1.00", way=Way.GET_RESPONSE))),
        "social_2": Dealt(
            lambda: VirtualSocialCard(WOMAN, Traits(version="2.00", way=Way.EXACT_LE, reads_by_tag=False))
        ),
        "social_3": Dealt(lambda: VirtualSocialCard(WOMAN)),
        "thai": Dealt(lambda: VirtualThaiCard(ThaiFields(portrait=JPEG))),
        "nhi": Dealt(lambda: VirtualNhiCard(NhiFields())),
        "passport_bac": passport("passport_bac"),
        "passport_pace": passport("passport_pace"),
    }

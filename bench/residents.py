"""The platform's synthetic residents as people with cards: what the page shows and what a virtual card carries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from hardware.card_reader.simulator import Misbehaviour
from hardware.card_reader.ssse.virtual import CardFields, Traits, VirtualSocialCard

# What can be wrong with the next card; the words are the page's too.
FAULTS = ("mute", "unreadable", "bank_card", "pulled_early", "slow")
_SEX = {"M": "1", "F": "2"}


@dataclass(frozen=True)
class Person:
    """One synthetic resident."""

    id: str
    name: str
    number: str
    birth: date
    sex: str  # "M" | "F"
    phone: str
    has_portrait: bool
    has_pension: bool
    card_number: str
    issued: date
    expires: date
    note: str

    def card(self, fault: str = "") -> tuple[VirtualSocialCard, Misbehaviour]:
        """Their card, or one with a fault of ``FAULTS``. Raises ``KeyError`` for another word."""
        how = {
            "": Misbehaviour(delay_ms=12),
            "slow": Misbehaviour(delay_ms=150),
            "mute": Misbehaviour(is_mute=True),
            "unreadable": Misbehaviour(garbage_at=8),
            "pulled_early": Misbehaviour(delay_ms=12, pull_at=8),
            "bank_card": Misbehaviour(delay_ms=12),
        }[fault]
        fields = CardFields(
            number=self.number,
            name=self.name,
            sex=_SEX[self.sex],
            birth=self.birth,
            card_number=self.card_number,
            issued=self.issued,
            expires=self.expires,
        )
        return VirtualSocialCard(fields, Traits(is_bank_card=fault == "bank_card")), how

    def shown(self, today: date) -> dict[str, Any]:
        """For the page: their name, age and what they can try."""
        age = today.year - self.birth.year - ((today.month, today.day) < (self.birth.month, self.birth.day))
        has = [word for word, there in (("photo", self.has_portrait), ("phone", bool(self.phone))) if there]
        known = f"registered: {', '.join(has)}" if has else "no photo, no phone"
        return {
            "id": self.id,
            "name": self.name,
            "summary": f"{age} years{', pension' if self.has_pension else ''}",
            "known": "card expired" if self.expires < today else known,
            "note": self.note,
            "age": age,
            "is_expired": self.expires < today,
        }


def in_order(people: Iterable[Person], today: date) -> dict[str, Person]:
    """People by id, whoever can try most first."""
    ranked = sorted(people, key=lambda one: (one.expires < today, not one.has_portrait, not one.phone, one.id))
    return {one.id: one for one in ranked}


def person(raw: dict[str, Any]) -> Person:
    """One entry of the platform's ``/bench/residents``. Raises ``ValueError`` naming what is missing."""
    try:
        card = raw["card"]
        return Person(
            id=str(raw["id"]),
            name=str(raw["name"]),
            number=str(raw["number"]),
            birth=date.fromisoformat(str(raw["birth"])),
            sex=str(raw["sex"]),
            phone=str(raw.get("phone") or ""),
            has_portrait=bool(raw.get("has_portrait", raw.get("portrait"))),
            has_pension=bool(raw.get("has_pension")),
            card_number=str(card["number"]),
            issued=date.fromisoformat(str(card["issued"])),
            expires=date.fromisoformat(str(card["expires"])),
            note=str(raw.get("note", "")),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"resident {raw.get('id', '?')}: {error!r} in the platform's answer") from None

"""The platform's synthetic residents as people with documents: what the page shows and what a virtual card carries."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from bench.documents import GROUPS, Bearer, Paper


@dataclass(frozen=True)
class Person:
    """One synthetic resident."""

    id: str
    bearer: Bearer
    phone: str
    has_pension: bool
    papers: tuple[Paper, ...]
    note: str

    @property
    def name(self) -> str:
        return self.bearer.name

    @property
    def number(self) -> str:
        return self.bearer.number

    @property
    def has_portrait(self) -> bool:
        return self.bearer.portrait is not None

    def paper(self, document: str = "") -> Paper | None:
        """Their document with this id, the first one without; None when there is none."""
        return next((one for one in self.papers if document in ("", one.id)), None)

    def is_expired(self, today: date) -> bool:
        return all(paper.expires < today for paper in self.papers)

    def shown(self, today: date) -> dict[str, Any]:
        """For the page: their name, age, documents and what they can try."""
        birth = self.bearer.birth
        age = today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))
        has = [word for word, there in (("photo", self.has_portrait), ("phone", bool(self.phone))) if there]
        known = ", ".join(has) or "no photo, no phone"
        return {
            "id": self.id,
            "name": self.name,
            "summary": f"{age}, pension" if self.has_pension else str(age),
            "known": "card expired" if self.is_expired(today) else known,
            "note": self.note,
            "age": age,
            "is_expired": self.is_expired(today),
            "documents": [_shown(self, paper) for paper in self.papers],
        }


def _shown(person: Person, paper: Paper) -> dict[str, Any]:
    """A document for the page, with what must be typed to open its chip."""
    key = ""
    if paper.is_keyed:
        key = f"{paper.number} · {person.bearer.birth:%Y%m%d} · {paper.expires:%Y%m%d}"
        key += f" · CAN {paper.can}" if paper.can else ""
    words = paper.kind.replace("_", " ") + (f" {paper.version}" if paper.version else "")
    return {"id": paper.id, "words": words, "version": paper.version, "group": GROUPS[paper.kind], "key": key}


def in_order(people: Iterable[Person], today: date) -> dict[str, Person]:
    """People by id, whoever can try most first."""
    ranked = sorted(people, key=lambda one: (one.is_expired(today), not one.has_portrait, not one.phone, one.id))
    return {one.id: one for one in ranked}


def person(raw: dict[str, Any]) -> Person:
    """One entry of the platform's ``/bench/residents``. Raises ``ValueError`` naming what is missing."""
    try:
        portrait = raw.get("portrait")
        bearer = Bearer(
            number=str(raw["number"]),
            name=str(raw["name"]),
            latin_name=str(raw["latin_name"]),
            nationality=str(raw["nationality"]),
            birth=date.fromisoformat(str(raw["birth"])),
            sex=str(raw["sex"]),
            address=str(raw["address"]),
            keys={str(kind): str(value) for kind, value in raw["keys"].items()},
            portrait=base64.b64decode(portrait) if portrait else None,
        )
        return Person(
            id=str(raw["id"]),
            bearer=bearer,
            phone=str(raw.get("phone") or ""),
            has_pension=bool(raw.get("has_pension")),
            papers=tuple(_paper(one) for one in raw["documents"]),
            note=str(raw.get("note", "")),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"resident {raw.get('id', '?')}: {error!r} in the platform's answer") from None


def _paper(raw: dict[str, Any]) -> Paper:
    return Paper(
        id=str(raw["id"]),
        kind=str(raw["kind"]),
        number=str(raw["number"]),
        issued=date.fromisoformat(str(raw["issued"])),
        expires=date.fromisoformat(str(raw["expires"])),
        version=str(raw["version"]),
        can=str(raw["can"]),
    )

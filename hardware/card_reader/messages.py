"""What the card reader's worker and its parent say to each other: msgspec structs on the worker's pipe.

Knows the front door's data and nothing of PC/SC, so that the parent does not load the native library.
"""

from __future__ import annotations

from datetime import date

import msgspec

from hardware.card_reader import Check, Document, DocumentKind, Media, Sex
from hardware.device import Health


class Options(msgspec.Struct, frozen=True):
    """``reader``: part of the reader's name, "" takes every reader of this computer (a dual one shows as two)."""

    reader: str = ""


class Seen(msgspec.Struct, frozen=True):
    """Event ``status``: how the reader is and what lies in it.

    ``insertion`` names one presence of one card: reader and PC/SC event counter. It survives a restart of the worker,
    not of the daemon.
    """

    health: Health
    media: Media
    reason: str = ""
    reader: str = ""
    insertion: str = ""


class Read(msgspec.Struct, frozen=True):
    """Verb ``read``: read the card of that presence. ``today`` decides whether it is expired."""

    reader: str
    insertion: str
    today: date


class Step(msgspec.Struct, frozen=True):
    """How long one step took. ``name`` is ``connect``, ``disconnect`` or a command's first four bytes in hex."""

    name: str
    took_ms: float


class Reading(msgspec.Struct, frozen=True):
    """Reply to ``read``: a whole document, flat, because dates and words cannot share one field on the pipe."""

    kind: DocumentKind
    number: str
    name: str
    sex: Sex
    birth: date | None
    card_number: str
    ethnicity: str
    address: str
    issuer: str
    valid_from: date | None
    valid_to: date | None
    is_long_term: bool
    portrait: bytes | None
    checks: tuple[Check, ...]
    source: str
    steps: tuple[Step, ...]

    @classmethod
    def of(cls, document: Document, steps: tuple[Step, ...]) -> Reading:
        """Flatten a document for the pipe."""
        is_long_term = document.valid_to == "long_term"
        return cls(
            kind=document.kind,
            number=document.number,
            name=document.name,
            sex=document.sex,
            birth=document.birth,
            card_number=document.card_number,
            ethnicity=document.ethnicity,
            address=document.address,
            issuer=document.issuer,
            valid_from=document.valid_from,
            valid_to=document.valid_to if isinstance(document.valid_to, date) else None,
            is_long_term=is_long_term,
            portrait=document.portrait,
            checks=document.checks,
            source=document.source,
            steps=steps,
        )

    def document(self) -> Document:
        """Give the document back as the front door knows it."""
        return Document(
            kind=self.kind,
            number=self.number,
            name=self.name,
            sex=self.sex,
            birth=self.birth,
            card_number=self.card_number,
            ethnicity=self.ethnicity,
            address=self.address,
            issuer=self.issuer,
            valid_from=self.valid_from,
            valid_to="long_term" if self.is_long_term else self.valid_to,
            portrait=self.portrait,
            checks=self.checks,
            source=self.source,
        )

"""What every way of being confirmed works with, and how a way says that another one is wanted.

A way is a small class with ``walk()``: it returns when the resident is confirmed and raises ``OtherWay`` otherwise.
Attempts that must outlast a change of mind are counted in the way's own object, which lives as long as the visit's
confirmation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from hardware.card_reader import Document
from kiosk.uplink.bodies import Resident
from kiosk.visit.equipment import Equipment
from kiosk.visit.person import Audit, Identity
from kiosk.visit.services import Service, Way
from kiosk.visit.stage import Stage

if TYPE_CHECKING:
    from kiosk.uplink.client import Backend


class OtherWay(Exception):
    """The resident wants another way, or this one came to its end.

    ``trouble``: words key of why. ``is_spent``: this way is not offered again in this visit. ``then``: the way to go
    on with at once, where it is open; else the resident chooses.
    """

    def __init__(self, trouble: str = "", *, is_spent: bool = False, then: Way | None = None) -> None:
        self.trouble = trouble
        self.is_spent = is_spent
        self.then = then


class Tries(Protocol):
    """How often a document was tried today, in all visits; the keeper counts under keyed hashes."""

    async def attempts_today(self, number: str, purpose: str = "face") -> int: ...

    async def count_attempt(self, number: str, purpose: str = "face") -> int: ...


@dataclass(frozen=True, repr=False)
class Case:
    """Whose identity is to be confirmed, for what, and with what at hand. Lives in the visit's locals only."""

    stage: Stage
    booth: Equipment
    backend: Backend
    visit: str
    service: Service
    audit: Audit
    person: Identity
    resident: Resident
    document: Document | None
    tries: Tries

    @property
    def portrait(self) -> bytes | None:
        """The reference picture: the document's own before the registry's."""
        return (self.document.portrait if self.document else None) or self.resident.portrait


class Walk(Protocol):
    async def walk(self) -> None:
        """Return when the resident is confirmed. Raises ``OtherWay``, ``Back``, ``Left`` or ``UplinkError``."""
        ...

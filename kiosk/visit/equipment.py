"""The booth as a visit sees it: its devices by their front doors, and what can be offered with them now.

Knows no driver; the composition root fills it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hardware.camera import Camera
from hardware.card_reader import CardReader, Media
from hardware.face import FaceMatcher
from hardware.printer import Printer
from kiosk.config import Neighbour
from kiosk.visit.readiness import Now, Readiness, has_face_check, judge
from kiosk.visit.services import Service


@dataclass
class Equipment:
    """``is_backend_up`` is the last answer of the platform's catalogue call; None while it is not known."""

    reader: CardReader
    camera: Camera
    matcher: FaceMatcher
    printer: Printer
    preview_ring: str = ""
    is_backend_up: bool | None = None
    community: str = ""
    has_foreign_card: bool = False  # one lies here since before the welcome: nobody's until it was lifted
    closed_services: frozenset[str] = field(default_factory=frozenset)

    neighbours: tuple[Neighbour, ...] = ()  # other booths, the nearest first
    telephone: str = ""

    @property
    def now(self) -> Now:
        """One look at what works."""
        return Now(
            self.reader.status, self.printer.status, self.camera.status, self.matcher.status, tuple(self.reader.kinds),
            self.is_backend_up, self.closed_services,
        )  # fmt: skip

    @property
    def has_card(self) -> bool:
        """A document lies on the reader."""
        return self.reader.status.media is Media.PRESENT

    @property
    def has_face_check(self) -> bool:
        """False without a model pack: then only the ways without a face are offered. True while models load."""
        return has_face_check(self.matcher.status)

    def readiness_of(self, service: Service) -> Readiness:
        """Can ``service`` be done now?"""
        return judge(service, self.now)

    def why_not(self, service: Service) -> str:
        """The words key of what keeps ``service`` from being offered now; "" when nothing does."""
        return self.readiness_of(service).why

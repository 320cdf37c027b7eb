"""The booth as a visit sees it: its devices by their front doors, and what can be offered with them now.

Knows no driver; the composition root fills it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hardware.camera import Camera
from hardware.card_reader import CardReader
from hardware.device import Health
from hardware.face import FaceMatcher
from hardware.printer import Paper, Printer, PrinterStatus
from kiosk.visit.services import Mode, Need, Service


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

    @property
    def has_face_check(self) -> bool:
        """False without a model pack: then only the ways without a face are offered. True while models load."""
        status = self.matcher.status
        return bool(status.model) or status.health is Health.STARTING

    def why_not(self, service: Service) -> str:
        """The words key of what keeps ``service`` from being offered now; "" when nothing does."""
        if service.id in self.closed_services:
            return "closed_by_platform"
        if Need.PAPER in service.needs and (why := paper_trouble(self.printer.status)):
            return why
        if Need.DOCUMENT in service.needs and not self.reader.status.is_usable:
            return "reader_lost"
        if Need.DOCUMENT in service.needs and not set(service.documents).intersection(self.reader.kinds):
            return "no_reader_for_it"
        needs_line = service.mode is Mode.ONLINE_ONLY or Need.BACKEND in service.needs
        if needs_line and self.is_backend_up is False:
            return "backend_down"
        return ""


def paper_trouble(status: PrinterStatus) -> str:
    """The words key of what keeps paper from coming out; "" when it can."""
    if status.can_print:
        return ""
    if status.is_cover_open:
        return "cover_open"
    if status.paper is Paper.OUT:
        return "paper_out"
    if status.paper is Paper.JAMMED:
        return "paper_jammed"
    return "printer_unplugged"

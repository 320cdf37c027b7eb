"""What can be done at this booth now: devices, the platform and the watch -> for each service, works or why not.

A service whose needs are down is not offered as working: it says why, and where else it may be done. A face is never
needed: without camera or matcher the ways of equal rank remain. Pure functions; knows no screen and no wire.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hardware.camera import CameraStatus
from hardware.card_reader import CardReaderStatus, DocumentKind
from hardware.device import DeviceStatus, Health
from hardware.face import FaceStatus
from hardware.printer import Paper, PrinterStatus
from kiosk.config import Neighbour
from kiosk.text import Text
from kiosk.visit.services import Need, Service, Way

_NOW = (Need.LOOKUP, Need.ENQUIRE)  # parts of the platform that must answer while the resident stands here


@dataclass(frozen=True)
class Now:
    """One look at the booth. ``is_backend_up`` None: nobody asked yet, which is no reason to refuse anybody.

    ``closed``: ids that the platform does not take today. ``kinds``: documents that the readers can read.
    """

    reader: CardReaderStatus
    printer: PrinterStatus
    camera: CameraStatus
    face: FaceStatus
    kinds: tuple[DocumentKind, ...]
    is_backend_up: bool | None = None
    closed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Readiness:
    """``why``: words key of what keeps a service from being done now, "" when nothing does.

    ``limit``: words key of what is otherwise today though it can be done; "" when nothing is.
    """

    why: str = ""
    limit: str = ""

    @property
    def is_ready(self) -> bool:
        return not self.why


def judge(service: Service, now: Now) -> Readiness:
    """Weigh what ``service`` needs against what there is."""
    if service.id in now.closed:
        return Readiness("closed_by_platform")
    paper = paper_trouble(now.printer)
    if Need.PAPER in service.needs and paper:
        return Readiness(paper)
    if Need.DOCUMENT in service.needs and _is_away(now.reader):
        return Readiness("reader_lost")
    if Need.DOCUMENT in service.needs and not set(service.documents).intersection(now.kinds):
        return Readiness("no_reader_for_it")
    if now.is_backend_up is False and not service.needs.isdisjoint(_NOW):
        return Readiness("backend_down")
    if not service.is_anonymous and not open_ways(service, now):
        return Readiness("no_way_to_confirm")
    if paper:
        return Readiness(limit="receipt_on_screen")
    if now.is_backend_up is False:
        return Readiness(limit="sent_later")
    return Readiness()


def open_ways(service: Service, now: Now) -> tuple[Way, ...]:
    """The ways of being confirmed that work here now; a face is one of several."""
    is_down = now.is_backend_up is False
    can = {
        Way.FACE: has_face_check(now.face) and not _is_away(now.camera),
        Way.CODE: not is_down,
        Way.CLERK: not is_down,
        Way.HELPER: not is_down and not _is_away(now.reader),
    }
    return tuple(way for way in service.identification if can.get(way, False))


def has_face_check(face: FaceStatus) -> bool:
    """False without a model pack: then only the ways without a face are offered. True while models load."""
    return bool(face.model) or face.health is Health.STARTING


def paper_trouble(status: PrinterStatus) -> str:
    """The words key of what keeps paper from coming out; "" when it can, or when nobody knows yet."""
    if status.can_print or status.health is Health.STARTING:
        return ""
    if status.is_cover_open:
        return "cover_open"
    if status.paper is Paper.OUT:
        return "paper_out"
    if status.paper is Paper.JAMMED:
        return "paper_jammed"
    return "printer_unplugged"


def nothing_works(services: Iterable[Service], now: Now) -> str:
    """The words key of why not one service can be done now, "" when one can: the reason most of them have."""
    reasons = [judge(service, now).why for service in services]
    if not reasons or not all(reasons):
        return ""
    return max(dict.fromkeys(reasons), key=reasons.count)


def elsewhere(neighbours: Iterable[Neighbour], services: Iterable[str], text: Text) -> str:
    """Where ``services`` may be had instead, in one sentence; "" when no other booth is known.

    Nobody here knows whether that booth works just now: the sentence does not say so.
    """
    wanted = set(services)
    for one in neighbours:
        if not one.services or wanted <= set(one.services):
            return text("The next booth: {place}.", place=getattr(one, text.language))
    return ""


# -- for the watch ----------------------------------------------------------------------------------------------------


def measures(devices: Mapping[str, DeviceStatus]) -> dict[str, float | str]:
    """What the watch may know of the resident's devices, in words of XFS4IoT: never what they saw."""
    found: dict[str, float | str] = {"screen": 1}
    for name, status in devices.items():
        found[name] = status.health.value
        if isinstance(status, PrinterStatus):
            found["paper"] = status.paper.value
    return found


def _is_away(status: DeviceStatus) -> bool:
    return not status.is_usable and status.health is not Health.STARTING

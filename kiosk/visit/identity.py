"""Who is this: a document, then a face or a way of equal rank without one -> Identity.

Personal data lives in the locals of these functions and in the Identity they return.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hardware.card_reader import Document
from kiosk.uplink.bodies import RegistryKey, Resident
from kiosk.uplink.errors import Nonsense, NotKnown, UplinkError
from kiosk.visit import questions as q
from kiosk.visit.confirmation import Confirmation
from kiosk.visit.documents import has_proven_portrait
from kiosk.visit.equipment import Equipment
from kiosk.visit.leaving import Back, Cancelled, NotVerified
from kiosk.visit.person import ANONYMOUS, Audit, Identity
from kiosk.visit.presentation import presented_document, presented_helper
from kiosk.visit.services import Service
from kiosk.visit.stage import Stage
from kiosk.visit.way import Case, Tries

if TYPE_CHECKING:
    from kiosk.uplink.client import Backend


async def identify(
    stage: Stage, booth: Equipment, backend: Backend, visit: str, service: Service, audit: Audit, tries: Tries
) -> Identity:
    """Document, registry, confirmation. Raises ``Left`` (NotVerified when every way was tried), ``Back`` at consent."""
    if service.is_anonymous:
        return ANONYMOUS
    await _consent(stage, service)
    await audit("consent", purpose="document")
    while True:
        try:
            document, key = await presented_document(stage, booth, service)
        except Back:
            await _consent(stage, service)
            continue
        resident = await _registered(stage, backend, visit, key, service)
        if resident is not None:
            break
    stage.is_identified = True
    if document is not None and not has_proven_portrait(document):
        document = replace(document, portrait=None)
    person = _person(document, resident)
    case = Case(stage, booth, backend, visit, service, audit, person, resident, document, tries)
    confirmed = await Confirmation(case, lambda: presented_helper(stage, booth, service)).run()
    await audit("identified", by=confirmed.by)
    return replace(person, by=confirmed.by, helper=confirmed.helper)


async def _consent(stage: Stage, service: Service) -> None:
    def question() -> q.Question:
        points = tuple(stage.text(point) for point in service.consent)
        return q.Consent(points=points, service=service.id, progress=(1, 5))

    await stage.ask(question)


def _person(document: Document | None, resident: Resident) -> Identity:
    card_address = document.address if document else ""
    return Identity(
        by="",
        key=resident.key,
        name=(document.name or document.latin_name) if document else resident.name,
        latin_name=document.latin_name if document else "",
        birth=(document.birth if document else None) or resident.birth,
        sex=resident.sex,
        address=card_address or resident.address,
        address_source="card" if card_address else "registry",
        phone=resident.phone or "",
        facts=dict(resident.facts),
        source="card" if document else "entered",
    )


# -- the registry -----------------------------------------------------------------------------------------------------


async def _registered(
    stage: Stage, backend: Backend, visit: str, key: RegistryKey, service: Service
) -> Resident | None:
    """The registry's record; None when the resident wants to present another card."""
    while True:
        working = q.Working(what="looking_up", service=service.id, progress=(2, 5))
        try:
            looking = backend.lookup(visit, key, service.id, within_s=stage.times.lookup_s)
            found = await stage.show(working, looking)
            if found.key == key:
                return found  # type: ignore[no-any-return]
            raise Nonsense("lookup", "the record is another resident's")
        except NotKnown:
            what, options = "unknown_resident", ("other_card", "leave")
        except UplinkError as error:
            what, options = "backend_down", ("again", "leave")
            stage.note(error)
        chosen = await stage.trouble(what, options, service=service.id)
        if chosen == "other_card":
            return None
        if chosen == "leave":
            raise NotVerified if what == "unknown_resident" else Cancelled

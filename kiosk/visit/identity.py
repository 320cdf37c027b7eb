"""Who is this: a document, then a face or a way of equal rank without one -> Identity.

Personal data lives in the locals of these functions and in the Identity they return.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hardware.card_reader import CardError, Document, ReaderLost, Result
from hardware.device import DeviceError
from hardware.speech import Earcon
from kiosk.uplink.bodies import Resident
from kiosk.uplink.errors import Nonsense, NotKnown, UplinkError
from kiosk.visit import questions as q
from kiosk.visit.confirmation import Confirmation
from kiosk.visit.equipment import Equipment
from kiosk.visit.forms import Wrong, accept
from kiosk.visit.person import ANONYMOUS, Audit, Identity
from kiosk.visit.services import FieldDefinition, FieldKind, Service, Way
from kiosk.visit.stage import Back, Cancelled, NotVerified, Stage

if TYPE_CHECKING:
    from kiosk.uplink.client import Backend

LOOK_AGAIN_S = 1.0  # for a card reader that is away

_NUMBER_FIELD = FieldDefinition(id="number", kind=FieldKind.ID_NUMBER, title="ID number", label="ID number")


async def identify(
    stage: Stage, booth: Equipment, backend: Backend, visit: str, service: Service, audit: Audit
) -> Identity:
    """Document, registry, confirmation. Raises ``Left`` (NotVerified when every way was tried), ``Back`` at consent."""
    if service.is_anonymous:
        return ANONYMOUS
    await _consent(stage, service)
    await audit("consent", purpose="document")
    while True:
        try:
            document, number = await _document(stage, booth, service)
        except Back:
            await _consent(stage, service)
            continue
        resident = await _registered(stage, backend, visit, number, service)
        if resident is not None:
            break
    stage.is_identified = True
    person = _person(document, resident)
    by = await Confirmation(stage, booth, backend, visit, service, audit, person, resident, document).run()
    await audit("identified", by=by)
    return replace(person, by=by)


async def _consent(stage: Stage, service: Service) -> None:
    def question() -> q.Question:
        points = tuple(stage.text(point) for point in service.consent)
        return q.Consent(points=points, service=service.id, progress=(1, 5))

    await stage.ask(question)


def _person(document: Document | None, resident: Resident) -> Identity:
    card_address = document.address if document else ""
    return Identity(
        by="",
        number=resident.number,
        name=document.name if document else resident.name,
        birth=(document.birth if document else None) or resident.birth,
        sex=resident.sex,
        address=card_address or resident.address,
        address_source="card" if card_address else "registry",
        phone=resident.phone or "",
        facts=dict(resident.facts),
        source="card" if document else "entered",
    )


# -- the document -----------------------------------------------------------------------------------------------------


async def _document(stage: Stage, booth: Equipment, service: Service) -> tuple[Document | None, str]:
    trouble = ""

    def card() -> q.Question:
        kinds = tuple(kind.value for kind in booth.reader.kinds)
        now = "card_left" if booth.has_foreign_card else trouble
        now = now if booth.reader.status.is_usable else "reader_lost"
        can_go_without = _can_go_without(service)
        return q.PresentCard(
            kinds=kinds, trouble=now, can_go_without=can_go_without, service=service.id, progress=(1, 5)
        )

    while True:
        try:
            found = await stage.ask(card, until=lambda: _presented(stage, booth))
        except CardError as error:
            stage.sound(Earcon.TROUBLE)
            trouble = _trouble_of(error)
            continue
        if isinstance(found, Document):
            trouble = _objection(found)
            if not trouble:
                stage.sound(Earcon.CARD)
                return found, found.number
            stage.sound(Earcon.TROUBLE)
        else:
            try:
                return None, await _typed_number(stage, service)
            except Back:
                trouble = ""


async def _presented(stage: Stage, booth: Equipment) -> Document:
    """Wait for a card of this resident; a reader that is away may come back. Raises ``CardError``, never ReaderLost."""
    while True:
        try:
            if booth.has_foreign_card:
                await booth.reader.wait_for_removal()
                booth.has_foreign_card = False
                stage.refresh()
            return await booth.reader.wait_for_document()
        except ReaderLost:
            pass
        except CardError:
            raise
        except DeviceError as error:
            stage.note(error)
        stage.refresh()
        await stage.clock.sleep(LOOK_AGAIN_S)


def _can_go_without(service: Service) -> bool:
    return any(way in service.identification for way in (Way.CODE, Way.CLERK))


def _trouble_of(error: CardError) -> str:
    name = type(error).__name__
    return "".join("_" + c.lower() if c.isupper() else c for c in name).lstrip("_")


def _objection(document: Document) -> str:
    failed = {check.name for check in document.checks if check.result is Result.FAIL}
    if "expired" in failed:
        return "document_expired"
    if not document.number or "number_checksum" in failed:
        return "card_unreadable"
    return ""


async def _typed_number(stage: Stage, service: Service) -> str:
    refused: list[str] = []  # what is wrong with it is said in the present language

    def take(raw: object) -> str:
        return str(accept(_NUMBER_FIELD, raw, text=stage.text, today=stage.clock.today().date()))

    def question() -> q.Question:
        trouble = ""
        if refused:
            try:
                take(refused[-1])
            except Wrong as wrong:
                trouble = wrong.sentence
        return q.AskField(
            field_id="number", kind="id_number", title=stage.text("Please enter your ID number"), trouble=trouble,
            help=stage.text("It has 18 digits. The last may be X."), draft=refused[-1] if refused else "",
            max_length=18, is_private=True, service=service.id, progress=(1, 5),
        )  # fmt: skip

    while True:
        raw = await stage.ask(question)
        try:
            return take(raw)
        except Wrong:
            stage.sound(Earcon.TROUBLE)
            refused = [str(raw or "")]


# -- the registry -----------------------------------------------------------------------------------------------------


async def _registered(stage: Stage, backend: Backend, visit: str, number: str, service: Service) -> Resident | None:
    """The registry's record; None when the resident wants to present another card."""
    while True:
        working = q.Working(what="looking_up", service=service.id, progress=(2, 5))
        try:
            looking = backend.lookup(visit, number, service.id, within_s=stage.times.lookup_s)
            found = await stage.show(working, looking)
            if found.number.upper() == number.upper():
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

"""The end of a served visit: commit or enquire, print, show the receipt.

After the commit nothing that fails here loses the transaction: without paper the receipt is owed, without a line it
says RECORDED, NOT YET ACCEPTED.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import uuid
from typing import TYPE_CHECKING

from hardware.device import DeviceError
from hardware.printer import CoverOpen, PaperJammed, PaperOut, PrinterError
from hardware.speech import Earcon
from kiosk.keeper_line import KeeperError
from kiosk.ledger.vault import seal
from kiosk.uplink.errors import Refused, UplinkError
from kiosk.visit import questions as q
from kiosk.visit.equipment import Equipment, paper_trouble
from kiosk.visit.fill import Form
from kiosk.visit.forms import wire_value
from kiosk.visit.person import Audit
from kiosk.visit.receipts import Receipt, certificate_page, receipt_for
from kiosk.visit.stage import Cancelled, OutOfService, Stage, TimedOut

if TYPE_CHECKING:
    from kiosk.visit.serve import Platform


async def conclude_application(stage: Stage, booth: Equipment, platform: Platform, visit: str, form: Form) -> str:
    """Commit one durable transaction, wait for the acknowledgement, give the receipt. Returns its number."""
    service = form.service
    working = q.Working(what="submitting", service=service.id, progress=(5, 5))
    key = str(uuid.uuid4())
    sealed = seal(body_of(form, stage.text.language), platform.seal_pub, key=key, service=service.id,
                  schema=service.schema_version)  # fmt: skip
    when = stage.clock.today()
    try:
        number = await stage.show(
            working,
            platform.ledger.commit(
                visit=visit, key=key, service=service.id, schema=service.schema_version, sealed=sealed,
                digest=hashlib.sha256(sealed).hexdigest(), receipt=receipt_for(form, stage.text, when).masked(),
            ),
        )  # fmt: skip
    except KeeperError as error:
        stage.note(error)
        await stage.trouble("not_recorded", ("leave",), service=service.id)
        raise OutOfService from None
    # From here on the transaction is delivered, whatever happens to this process.
    answer = await stage.show(working, platform.ledger.acknowledgement(key, stage.times.acknowledgement_s))
    state = {"accepted": "accepted", "rejected": "rejected"}.get(answer.state, "recorded")
    receipt = receipt_for(form, stage.text, when, number=number, state=state)
    trouble = await _print(stage, booth, receipt, service.id)
    with contextlib.suppress(KeeperError):  # the transaction is safe; only the note about its paper is missing
        await platform.ledger.receipt_issued(key, "owed" if trouble else "printed")
    stage.sound(Earcon.TROUBLE if trouble or state == "rejected" else Earcon.DONE)
    await _show(stage, booth, receipt, trouble, service.id)
    return str(number)


async def conclude_enquiry(
    stage: Stage, booth: Equipment, platform: Platform, visit: str, form: Form, audit: Audit
) -> str:
    """Ask the platform and print its answer; audited, never queued, refused beforehand without paper."""
    service = form.service
    await _need_paper(stage, booth, service.id)
    answers = {name: wire_value(value) for name, value in form.answers.items() if value is not None}
    while True:
        working = q.Working(what="enquiring", service=service.id, progress=(5, 5))
        try:
            certificate = await stage.show(
                working,
                platform.backend.enquire(
                    visit,
                    form.identity.number,
                    service.id,
                    answers,
                    language=stage.text.language,
                    within_s=stage.times.lookup_s,
                ),
            )
            break
        except Refused as refused:
            stage.note(refused)
            await audit("enquiry", result="refused")
            await stage.trouble("nothing_found", ("leave",), service=service.id)
            raise Cancelled from None
        except UplinkError as error:
            stage.note(error)
            if await stage.trouble("backend_down", ("again", "leave"), service=service.id) == "leave":
                raise Cancelled from None
    document = certificate_page(form, certificate, stage.text)
    trouble = await _print(stage, booth, document, service.id)
    await audit("enquiry", result="not_printed" if trouble else "printed")
    stage.sound(Earcon.TROUBLE if trouble else Earcon.DONE)
    await _show(stage, booth, document, trouble, service.id)
    return str(certificate.number)


def body_of(form: Form, language: str) -> bytes:
    """The transaction's body: canonical JSON (RFC 8785 style key order), to be sealed to the backend's key."""
    identity = form.identity
    resident = None
    if identity.number:
        resident = {
            "number": identity.number,
            "name": identity.name,
            "birth": identity.birth.isoformat() if identity.birth else None,
            "address": identity.address,
        }
    photo = next((value for value in form.answers.values() if isinstance(value, bytes)), None)
    answers = {k: wire_value(v) for k, v in form.answers.items() if v is not None and not isinstance(v, bytes)}
    body = {
        "resident": resident,
        "identified_by": identity.by,
        "answers": answers,
        "photo": base64.b64encode(photo).decode() if photo else None,
        "language": language,
    }
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


async def _need_paper(stage: Stage, booth: Equipment, service: str) -> None:
    while why := paper_trouble(await booth.printer.refresh()):
        if await stage.trouble(why, ("again", "leave"), service=service) == "leave":
            raise OutOfService


async def _print(stage: Stage, booth: Equipment, receipt: Receipt, service: str, *, is_large: bool = False) -> str:
    """Print; the words key of what kept it from coming out, or ""."""
    try:
        status = await booth.printer.refresh()
        if why := paper_trouble(status):
            return why
        working = q.Working(what="printing", service=service, progress=(5, 5))
        await stage.show(working, booth.printer.print(receipt.page(is_large=is_large)))
    except PrinterError as error:
        stage.note(error)
        known = {PaperOut: "paper_out", CoverOpen: "cover_open", PaperJammed: "paper_jammed"}
        return known.get(type(error), "printer_unplugged")
    except DeviceError as error:
        stage.note(error)
        return "printer_unplugged"
    return ""


async def _show(stage: Stage, booth: Equipment, receipt: Receipt, trouble: str, service: str) -> None:
    """The receipt on the screen until "done"; the transaction is safe, so leaving or a time-out just ends it."""

    def read_aloud(said: object) -> bool:
        if said == "read":
            stage.speak(receipt.spoken(stage.text.language))
        return said == "read"

    while True:
        question = q.ShowReceipt(
            state=receipt.state, number=receipt.number, lines=receipt.lines(), qr=receipt.qr, is_printed=not trouble,
            trouble=trouble, can_print=booth.printer.status.can_print, service=service, progress=(5, 5),
        )  # fmt: skip
        try:
            said = await stage.ask(question, aside=read_aloud)
        except (TimedOut, Cancelled):
            return
        if said != "large":
            return
        receipt = receipt.as_copy(stage.text)
        trouble = await _print(stage, booth, receipt, service, is_large=True)

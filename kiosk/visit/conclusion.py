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
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import msgspec

from hardware.device import DeviceError
from hardware.printer import CoverOpen, PaperJammed, PaperOut, PrinterError
from hardware.speech import Earcon
from kiosk.keeper_line import KeeperError, KeeperRefused
from kiosk.ledger.vault import seal
from kiosk.uplink.errors import Refused, UplinkError
from kiosk.visit import questions as q
from kiosk.visit.equipment import Equipment
from kiosk.visit.fill import Form
from kiosk.visit.forms import wire_value
from kiosk.visit.leaving import Cancelled, Left, OutOfService, TimedOut
from kiosk.visit.person import Audit
from kiosk.visit.readiness import paper_trouble
from kiosk.visit.receipts import Receipt, certificate_page, receipt_for
from kiosk.visit.stage import Stage

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
                digest=hashlib.sha256(sealed).hexdigest(),
                receipt=receipt_for(form, stage.text, when, stage.can_write).masked(),
            ),
            must_finish=True,
        )  # fmt: skip
    except KeeperError as error:
        stage.note(error)
        # A keeper that said no has recorded nothing; one that fell silent may have: then nothing is promised.
        what = "not_recorded" if isinstance(error, KeeperRefused) else "not_sure"
        await stage.trouble(what, ("leave",), service=service.id)
        raise OutOfService from None

    # From here on the transaction is delivered, whatever happens to this process.
    async def record(how: str) -> None:
        with contextlib.suppress(KeeperError):  # the transaction is safe; only the note about its paper is missing
            await platform.ledger.receipt_issued(key, how)

    try:
        state = await stage.show(working, _acknowledged(stage, platform, key))
        receipt = receipt_for(form, stage.text, when, stage.can_write, number=number, state=state)
        trouble = await _print(stage, booth, receipt, service.id)
    except Left:
        await record("owed")
        raise
    await record("owed" if trouble else "printed")
    stage.sound(Earcon.TROUBLE if trouble or state == "rejected" else Earcon.DONE)
    await _show(stage, booth, form, receipt, trouble, record)
    return str(number)


async def _acknowledged(stage: Stage, platform: Platform, key: str) -> str:
    """accepted | rejected | recorded: never more than the platform said in time."""
    try:
        answer = await platform.ledger.acknowledgement(key, stage.times.acknowledgement_s)
    except KeeperError as error:
        stage.note(error)
        return "recorded"
    return {"accepted": "accepted", "rejected": "rejected"}.get(answer.state, "recorded")


async def conclude_enquiry(
    stage: Stage, booth: Equipment, platform: Platform, visit: str, form: Form, audit: Audit
) -> str:
    """Ask the platform and print its answer; audited, never queued, refused beforehand without paper."""
    service, key = form.service, form.identity.key
    assert key is not None, "an enquiry is about somebody: the service files are checked for it"
    await _need_paper(stage, booth, service.id)
    answers = {name: wire_value(value) for name, value in form.answers.items() if value is not None}
    while True:
        working = q.Working(what="enquiring", service=service.id, progress=(5, 5))
        try:
            certificate = await stage.show(
                working,
                platform.backend.enquire(
                    visit,
                    key,
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
    document = certificate_page(form, certificate, stage.text, stage.can_write)
    trouble = await _print(stage, booth, document, service.id)

    async def record(how: str) -> None:
        await audit("enquiry", result=how)

    await record("not_printed" if trouble else "printed")
    stage.sound(Earcon.TROUBLE if trouble else Earcon.DONE)
    await _show(stage, booth, form, document, trouble, record)
    return str(certificate.number)


def body_of(form: Form, language: str) -> bytes:
    """The transaction's body: canonical JSON (RFC 8785 style key order), to be sealed to the backend's key."""
    identity = form.identity
    resident = None
    if identity.key is not None:
        resident = {
            "key": msgspec.to_builtins(identity.key),
            "name": identity.name,
            "birth": identity.birth.isoformat() if identity.birth else None,
            "address": identity.address,
        }
    photo = next((value for value in form.answers.values() if isinstance(value, bytes)), None)
    answers = {k: wire_value(v) for k, v in form.answers.items() if v is not None and not isinstance(v, bytes)}
    body = {
        "resident": resident,
        "identified_by": identity.by,
        "helper": msgspec.to_builtins(identity.helper) if identity.helper else None,
        "answers": answers,
        "photo": base64.b64encode(photo).decode() if photo else None,
        "language": language,
    }
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


async def _need_paper(stage: Stage, booth: Equipment, service: str) -> None:
    while True:
        try:
            why = paper_trouble(await booth.printer.refresh())
        except DeviceError as error:
            stage.note(error)
            why = "printer_unplugged"
        if not why:
            return
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


async def _show(
    stage: Stage,
    booth: Equipment,
    form: Form,
    receipt: Receipt,
    trouble: str,
    record: Callable[[str], Awaitable[None]],
) -> None:
    """The receipt on the screen until "done"; the transaction is safe, so leaving or a time-out just ends it.

    ``record("printed")`` notes each paper that came out; the first is no copy, however late it comes.
    """
    service = form.service.id
    is_printed = not trouble
    has_card = form.identity.source == "card" and form.identity.key is not None

    def question() -> q.Question:
        return q.ShowReceipt(
            state=receipt.state, number=receipt.number, lines=receipt.lines(), qr=receipt.qr, is_printed=is_printed,
            trouble=trouble, can_print=booth.printer.status.can_print, has_card=has_card, service=service,
            progress=(5, 5),
        )  # fmt: skip

    def read_aloud(said: object) -> bool:
        if said == "read":
            stage.speak(receipt.spoken())
        return said == "read"

    while True:
        try:
            said = await stage.ask(question, aside=read_aloud)
        except (TimedOut, Cancelled):
            return
        if said != "large":
            return
        copy = receipt.as_copy(stage.text) if is_printed else receipt
        trouble = await _print(stage, booth, copy, service, is_large=True)
        if not trouble:
            receipt, is_printed = copy, True
            await record("printed")

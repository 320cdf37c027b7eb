"""All answers of a service, checked by the resident row by row before anything is submitted.

Back from here leads to the last question; Back out of a change leaves everything as it was.
"""

from __future__ import annotations

from kiosk.visit import questions as q
from kiosk.visit.equipment import Equipment
from kiosk.visit.fill import Form, fill
from kiosk.visit.forms import shown
from kiosk.visit.leaving import Back
from kiosk.visit.person import Identity
from kiosk.visit.services import Mode, Service
from kiosk.visit.stage import Stage
from kiosk.visit.who import who_rows


async def answers_of(stage: Stage, booth: Equipment, service: Service, identity: Identity) -> Form:
    """The checked answers. Raises ``Back`` from the first question where the list of services lies before it."""
    form = Form(service, identity)
    await fill(stage, booth, form)
    while True:
        try:
            change = await stage.ask(lambda: _review(stage, form))
        except Back:
            await fill(stage, booth, form, is_return=True)
            continue
        if change is None:
            return form
        before = form.kept()
        try:
            await fill(stage, booth, form, only=str(change))
        except Back:
            form.answers, form.sources = before.answers, before.sources


def _review(stage: Stage, form: Form) -> q.Review:
    is_enquiry = form.service.mode is Mode.ONLINE_ONLY
    is_first = not any(one.id in form.answers and not form.is_taken_over(one) for one in form.service.fields)
    return q.Review(
        rows=review_rows(stage, form), is_enquiry=is_enquiry, is_first=is_first, service=form.service.id,
        progress=(4, 5),
    )  # fmt: skip


def review_rows(stage: Stage, form: Form) -> tuple[q.ReviewRow, ...]:
    """The rows of "check your answers": locked ones from the document, then every answer with its source."""
    text, identity = stage.text, form.identity
    rows = []
    for who in who_rows(identity, text, stage.can_write):
        rows.append(q.ReviewRow("", who.label, who.value, identity.source, False, True, who.spoken))
    if rows:
        if identity.birth is not None:
            born = f"{identity.birth.year}-**-**"
            rows.append(q.ReviewRow("", text("Born"), born, identity.source, False, True))
        if identity.address and not any(f.prefill.endswith(".address") for f in form.service.fields):
            rows.append(q.ReviewRow("", text("Address"), identity.address, identity.address_source, False, True))
    for one in form.service.fields:
        if one.id in form.answers:
            value = shown(one, form.answers[one.id], text)
            rows.append(q.ReviewRow(one.id, text(one.label), value, form.sources[one.id], True, one.is_private))
    return tuple(rows)

"""Ask a service's fields one at a time: prefill, skip logic, corrections, and Back in one loop.

What was typed is kept when the resident goes back. Knows no particular field.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from hardware.camera import CameraError
from hardware.device import DeviceError
from hardware.speech import Earcon
from kiosk.visit import questions as q
from kiosk.visit.equipment import Equipment
from kiosk.visit.forms import Wrong, accept, mask_number, mask_phone
from kiosk.visit.leaving import Back
from kiosk.visit.person import Identity
from kiosk.visit.services import FieldDefinition, FieldKind, Service, is_asked
from kiosk.visit.stage import Stage


@dataclass(repr=False)
class Form:
    """A resident's answers so far, with where each came from (``registry`` | ``card`` | ``entered``)."""

    service: Service
    identity: Identity
    answers: dict[str, Any] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)

    def prefill(self, one: FieldDefinition) -> tuple[str, str]:
        """(value, source) known for ``one``, or ("", "")."""
        if one.prefill == "registry.phone":
            return self.identity.phone, "registry"
        if one.prefill in ("registry.address", "card.address"):
            return self.identity.address, self.identity.address_source
        return "", ""

    def take(self, one: FieldDefinition, value: Any) -> None:
        known, source = self.prefill(one)
        self.answers[one.id] = value
        self.sources[one.id] = source if known and value == known else "entered"

    def kept(self) -> Form:
        """A copy, to come back to."""
        return replace(self, answers=dict(self.answers), sources=dict(self.sources))

    def is_taken_over(self, one: FieldDefinition) -> bool:
        """True for a field that need not be asked, because the card or the registry answers it."""
        has_value = one.prefill_is_answer and bool(self.prefill(one)[0])
        return has_value and self.sources.get(one.id) != "entered"

    def drop_unasked(self) -> None:
        """Forget answers to questions that another answer made pointless; ``when`` looks back, so once is enough."""
        for one in self.service.fields:
            if one.id in self.answers and not is_asked(one, self.answers):
                del self.answers[one.id], self.sources[one.id]


async def fill(stage: Stage, booth: Equipment, form: Form, *, only: str = "", is_return: bool = False) -> None:
    """Ask what is to be asked; with ``only``, that field again and what follows from its new answer.

    ``is_return`` begins at the last question, as Back from the review does. Back goes one question up; on the first it
    raises ``Back``.
    """
    fields = form.service.fields
    at = 0
    asked: list[int] = []
    if is_return:
        asked = [n for n, one in enumerate(fields) if one.id in form.answers and not form.is_taken_over(one)]
        at = asked.pop() if asked else len(fields)
    while at < len(fields):
        one = fields[at]
        is_wanted = is_asked(one, form.answers) and (not only or one.id == only or one.id not in form.answers)
        if is_wanted and one.id != only and form.is_taken_over(one):
            form.take(one, form.prefill(one)[0])
            is_wanted = False
        if not is_wanted:
            at += 1
            continue
        is_first = not (asked or only or form.service.is_anonymous)  # before it: the review, or the list of services
        try:
            form.take(one, await _ask(stage, booth, form, one, is_first=is_first))
        except Back:
            if not asked:
                raise
            at = asked.pop()
            continue
        form.drop_unasked()
        asked.append(at)
        at += 1


async def _ask(stage: Stage, booth: Equipment, form: Form, one: FieldDefinition, *, is_first: bool) -> Any:
    if one.kind is FieldKind.PHOTO:
        return await _photo(stage, booth, form, one, is_first=is_first)
    draft = _draft(form.answers.get(one.id))
    known, _ = form.prefill(one)
    refused: list[Any] = []  # the last answer that could not be taken; what is wrong is said in the present language

    def build() -> q.AskField:
        trouble = _objection(stage, one, refused[-1]) if refused else ""
        return _question(stage, form, one, trouble=trouble, draft=draft, is_first=is_first)

    while True:
        raw = await stage.ask(build)
        if known and raw == known:
            return known  # the registry's own words are taken as they are
        if not _objection(stage, one, raw):
            return accept(one, raw, text=stage.text, today=stage.clock.today().date())
        stage.sound(Earcon.TROUBLE)
        refused, draft = [raw], _draft(raw)


def _objection(stage: Stage, one: FieldDefinition, raw: Any) -> str:
    """What is wrong with an answer, in the visit's language; "" when nothing is."""
    try:
        accept(one, raw, text=stage.text, today=stage.clock.today().date())
    except Wrong as wrong:
        return wrong.sentence
    return ""


def _draft(value: Any) -> str:
    if value is None or isinstance(value, bytes):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.strftime("%Y%m%d") if hasattr(value, "strftime") else str(value)


def _question(
    stage: Stage, form: Form, one: FieldDefinition, *, trouble: str, draft: str, is_first: bool,
    picture: bytes | None = None,
) -> q.AskField:  # fmt: skip
    text = stage.text
    about = form.identity.address if one.about else ""
    known, source = form.prefill(one)
    prefill = None
    if known:
        masked = mask_phone(known) if one.kind is FieldKind.PHONE else known
        masked = mask_number(known) if one.kind is FieldKind.ID_NUMBER else masked
        prefill = q.Prefill(known, masked, source)
    return q.AskField(
        field_id=one.id,
        kind=one.kind.value,
        title=text(one.title),
        help=about or text(one.help),
        is_help_private=bool(about),
        options=tuple(q.FieldOption(o.id, text(o.text)) for o in one.options),
        is_required=one.required,
        prefill=prefill,
        draft=draft,
        trouble=trouble,
        max_length=_length(one),
        minimum="" if one.minimum is None else str(one.minimum),
        maximum="" if one.maximum is None else str(one.maximum),
        is_private=one.is_private,
        picture=picture,
        unit=text(one.unit),
        service=form.service.id,
        progress=(3, 5),
        is_first=is_first,
    )


def _length(one: FieldDefinition) -> int:
    if one.kind is FieldKind.PHONE:
        return 12
    if one.kind is FieldKind.DATE:
        return 8
    if one.kind is FieldKind.NUMBER:
        return len(str(one.maximum)) if one.maximum is not None else 9
    return one.max_length


async def _photo(stage: Stage, booth: Equipment, form: Form, one: FieldDefinition, *, is_first: bool) -> Any:
    """A photo by the booth's camera: take, look, keep or again; the camera is open for that moment only."""
    picture: bytes | None = form.answers.get(one.id)
    has_failed = False

    def build() -> q.AskField:
        trouble = stage.text("The photo did not work. Please try again.") if has_failed else ""
        return _question(stage, form, one, trouble=trouble, draft="", is_first=is_first, picture=picture)

    while True:
        said = await stage.ask(build)
        if said == "take":
            working = q.Working(what="taking_photo", service=form.service.id, progress=(3, 5))
            try:
                picture = await stage.show(working, _snapshot(stage, booth))
                has_failed = False
            except (CameraError, DeviceError) as error:
                stage.note(error)
                stage.sound(Earcon.TROUBLE)
                has_failed = True
        elif said == "keep" and picture is not None:
            return picture
        elif said is None and not one.required:
            return None


async def _snapshot(stage: Stage, booth: Equipment) -> bytes:
    try:
        await booth.camera.open()
        stage.sound(Earcon.CAMERA)
        return await booth.camera.snapshot()
    finally:
        await booth.camera.close()

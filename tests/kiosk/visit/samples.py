"""Every question in every state it can be in, made from the product's own tables, with synthetic values to look for."""

from __future__ import annotations

from collections.abc import Iterator

from hardware.card_reader import DocumentKind, Phase
from kiosk.text import Text
from kiosk.visit import chip_key, troubles
from kiosk.visit import questions as q
from kiosk.visit.offers import trouble_options, way_options
from kiosk.visit.services import FieldKind, Service
from tests.kiosk.visit.hall import CATALOGUES, ROOT, SERVICES

__all__ = ["CATALOGUES", "ROOT", "SERVICES"]
TITLES = {service.id: service.title for service in SERVICES.values()}

SECRET = "7Q7Q7Q"  # stands for a personal value: must never be said where others can hear
OUTCOMES = (
    "served", "nothing_to_do", "cancelled", "timed_out", "not_verified", "out_of_service", "evacuated",
    "tampered",
)  # fmt: skip
OVERLAYS: tuple[q.Overlay, ...] = (
    q.StillThere(60), q.HelpCard(("x",)), q.ConfirmLeave(), q.SoundCard(4, 100), q.FindSomeone("12345"),
)  # fmt: skip


def texts() -> dict[str, Text]:
    return {language: CATALOGUES.text(language) for language in ("zh", "en")}


def questions(text: Text) -> Iterator[q.Question]:
    yield q.Welcome(community="")
    for why in (*troubles.CLOSED, *troubles.NOT_OFFERED):
        for place in ("", text("The next booth: {place}.", place="7")):
            yield q.Closed(why=why, elsewhere=place, telephone="12345")
    yield q.ChooseService(options=_services(text))
    yield q.ChooseService(notice=text("Face check is not available. There are other ways."))
    yield from (q.Consent(points=tuple(text(p) for p in s.consent)) for s in SERVICES.values() if s.consent)
    yield from _documents(text)
    ways = way_options(troubles.WAY, text)
    yield from (q.ChooseWay(ways=ways, trouble=key) for key in ("", *troubles.WAY_TROUBLE))
    yield q.GuardianConsent()
    yield q.MatchFace(ways=ways[1:])
    yield from (q.EnterCode(phone_masked=SECRET, trouble=key) for key in ("", *troubles.CODE_TROUBLE))
    yield q.SharePictures()
    yield from (q.WaitForClerk(position=n) for n in (1, 3))
    for service in SERVICES.values():
        yield from fields(service, text)
    yield q.AskField(
        field_id="number", kind="id_number", title=text("Please enter your ID number"),
        help=text("It has 18 digits. The last may be X."),
    )  # fmt: skip
    yield from (q.Review(rows=rows(text), is_enquiry=is_enquiry) for is_enquiry in (False, True))
    yield from (q.Working(what=key) for key in troubles.WORKING)
    for state in ("accepted", "recorded", "rejected", "certificate"):
        for key in ("", *troubles.RECEIPT_TROUBLE):
            yield q.ShowReceipt(state=state, number="", trouble=key, is_printed=not key, has_card=state != "recorded")
    for service in SERVICES.values():
        if service.already:
            already = service.already
            yield q.AlreadyDone(text(already.sentence, date="2027"), text(already.detail))
        if service.eligibility:
            yield q.AlreadyDone(text(service.eligibility.sentence))
    options = trouble_options(troubles.TROUBLE_OPTIONS, text)
    yield from (q.Trouble(what=key, options=options) for key in troubles.TROUBLE)
    yield from (q.TakeBelongings(card, paper) for card, paper in ((True, True), (True, False), (False, True)))
    yield from (q.Goodbye(outcome) for outcome in OUTCOMES)


def _services(text: Text) -> tuple[q.Option, ...]:
    every = [q.Option(s.id, text(s.title), text(s.note), s.icon) for s in SERVICES.values()]
    closed = [q.Option("x", text("Name"), is_available=False, reason=text(r)) for r in troubles.NOT_OFFERED.values()]
    return (*every, *closed)


def _documents(text: Text) -> Iterator[q.Question]:
    every = tuple(kind.value for kind in DocumentKind)
    for kinds in (every[:1], every[3:4], every[:1] + every[3:4], every[:4], every):
        yield q.PresentCard(kinds=kinds)
        yield q.PresentCard(kinds=kinds, has_key=True)
    yield from (q.PresentCard(kinds=every, trouble=key) for key in troubles.CARD_TROUBLE)
    for phase in Phase:
        yield q.PresentCard(kinds=every, phase=phase.value, share=0.5)
        for kind in every:
            yield q.PresentCard(kinds=every, phase=phase.value, share=0.5, seen_kind=kind, seen_name=f"{SECRET} **")
    options = tuple(q.Option(way, text(title), text(note), sign) for way, (title, note, sign) in chip_key.WAYS.items())
    yield q.ChooseKey(options=options)
    for part in dict.fromkeys(part for parts in chip_key.PARTS.values() for part in parts):
        yield from (q.EnterKey(part=part, trouble=key) for key in ("", *troubles.KEY_TROUBLE))


def fields(service: Service, text: Text) -> Iterator[q.AskField]:
    for one in service.fields:
        prefill = q.Prefill(SECRET, SECRET, "registry") if one.prefill else None
        for picture in (None, b"x") if one.kind is FieldKind.PHOTO else (None,):
            yield q.AskField(
                field_id=one.id, kind=one.kind.value, title=text(one.title),
                help=SECRET if one.about else text(one.help), is_help_private=bool(one.about), picture=picture,
                options=tuple(q.FieldOption(o.id, text(o.text)) for o in one.options), prefill=prefill,
                is_required=one.required, is_private=one.is_private, unit=text(one.unit), service=service.id,
            )  # fmt: skip


def rows(text: Text) -> tuple[q.ReviewRow, ...]:
    return (
        q.ReviewRow("", text("Name"), SECRET, "card", False, True),
        q.ReviewRow("photo", text("Photo"), text("1 photo"), "entered", True),
    )

"""A recorded transaction -> a document that can be printed, shown and spoken, in plain words.

The receipt tells the truth about the state: ACCEPTED, or RECORDED, NOT YET ACCEPTED. Personal values are masked here
already. Knows the page's parts, not the printer.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime

from hardware.printer import Line, Page, PageItem, QrCode, Rule, Weight
from hardware.speech import Priority, Utterance
from kiosk.text import Text
from kiosk.uplink.bodies import EnquiryAnswer
from kiosk.visit.fill import Form
from kiosk.visit.forms import printed
from kiosk.visit.names import CanWrite
from kiosk.visit.questions import PaperLine
from kiosk.visit.services import Service
from kiosk.visit.who import who_rows

NORMAL_MM = 4.2  # height of a Chinese character; R28 asks for >= 3.5 mm
LARGE_MM = 6.5
TITLE_FACTOR = 1.35


@dataclass(frozen=True)
class Row:
    """``label value``; personal values are masked and said to a headset only, as ``spoken`` where that is set."""

    label: str
    value: str
    is_private: bool = False
    spoken: str = ""


@dataclass(frozen=True)
class Receipt:
    """What the resident takes along. ``state``: accepted | recorded | rejected | certificate."""

    title: str
    state: str
    state_words: str
    number: str
    rows: tuple[Row, ...]
    when: str
    next_steps: tuple[str, ...]
    call_words: str
    qr: str
    language: str = "zh"  # it is read out in the language it is written in, whatever the screen speaks by then
    copy: int = 0
    copy_words: str = ""

    def lines(self) -> tuple[PaperLine, ...]:
        """As the screen previews it."""
        rule = PaperLine("", is_rule=True)
        copy = (PaperLine(self.copy_words, is_centred=True),) if self.copy else ()
        body = tuple(PaperLine(f"{row.label}  {row.value}" if row.label else row.value) for row in self.rows)
        return (
            PaperLine(self.title, is_bold=True, is_centred=True), *copy, rule, *body,
            PaperLine(self.state_words, is_bold=True), PaperLine(self.number, is_bold=True), PaperLine(self.when), rule,
            *(PaperLine(step) for step in self.next_steps), PaperLine(self.call_words),
        )  # fmt: skip

    def page(self, *, is_large: bool = False) -> Page:
        """As it is printed: ordinary or large letters."""
        size = LARGE_MM if is_large else NORMAL_MM
        items: list[PageItem] = []
        for number, line in enumerate(self.lines()):
            if line.is_rule:
                items.append(Rule())
            else:
                weight = Weight.BOLD if line.is_bold else Weight.REGULAR
                align = "centre" if line.is_centred else "left"
                items.append(Line(line.text, size * TITLE_FACTOR if number == 0 else size, weight, align))
        if self.qr.isascii() and self.qr:
            items.append(QrCode(self.qr))
        return Page(tuple(items))

    def spoken(self) -> tuple[Utterance, ...]:
        """Every line, one after the other (R28)."""

        def say(sentence: str, *, is_fixed: bool = True, priority: Priority = Priority.PAGE) -> Utterance:
            return Utterance(sentence, self.language, priority, is_fixed=is_fixed)

        rows = tuple(
            Utterance(
                f"{row.label} {row.spoken or row.value}".strip(), self.language, private=row.is_private,
                instead=row.label, is_fixed=False,
            )
            for row in self.rows
        )  # fmt: skip
        return (
            say(self.title, priority=Priority.FOCUS), *((say(self.copy_words),) if self.copy else ()), *rows,
            say(self.state_words), say(self.number, is_fixed=False), say(self.when, is_fixed=False),
            *(say(step) for step in self.next_steps), say(self.call_words),
        )  # fmt: skip

    def masked(self) -> str:
        """JSON for the ledger: the view a reprint is made from, without number and state."""
        return json.dumps(
            {
                "title": self.title, "rows": [[r.label, r.value] for r in self.rows], "when": self.when,
                "next": list(self.next_steps), "call": self.call_words,
            },
            ensure_ascii=False,
        )  # fmt: skip

    def as_copy(self, text: Text) -> Receipt:
        """The next print of the same receipt, marked COPY n."""
        text = text.in_language(self.language)
        return replace(self, copy=self.copy + 1, copy_words=text("Copy {n}", n=self.copy + 1))


def receipt_for(
    form: Form, text: Text, when: datetime, can_write: CanWrite, *, number: str = "", state: str = "recorded"
) -> Receipt:
    """The receipt of an application. ``state``: accepted | recorded | rejected."""
    service = form.service
    rows = [Row("", text(service.title)), *_who(form, text, can_write)]
    for one in service.fields:
        if one.on_receipt and form.answers.get(one.id) is not None:
            rows.append(Row(text(one.label), printed(one, form.answers[one.id], text), one.is_private))
    return Receipt(
        title=text("Receipt"),
        state=state,
        state_words=state_words(state, text),
        number=number,
        rows=tuple(rows),
        when=text.moment(when),
        next_steps=_next_steps(service, state, text),
        call_words=text("Questions? Call {number}.", number=service.receipt.call),
        qr=f"BOOTH:{number}" if number else "",
        language=text.language,
    )


def certificate_page(form: Form, certificate: EnquiryAnswer, text: Text, can_write: CanWrite) -> Receipt:
    """An enquiry's answer as a document with verification code and QR."""
    service = form.service
    rows = [*_who(form, text, can_write), *(Row(row.label, row.value, True) for row in certificate.rows)]
    rows.append(Row(text("Verification code"), certificate.verification_code))
    return Receipt(
        title=certificate.title,
        state="certificate",
        state_words=text("Certificate number"),
        number=certificate.number,
        rows=tuple(rows),
        when=text.moment(certificate.issued_at.astimezone()),
        next_steps=tuple(text(step) for step in service.receipt.next_steps),
        call_words=text("Questions? Call {number}.", number=service.receipt.call),
        qr=certificate.verify_url,
        language=text.language,
    )


def state_words(state: str, text: Text) -> str:
    """ACCEPTED or RECORDED, NOT YET ACCEPTED: never more than is known."""
    return {
        "accepted": text("Accepted, number"),
        "recorded": text("Recorded, not yet accepted, number"),
        "rejected": text("Not accepted, number"),
    }[state]


def _next_steps(service: Service, state: str, text: Text) -> tuple[str, ...]:
    if state == "accepted":
        return tuple(text(step) for step in service.receipt.next_steps)
    if state == "recorded":
        return (
            text("The booth sends it as soon as the line is up."),
            text("Ask with this number after one day."),
        )
    return (text("The office could not take it."), text("Please call and give this number."))


def _who(form: Form, text: Text, can_write: CanWrite) -> list[Row]:
    return [Row(one.label, one.value, True, one.spoken) for one in who_rows(form.identity, text, can_write)]

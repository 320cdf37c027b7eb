"""The words of what stands before a booth that serves nobody: the way out in two languages, closed, not now."""

from __future__ import annotations

from hardware.speech import Priority, Utterance
from kiosk.text import Text, later
from kiosk.visit import questions as q
from kiosk.visit.draft import Draft, say
from kiosk.visit.troubles import CLOSED, NOT_OFFERED

WAY_OUT = {
    "": "",
    "left": later("Go left"),
    "right": later("Go right"),
    "ahead": later("Go straight ahead"),
    "behind": later("Turn round and go"),
}


def way_out(question: q.WayOut, text: Text) -> Draft:
    """Two languages whatever the visit's is: who stands there may not be who chose it."""
    zh, en = text.in_language("zh"), text.in_language("en")
    labels: dict[str, str] = {}
    spoken: list[Utterance] = []
    for one in (zh, en):
        sentences = [one(later("Fire alarm. Please leave now.")), one(WAY_OUT[question.direction])]
        place = dict(question.place).get(one.language, "")
        meet = one(later("Meet here: {place}."), place=place) if place else ""
        card = one(later("Take your card with you.")) if question.has_card else ""
        labels |= {f"{key}.{one.language}": words for key, words in zip(
            ("title", "way", "meet", "card"), (*sentences, meet, card), strict=True)}  # fmt: skip
        spoken += [Utterance(words, one.language, Priority.ALERT) for words in (*sentences, meet, card) if words]
    return Draft(labels["title.zh"], labels["title.en"], labels=labels, only=tuple(spoken))


def closed(question: q.Closed, text: Text) -> Draft:
    if question.why in CLOSED:
        title, help_ = (text(one) for one in CLOSED[question.why])
    else:
        title, help_ = text("Nothing can be done here just now"), text(NOT_OFFERED[question.why])
    where = question.elsewhere or text("We know of no other booth nearby.")
    call = text("Please call {number}, day and night.", number=question.telephone)
    return Draft(title, help_, labels={"where": where, "call": call}, also=say(text, where, call, is_fixed=False))


def not_now(option: q.Option, text: Text) -> str:
    """Why an option cannot be chosen, and where else it can: one breath."""
    if not option.elsewhere:
        return option.reason
    return text("{reason}. {place}", reason=option.reason, place=option.elsewhere)

"""The words around a document on the reader: what to lay down and how, what is going on, what opens its chip."""

from __future__ import annotations

from hardware.card_reader import DocumentKind
from hardware.speech import Utterance
from kiosk.text import Text, later
from kiosk.visit import questions as q
from kiosk.visit.documents import TABLE, shapes
from kiosk.visit.draft import Draft, numbered, say, with_note
from kiosk.visit.names import spoken
from kiosk.visit.troubles import CARD_TROUBLE, KEY_TROUBLE


def _document_words(question: q.PresentCard, text: Text) -> str:
    known = set(question.kinds)
    if question.has_key:
        return text("Now lay it back on the reader")
    if question.is_helper:
        return text("Please lay your helper's document on the reader")
    if known == {"resident_id_card", "social_security_card"}:
        return text("Please put your ID card or social security card on the reader")
    if known == {"resident_id_card"}:
        return text("Please put your ID card on the reader")
    if known == {"social_security_card"}:
        return text("Please put your social security card on the reader")
    if "booklet" in shapes(known):
        return text("Please lay down your card or passport")
    return text("Please put your card on the reader")


def present_card(question: q.PresentCard, text: Text) -> Draft:
    if question.is_reading:
        return _reading(question, text)
    labels = {shape: text(_LAY[shape]) for shape in shapes(question.kinds)}
    if question.can_go_without:
        labels["no_card"] = text("No card with you?")
        labels["no_card_note"] = text("Your number and a phone code also work.")
    help_ = (
        text("Hold it still until you hear the tone.")
        if question.has_key
        else text("Lay it flat until you hear the tone.")
    )
    names = [text(TABLE[DocumentKind(kind)].words) for kind in question.kinds]
    return Draft(
        _document_words(question, text),
        text(CARD_TROUBLE[question.trouble]) if question.trouble else help_,
        labels=labels,
        more_help=(
            text("The reader is below the screen, where the light is."),
            text("Leave the card there for a moment."),
            text("These work here: {documents}.", documents=text(", ").join(names)),
        ),
        also=say(text, *(labels[shape] for shape in shapes(question.kinds) if len(shapes(question.kinds)) > 1)),
    )


def _reading(question: q.PresentCard, text: Text) -> Draft:
    news: tuple[Utterance, ...] = ()
    labels = {}
    if question.seen_kind:
        labels["seen"] = text(TABLE[DocumentKind(question.seen_kind)].words)
        sentence = text(
            "{document} of {name}", document=labels["seen"], name=spoken(question.seen_name, "", text, _is_written)
        )
        news = (Utterance(sentence, text.language, private=True, instead=labels["seen"], is_fixed=False),)
    if question.can_go_without:
        labels["no_card"] = text("No card with you?")
        labels["no_card_note"] = text("Your number and a phone code also work.")
    return Draft(
        text("Please leave it there and hold it still"), text("It takes a few seconds."), labels=labels, news=news
    )


def _is_written(_words: str) -> bool:
    """A name on a question is in letters that can be written already."""
    return True


def choose_key(question: q.ChooseKey, text: Text) -> Draft:
    labels = (with_note(text, option.text, option.note) for option in question.options)
    return Draft(
        text("Which of these do you see on it?"),
        text("It opens the chip and is not kept."),
        more_help=_key_help(text),
        also=numbered(text, labels),
    )


def enter_key(question: q.EnterKey, text: Text) -> Draft:
    title, sentence = _PARTS[question.part]
    return Draft(
        text(title),
        text(KEY_TROUBLE[question.trouble]) if question.trouble else text(sentence),
        primary=text("Continue"),
        more_help=_key_help(text),
    )


_LAY = {
    "card": later("A card: lay it flat"),
    "booklet": later("A passport: photo page down"),
}
_PARTS = {
    "can": (later("Please type the six digits"), later("They stand alone, mostly low on the right.")),
    "number": (later("Please type its number"), later("Letters and digits, printed by the photo.")),
    "birth": (later("Please type the date of birth"), later("Year, month and day, as printed.")),
    "expiry": (later("Please type its last valid day"), later("Year, month and day, as printed.")),
}


def _key_help(text: Text) -> tuple[str, ...]:
    return (
        text("The chip opens only for who has it in hand."),
        text("You may take it in your hand now."),
        text("What you type is not kept."),
    )

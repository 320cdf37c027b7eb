"""The words of every question: what is shown and what is spoken beside it, in the visit's language.

The heading is the question and the first thing spoken. Sentences are short and say one thing; personal values are
``private`` and go to a headset only. Knows no widget.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hardware.speech import Priority, Utterance
from kiosk.text import Text
from kiosk.visit import questions as q
from kiosk.visit.troubles import (
    CARD_TROUBLE,
    CODE_TROUBLE,
    RECEIPT_TROUBLE,
    TROUBLE,
    WAY_TROUBLE,
    WORKING,
)


@dataclass(frozen=True)
class Words:
    """What a screen shows around its question, all in the visit's language."""

    strip: str  # left of the strip: the service's title, or the community's name
    title: str  # the question, one sentence
    help: str  # one sentence
    spoken: tuple[Utterance, ...]
    primary: str = ""  # what the one primary action does; "" = no such button
    labels: dict[str, str] = field(default_factory=dict)  # other buttons of this question by their answer
    more_help: tuple[str, ...] = ()  # sentences of the help card


@dataclass(frozen=True)
class _Draft:
    title: str
    help: str = ""
    primary: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    more_help: tuple[str, ...] = ()
    also: tuple[Utterance, ...] = ()  # spoken after title and help
    is_fixed: bool = True
    instead: str = ""  # the help holds a value of the resident: this is said where others can hear


def words_for(question: q.Question, text: Text, titles: Mapping[str, str]) -> Words:
    """All words of ``question``. ``titles``: service id -> message id of its title, for the strip."""
    draft = _DRAFTS[type(question)](question, text)
    if draft.instead:
        private = Utterance(draft.help, text.language, private=True, instead=draft.instead, is_fixed=False)
        spoken = (*_say(text, draft.title), private)
    else:
        spoken = _say(text, draft.title, draft.help, is_fixed=draft.is_fixed)
    more = draft.more_help or (text("Everything is read out to you."), text("Press Find someone to reach a person."))
    return Words(
        strip=text(titles.get(question.service, "")),
        title=draft.title,
        help=draft.help,
        spoken=(*spoken, *draft.also),
        primary=draft.primary,
        labels=draft.labels,
        more_help=more,
    )


def _say(
    text: Text, *sentences: str, is_fixed: bool = True, priority: Priority = Priority.PAGE
) -> tuple[Utterance, ...]:
    return tuple(Utterance(s, text.language, priority, is_fixed=is_fixed) for s in sentences if s)


def _numbered(text: Text, labels: Iterable[str]) -> tuple[Utterance, ...]:
    return _say(text, *(text("{n}: {choice}", n=n, choice=label) for n, label in enumerate(labels, 1)))


def _with_note(text: Text, choice: str, note: str) -> str:
    return text("{choice}: {note}", choice=choice, note=note)


def _welcome(question: q.Welcome, text: Text) -> _Draft:
    return _Draft(
        text("Welcome. What can I do for you?"),
        text("Touch anywhere, or press any key, to begin."),
    )


def _choose_service(question: q.ChooseService, text: Text) -> _Draft:
    labels = [o.text if o.is_available else _with_note(text, o.text, o.reason) for o in question.options]
    return _Draft(
        text("What would you like to do?"),
        question.notice or text("If unsure, press Find someone below."),
        also=_numbered(text, labels),
    )


def _consent(question: q.Consent, text: Text) -> _Draft:
    return _Draft(
        text("Is this all right with you?"),
        text("You can leave at any time."),
        primary=text("Yes, go on"),
        more_help=(text("Without your consent nothing is read."), text("Press Leave and nothing happens.")),
        also=_say(text, *question.points),
    )


def _document_words(kinds: Iterable[str], text: Text) -> str:
    known = set(kinds)
    if {"resident_id_card", "social_security_card"} <= known:
        return text("Please put your ID card or social security card on the reader")
    if "resident_id_card" in known:
        return text("Please put your ID card on the reader")
    return text("Please put your social security card on the reader")


def _present_card(question: q.PresentCard, text: Text) -> _Draft:
    labels = {"no_card": text("No card with you?")} if question.can_go_without else {}
    if labels:
        labels["no_card_note"] = text("Your number and a phone code also work.")
    return _Draft(
        _document_words(question.kinds, text),
        text(CARD_TROUBLE[question.trouble]) if question.trouble else text("Lay it flat until you hear the tone."),
        labels=labels,
        more_help=(
            text("The reader is below the screen, where the light is."),
            text("Leave the card there for a moment."),
        ),
    )


def _choose_way(question: q.ChooseWay, text: Text) -> _Draft:
    return _Draft(
        text("How shall we check that it is you?"),
        text(WAY_TROUBLE[question.trouble]) if question.trouble else text("All ways are equally good."),
        more_help=(
            text("The camera opens only if you choose it."),
            text("The picture is compared and deleted at once."),
        ),
        also=_numbered(text, (_with_note(text, way.text, way.note) for way in question.ways)),
    )


def _guardian(_question: q.GuardianConsent, text: Text) -> _Draft:
    return _Draft(
        text("Does your guardian agree to the camera?"),
        text("Your guardian must be here and say yes."),
        primary=text("My guardian agrees"),
        labels={"no": text("No, another way")},
    )


def _match_face(question: q.MatchFace, text: Text) -> _Draft:
    return _Draft(
        text("Please look at the camera above"),
        text("The picture is compared and deleted at once."),
        labels={
            "other_way": text("Without a face, another way"),
            "other_way_note": _join(o.text for o in question.ways),
        },
    )


def _join(words: Iterable[str]) -> str:
    return " · ".join(words)


def _enter_code(question: q.EnterCode, text: Text) -> _Draft:
    trouble = text(CODE_TROUBLE[question.trouble], count=question.attempts_left) if question.trouble else ""
    return _Draft(
        text("Please enter the code from your phone"),
        trouble or text("We sent 6 digits to {phone}.", phone=question.phone_masked),
        instead="" if trouble else text("We sent 6 digits to your phone."),
        primary=text("Check the code"),
        labels={"resend": text("Send a new code"), "other_way": text("Another way")},
    )


def _wait_for_clerk(question: q.WaitForClerk, text: Text) -> _Draft:
    waiting = text("{count} before you.", count=question.position - 1) if question.position > 1 else ""
    return _Draft(
        text("A clerk will look at your request"),
        waiting or text("This takes one or two minutes."),
        labels={"other_way": text("Another way")},
    )


def _ask_field(question: q.AskField, text: Text) -> _Draft:
    also: tuple[Utterance, ...] = ()
    if question.kind == "choice":
        also = _numbered(text, (option.text for option in question.options))
    elif question.kind == "yes_no":
        also = _numbered(text, (text("Yes"), text("No")))
    primary, labels = text("Continue"), {}
    if question.kind in ("choice", "yes_no"):
        primary = ""
    if question.kind == "photo":
        has_picture = question.picture is not None
        primary = text("Use this photo") if has_picture else text("Take the photo")
        labels = {"take": text("Take it again")} if has_picture else {}
    if not question.is_required:
        labels["skip"] = text("Skip this")
    if question.prefill is not None:
        source = text("From the card") if question.prefill.source == "card" else text("From the register")
        labels["prefill"] = text("Use {value}", value=question.prefill.shown)
        labels["prefill_note"] = source
        also += (
            Utterance(
                text("Use {value}", value=question.prefill.shown), text.language, private=True,
                instead=text("You can use the registered one."), is_fixed=False,
            ),
        )  # fmt: skip
    instead = text("It is on the screen.") if question.is_help_private and not question.trouble else ""
    return _Draft(question.title, question.trouble or question.help, primary, labels, also=also, instead=instead)


def _review(question: q.Review, text: Text) -> _Draft:
    rows = tuple(
        Utterance(
            f"{row.label}: {row.value}", text.language, private=row.is_private,
            instead=text("{label}: filled in.", label=row.label), is_fixed=False,
        )
        for row in question.rows
    )  # fmt: skip
    return _Draft(
        text("Please check. Is everything right?"),
        text("Press Change beside what is not."),
        primary=text("Correct, print") if question.is_enquiry else text("Correct, submit"),
        labels={
            "change": text("Change"), "card": text("From the card"), "registry": text("From the register"),
            "entered": text("You entered"), "checked": text("Checked"),
        },
        also=rows,
    )  # fmt: skip


def _working(question: q.Working, text: Text) -> _Draft:
    return _Draft(text(WORKING[question.what]), text("Please wait a moment."))


def _show_receipt(question: q.ShowReceipt, text: Text) -> _Draft:
    certificate = text("Here is your certificate") if question.is_printed else text("The certificate was not printed")
    titles = {
        "accepted": text("All done, accepted"),
        "recorded": text("Recorded, not yet accepted"),
        "rejected": text("The office could not accept it"),
        "certificate": certificate,
    }
    if question.trouble:
        sentence = text(RECEIPT_TROUBLE[question.trouble])
    elif question.has_card:
        sentence = text("Please take the paper and your card.")
    else:
        sentence = text("Please take the paper.")
    labels = {"read": text("Read it to me")}
    if question.can_print:
        labels["large"] = text("Print it in large letters")
    number = _say(text, text("Number {number}.", number=question.number), is_fixed=False)
    return _Draft(titles[question.state], sentence, text("Done, clear my data"), labels, also=number)


def _already_done(question: q.AlreadyDone, text: Text) -> _Draft:
    return _Draft(question.sentence, question.detail, primary=text("Done, clear my data"), is_fixed=False)


def _trouble(question: q.Trouble, text: Text) -> _Draft:
    title, remedy = TROUBLE[question.what]
    return _Draft(text(title), text(remedy), also=_numbered(text, (option.text for option in question.options)))


def _belongings(question: q.TakeBelongings, text: Text) -> _Draft:
    if question.has_card and question.has_paper:
        return _Draft(text("Please take your card and your paper"), text("They are still here."))
    if question.has_card:
        return _Draft(text("Please take your card"), text("It is still on the reader."))
    return _Draft(text("Please take your paper"), text("It is still in the printer."))


def _goodbye(question: q.Goodbye, text: Text) -> _Draft:
    titles = {
        "served": text("All done. Goodbye"),
        "nothing_to_do": text("All done. Goodbye"),
        "timed_out": text("Nobody answered, so I ended it"),
        "not_verified": text("It could not be done here today"),
        "out_of_service": text("It could not be done here today"),
        "evacuated": text("Please leave the booth now"),
    }
    remedy = text("Nothing of yours is kept here.")
    if question.outcome in ("not_verified", "out_of_service"):
        remedy = text("Nothing is kept. Please call or see a clerk.")
    return _Draft(titles.get(question.outcome, text("Ended. Goodbye")), remedy)


_DRAFTS: dict[type[q.Question], Callable[[Any, Text], _Draft]] = {
    q.Welcome: _welcome,
    q.ChooseService: _choose_service,
    q.Consent: _consent,
    q.PresentCard: _present_card,
    q.ChooseWay: _choose_way,
    q.GuardianConsent: _guardian,
    q.MatchFace: _match_face,
    q.EnterCode: _enter_code,
    q.WaitForClerk: _wait_for_clerk,
    q.AskField: _ask_field,
    q.Review: _review,
    q.Working: _working,
    q.ShowReceipt: _show_receipt,
    q.AlreadyDone: _already_done,
    q.Trouble: _trouble,
    q.TakeBelongings: _belongings,
    q.Goodbye: _goodbye,
}


# -- overlays ---------------------------------------------------------------------------------------------------------


def overlay_words(overlay: q.Overlay, text: Text) -> Words:
    """Words of what lies above a question."""
    title, sentence, primary, labels = _overlay(overlay, text)
    spoken = _say(text, title, sentence, is_fixed=not isinstance(overlay, q.FindSomeone))
    return Words("", title, sentence, spoken, primary, labels)


def _overlay(overlay: q.Overlay, text: Text) -> tuple[str, str, str, dict[str, str]]:
    if isinstance(overlay, q.StillThere):
        return (
            text("Are you still there?"), text("Touch anywhere to go on."), text("Yes, I need more time"), {},
        )  # fmt: skip
    if isinstance(overlay, q.HelpCard):
        return text("Help"), " ".join(overlay.sentences), text("Go on"), {}
    if isinstance(overlay, q.ConfirmLeave):
        return (
            text("Do you want to leave?"), text("What you entered is deleted."), text("No, stay here"),
            {"leave": text("Yes, leave")},
        )  # fmt: skip
    if isinstance(overlay, q.SoundCard):
        labels = {
            "louder": text("Louder"), "quieter": text("Quieter"), "faster": text("Faster"), "slower": text("Slower"),
        }  # fmt: skip
        sentence = text("Volume {volume} of 6, speed {rate} percent", volume=overlay.volume, rate=overlay.rate)
        return text("Sound"), sentence, text("Go on"), labels
    return (
        text("We find someone for you"), text("Please call {number}, day and night.", number=overlay.number),
        text("Go on"), {},
    )  # fmt: skip

"""The words of every question: what is shown and what is spoken beside it, in the visit's language.

The heading is the question and the first thing spoken. Sentences are short and say one thing; personal values are
``private`` and go to a headset only. Knows no widget.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hardware.speech import Utterance
from kiosk.text import Text
from kiosk.visit import questions as q
from kiosk.visit.document_words import choose_key, enter_key, present_card
from kiosk.visit.draft import Draft, numbered, say, with_note
from kiosk.visit.front_words import closed, not_now, way_out
from kiosk.visit.troubles import (
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
    news: tuple[Utterance, ...] = ()  # of ``spoken``: said again whenever they change, beside title and help


def words_for(question: q.Question, text: Text, titles: Mapping[str, str]) -> Words:
    """All words of ``question``. ``titles``: service id -> message id of its title, for the strip."""
    draft = _DRAFTS[type(question)](question, text)
    spoken: tuple[Utterance, ...]
    if draft.only:
        spoken = draft.only
    elif draft.instead:
        private = Utterance(draft.help, text.language, private=True, instead=draft.instead, is_fixed=False)
        spoken = (*say(text, draft.title), private)
    else:
        spoken = say(text, draft.title, draft.help, is_fixed=draft.is_fixed)
    more = draft.more_help or (text("Everything is read out to you."), text("Press Find someone to reach a person."))
    return Words(
        strip=text(titles.get(question.service, "")),
        title=draft.title,
        help=draft.help,
        spoken=(*spoken, *draft.also, *draft.news),
        primary=draft.primary,
        labels=draft.labels,
        more_help=more,
        news=draft.news,
    )


def _welcome(question: q.Welcome, text: Text) -> Draft:
    return Draft(
        text("Welcome. What can I do for you?"),
        text("Touch anywhere, or press any key, to begin."),
    )


def _choose_service(question: q.ChooseService, text: Text) -> Draft:
    labels = [o.text if o.is_available else with_note(text, o.text, not_now(o, text)) for o in question.options]
    return Draft(
        text("What would you like to do?"),
        question.notice or text("If unsure, press Find someone below."),
        news=numbered(text, labels),  # what can no longer be done, or again, is said when that changes
    )


def _consent(question: q.Consent, text: Text) -> Draft:
    return Draft(
        text("Is this all right with you?"),
        text("You can leave at any time."),
        primary=text("Yes, go on"),
        more_help=(text("Without your consent nothing is read."), text("Press Leave and nothing happens.")),
        also=say(text, *question.points),
    )


def _choose_way(question: q.ChooseWay, text: Text) -> Draft:
    return Draft(
        text("How shall we check that it is you?"),
        text(WAY_TROUBLE[question.trouble]) if question.trouble else text("All ways are equally good."),
        more_help=(
            text("The camera opens only if you choose it."),
            text("The picture is compared and deleted at once."),
        ),
        also=numbered(text, (with_note(text, way.text, way.note) for way in question.ways)),
    )


def _guardian(_question: q.GuardianConsent, text: Text) -> Draft:
    return Draft(
        text("Does your guardian agree to the camera?"),
        text("Your guardian must be here and say yes."),
        primary=text("My guardian agrees"),
        labels={"no": text("No, another way")},
    )


def _match_face(question: q.MatchFace, text: Text) -> Draft:
    labels = {
        "other_way": text("Close the camera, another way"),
        "other_way_note": _join(o.text for o in question.ways),
    }
    if question.has_company:
        labels["helper"] = text("They help me")
        return Draft(
            text("Someone else is in the picture"),
            text("Do they help you? Else please ask them to step back."),
            labels=labels,
        )
    if question.is_still:
        labels["movement"] = text("With a small movement")
        labels["movement_note"] = text("It is quicker for most people.")
    else:
        labels["still"] = text("Without moving")
        labels["still_note"] = text("You only look. It takes a little longer.")
    return Draft(
        text("Please look at the camera above"),
        text("The picture is compared and deleted at once."),
        labels=labels,
        more_help=(
            text("Look here and do what you hear."),
            text("If you cannot move your head, press Without moving."),
            text("Another way closes the camera at once."),
        ),
    )


def _share_pictures(_question: q.SharePictures, text: Text) -> Draft:
    return Draft(
        text("May the clerk see your picture?"),
        text("Yours and the document's, for five minutes. Then they are deleted."),
        primary=text("Yes, show the pictures"),
        labels={"no": text("No, ask me questions")},
        more_help=(text("The camera opens for one picture only."), text("Both ways are equally good.")),
    )


def _join(words: Iterable[str]) -> str:
    return " · ".join(words)


def _enter_code(question: q.EnterCode, text: Text) -> Draft:
    trouble = text(CODE_TROUBLE[question.trouble], count=question.attempts_left) if question.trouble else ""
    return Draft(
        text("Please enter the code from your phone"),
        trouble or text("We sent 6 digits to {phone}.", phone=question.phone_masked),
        instead="" if trouble else text("We sent 6 digits to your phone."),
        primary=text("Check the code"),
        labels={"resend": text("Send a new code"), "other_way": text("Another way")},
    )


def _wait_for_clerk(question: q.WaitForClerk, text: Text) -> Draft:
    waiting = text("{count} before you.", count=question.position - 1) if question.position > 1 else ""
    return Draft(
        text("A clerk will look at your request"),
        waiting or text("This takes one or two minutes."),
        labels={"other_way": text("Another way")},
    )


def _ask_field(question: q.AskField, text: Text) -> Draft:
    also: tuple[Utterance, ...] = ()
    if question.kind == "choice":
        also = numbered(text, (option.text for option in question.options))
    elif question.kind == "yes_no":
        also = numbered(text, (text("Yes"), text("No")))
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
    return Draft(question.title, question.trouble or question.help, primary, labels, also=also, instead=instead)


def _review(question: q.Review, text: Text) -> Draft:
    rows = tuple(
        Utterance(
            f"{row.label}: {row.spoken or row.value}", text.language, private=row.is_private,
            instead=text("{label}: filled in.", label=row.label), is_fixed=False,
        )
        for row in question.rows
    )  # fmt: skip
    return Draft(
        text("Please check. Is everything right?"),
        text("Press Change beside what is not."),
        primary=text("Correct, print") if question.is_enquiry else text("Correct, submit"),
        labels={
            "change": text("Change"), "card": text("From the card"), "registry": text("From the register"),
            "entered": text("You entered"), "checked": text("Checked"),
        },
        also=rows,
    )  # fmt: skip


def _working(question: q.Working, text: Text) -> Draft:
    return Draft(text(WORKING[question.what]), text("Please wait a moment."))


def _show_receipt(question: q.ShowReceipt, text: Text) -> Draft:
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
    number = say(text, text("Number {number}.", number=question.number), is_fixed=False)
    return Draft(titles[question.state], sentence, text("Done, clear my data"), labels, also=number)


def _already_done(question: q.AlreadyDone, text: Text) -> Draft:
    return Draft(question.sentence, question.detail, primary=text("Done, clear my data"), is_fixed=False)


def _trouble(question: q.Trouble, text: Text) -> Draft:
    title, remedy = TROUBLE[question.what]
    return Draft(text(title), text(remedy), also=numbered(text, (option.text for option in question.options)))


def _belongings(question: q.TakeBelongings, text: Text) -> Draft:
    if question.has_card and question.has_paper:
        return Draft(text("Please take your card and your paper"), text("They are still here."))
    if question.has_card:
        return Draft(text("Please take your card"), text("It is still on the reader."))
    return Draft(text("Please take your paper"), text("It is still in the printer."))


def _goodbye(question: q.Goodbye, text: Text) -> Draft:
    titles = {
        "served": text("All done. Goodbye"),
        "nothing_to_do": text("All done. Goodbye"),
        "timed_out": text("Nobody answered, so I ended it"),
        "not_verified": text("It could not be done here today"),
        "out_of_service": text("It could not be done here today"),
        "tampered": text("I had to stop. The booth was opened"),
        "evacuated": text("Please leave the booth now"),
    }
    remedy = text("Nothing of yours is kept here.")
    if question.outcome in ("not_verified", "out_of_service"):
        remedy = text("Nothing is kept. Please call or see a clerk.")
    return Draft(titles.get(question.outcome, text("Ended. Goodbye")), remedy)


_DRAFTS: dict[type[q.Question], Callable[[Any, Text], Draft]] = {
    q.Welcome: _welcome,
    q.WayOut: way_out,
    q.Closed: closed,
    q.ChooseService: _choose_service,
    q.Consent: _consent,
    q.PresentCard: present_card,
    q.ChooseKey: choose_key,
    q.EnterKey: enter_key,
    q.ChooseWay: _choose_way,
    q.GuardianConsent: _guardian,
    q.MatchFace: _match_face,
    q.EnterCode: _enter_code,
    q.SharePictures: _share_pictures,
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
    spoken = say(text, title, sentence, is_fixed=not isinstance(overlay, q.FindSomeone))
    return Words("", title, sentence, spoken, primary, labels)


def _overlay(overlay: q.Overlay, text: Text) -> tuple[str, str, str, dict[str, str]]:
    if isinstance(overlay, q.StillThere):
        return (
            text("Are you still there?"), text("Touch anywhere to go on."), text("Yes, I need more time"), {},
        )  # fmt: skip
    if isinstance(overlay, q.HelpCard):
        return text("Help"), " ".join(overlay.sentences), text("Go on"), {"colours": text("Other colours")}
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

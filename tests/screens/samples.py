"""Every question once or more, filled with synthetic data: for the gallery and for the audit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hardware.card_reader import DocumentKind
from kiosk.text import Catalogues, Text
from kiosk.uplink.bodies import RegistryKey
from kiosk.visit import chip_key
from kiosk.visit import questions as q
from kiosk.visit.offers import trouble_options, way_options
from kiosk.visit.person import Identity
from kiosk.visit.who import who_rows
from kiosk.visit.wording import Words, overlay_words, words_for

ROOT = Path(__file__).parents[2]
ASSETS = ROOT / "assets"
PENSION = "pension-alive"
TITLES = {
    PENSION: "Confirm your pension",
    "contribution-certificate": "Print a contribution certificate",
    "report-problem": "Report a problem nearby",
}


def catalogues() -> Catalogues:
    return Catalogues(ASSETS / "translations")


def words(question: q.Question, text: Text) -> Words:
    return words_for(question, text, TITLES)


def questions(text: Text) -> dict[str, q.Question]:
    """Name of the picture -> question, in the language of ``text``."""
    t = text
    at = {"service": PENSION}
    services = (
        q.Option(PENSION, t("Confirm your pension"), t("Once a year, about 2 minutes"), "养"),
        q.Option("contribution-certificate", t("Print a contribution certificate"),
                 t("With verification code, about 1 minute"), "保", False, t("Paused: no paper here")),
        q.Option("report-problem", t("Report a problem nearby"), t("Street lamp, manhole, fire lane"), "报"),
    )  # fmt: skip
    rows = (
        q.ReviewRow("", t("Name"), "张*英", "card", False, True),
        q.ReviewRow("", t("ID number"), "110***********0022", "card", False, True),
        q.ReviewRow("", t("Born"), "1949-**-**", "card", False, True),
        q.ReviewRow("phone", t("Phone"), "138****8000", "registry", True, True),
        q.ReviewRow("address", t("Address"), "幸福里3号楼2单元501", "entered", True, True),
    )
    paper = (
        q.PaperLine(t("Receipt"), True, True), q.PaperLine("", is_rule=True),
        q.PaperLine(t("Confirm your pension")), q.PaperLine(f"{t('Name')}  张*英"),
        q.PaperLine(f"{t('ID number')}  110***********0022"), q.PaperLine(t("Accepted, number"), True),
        q.PaperLine("B7-000204-6", True), q.PaperLine("2026-11-22 20:51"), q.PaperLine("", is_rule=True),
        q.PaperLine(t("Your confirmation holds for 12 months.")),
        q.PaperLine(t("Questions? Call {number}.", number="12333")),
    )  # fmt: skip
    kinds = ("resident_id_card", "social_security_card")
    every = tuple(kind.value for kind in DocumentKind)
    reading = {"kinds": every, "phase": "portrait", "share": 0.55, "progress": (1, 5), **at}
    ways = tuple(q.Option(way, t(title), t(note), sign) for way, (title, note, sign) in chip_key.WAYS.items())
    long = "Señora Nguyễn Łukasiewicz-Đặng Wolfeschlegelsteinhausen Maximiliane"
    passport = RegistryKey(kind="passport", value="L898902C3", nationality="UTO")
    latin = who_rows(Identity("code", passport, long), t, str.isascii)
    card = RegistryKey(kind="permanent_residence", value="911156819890101004")
    both = Identity("code", card, "穆丽卡", "VON MUSTERHAUSEN ERIKA ALEXANDRA CHARLOTTE")
    rare = (
        *who_rows(both, t, lambda _: True),
        *who_rows(Identity("code", passport, "张小\U00020000"), t, lambda words: "\U00020000" not in words)[:1],
    )
    problems = ("Street lamp", "Manhole cover", "Rubbish", "Blocked fire lane", "Noise", "No accessible way",
                "Things falling from above", "Something else")  # fmt: skip
    step = {"service": PENSION, "progress": (3, 5)}
    phone = {"field_id": "phone", "kind": "phone", "max_length": 12, "is_private": True, "draft": "1380013",
             "title": t("On which phone can we reach you?"), **step}  # fmt: skip
    typed = {"field_id": "number", "kind": "id_number", "max_length": 18, "is_private": True, **step}
    done = {"number": "B7-000204-6", "lines": paper, "qr": "B7-000204-6", "progress": (5, 5), **at}
    consent = (t("We read the name and number on your card."), t("We look you up in the pension register."),
               t("Nothing stays in this booth."))  # fmt: skip
    return {
        "welcome": q.Welcome(community="幸福里社区"),
        "way_out": q.WayOut("left"),
        "way_out_ahead": q.WayOut("ahead"),
        "way_out_behind": q.WayOut("behind", (("zh", "南门广场"), ("en", "the south gate")), has_card=True),
        "way_out_unknown": q.WayOut(place=(("zh", "南门广场"), ("en", "the south gate"))),
        "closed_battery": q.Closed("battery", t("The next booth: {place}.", place=t("Address")), "12345"),
        "closed_tamper": q.Closed("tamper", "", "12345"),
        "closed_nothing": q.Closed("backend_down", "", "12345"),
        "goodbye_tampered": q.Goodbye("tampered"),
        "choose_elsewhere": q.ChooseService(options=tuple(
            replace(one, note=t("Recorded now, sent when the line is back")) if one.is_available
            else replace(one, elsewhere=t("The next booth: {place}.", place=t("Address"))) for one in services
        )),
        "choose_service": q.ChooseService(options=services),
        "consent": q.Consent(points=consent, progress=(1, 5), **at),
        "present_card": q.PresentCard(kinds=kinds, progress=(1, 5), **at),
        "present_any": q.PresentCard(kinds=every, progress=(1, 5), **at),
        "present_again": q.PresentCard(kinds=every, has_key=True, progress=(1, 5), **at),
        "reading": q.PresentCard(**reading),
        "reading_seen": q.PresentCard(seen_kind="permanent_residence_card", seen_name="穆*卡 V*** M*** E*** A*** C***",
                                      **reading),
        "choose_key": q.ChooseKey(options=ways, progress=(1, 5), **at),
        "enter_key_number": q.EnterKey(part="number", draft="L898902C3", progress=(1, 5), **at),
        "enter_key_birth": q.EnterKey(part="birth", draft="197408", progress=(1, 5), **at),
        "enter_key_expiry": q.EnterKey(part="expiry", trouble="key_date", progress=(1, 5), **at),
        "enter_key_can": q.EnterKey(part="can", trouble="key_wrong", draft="123", progress=(1, 5), **at),
        "review_latin": q.Review(rows=tuple(
            q.ReviewRow("", one.label, one.value, "card", False, True, one.spoken) for one in (*latin, *rare)
        ), progress=(4, 5), **at),
        "present_card_trouble": q.PresentCard(kinds=kinds, trouble="card_removed", progress=(1, 5), **at),
        "choose_way": q.ChooseWay(ways=way_options(("face", "code", "clerk"), t), progress=(2, 5), **at),
        "choose_way_four": q.ChooseWay(ways=way_options(("face", "code", "clerk", "helper"), t),
                                       trouble="could_not_confirm", progress=(2, 5), **at),
        "choose_way_trouble": q.ChooseWay(ways=way_options(("code", "clerk"), t), trouble="could_not_confirm",
                                          progress=(2, 5), **at),
        "guardian_consent": q.GuardianConsent(progress=(2, 5), **at),
        "match_face": q.MatchFace(ways=way_options(("code", "clerk"), t), progress=(2, 5), **at),
        "match_face_still": q.MatchFace(ways=way_options(("clerk",), t), is_still=True, progress=(2, 5), **at),
        "match_face_company": q.MatchFace(ways=way_options(("clerk",), t), has_company=True, progress=(2, 5), **at),
        "share_pictures": q.SharePictures(progress=(2, 5), **at),
        "enter_code": q.EnterCode(phone_masked="138****8000", progress=(2, 5), **at),
        "wait_for_clerk": q.WaitForClerk(position=2, progress=(2, 5), **at),
        "ask_choice": q.AskField(field_id="kind", kind="choice", title=t("What is the matter?"),
                                 options=tuple(q.FieldOption(p, t(p)) for p in problems), **step),
        "ask_yes_no": q.AskField(field_id="home", kind="yes_no", title=t("Do you live at this address?"),
                                 help="幸福里3号楼2单元501", is_help_private=True, **step),
        "ask_number": q.AskField(field_id="building", kind="number", title=t("Which building number?"),
                                 help=t("The number on the wall."), max_length=3, draft="12", **step),
        "ask_phone": q.AskField(help=t("Staff call it only if something is wrong."),
                                prefill=q.Prefill("13800138000", "138****8000", "registry"), **phone),
        "ask_phone_trouble": q.AskField(
            trouble=t("The phone number lacks {count} digits. Please add them.", count=4), **phone
        ),
        "ask_id_number": q.AskField(title=t("Please enter your ID number"),
                                    help=t("It has 18 digits. The last may be X."), **typed),
        "ask_date": q.AskField(field_id="since", kind="date", title=t("Since when?"), max_length=8, draft="202611",
                               help=t("About is enough. You can skip this."), is_required=False, **step),
        "ask_text": q.AskField(field_id="place", kind="text", title=t("Describe the place"),
                               help=t("A few words are enough."), max_length=40, draft="3号楼东边", **step),
        "ask_photo": q.AskField(field_id="photo", kind="photo", title=t("Would you like to add a photo?"),
                                help=t("The camera above the screen takes it."), is_required=False, **step),
        "review": q.Review(rows=rows, service=PENSION, progress=(4, 5)),
        "working": q.Working(what="submitting", progress=(5, 5), **at),
        "show_receipt": q.ShowReceipt(state="accepted", **done),
        "show_receipt_owed": q.ShowReceipt(state="recorded", is_printed=False, trouble="paper_out", can_print=False,
                                           **done),
        "already_done": q.AlreadyDone(sentence=t("Your pension is already confirmed until {date}.", date="2027-03-31"),
                                      detail=t("You need not do anything before then."), progress=(5, 5), **at),
        "trouble": q.Trouble(what="backend_down", options=trouble_options(("again", "leave"), t),
                             code="UPLINK-TIMEOUT", **at),
        "take_belongings": q.TakeBelongings(has_card=True, has_paper=True),
        "goodbye": q.Goodbye(outcome="served"),
        "goodbye_timed_out": q.Goodbye(outcome="timed_out"),
    }  # fmt: skip


def overlays(text: Text) -> dict[str, tuple[q.Overlay, Words]]:
    """Name of the picture -> overlay and its words."""
    cards: dict[str, q.Overlay] = {
        "still_there": q.StillThere(60),
        "help_card": q.HelpCard((text("The reader is below the screen, where the light is."),
                                 text("Leave the card there for a moment."))),
        "confirm_leave": q.ConfirmLeave(),
        "sound_card": q.SoundCard(4, 100),
        "find_someone": q.FindSomeone("12345"),
    }  # fmt: skip
    return {name: (card, overlay_words(card, text)) for name, card in cards.items()}


def banners(text: Text) -> tuple[str, ...]:
    """What may stand above a question without ending it."""
    return (text("Help has been called."), text("The power is out. You can finish this."))


LONGEST_CAPTION = {
    "zh": "请把身份证或社保卡放在读卡区，听到提示音以后再把卡拿走，谢谢您。",
    "en": "Please put your ID card or social security card on the reader and wait until you hear the tone.",
}

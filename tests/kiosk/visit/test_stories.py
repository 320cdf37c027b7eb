"""Visits as lists: question -> answer. Every way through, and every step left early."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from hardware.camera import CameraUnplugged
from hardware.card_reader import CardMute, CardReaderStatus, CardRemoved, CardUnknown, Check, Media, Result
from hardware.device import Health
from hardware.face import Decision
from hardware.printer import Paper, PaperOut, PrinterStatus, QrCode
from kiosk.keeper_line import KeeperRefused
from kiosk.line import Acknowledged
from kiosk.uplink.bodies import ApprovalState
from kiosk.visit.conclusion import body_of
from kiosk.visit.questions import (
    AlreadyDone,
    AskField,
    ChooseService,
    ChooseWay,
    Consent,
    EnterCode,
    Goodbye,
    GuardianConsent,
    MatchFace,
    PresentCard,
    Review,
    ShowReceipt,
    TakeBelongings,
    Trouble,
    WaitForClerk,
    Welcome,
)
from kiosk.visit.screen import Answer, GoBack, Leave
from tests.kiosk.visit.hall import NUMBER, Hall, Step, card, registered


def start(service: str) -> list[Step]:
    return [(Welcome, None), (ChooseService, service)]


IDENTIFIED_BY_FACE: list[Step] = [
    (Consent, True),
    (PresentCard, card()),
    (ChooseWay, "face"),
    (MatchFace, Decision.MATCH),
]
PENSION_ANSWERS: list[Step] = [(AskField, "13800138000"), (AskField, True), (AskField, "self")]
PENSION: list[Step] = [
    *start("pension-alive"),
    *IDENTIFIED_BY_FACE,
    *PENSION_ANSWERS,
    (Review, None),
    (ShowReceipt, "done"),
    (Goodbye, None),
]
REPORT: list[Step] = [
    *start("report-problem"),
    (AskField, "street_lamp"),
    (AskField, "near_booth"),
    (AskField, "dark"),
    (AskField, None),
    (AskField, None),
    (AskField, "booth"),
    (Review, None),
    (ShowReceipt, "done"),
    (Goodbye, None),
]
CERTIFICATE: list[Step] = [
    *start("contribution-certificate"),
    (Consent, True),
    (PresentCard, card()),
    (ChooseWay, "code"),
    (EnterCode, "246810"),
    (AskField, "pension"),
    (AskField, "last_12"),
    (Review, None),
    (ShowReceipt, "done"),
    (Goodbye, None),
]
STORIES = {"pension": PENSION, "report": REPORT, "certificate": CERTIFICATE}


async def test_pension_by_face() -> None:
    hall = Hall()
    outcome = await hall.play(PENSION)
    assert (outcome.name, outcome.number) == ("served", "B7-000204-6")
    (commit,) = hall.ledger.commits
    assert commit["service"] == "pension-alive"
    assert NUMBER.encode() not in commit["sealed"]
    assert NUMBER not in commit["receipt"]
    assert hall.ledger.receipts == ["printed"]
    assert len(hall.printer.pages) == 1
    assert hall.camera.opened == 1
    assert not hall.camera.is_open
    assert hall.matcher.reference is None
    assert hall.ledger.events[-1] == ("close", "served")


async def test_report_needs_nobody() -> None:
    hall = Hall()
    outcome = await hall.play(REPORT)
    assert outcome.name == "served"
    assert hall.camera.opened == 0
    assert not any(isinstance(shown, PresentCard) for shown in hall.glass.every)
    assert hall.ledger.commits[0]["service"] == "report-problem"


async def test_certificate_is_printed_and_never_queued() -> None:
    hall = Hall()
    outcome = await hall.play(CERTIFICATE)
    assert outcome.name == "served"
    assert hall.ledger.commits == []
    assert ("enquiry", "printed") in hall.ledger.events
    (page,) = hall.printer.pages
    assert QrCode("https://example.org/v/K3J9") in page.items


@pytest.mark.parametrize("name", STORIES)
async def test_leave_at_every_step(name: str) -> None:
    story = STORIES[name]
    for at in range(1, len(story)):
        question = story[at][0]
        if not question.has_leave:
            continue
        hall = Hall()
        steps = [*story[:at], (question, leave_for_good)]
        if at == len(story) - 2:
            continue  # the receipt: nothing left to leave
        outcome = await hall.play(steps)
        assert outcome.name == "cancelled", f"step {at}"
        assert hall.ledger.commits == []
        assert hall.printer.pages == []
        assert not hall.camera.is_open


def leave_for_good(hall: Hall) -> None:
    hall.glass.reply(Leave())
    hall.glass.reply(Leave())  # the second one answers "do you want to leave?"; where nothing is lost nobody asks


@pytest.mark.parametrize("name", STORIES)
async def test_time_out_at_every_step(name: str) -> None:
    story = STORIES[name]
    for at in range(1, len(story) - 2):
        hall = Hall()
        outcome = await hall.play([*story[:at], (story[at][0], lambda h: h.clock.advance(1000))])
        assert outcome.name == "timed_out", f"step {at}"
        assert hall.ledger.commits == []
        assert not hall.camera.is_open


async def test_idle_resident_at_the_receipt_is_served() -> None:
    hall = Hall()
    outcome = await hall.play([*PENSION[:-2], (ShowReceipt, lambda h: h.clock.advance(1000))])
    assert outcome.name == "served"


async def test_back_keeps_what_was_typed() -> None:
    hall = Hall()
    steps = [
        *start("pension-alive"),
        *IDENTIFIED_BY_FACE,
        (AskField, "13900139000"),
        (AskField, GoBack()),
        (AskField, "13900139001"),
        (AskField, False),
        (AskField, "care_home"),
        (AskField, "self"),
        (Review, None),
        (ShowReceipt, "done"),
        (Goodbye, None),
    ]
    assert (await hall.play(steps)).name == "served"
    again = [x for x in hall.glass.every if isinstance(x, AskField) and x.field_id == "phone"][1]
    assert again.draft == "13900139000"
    rows = {r.field_id: r for x in hall.glass.every if isinstance(x, Review) for r in x.rows}
    assert rows["phone"].value == "139****9001"
    assert rows["phone"].source == "entered"
    assert not rows[""].can_change


async def test_changing_an_answer_drops_what_it_made_pointless() -> None:
    hall = Hall()
    steps = [
        *start("pension-alive"),
        *IDENTIFIED_BY_FACE,
        (AskField, "13800138000"),
        (AskField, False),
        (AskField, "abroad"),
        (AskField, "self"),
        (Review, "lives_here"),
        (AskField, True),
        (Review, None),
        (ShowReceipt, "done"),
        (Goodbye, None),
    ]
    assert (await hall.play(steps)).name == "served"
    last = [x for x in hall.glass.every if isinstance(x, Review)][-1]
    assert "place" not in {row.field_id for row in last.rows}
    phone = next(row for row in last.rows if row.field_id == "phone")
    assert phone.source == "registry"


async def test_back_from_consent_leads_to_the_services() -> None:
    hall = Hall()
    steps = [*start("pension-alive"), (Consent, GoBack()), (ChooseService, "report-problem"), *REPORT[2:]]
    assert (await hall.play(steps)).name == "served"


async def test_wrong_answers_are_explained_and_kept() -> None:
    hall = Hall()
    steps = [
        *start("pension-alive"),
        *IDENTIFIED_BY_FACE,
        (AskField, "1380013"),
        (AskField, "13800138000"),
        *PENSION_ANSWERS[1:],
        (Review, None),
        (ShowReceipt, "done"),
        (Goodbye, None),
    ]
    assert (await hall.play(steps)).name == "served"
    second = [x for x in hall.glass.every if isinstance(x, AskField)][1]
    assert "4" in second.trouble
    assert second.draft == "1380013"


# -- cards ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "key"),
    [(CardRemoved(), "card_removed"), (CardMute(), "card_mute"), (CardUnknown(), "card_unknown")],
)
async def test_a_card_that_fails_is_asked_for_again(error: Exception, key: str) -> None:
    hall = Hall()
    steps = [*start("pension-alive"), (Consent, True), (PresentCard, error), *PENSION[3:]]
    assert (await hall.play(steps)).name == "served"
    assert [x.trouble for x in hall.glass.every if isinstance(x, PresentCard)] == ["", key]


async def test_an_expired_card_is_not_taken() -> None:
    hall = Hall()
    old = card(checks=(Check("number_checksum", Result.PASS), Check("expired", Result.FAIL)))
    steps = [*start("pension-alive"), (Consent, True), (PresentCard, old), *PENSION[3:]]
    assert (await hall.play(steps)).name == "served"
    assert [x.trouble for x in hall.glass.every if isinstance(x, PresentCard)][1] == "document_expired"


async def test_without_a_card_the_number_is_typed_and_no_face_is_asked() -> None:
    hall = Hall()
    steps = [
        *start("contribution-certificate"),
        (Consent, True),
        (PresentCard, "no_card"),
        (AskField, "110105194912310021"),
        (AskField, NUMBER),
        *CERTIFICATE[4:],
    ]
    assert (await hall.play(steps)).name == "served"
    (ways,) = [x for x in hall.glass.every if isinstance(x, ChooseWay)]
    assert [way.id for way in ways.ways] == ["code", "clerk"]


async def test_unknown_number_may_use_another_card() -> None:
    hall = Hall()
    other = card("440524188001010014")
    steps = [*start("pension-alive"), (Consent, True), (PresentCard, other), (Trouble, "other_card"), *PENSION[3:]]
    assert (await hall.play(steps)).name == "served"


async def test_a_card_left_behind_is_said_and_shown() -> None:
    def leave_the_card(hall: Hall) -> None:
        hall.reader.status = CardReaderStatus(Health.ONLINE, media=Media.PRESENT)
        hall.glass.reply(Answer("done"))

    hall = Hall()
    steps = [
        *PENSION[:-2],
        (ShowReceipt, leave_the_card),
        (TakeBelongings, lambda h: h.reader.lifted.set()),
        (Goodbye, None),
    ]
    assert (await hall.play(steps)).name == "served"


async def test_a_card_that_lay_there_before_the_welcome_opens_nothing() -> None:
    def lift(hall: Hall) -> None:
        hall.reader.status = CardReaderStatus(Health.ONLINE, media=Media.NOT_PRESENT)
        hall.reader.lifted.set()

    hall = Hall()
    hall.reader.status = CardReaderStatus(Health.ONLINE, media=Media.PRESENT)
    steps = [*start("pension-alive"), (Consent, True), (PresentCard, lift), *PENSION[3:]]
    assert (await hall.play(steps)).name == "served"
    assert [x.trouble for x in hall.glass.every if isinstance(x, PresentCard)] == ["card_left", ""]


# -- who is it ------------------------------------------------------------------------------------------------------


async def test_pension_never_offers_a_phone_code() -> None:
    hall = Hall()
    await hall.play(PENSION)
    (ways,) = [x for x in hall.glass.every if isinstance(x, ChooseWay)]
    assert [way.id for way in ways.ways] == ["face", "clerk"]


async def test_without_a_model_pack_only_the_other_ways_are_offered() -> None:
    hall = Hall()
    hall.matcher.status = type(hall.matcher.status)(Health.NO_DEVICE, model="")
    steps = [
        *start("pension-alive"),
        (Consent, True),
        (PresentCard, card()),
        (ChooseWay, "clerk"),
        (WaitForClerk, ApprovalState.APPROVED),
        *PENSION_ANSWERS,
        (Review, None),
        (ShowReceipt, "done"),
        (Goodbye, None),
    ]
    assert (await hall.play(steps)).name == "served"
    (ways,) = [x for x in hall.glass.every if isinstance(x, ChooseWay)]
    assert [way.id for way in ways.ways] == ["clerk"]
    assert next(x for x in hall.glass.every if isinstance(x, ChooseService)).notice
    assert hall.camera.opened == 0


async def test_a_face_gets_three_attempts_then_another_way() -> None:
    hall = Hall()
    steps = [
        *start("pension-alive"),
        (Consent, True),
        (PresentCard, card()),
        (ChooseWay, "face"),
        (MatchFace, Decision.NON_MATCH),
        (MatchFace, Decision.FAILURE_TO_ACQUIRE),
        (MatchFace, Decision.NON_MATCH),
        (ChooseWay, "clerk"),
        (WaitForClerk, ApprovalState.APPROVED),
        *PENSION_ANSWERS,
        (Review, None),
        (ShowReceipt, "done"),
        (Goodbye, None),
    ]
    assert (await hall.play(steps)).name == "served"
    second = [x for x in hall.glass.every if isinstance(x, ChooseWay)][1]
    assert [way.id for way in second.ways] == ["clerk"]
    assert second.trouble == "could_not_confirm"
    assert not hall.camera.is_open


async def test_the_other_way_closes_the_camera() -> None:
    hall = Hall()
    steps = [
        *start("pension-alive"),
        (Consent, True),
        (PresentCard, card()),
        (ChooseWay, "face"),
        (MatchFace, "other_way"),
        (ChooseWay, lambda h: (_assert_closed(h), leave_for_good(h))[1]),
    ]
    assert (await hall.play(steps)).name == "cancelled"


def _assert_closed(hall: Hall) -> None:
    assert hall.camera.opened == 1
    assert not hall.camera.is_open


async def test_a_broken_camera_leads_to_another_way() -> None:
    hall = Hall()
    hall.camera.broken = CameraUnplugged("gone")
    steps = [
        *start("pension-alive"),
        (Consent, True),
        (PresentCard, card()),
        (ChooseWay, "face"),
        (ChooseWay, "clerk"),
        (WaitForClerk, ApprovalState.REFUSED),
        (ChooseWay, leave_for_good),
    ]
    assert (await hall.play(steps)).name == "cancelled"
    assert [x.trouble for x in hall.glass.every if isinstance(x, ChooseWay)][1] == "camera_trouble"


@pytest.mark.parametrize(("agrees", "after"), [(True, MatchFace), (False, ChooseWay)])
async def test_below_14_a_guardian_consents(agrees: bool, after: type) -> None:
    hall = Hall()
    born = dt.date(2015, 3, 3)
    hall.backend.residents[NUMBER] = registered(birth=born)
    steps: list[Step] = [
        *start("pension-alive"),
        (Consent, True),
        (PresentCard, card(birth=born)),
        (ChooseWay, "face"),
        (GuardianConsent, agrees),
        (after, leave_for_good),
    ]
    assert (await hall.play(steps)).name == "cancelled"
    assert hall.camera.opened == (1 if agrees else 0)


async def test_a_wrong_code_three_times() -> None:
    hall = Hall()
    steps = [
        *CERTIFICATE[:5],
        (EnterCode, "111111"),
        (EnterCode, "222222"),
        (EnterCode, "333333"),
        (ChooseWay, leave_for_good),
    ]
    steps[5:6] = [(EnterCode, "111111")]
    outcome = await hall.play([*CERTIFICATE[:5], *steps[5:]])
    assert outcome.name == "cancelled"
    last = [x for x in hall.glass.every if isinstance(x, ChooseWay)][-1]
    assert last.trouble == "code_dead"
    assert "code" not in {way.id for way in last.ways}


async def test_nobody_answers_so_another_way_is_offered() -> None:
    hall = Hall()
    steps = [
        *start("pension-alive"),
        (Consent, True),
        (PresentCard, card()),
        (ChooseWay, "clerk"),
        (WaitForClerk, lambda h: h.clock.advance(h.times.clerk_wait_s + 2)),
        (ChooseWay, leave_for_good),
    ]
    hall.stage.pace.give_more_time()
    assert (await hall.play(steps)).name == "cancelled"
    assert hall.backend.cancelled == 1
    assert [x.trouble for x in hall.glass.every if isinstance(x, ChooseWay)][-1] == "nobody_answered"


# -- answers of the registry -----------------------------------------------------------------------------------------


async def test_already_confirmed_is_an_answer() -> None:
    hall = Hall()
    hall.backend.residents[NUMBER] = registered(facts={"pension": True, "confirmed_until": "2027-03-31"})
    outcome = await hall.play([*start("pension-alive"), *IDENTIFIED_BY_FACE, (AlreadyDone, None), (Goodbye, None)])
    assert outcome.name == "nothing_to_do"
    shown = next(x for x in hall.glass.every if isinstance(x, AlreadyDone))
    assert "2027年3月31日" in shown.sentence
    assert hall.ledger.commits == []


# -- paper, line, ledger ---------------------------------------------------------------------------------------------


async def test_without_paper_the_certificate_is_not_offered_but_the_pension_is() -> None:
    hall = Hall()
    hall.printer.status = PrinterStatus(Health.ONLINE, paper=Paper.OUT)
    assert (await hall.play(PENSION)).name == "served"
    offered = next(x for x in hall.glass.every if isinstance(x, ChooseService))
    assert {o.id: o.is_available for o in offered.options} == {
        "pension-alive": True,
        "contribution-certificate": False,
        "report-problem": True,
    }
    receipt = next(x for x in hall.glass.every if isinstance(x, ShowReceipt))
    assert (receipt.is_printed, receipt.trouble) == (False, "paper_out")
    assert hall.ledger.receipts == ["owed"]


async def test_paper_runs_out_while_printing() -> None:
    hall = Hall()
    hall.printer.fails = PaperOut()
    assert (await hall.play(PENSION)).name == "served"
    assert hall.ledger.receipts == ["owed"]


async def test_line_down_after_the_answers_is_recorded_not_accepted() -> None:
    hall = Hall()
    hall.ledger.answer = Acknowledged(0, "pending")
    assert (await hall.play(PENSION)).name == "served"
    receipt = next(x for x in hall.glass.every if isinstance(x, ShowReceipt))
    assert receipt.state == "recorded"
    text = " ".join(line.text for line in receipt.lines)
    assert "未受理" in text
    assert "已受理" not in text


async def test_a_ledger_that_refuses_promises_no_number() -> None:
    hall = Hall()
    hall.ledger.refuses = KeeperRefused("disk_full")
    outcome = await hall.play([*PENSION[:-2], (Trouble, "leave")])
    assert outcome.name == "out_of_service"
    assert hall.printer.pages == []


async def test_line_down_at_the_lookup_can_be_tried_again() -> None:
    def lose_the_line(hall: Hall) -> None:
        hall.backend.is_down = True
        hall.reader.present(card())

    def line_is_back(hall: Hall) -> None:
        hall.backend.is_down = False
        hall.glass.reply(Answer("again"))

    hall = Hall()
    steps = [
        *start("pension-alive"),
        (Consent, True),
        (PresentCard, lose_the_line),
        (Trouble, line_is_back),
        *PENSION[4:],
    ]
    assert (await hall.play(steps)).name == "served"


async def test_large_print_is_a_marked_copy() -> None:
    hall = Hall()
    steps = [*PENSION[:-2], (ShowReceipt, "large"), (ShowReceipt, "done"), (Goodbye, None)]
    await hall.play(steps)
    first, second = hall.printer.pages
    assert len(second.items) == len(first.items) + 1


# -- what leaves the visit -------------------------------------------------------------------------------------------


async def test_the_sealed_body_is_the_whole_answer() -> None:
    from kiosk.visit.fill import Form
    from kiosk.visit.person import Identity

    hall = Hall()
    form = Form(hall.services["report-problem"], Identity(by="none"))
    form.answers |= {"kind": "noise", "since": dt.date(2026, 11, 1), "photo": b"\xff\xd8x", "place": None}
    body = json.loads(body_of(form, "zh"))
    assert body["answers"] == {"kind": "noise", "since": "2026-11-01"}
    assert body["photo"] == "/9h4"
    assert body["resident"] is None


async def test_private_values_are_not_said_aloud() -> None:
    hall = Hall()
    await hall.play(PENSION)
    aloud = " ".join(hall.glass.captions)
    for secret in (NUMBER, "13800138000", "张秀英", "138****8000", "幸福里3号楼"):
        assert secret not in aloud

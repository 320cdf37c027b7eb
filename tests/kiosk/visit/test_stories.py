"""Visits as lists: question -> answer. Every way through, and every step left early."""

from __future__ import annotations

import pytest

from hardware.printer import QrCode
from kiosk.visit.questions import (
    AskField,
    ChooseService,
    Consent,
    Goodbye,
    PresentCard,
    Review,
    ShowReceipt,
)
from kiosk.visit.screen import GoBack
from tests.kiosk.visit.hall import NUMBER, Hall
from tests.kiosk.visit.steps import (
    CERTIFICATE,
    IDENTIFIED_BY_FACE,
    PENSION,
    PENSION_ANSWERS,
    REPORT,
    STORIES,
    leave_for_good,
    start,
)


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

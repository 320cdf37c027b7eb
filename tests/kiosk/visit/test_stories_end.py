"""Visits as lists: what the registry says, paper, the line, the ledger, and what leaves the visit."""

from __future__ import annotations

import datetime as dt
import json

from hardware.device import Health
from hardware.printer import Paper, PaperOut, PrinterStatus
from kiosk.keeper_line import KeeperRefused
from kiosk.line import Acknowledged
from kiosk.visit.conclusion import body_of
from kiosk.visit.questions import (
    AlreadyDone,
    ChooseService,
    Consent,
    Goodbye,
    PresentCard,
    ShowReceipt,
    Trouble,
)
from kiosk.visit.screen import Answer
from tests.kiosk.visit.hall import NUMBER, Hall, card, key_of, registered
from tests.kiosk.visit.steps import (
    IDENTIFIED_BY_FACE,
    PENSION,
    start,
)

# -- answers of the registry -----------------------------------------------------------------------------------------


async def test_already_confirmed_is_an_answer() -> None:
    hall = Hall()
    hall.backend.residents[key_of(NUMBER)] = registered(facts={"pension": True, "confirmed_until": "2027-03-31"})
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

"""Doubtful corners of the end: paper that comes late, a keeper that falls silent, what is left behind."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hardware.card_reader import CardReaderStatus, Media, ReaderLost
from hardware.device import DeviceGone, Health
from hardware.printer import Exit, Paper, PaperOut, PrinterStatus
from hardware.speech import Earcon
from kiosk.keeper_line import KeeperGone, KeeperRefused
from kiosk.line import Acknowledged
from kiosk.visit.questions import (
    Consent,
    Goodbye,
    Review,
    ShowReceipt,
    TakeBelongings,
    Trouble,
)
from kiosk.visit.screen import Answer
from tests.kiosk.visit.hall import Hall
from tests.kiosk.visit.steps import (
    CERTIFICATE,
    END,
    PENSION,
    REPORT,
    shown,
    start,
)

# -- paper ------------------------------------------------------------------------------------------------------------


async def test_the_first_paper_is_no_copy_however_late() -> None:
    hall = Hall()
    hall.printer.status = PrinterStatus(Health.ONLINE, paper=Paper.OUT)

    def refill(hall: Hall) -> None:
        hall.printer.status = PrinterStatus(Health.ONLINE, paper=Paper.FULL)
        hall.stage.refresh()

    steps = [*PENSION[:-2], (ShowReceipt, refill), (ShowReceipt, "large"), (ShowReceipt, "large"), *END]
    assert (await hall.play(steps)).name == "served"
    assert [x.can_print for x in shown(hall, ShowReceipt)] == [False, True, True, True]
    assert [x.is_printed for x in shown(hall, ShowReceipt)] == [False, False, True, True]
    assert hall.ledger.receipts == ["owed", "printed", "printed"]
    first, second = hall.printer.pages
    assert len(second.items) == len(first.items) + 1  # only the second is marked as a copy


async def test_a_copy_that_did_not_come_out_is_not_counted() -> None:
    hall = Hall()

    def fail(hall: Hall) -> None:
        hall.printer.fails = PaperOut()
        hall.glass.reply(Answer("large"))

    def work(hall: Hall) -> None:
        hall.printer.fails = None
        hall.glass.reply(Answer("large"))

    steps = [*PENSION[:-2], (ShowReceipt, fail), (ShowReceipt, work), *END]
    assert (await hall.play(steps)).name == "served"
    assert [(x.is_printed, x.trouble) for x in shown(hall, ShowReceipt)] == [
        (True, ""),
        (True, "paper_out"),
        (True, ""),
    ]
    assert "第 1 次补打" in [getattr(item, "text", "") for item in hall.printer.pages[-1].items]
    assert hall.ledger.receipts == ["printed", "printed"]


@pytest.mark.parametrize("fault", [PrinterStatus(Health.ONLINE, paper=Paper.OUT), DeviceGone("unplugged")])
async def test_an_enquiry_without_paper_is_refused_before_it_is_made(fault: Any) -> None:
    hall = Hall()
    full, asked = hall.printer.status, 0

    async def refresh() -> PrinterStatus:
        if isinstance(fault, Exception):
            raise fault
        return fault  # type: ignore[no-any-return]

    async def enquire(*_: Any, **__: Any) -> Any:
        nonlocal asked
        asked += 1

    def lose_paper(hall: Hall) -> None:
        hall.printer.refresh = refresh  # type: ignore[method-assign]
        hall.glass.reply(Answer(None))

    hall.backend.enquire = enquire  # type: ignore[method-assign]
    steps = [*CERTIFICATE[:-3], (Review, lose_paper), (Trouble, "again"), (Trouble, "leave")]
    assert (await hall.play(steps)).name == "out_of_service"
    assert asked == 0
    assert hall.printer.status is full
    assert not [event for event in hall.ledger.events if event[0] == "enquiry"]


async def test_a_certificate_that_did_not_come_out_does_not_claim_to_have() -> None:
    hall = Hall("en")
    hall.printer.fails = PaperOut()
    titles: list[str] = []
    note = lambda h: (titles.append(h.glass.words.title), h.glass.reply(Answer("done")))[1]  # noqa: E731
    assert (await hall.play([*CERTIFICATE[:-2], (ShowReceipt, note)])).name == "served"
    assert titles == ["The certificate was not printed"]
    assert ("enquiry", "not_printed") in hall.ledger.events


async def test_whoever_brought_no_card_is_not_told_to_take_one() -> None:
    hall = Hall("en")
    helps: list[str] = []
    note = lambda h: (helps.append(h.glass.words.help), h.glass.reply(Answer("done")))[1]  # noqa: E731
    await hall.play([*REPORT[:-2], (ShowReceipt, note)])
    hall = Hall("en")
    await hall.play([*PENSION[:-2], (ShowReceipt, note)])
    assert helps == ["Please take the paper.", "Please take the paper and your card."]


# -- commit -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "what"), [(KeeperRefused("disk_full"), "not_recorded"), (KeeperGone("no answer in 8 s"), "not_sure")]
)
async def test_a_keeper_that_fell_silent_may_have_recorded_it(error: Exception, what: str) -> None:
    hall = Hall()
    hall.ledger.refuses = error
    assert (await hall.play([*PENSION[:-2], (Trouble, "leave")])).name == "out_of_service"
    assert [x.what for x in shown(hall, Trouble)] == [what]
    assert hall.printer.pages == []


async def test_after_the_commit_nothing_keeps_the_number_from_the_resident() -> None:
    hall = Hall()

    async def refuse(*_: object) -> Acknowledged:
        raise KeeperRefused("ledger_error")

    hall.ledger.acknowledgement = hall.ledger.receipt_issued = refuse  # type: ignore[method-assign, assignment]
    outcome = await hall.play(PENSION)
    assert (outcome.name, outcome.number) == ("served", "B7-000204-6")
    assert shown(hall, ShowReceipt)[0].state == "recorded"


async def test_a_keeper_that_goes_ends_the_visit_with_words() -> None:
    hall = Hall()

    async def gone(*_: object) -> None:
        raise KeeperGone("the line has ended")

    hall.ledger.audit = hall.ledger.close_visit = gone  # type: ignore[method-assign, assignment]
    outcome = await hall.play([*start("pension-alive"), (Consent, True), (Goodbye, None)])
    assert outcome.name == "out_of_service"


# -- belongings -------------------------------------------------------------------------------------------------------


async def test_a_reader_that_goes_does_not_hide_the_paper() -> None:
    hall = Hall()
    taken = asyncio.Event()

    async def lost() -> None:
        raise ReaderLost("gone")

    hall.reader.wait_for_removal = lost  # type: ignore[method-assign]
    hall.printer.wait_for_taken = taken.wait  # type: ignore[method-assign, assignment]

    def leave_both(hall: Hall) -> None:
        hall.reader.status = CardReaderStatus(Health.ONLINE, media=Media.PRESENT)
        hall.printer.status = PrinterStatus(Health.ONLINE, paper=Paper.FULL, exit=Exit.PRESENT)
        hall.glass.reply(Answer("done"))

    async def still_there(hall: Hall) -> None:
        await hall.clock.advance(5)
        assert isinstance(hall.glass.every[-1], TakeBelongings)
        taken.set()

    steps = [*PENSION[:-2], (ShowReceipt, leave_both), (TakeBelongings, still_there), (Goodbye, None)]
    assert (await hall.play(steps)).name == "served"
    assert any(isinstance(note, ReaderLost) for note in hall.notes)
    assert Earcon.ALERT in hall.speaker.sounds

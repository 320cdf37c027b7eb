"""Fault: card or paper is left behind. It is noticed, shown and said before the next welcome, however a visit ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hardware.card_reader import CardReaderStatus, Media
from hardware.device import Health
from hardware.printer import Exit, Paper, PrinterStatus
from hardware.speech import Earcon
from kiosk.visit.questions import ChooseWay, Goodbye, ShowReceipt, TakeBelongings
from kiosk.visit.screen import Answer
from tests.kiosk.visit.hall import Hall, Step
from tests.kiosk.visit.steps import PENSION, TO_WAYS, leave_for_good, said, shown


def card_stays(hall: Hall) -> None:
    hall.reader.status = CardReaderStatus(Health.ONLINE, media=Media.PRESENT)


def paper_stays(hall: Hall) -> None:
    hall.printer.status = PrinterStatus(Health.ONLINE, paper=Paper.FULL, exit=Exit.PRESENT)


def and_then(what: Callable[[Hall], object], end: Callable[[Hall], Any]) -> Callable[[Hall], Any]:
    def do(hall: Hall) -> Any:
        what(hall)
        return end(hall)

    return do


def lift(hall: Hall) -> None:
    hall.reader.lifted.set()


ENDS: dict[str, tuple[list[Step], type, Callable[[Hall], Any]]] = {
    "served": (PENSION[:-2], ShowReceipt, lambda h: h.glass.reply(Answer("done"))),
    "cancelled": (TO_WAYS, ChooseWay, leave_for_good),
    "timed_out": (TO_WAYS, ChooseWay, lambda h: h.clock.advance(h.times.idle_s + h.times.alert_s + 5)),
}


@pytest.mark.parametrize("outcome", ENDS)
async def test_a_card_is_noticed_however_the_visit_ends(outcome: str) -> None:
    before, question, end = ENDS[outcome]
    hall = Hall()
    steps = [*before, (question, and_then(card_stays, end)), (TakeBelongings, lift), (Goodbye, None)]
    assert (await hall.play(steps)).name == outcome
    assert "请拿走您的卡" in said(hall)
    assert Earcon.ALERT in hall.speaker.sounds


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ((card_stays,), "请拿走您的卡"),
        ((paper_stays,), "请拿走您的纸"),
        ((card_stays, paper_stays), "请拿走您的卡和纸"),
    ],
)
async def test_what_is_there_is_named(what: tuple[Callable[[Hall], None], ...], sentence: str) -> None:
    hall = Hall()

    def leave_them(hall: Hall) -> None:
        for one in what:
            one(hall)
        hall.glass.reply(Answer("done"))

    steps = [*PENSION[:-2], (ShowReceipt, leave_them), (TakeBelongings, lift), (Goodbye, None)]
    assert (await hall.play(steps)).name == "served"
    assert sentence in said(hall)
    (question,) = shown(hall, TakeBelongings)
    assert (question.has_card, question.has_paper) == (card_stays in what, paper_stays in what)


async def test_nobody_comes_back_for_it() -> None:
    hall = Hall()
    wait: Callable[[Hall], Any] = lambda h: h.clock.advance(h.times.belongings_s + 1)  # noqa: E731
    before, question, end = ENDS["served"]
    assert (await hall.play([*before, (question, and_then(card_stays, end)), (TakeBelongings, wait)])).name == "served"
    assert isinstance(hall.glass.every[-1], Goodbye)


async def test_nothing_left_behind_nothing_asked() -> None:
    hall = Hall()
    assert (await hall.play(PENSION)).name == "served"
    assert shown(hall, TakeBelongings) == []

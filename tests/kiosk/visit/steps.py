"""Pieces of stories, and what a story looks at afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from hardware.face import Decision
from kiosk.visit.questions import (
    AskField,
    ChooseService,
    ChooseWay,
    Consent,
    EnterCode,
    Goodbye,
    MatchFace,
    PresentCard,
    Review,
    ShowReceipt,
    Welcome,
)
from kiosk.visit.screen import Leave
from tests.kiosk.visit.hall import Hall, Step, card


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


def leave_for_good(hall: Hall) -> None:
    hall.glass.reply(Leave())
    hall.glass.reply(Leave())  # the second one answers "do you want to leave?"; where nothing is lost nobody asks


TO_WAYS: list[Step] = [*start("pension-alive"), (Consent, True), (PresentCard, card())]
TO_CODE: list[Step] = CERTIFICATE[:5]  # the next question asks for it
END: list[Step] = [(ShowReceipt, "done"), (Goodbye, None)]


def shown(hall: Hall, kind: type) -> list[Any]:
    return [x for x in hall.glass.every if isinstance(x, kind)]


def said(hall: Hall) -> list[str]:
    return [u.text for u in hall.speaker.said]


def then(*calls: Callable[[Hall], object]) -> Callable[[Hall], Any]:
    async def do(hall: Hall) -> None:
        for call in calls:
            result = call(hall)
            if asyncio.iscoroutine(result):
                await result
            await hall.clock.settle()

    return do


def reply(said: object) -> Callable[[Hall], None]:
    return lambda hall: hall.glass.reply(said)  # type: ignore[arg-type]

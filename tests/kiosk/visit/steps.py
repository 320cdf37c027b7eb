"""Pieces of stories, and what a story looks at afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from kiosk.visit.questions import Consent, Goodbye, PresentCard, ShowReceipt
from tests.kiosk.visit.hall import Hall, Step, card
from tests.kiosk.visit.test_stories import CERTIFICATE, start

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

"""Doubtful corners of one question: cancelled, answered by a device under a card, keys before anything is shown."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hardware.card_reader import Document
from hardware.keypad import Approach, HeadsetChanged, Key, KeyPress
from kiosk.visit import questions as q
from kiosk.visit.leaving import Cancelled, TimedOut
from kiosk.visit.screen import Activity, Focused, Leave, Tool
from tests.kiosk.visit.hall import Hall, card
from tests.kiosk.visit.steps import said

# -- the stage --------------------------------------------------------------------------------------------------------


def field(**changes: Any) -> q.AskField:
    return q.AskField(field_id="phone", kind="phone", title="电话", progress=(3, 5), **changes)


async def asked(hall: Hall, question: Any = None, **how: Any) -> asyncio.Future[Any]:
    asking = asyncio.ensure_future(hall.stage.ask(question or field(), **how))
    await hall.clock.settle()
    return asking


async def test_a_cancelled_question_leaves_no_task_behind() -> None:
    hall = Hall()
    before = asyncio.all_tasks()
    asking = await asked(hall, until=hall.reader.wait_for_document, patience=100)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert asyncio.all_tasks() == before


async def test_cancelled_work_ends_and_so_does_its_announcement() -> None:
    hall = Hall()
    before, ended = asyncio.all_tasks(), asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    showing = asyncio.ensure_future(hall.stage.show(q.Working(), work()))
    await hall.clock.advance(1)
    showing.cancel()
    await asyncio.gather(showing, return_exceptions=True)
    assert ended.is_set()
    assert asyncio.all_tasks() == before
    shown_before = len(hall.glass.every)
    await hall.clock.advance(60)
    assert len(hall.glass.every) == shown_before


async def test_a_device_that_answers_takes_the_alert_away() -> None:
    hall = Hall()
    asking = await asked(hall, until=hall.reader.wait_for_document)
    await hall.clock.advance(hall.times.idle_anonymous_s + 1)
    assert isinstance(hall.glass.overlays[-1], q.StillThere)
    hall.reader.present(card())
    assert isinstance(await asking, Document)
    assert hall.glass.overlays[-1] is None


async def test_a_moved_focus_answers_the_alert() -> None:
    hall = Hall()
    asking = await asked(hall)
    await hall.clock.advance(hall.times.idle_anonymous_s + 1)
    hall.glass.reply(Focused("Continue"))
    await hall.clock.settle()
    assert hall.glass.overlays[-1] is None
    await hall.clock.advance(hall.times.idle_anonymous_s - 2)
    assert not asking.done()
    assert hall.glass.overlays[-1] is None
    await hall.clock.advance(hall.times.alert_s + 10)
    with pytest.raises(TimedOut):
        await asking


async def test_a_card_stays_when_the_headset_is_plugged_in() -> None:
    hall = Hall()
    following = asyncio.ensure_future(hall.stage.follow_keypad())
    asking = await asked(hall)
    hall.glass.reply(Leave())
    await hall.clock.settle()
    laid = len(hall.glass.overlays)
    hall.keypad.pressed.put_nowait(HeadsetChanged(True))
    await hall.clock.settle()
    assert hall.glass.overlays[laid:] == [q.ConfirmLeave()]  # laid again over the question that was shown anew
    hall.glass.reply(Leave())
    with pytest.raises(Cancelled):
        await asking
    following.cancel()


async def test_news_of_a_device_during_a_card_does_not_disturb_it() -> None:
    hall = Hall()
    state = "a"
    asking = await asked(hall, lambda: field(help=state))
    hall.glass.reply(Tool("help"))
    await hall.clock.settle()
    state, before = "b", len(hall.glass.every)
    hall.stage.refresh()
    assert len(hall.glass.every) == before
    hall.glass.reply(Activity())
    await hall.clock.settle()
    hall.stage.refresh()
    assert hall.glass.every[-1].help == "b"  # type: ignore[attr-defined]
    assert "b" in said(hall)
    asking.cancel()


async def test_keys_before_anything_is_shown_do_no_harm() -> None:
    hall = Hall()
    following = asyncio.ensure_future(hall.stage.follow_keypad())
    for event in (Approach(), HeadsetChanged(True), KeyPress(Key.NEXT)):
        hall.keypad.pressed.put_nowait(event)
    await hall.clock.settle()
    assert not following.done()
    following.cancel()

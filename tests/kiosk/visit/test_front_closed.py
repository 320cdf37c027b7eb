"""An opened cabinet, a power cut, a call for help, at every moment of a visit; and when nothing works."""

from __future__ import annotations

import asyncio

import pytest

from kiosk.site.messages import Changed, FromWatch, Snapshot
from kiosk.visit import questions as q
from kiosk.visit.screen import Activity, Answer, Sound, Tool
from tests.kiosk.visit.alarms import BATTERY, FIRE, QUIET, TAMPER, lay_down, lift, says, tells
from tests.kiosk.visit.hall import Hall
from tests.kiosk.visit.steps import PENSION, REPORT, STORIES, said, shown, start

# -- an opened cabinet ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", STORIES)
async def test_an_opened_cabinet_at_every_step(name: str) -> None:
    story = STORIES[name]
    for at in range(1, len(story) - 2):
        hall = Hall()
        outcome = await hall.play([*story[:at], (story[at][0], TAMPER)])
        assert outcome.name == "tampered", f"step {at}"
        assert hall.ledger.commits == []
        assert not hall.camera.is_open
        assert hall.glass.every[-1] == q.Goodbye("tampered")
        assert said(hall).count("机器被打开了，只好停下") == 1, f"step {at}"
        assert hall.front.question() == q.Closed("tamper", "", "")


async def test_a_card_is_given_back_before_the_goodbye_of_an_opened_booth() -> None:
    hall = Hall()
    steps = [*PENSION[:4], (q.ChooseWay, lay_down), *PENSION[5:7], (q.AskField, TAMPER)]
    outcome = await hall.play([*steps, (q.Goodbye, Activity()), (q.TakeBelongings, lift), (q.Goodbye, None)])
    assert outcome.name == "tampered"


async def test_a_fire_after_the_cabinet_was_opened_still_shows_the_way_out() -> None:
    hall = Hall()

    def both(hall: Hall) -> None:
        TAMPER(hall)
        says("end_visit", "evacuate")(hall)

    assert (await hall.play([*PENSION[:7], (q.AskField, both)])).name == "evacuated"
    assert isinstance(hall.glass.every[-1], q.WayOut)


async def test_a_fire_during_the_goodbye() -> None:
    hall = Hall()
    assert (await hall.play([*REPORT[:-1], (q.Goodbye, FIRE)])).name == "served"
    assert isinstance(hall.glass.every[-1], q.WayOut)
    assert hall.ledger.receipts == ["printed"]


# -- a power cut ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", range(1, len(REPORT) - 1))
async def test_a_visit_goes_to_its_end_on_the_battery(at: int) -> None:
    hall = Hall()
    question, answer = REPORT[at]

    async def dark(hall: Hall) -> None:
        BATTERY(hall)
        await hall.clock.settle()
        assert hall.glass.banners[-1] == "停电了。您可以把这件事办完。"
        hall.glass.reply(Answer(answer))

    outcome = await hall.play([*REPORT[:at], (question, dark), *REPORT[at + 1 :]])
    assert (outcome.name, len(hall.ledger.commits)) == ("served", 1)
    assert "停电了。您可以把这件事办完。" in said(hall)


async def test_no_visit_begins_on_the_battery() -> None:
    hall = Hall()
    hall.booth.telephone = "12345"
    visit = asyncio.ensure_future(hall.visit())
    await hall.clock.settle()
    BATTERY(hall)
    assert hall.glass.every[-1] == q.Closed("battery", "", "12345")
    assert hall.glass.words is not None
    assert hall.glass.words.title == "这里停电了"
    assert {"附近没有已知的另一台。", "请打 12345，日夜都有人。"} <= set(said(hall))
    for reply in (Answer(None), Activity(), Tool("language"), Sound(5, 100)):
        hall.glass.reply(reply)
    await hall.clock.advance(600)
    assert isinstance(hall.glass.every[-1], q.Closed)
    assert not visit.done()
    assert hall.begun == 0
    QUIET(hall)
    assert isinstance(hall.glass.every[-1], q.Welcome)
    visit.cancel()


# -- what ends nothing ------------------------------------------------------------------------------------------------


async def test_a_call_for_help_is_confirmed_and_ends_nothing() -> None:
    hall = Hall()

    async def call(hall: Hall) -> None:
        before = list(hall.glass.every)
        tells("call")(hall)
        await hall.clock.settle()
        assert hall.glass.banners[-1] == "求助已发出。" == said(hall)[-1]
        await hall.clock.advance(hall.times.banner_s)
        assert hall.glass.banners[-1] == ""
        assert hall.glass.every == before
        hall.glass.reply(Answer("near_booth"))

    outcome = await hall.play([*REPORT[:3], (q.AskField, call), *REPORT[4:]])
    assert outcome.name == "served"


async def test_notices_and_reports_are_not_for_residents() -> None:
    hall = Hall()

    async def tell(hall: Hall) -> None:
        before = (list(hall.glass.every), list(hall.glass.banners), said(hall))
        for act in ("notice", "report", "water"):
            tells(act)(hall)
        await hall.clock.settle()
        assert (hall.glass.every, hall.glass.banners, said(hall)) == before
        hall.glass.reply(Answer("near_booth"))

    assert (await hall.play([*REPORT[:3], (q.AskField, tell), *REPORT[4:]])).name == "served"


async def test_a_fire_told_again_as_a_call_covers_nothing() -> None:
    hall = Hall()
    visit = asyncio.ensure_future(hall.visit())
    await hall.clock.settle()
    tells("call")(hall)
    await hall.clock.settle()
    FIRE(hall)
    assert hall.glass.banners[-1] == ""
    tells("call")(hall)
    await hall.clock.settle()
    assert hall.glass.banners[-1] == ""
    assert "求助已发出。" not in said(hall)[-4:]
    visit.cancel()


async def test_a_fire_takes_a_banner_away() -> None:
    hall = Hall()

    async def both(hall: Hall) -> None:
        tells("call")(hall)
        await hall.clock.settle()
        FIRE(hall)
        assert hall.glass.banners[-1] == ""
        tells("call")(hall)
        await hall.clock.advance(60)
        assert hall.glass.banners[-1] == ""

    assert (await hall.play([*start("report-problem"), (q.AskField, both)])).name == "evacuated"


# -- when nothing works -----------------------------------------------------------------------------------------------


async def test_the_welcome_says_when_nothing_can_be_done_and_when_again() -> None:
    hall = Hall()
    hall.booth.closed_services = frozenset(hall.services)
    visit = asyncio.ensure_future(hall.visit())
    await hall.clock.settle()
    assert hall.glass.every[-1] == q.Closed("closed_by_platform", "", "")
    assert "现在暂时办不了" in said(hall)
    hall.glass.reply(Answer(None))
    await hall.clock.settle()
    assert hall.begun == 0
    hall.booth.closed_services = frozenset()
    hall.stage.refresh()
    assert isinstance(hall.glass.every[-1], q.Welcome)
    visit.cancel()


async def test_a_watch_that_never_spoke_changes_nothing() -> None:
    hall = Hall()
    messages: list[FromWatch] = [Changed(1), Snapshot("s", "b", 1, "")]
    for message in messages:
        hall.front.heed(message)
    assert (await hall.play(REPORT)).name == "served"
    assert shown(hall, q.WayOut) == shown(hall, q.Closed) == []

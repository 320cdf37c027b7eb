"""The watch speaks up: a fire, an opened cabinet, a power cut, a call for help, at every moment of a visit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from hardware.card_reader import CardReaderStatus, Media
from hardware.device import Health
from hardware.speech import Earcon, Priority
from kiosk.site.messages import Changed, FromWatch, Snapshot, Standing, Told
from kiosk.visit import questions as q
from kiosk.visit.front import Front, WayOutOfHere
from kiosk.visit.leaving import Evacuated
from kiosk.visit.screen import Activity, Answer, Leave, Sound, Tool
from kiosk.visit.serve import Outcome
from kiosk.visit.site_watch import Site
from kiosk.visit.wording import words_for
from tests.kiosk.visit.hall import CATALOGUES, Hall
from tests.kiosk.visit.steps import PENSION, REPORT, STORIES, said, shown, start


def says(*standing: Standing) -> Callable[[Hall], None]:
    return lambda hall: hall.front.heed(Changed(1, standing=standing))


def tells(act: str) -> Callable[[Hall], None]:
    return lambda hall: hall.front.heed(Told(act, "rule", "words", "2026-11-22T20:47:00+08:00"))


FIRE, TAMPER, BATTERY, QUIET = says("evacuate"), says("end_visit"), says("close_booth"), says()


def lay_down(hall: Hall) -> None:
    """The card stays on the reader, and the camera is chosen."""
    hall.reader.status = CardReaderStatus(Health.ONLINE, media=Media.PRESENT)
    hall.glass.reply(Answer("face"))


def lift(hall: Hall) -> None:
    hall.reader.lifted.set()


def seen_at_once(hall: Hall) -> q.Question:
    """What stands on the glass when the message was heard: no task ran in between."""
    return hall.glass.every[-1]


# -- fire -------------------------------------------------------------------------------------------------------------


async def flee(hall: Hall, steps: list[Any], at: int) -> Outcome:
    """Play to step ``at``, have a fire there; what is true of every evacuation is checked."""

    def fire(hall: Hall) -> None:
        FIRE(hall)
        assert isinstance(seen_at_once(hall), q.WayOut), f"step {at}"
        hall.glass.reply(Answer(steps[at][1]))  # a hand that was on its way
        hall.glass.reply(Leave())

    outcome = await hall.play([*steps[:at], (steps[at][0], fire)])
    assert isinstance(hall.glass.every[-1], q.WayOut), f"step {at}: covered by {hall.glass.every[-1]}"
    assert not hall.camera.is_open
    assert hall.matcher.reference is None
    assert {"火警，请马上离开", "Fire alarm. Please leave now.", "往左走", "Go left"} <= set(said(hall))
    assert hall.speaker.said[-1].priority is Priority.ALERT, f"step {at}: said after the way out: {said(hall)[-1]}"
    return outcome


@pytest.mark.parametrize("name", STORIES)
async def test_fire_at_every_step(name: str) -> None:
    story = STORIES[name]
    for at in range(1, len(story) - 1):
        hall = Hall()
        outcome = await flee(hall, story, at)
        assert outcome.name == "evacuated", f"step {at}"
        is_committed = story[at][0] is q.ShowReceipt and name != "certificate"
        assert len(hall.ledger.commits) == is_committed, f"step {at}"
        if at > 1:
            assert hall.ledger.events[-1] == ("close", "evacuated"), f"step {at}"


async def test_the_check_sees_a_booth_that_asks_on_in_a_fire(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: a stage that shows the way out and goes on asking is found."""
    monkeypatch.setattr(Hall, "__init__", _deaf(Hall.__init__))
    with pytest.raises(AssertionError):
        await flee(Hall(), REPORT, 3)


def _deaf(build: Callable[..., None]) -> Callable[..., None]:
    def made(hall: Hall) -> None:
        build(hall)
        end = hall.stage.end

        def shows_only(left: type[Evacuated], page: q.Question) -> None:
            end(left, page)
            hall.stage.go_on()

        hall.stage.end = shows_only  # type: ignore[method-assign,assignment]

    return made


async def test_fire_while_the_ledger_writes_keeps_the_transaction_and_owes_the_receipt() -> None:
    hall = Hall()
    writing, written = asyncio.Event(), asyncio.Event()
    commit = hall.ledger.commit

    async def slow(**body: Any) -> str:
        writing.set()
        await written.wait()
        return await commit(**body)

    hall.ledger.commit = slow  # type: ignore[method-assign]
    visit = asyncio.ensure_future(hall.play([*PENSION[:-2]]))
    while not writing.is_set():
        await asyncio.sleep(0)
    FIRE(hall)
    assert isinstance(seen_at_once(hall), q.WayOut)
    await hall.clock.settle()
    assert not visit.done()  # one fsync is waited for
    written.set()
    assert (await visit).name == "evacuated"
    assert len(hall.ledger.commits) == 1
    assert hall.ledger.receipts == ["owed"]
    assert hall.printer.pages == []
    assert isinstance(hall.glass.every[-1], q.WayOut)


@pytest.mark.parametrize("where", ["acknowledgement", "print"])
async def test_fire_after_the_commit_owes_the_receipt(where: str) -> None:
    hall = Hall()

    async def hear(*_: Any, **__: Any) -> Any:
        FIRE(hall)
        await asyncio.Event().wait()

    setattr(hall.ledger if where == "acknowledgement" else hall.printer, where, hear)
    assert (await hall.play(PENSION[:-2])).name == "evacuated"
    assert (len(hall.ledger.commits), hall.ledger.receipts) == (1, ["owed"])


async def test_nothing_is_committed_when_the_fire_comes_with_the_last_answer() -> None:
    hall = Hall()

    def both(hall: Hall) -> None:
        hall.glass.reply(Answer(None))  # correct, submit
        FIRE(hall)

    assert (await hall.play([*REPORT[:-3], (q.Review, both)])).name == "evacuated"
    assert hall.ledger.commits == []


async def test_fire_under_a_card_that_lies_over_the_question() -> None:
    hall = Hall()

    def leave_then_fire(hall: Hall) -> None:
        hall.glass.reply(Leave())

    async def burn(hall: Hall) -> None:
        leave_then_fire(hall)
        await hall.clock.settle()
        assert isinstance(hall.glass.overlays[-1], q.ConfirmLeave)
        FIRE(hall)

    assert (await hall.play([*PENSION[:7], (q.AskField, burn)])).name == "evacuated"
    assert isinstance(hall.glass.every[-1], q.WayOut)


async def test_what_happens_beside_a_fire_does_not_begin_it_anew() -> None:
    hall = Hall()

    def worse(hall: Hall) -> None:
        FIRE(hall)
        told, seen = len(hall.speaker.said), len(hall.glass.every)
        says("evacuate", "close_booth")(hall)
        says("evacuate", "close_booth", "end_visit")(hall)
        assert (len(hall.speaker.said), len(hall.glass.every)) == (told, seen)

    assert (await hall.play([*PENSION[:7], (q.AskField, worse)])).name == "evacuated"


async def test_fire_before_anybody_came() -> None:
    hall = Hall()
    visit = asyncio.ensure_future(hall.visit())
    await hall.clock.settle()
    FIRE(hall)
    assert isinstance(seen_at_once(hall), q.WayOut)
    hall.glass.reply(Answer(None))
    await hall.clock.settle()
    assert isinstance(hall.glass.every[-1], q.WayOut)
    assert hall.begun == 0
    QUIET(hall)
    assert isinstance(seen_at_once(hall), q.Welcome)
    hall.glass.reply(Answer(None))
    await hall.clock.settle()
    assert isinstance(hall.glass.every[-1], q.ChooseService)
    visit.cancel()


@pytest.mark.parametrize("turn", range(8))
async def test_a_fire_between_the_first_touch_and_the_visit(turn: int) -> None:
    hall = Hall()
    visit = asyncio.ensure_future(hall.visit())
    await hall.clock.settle()
    hall.glass.reply(Answer(None))
    for turns in range(8):
        await asyncio.sleep(0)
        if turns == turn:
            FIRE(hall)
    await hall.clock.settle()
    assert isinstance(hall.glass.every[-1], q.WayOut), hall.glass.every
    visit.cancel()


async def test_a_process_that_begins_in_a_fire_shows_the_way_out_first() -> None:
    hall = Hall()
    hall.front = Front(hall.stage, hall.booth, hall.services, WayOutOfHere("ahead"), Site(frozenset({"evacuate"})))
    visit = asyncio.ensure_future(hall.visit())
    await hall.clock.settle()
    assert hall.glass.every == [q.WayOut("ahead")]
    visit.cancel()


async def test_the_way_out_is_said_again_and_louder_than_chosen() -> None:
    hall = Hall()
    volumes: list[int] = []
    hall.speaker.set_volume = volumes.append  # type: ignore[method-assign,assignment]
    visit = asyncio.ensure_future(hall.visit())
    await hall.clock.settle()
    FIRE(hall)
    once = len(hall.speaker.said)
    assert [(u.language, u.priority) for u in hall.speaker.said[-4:]] == [
        ("zh", Priority.ALERT), ("zh", Priority.ALERT), ("en", Priority.ALERT), ("en", Priority.ALERT),
    ]  # fmt: skip
    assert volumes == [6]
    await hall.clock.advance(3 * hall.times.way_out_again_s)
    assert len(hall.speaker.said) == once + 3 * 4
    assert hall.speaker.sounds.count(Earcon.ALERT) == 4
    QUIET(hall)
    assert volumes == [6, 4]
    told = len(hall.speaker.said)
    await hall.clock.advance(60)
    assert len(hall.speaker.said) == told
    visit.cancel()


async def test_silence_of_the_watch_ends_no_fire() -> None:
    site = Site().after(Told("evacuate", "fire", "", ""))
    assert site.is_evacuated  # the act itself, before any state says so
    assert site.after(Told("notice", "x", "", "")).is_evacuated
    assert not site.after(Snapshot("s", "b", 1, "")).is_evacuated


async def test_a_card_on_the_reader_is_named() -> None:
    hall = Hall()
    await flee(hall, [*PENSION[:4], (q.ChooseWay, lay_down), *PENSION[5:]], 7)
    page = hall.glass.every[-1]
    assert isinstance(page, q.WayOut)
    assert page.has_card
    assert {"请带上您的卡", "Take your card with you."} <= set(said(hall))


def test_the_words_are_in_both_languages_whatever_was_chosen() -> None:
    question = q.WayOut("behind", (("en", "the south gate"), ("zh", "南门广场")), has_card=True)
    zh, en = (words_for(question, CATALOGUES.text(language), {}) for language in ("zh", "en"))
    assert (zh.labels, zh.spoken) == (en.labels, en.spoken)
    assert [u.text for u in zh.spoken] == [
        "火警，请马上离开", "转身往后走", "集合点：南门广场", "请带上您的卡",
        "Fire alarm. Please leave now.", "Turn round and go", "Meet here: the south gate.", "Take your card with you.",
    ]  # fmt: skip
    assert set(zh.labels.values()) == {u.text for u in zh.spoken}, "everything shown is said"


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

"""A fire at every moment of a visit: the way out at once, nothing kept but what was committed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from hardware.speech import Earcon, Priority
from kiosk.site.messages import Snapshot, Told
from kiosk.visit import questions as q
from kiosk.visit.front import Front, WayOutOfHere
from kiosk.visit.leaving import Evacuated
from kiosk.visit.screen import Answer, Leave
from kiosk.visit.serve import Outcome
from kiosk.visit.site_watch import Site
from kiosk.visit.wording import words_for
from tests.kiosk.visit.alarms import FIRE, QUIET, lay_down, says, seen_at_once
from tests.kiosk.visit.hall import CATALOGUES, Hall
from tests.kiosk.visit.steps import PENSION, REPORT, STORIES, said

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
    begun = hall.speaker.silences
    QUIET(hall)
    assert volumes == [6, 4]
    assert hall.speaker.silences == begun + 1, "what waited to be said of the fire must not outlive it"
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

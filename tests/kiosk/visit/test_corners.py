"""Doubtful corners of a visit, one story each: Back at every place, Leave, language and answers under way."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hardware.face import Decision
from kiosk.uplink.bodies import Approval, ApprovalState
from kiosk.uplink.errors import Unreachable
from kiosk.visit import questions as q
from kiosk.visit.questions import (
    AlreadyDone,
    AskField,
    ChooseService,
    ChooseWay,
    Consent,
    EnterCode,
    Goodbye,
    GuardianConsent,
    MatchFace,
    PresentCard,
    Review,
    SharePictures,
    ShowReceipt,
    TakeBelongings,
    Trouble,
    WaitForClerk,
    Welcome,
)
from kiosk.visit.screen import Activity, Answer, GoBack, Leave, Tool
from tests.kiosk.visit.hall import NUMBER, Hall, Step, card, key_of, registered
from tests.kiosk.visit.steps import (
    END,
    IDENTIFIED_BY_FACE,
    PENSION,
    PENSION_ANSWERS,
    TO_WAYS,
    leave_for_good,
    reply,
    said,
    shown,
    start,
    then,
)

TO_CLERK: list[Step] = [(ChooseWay, "clerk"), (SharePictures, False)]

# -- Back -------------------------------------------------------------------------------------------------------------


async def test_back_at_every_place_leads_one_step_back_or_is_not_offered() -> None:
    hall = Hall()
    steps: list[Step] = [
        *start("pension-alive"),
        (Consent, GoBack()),
        (ChooseService, "report-problem"),
        (AskField, GoBack()),  # the first question of somebody nobody knows
        (ChooseService, "pension-alive"),
        (Consent, True),
        (PresentCard, GoBack()),
        (Consent, True),
        (PresentCard, "no_card"),
        (AskField, GoBack()),
        (PresentCard, card()),
        (ChooseWay, "face"),
        (MatchFace, GoBack()),
        *TO_CLERK,
        (WaitForClerk, GoBack()),
        (ChooseWay, "face"),
        (MatchFace, Decision.MATCH),
        *PENSION_ANSWERS,
        (Review, GoBack()),
        (AskField, GoBack()),
        (AskField, GoBack()),
        *PENSION_ANSWERS,
        (Review, None),
        *END,
    ]
    assert (await hall.play(steps)).name == "served"
    assert [event for event in hall.ledger.events if event[0] == "close"] == [
        ("close", "back"), ("close", "back"), ("close", "served"),
    ]  # fmt: skip
    assert hall.camera.opened == 2
    assert not hall.camera.is_open
    assert hall.backend.cancelled == 1


def test_no_question_shows_a_back_that_does_nothing() -> None:
    """Where Back is offered the script goes back; where it cannot, the button is not there."""
    without = {kind for kind in vars(q).values() if isinstance(kind, type) and getattr(kind, "has_back", None) is False}
    assert {ChooseWay, Trouble, ShowReceipt, AlreadyDone, ChooseService, Welcome, Goodbye, TakeBelongings} <= without
    assert not without & {Consent, PresentCard, MatchFace, EnterCode, WaitForClerk, GuardianConsent}


async def test_back_costs_no_attempt_of_the_face() -> None:
    hall = Hall()
    walk: list[Step] = [(ChooseWay, "face"), (MatchFace, GoBack())]
    steps = [*TO_WAYS, *walk, *walk, *walk, *walk, (ChooseWay, "face"), (MatchFace, Decision.MATCH), *PENSION[6:]]
    assert (await hall.play(steps)).name == "served"


async def test_the_card_is_not_asked_for_again_to_gain_attempts() -> None:
    hall = Hall()
    steps = [*TO_WAYS, (ChooseWay, then(reply(GoBack()), reply(Answer("face")))), (MatchFace, leave_for_good)]
    assert (await hall.play(steps)).name == "cancelled"


# -- Leave and time ---------------------------------------------------------------------------------------------------


async def test_staying_after_leave_goes_on_where_one_was() -> None:
    hall = Hall()
    stay = then(reply(Leave()), reply(Activity()), reply(Answer("13800138000")))
    steps = [*start("pension-alive"), *IDENTIFIED_BY_FACE, (AskField, stay), *PENSION_ANSWERS[1:], (Review, None), *END]
    assert (await hall.play(steps)).name == "served"


async def test_an_answer_under_a_card_is_no_answer() -> None:
    hall = Hall()
    asking = asyncio.ensure_future(hall.stage.ask(q.Review(progress=(4, 5))))
    await hall.clock.settle()
    hall.glass.reply(Leave())
    hall.glass.reply(Answer(None))  # the finger that meant "submit" came too late: the card was there
    await hall.clock.settle()
    assert not asking.done()
    asking.cancel()


async def test_whoever_waits_for_a_clerk_is_not_idle() -> None:
    hall = Hall()
    hall.times = hall.stage.times = hall.times.model_copy(update={"clerk_wait_s": 400})

    async def wait(hall: Hall) -> None:
        await hall.clock.advance(399)
        assert not [o for o in hall.glass.overlays if isinstance(o, q.StillThere)]
        hall.backend.approval_state = ApprovalState.APPROVED
        await hall.clock.advance(2)

    steps = [
        *TO_WAYS,
        *TO_CLERK,
        (WaitForClerk, wait),
        *PENSION_ANSWERS,
        (Review, None),
        *END,
    ]
    assert (await hall.play(steps)).name == "served"


async def test_a_clerk_who_took_it_is_waited_for() -> None:
    hall = Hall()

    async def wait(hall: Hall) -> None:
        await hall.clock.advance(hall.times.clerk_wait_s - 2)
        hall.backend.approval_state = ApprovalState.TAKEN
        await hall.clock.advance(hall.times.clerk_wait_s - 2)
        hall.backend.approval_state = ApprovalState.APPROVED
        await hall.clock.advance(2)

    steps = [
        *TO_WAYS,
        *TO_CLERK,
        (WaitForClerk, wait),
        *PENSION_ANSWERS,
        (Review, None),
        *END,
    ]
    assert (await hall.play(steps)).name == "served"
    assert said(hall).count("有人在看了。") == 1
    assert hall.backend.cancelled == 0


async def test_a_clerk_who_took_it_and_fell_silent_is_not_waited_for_for_ever() -> None:
    hall = Hall()
    hall.backend.approval_state = ApprovalState.TAKEN
    steps = [
        *TO_WAYS,
        *TO_CLERK,
        (WaitForClerk, lambda h: h.clock.advance(h.times.clerk_wait_s + 3)),
        (ChooseWay, leave_for_good),
    ]
    assert (await hall.play(steps)).name == "cancelled"
    assert hall.backend.cancelled == 1


async def test_how_many_are_before_one_is_kept_up_to_date_and_said() -> None:
    hall = Hall()
    position = 3

    async def approval(approval_id: str, *, within_s: float | None = None) -> Approval:
        return Approval(approval_id="a1", state=ApprovalState.WAITING, position=position)

    hall.backend.approval = approval  # type: ignore[method-assign]

    async def wait(hall: Hall) -> None:
        nonlocal position
        await hall.clock.advance(2)
        position = 2
        await hall.clock.advance(2)
        leave_for_good(hall)

    assert (await hall.play([*TO_WAYS, *TO_CLERK, (WaitForClerk, wait)])).name == "cancelled"
    assert [x.position for x in shown(hall, WaitForClerk)] == [1, 3, 2]
    assert "前面还有 1 位。" in said(hall)
    assert hall.backend.cancelled == 1


async def test_leaving_a_clerk_withdraws_the_request_also_when_the_line_is_down() -> None:
    hall = Hall()

    async def cancel(approval_id: str, *, within_s: float | None = None) -> Approval:
        raise Unreachable("cancel_approval", "no connection")

    hall.backend.cancel_approval = cancel  # type: ignore[method-assign]
    assert (await hall.play([*TO_WAYS, *TO_CLERK, (WaitForClerk, leave_for_good)])).name == "cancelled"
    assert any(isinstance(note, Unreachable) for note in hall.notes)


# -- language under way -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", range(len(PENSION) - 2))
async def test_the_language_can_change_at_every_question(at: int) -> None:
    hall = Hall()
    expected, answer = PENSION[at]

    async def change_then_answer(hall: Hall) -> None:
        hall.glass.reply(Tool("language"))
        await hall.clock.settle()
        again = hall.glass.shown.get_nowait()
        assert isinstance(again, expected)
        assert hall.glass.words is not None
        for part in (hall.glass.words.title, hall.glass.words.help):
            assert not any("\u4e00" <= c <= "\u9fff" for c in part.replace("幸福里3号楼", "")), part
        await hall._answer(answer)

    assert (await hall.play([*PENSION[:at], (expected, change_then_answer), *PENSION[at + 1 :]])).name == "served"


async def test_a_receipt_is_read_in_the_language_it_is_written_in() -> None:
    hall = Hall()
    read = then(reply(Tool("language")), reply(Answer("read")), reply(Answer("large")))
    steps = [*PENSION[:-2], (ShowReceipt, read), (ShowReceipt, lambda h: None), *END]
    assert (await hall.play(steps)).name == "served"
    (title,) = [u for u in hall.speaker.said if u.text == "受理回执"]
    assert title.language == "zh"
    assert "第 1 次补打" in [getattr(item, "text", "") for item in hall.printer.pages[1].items]


# -- what there is to do ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "is_done"),
    [
        ({"pension": False, "confirmed_until": "2027-03-31"}, True),
        ({"confirmed_until": None}, True),  # the register knows of no pension
        ({"pension": True, "confirmed_until": "2026-11-22"}, True),  # today is still covered
        ({"pension": True, "confirmed_until": "2026-11-21"}, False),
        ({"pension": True, "confirmed_until": "soon"}, False),
    ],
)
async def test_eligibility(facts: dict[str, Any], is_done: bool) -> None:
    hall = Hall()
    hall.backend.residents[key_of(NUMBER)] = registered(facts=facts)
    steps = [*PENSION[:6], (AlreadyDone, None), (Goodbye, None)] if is_done else PENSION
    assert (await hall.play(steps)).name == ("nothing_to_do" if is_done else "served")
    assert bool(hall.ledger.commits) is not is_done


async def test_already_done_can_be_left_and_timed_out() -> None:
    for answer, outcome in ((leave_for_good, "cancelled"), (lambda h: h.clock.advance(1000), "timed_out")):
        hall = Hall()
        hall.backend.residents[key_of(NUMBER)] = registered(facts={"pension": False})
        assert (await hall.play([*PENSION[:6], (AlreadyDone, answer)])).name == outcome


async def test_a_changed_answer_brings_its_child_into_the_review() -> None:
    hall = Hall()
    steps = [
        *PENSION[:6],
        *PENSION_ANSWERS,
        (Review, "lives_here"),
        (AskField, False),
        (AskField, GoBack()),
        (AskField, GoBack()),  # out of the change
        (Review, "lives_here"),
        (AskField, False),
        (AskField, "abroad"),
        (Review, None),
        *END,
    ]
    assert (await hall.play(steps)).name == "served"
    first, second, third = ({r.field_id for r in x.rows} for x in shown(hall, Review))
    assert first == second
    assert third == first | {"place"}

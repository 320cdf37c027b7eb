"""The ways of being confirmed, from the resident's side: company, stillness, doubt, clerks who look or ask, helpers."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest

from hardware.camera import CameraStatus, CameraUnplugged, Picture
from hardware.device import Health
from hardware.face import CameraRotated, Challenge, Coaching, Comparison, Decision, Liveness
from kiosk.uplink.bodies import ApprovalState, ClerkQuestion
from kiosk.visit.face_way import FACE_ATTEMPTS_A_DAY
from kiosk.visit.questions import (
    AskField,
    ChooseWay,
    Consent,
    MatchFace,
    PresentCard,
    Review,
    SharePictures,
    Trouble,
    WaitForClerk,
)
from kiosk.visit.screen import Answer, GoBack
from tests.kiosk.visit.hall import JPEG, NUMBER, Hall, Step, card, key_of, registered
from tests.kiosk.visit.steps import END, PENSION_ANSWERS, TO_WAYS, leave_for_good, said, shown, start

OTHER = "110105199007159043"


def _unsure(liveness: Liveness, bucket: str = "high") -> Comparison:
    return Comparison(Decision.UNSURE, bucket, "test 1", 3, "reason", liveness, "abcd")


async def _turns(hall: Hall, count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


@pytest.mark.parametrize("liveness", [Liveness.NOT_LIVE, Liveness.UNSURE, Liveness.LIVE])
async def test_doubt_goes_to_a_clerk_at_once(liveness: Liveness) -> None:
    """Unsure of the face or of its life: nobody is told "you are not this person", a clerk is asked."""
    hall = Hall()
    hall.matcher.results.put_nowait(_unsure(liveness))
    steps: list[Step] = [
        *TO_WAYS,
        (ChooseWay, "face"),
        (MatchFace, lambda h: None),
        (SharePictures, False),
        (WaitForClerk, ApprovalState.APPROVED),
        *PENSION_ANSWERS,
        (Review, None),
        *END,
    ]
    assert (await hall.play(steps)).name == "served"
    assert len(shown(hall, ChooseWay)) == 1, "the clerk follows without another choice"
    assert "没能确认，现在请工作人员来看。" in said(hall)
    assert not hall.camera.is_open
    told = [detail for what, detail in hall.ledger.events if what == "face"]
    assert told == [f"unsure high {liveness.value} reason abcd"]


async def test_without_moving_is_of_equal_rank_and_costs_no_attempt() -> None:
    hall = Hall()
    steps: list[Step] = [
        *TO_WAYS,
        (ChooseWay, "face"),
        (MatchFace, "still"),
        (MatchFace, "movement"),
        (MatchFace, "still"),
        (MatchFace, Decision.MATCH),
        *PENSION_ANSWERS,
        (Review, None),
        *END,
    ]
    assert (await hall.play(steps)).name == "served"
    assert [one.value for one in hall.matcher.challenges] == ["movement", "still", "movement", "still"]
    assert [one.is_still for one in shown(hall, MatchFace)] == [False, True, False, True]
    assert hall.ledger.tries == {NUMBER: 1}
    assert hall.matcher.challenges[-1] is Challenge.STILL


async def test_somebody_over_the_shoulder_covers_the_glass_until_gone_or_known() -> None:
    hall = Hall()

    async def company(h: Hall) -> None:
        for is_there in (True, False, True):
            h.matcher.company(is_there)
            await _turns(h)
        h.glass.reply(Answer("helper"))

    async def again(h: Hall) -> None:
        h.matcher.company(True)
        await _turns(h)
        h.matcher.results.put_nowait(Decision.MATCH)

    steps: list[Step] = [*TO_WAYS, (ChooseWay, "face"), (MatchFace, company)]
    visit = asyncio.ensure_future(hall.play([*steps, *[(MatchFace, lambda h: None)] * 3, (MatchFace, again), *_REST]))
    assert (await visit).name == "served"
    assert [one.has_company for one in shown(hall, MatchFace)] == [False, True, False, True, False]
    assert "画面里还有别人" in said(hall)
    assert ("helper_present", "") in hall.ledger.events


_REST: list[Step] = [*PENSION_ANSWERS, (Review, None), *END]


async def test_closing_the_camera_withdraws_the_consent() -> None:
    hall = Hall()
    steps: list[Step] = [
        *TO_WAYS,
        (ChooseWay, "face"),
        (MatchFace, "other_way"),
        (ChooseWay, lambda h: (_closed(h), leave_for_good(h))[1]),
    ]
    assert (await hall.play(steps)).name == "cancelled"
    consents = [(what, detail) for what, detail in hall.ledger.events if what.startswith("consent")]
    assert consents[-2:] == [("consent", "face resident"), ("consent_withdrawn", "face")]
    assert hall.matcher.reference is None


def _closed(hall: Hall) -> None:
    assert hall.camera.opened == 1
    assert not hall.camera.is_open


@pytest.mark.parametrize("leaves", ["other_way", "still", leave_for_good])
async def test_who_leaves_when_asked_to_move_has_used_one_of_the_days_attempts(leaves: object) -> None:
    """Else a print is shown again and again until the lot draws a movement that suits it."""
    hall = Hall()
    hall.matcher.asks = Coaching.NOD
    after = {"other_way": [(ChooseWay, leave_for_good)], "still": [(MatchFace, leave_for_good)]}
    steps: list[Step] = [*TO_WAYS, (ChooseWay, "face"), (MatchFace, leaves), *after.get(str(leaves), [])]
    assert (await hall.play(steps)).name == "cancelled"
    assert hall.ledger.tries == {NUMBER: 2 if leaves == "still" else 1}


async def test_changing_ones_mind_is_not_done_all_day_either() -> None:
    hall = Hall()
    hall.matcher.asks = Coaching.TURN_LEFT
    steps: list[Step] = [
        *TO_WAYS,
        (ChooseWay, "face"),
        *[(MatchFace, "still"), (MatchFace, "movement")] * 4,
        (MatchFace, "still"),
        (SharePictures, leave_for_good),
    ]
    assert (await hall.play(steps)).name == "cancelled"
    assert hall.ledger.tries == {NUMBER: FACE_ATTEMPTS_A_DAY}


async def test_a_card_is_not_tried_all_day() -> None:
    hall = Hall()
    hall.ledger.tries[NUMBER] = FACE_ATTEMPTS_A_DAY - 1
    steps: list[Step] = [
        *TO_WAYS,
        (ChooseWay, "face"),
        (MatchFace, Decision.NON_MATCH),
        (SharePictures, GoBack()),
        (ChooseWay, leave_for_good),
    ]
    assert (await hall.play(steps)).name == "cancelled"
    assert [way.id for way in shown(hall, ChooseWay)[-1].ways] == ["clerk"]
    other = Hall()
    other.ledger.tries[NUMBER] = FACE_ATTEMPTS_A_DAY
    assert (
        await other.play([*TO_WAYS, (ChooseWay, "face"), (SharePictures, GoBack()), (ChooseWay, leave_for_good)])
    ).name == "cancelled"
    assert other.camera.opened == 0


async def test_a_rotated_camera_is_not_tried_again() -> None:
    hall = Hall()

    hall.matcher.results.put_nowait(CameraRotated("upside-down"))
    steps: list[Step] = [*TO_WAYS, (ChooseWay, "face"), (MatchFace, lambda h: None), (ChooseWay, leave_for_good)]
    assert (await hall.play(steps)).name == "cancelled"
    last = shown(hall, ChooseWay)[-1]
    assert last.trouble == "camera_trouble"
    assert [way.id for way in last.ways] == ["clerk"]
    assert [type(note) for note in hall.notes] == [CameraRotated]


@pytest.mark.parametrize("picture", [Picture.UNPLUGGED, Picture.STALLED, Picture.FROZEN, Picture.BLACK])
async def test_a_camera_that_goes_away_is_said_at_once_and_waited_for(picture: Picture) -> None:
    hall = Hall()

    async def lost_and_back(h: Hall) -> None:
        h.camera.see(picture)
        await h.clock.advance(1.0)
        assert CAMERA_WORDS[picture] in said(h)
        h.camera.see(Picture.GOOD)
        await h.clock.advance(1.0)
        h.matcher.results.put_nowait(Decision.MATCH)

    assert (await hall.play([*TO_WAYS, (ChooseWay, "face"), (MatchFace, lost_and_back), *_REST])).name == "served"
    assert hall.ledger.tries == {NUMBER: 1}, "it cost no attempt"


CAMERA_WORDS = dict.fromkeys(Picture, "摄像头断开了，请稍等。") | {Picture.BLACK: "摄像头看不见，是不是被挡住了？"}


async def test_a_camera_that_stays_away_leads_to_another_way() -> None:
    hall = Hall()

    async def lost(h: Hall) -> None:
        h.camera.see(Picture.UNPLUGGED)
        await h.clock.advance(6.0)

    steps: list[Step] = [*TO_WAYS, (ChooseWay, "face"), (MatchFace, lost), (ChooseWay, leave_for_good)]
    assert (await hall.play(steps)).name == "cancelled"
    last = shown(hall, ChooseWay)[-1]
    assert last.trouble == "camera_trouble"
    assert "face" in [way.id for way in last.ways], "it may be back"
    assert not hall.camera.is_open


async def test_the_clerk_sees_pictures_only_with_a_consent_of_its_own() -> None:
    hall = Hall()
    steps: list[Step] = [
        *TO_WAYS,
        (ChooseWay, "clerk"),
        (SharePictures, True),
        (WaitForClerk, ApprovalState.APPROVED),
        *_REST,
    ]
    assert (await hall.play(steps)).name == "served"
    assert hall.backend.pictures is not None
    assert hall.backend.pictures.probe == JPEG
    assert not hall.camera.is_open
    assert ("consent", "clerk_pictures resident") in hall.ledger.events
    refused = Hall()
    steps[len(TO_WAYS) + 1] = (SharePictures, False)
    assert (await refused.play(steps)).name == "served"
    assert refused.backend.pictures is None
    assert refused.camera.opened == 0


async def test_no_pictures_are_asked_of_children_or_where_none_can_be_taken() -> None:
    bare = Hall()
    bare.backend.residents[key_of(NUMBER)] = registered(portrait=None)
    assert (await bare.play([*TO_WAYS, (ChooseWay, "clerk"), (WaitForClerk, leave_for_good)])).name == "cancelled"
    child = Hall()
    born = dt.date(2015, 3, 3)
    child.backend.residents[key_of(NUMBER)] = registered(birth=born)
    steps: list[Step] = [
        *start("pension-alive"), (Consent, True), (PresentCard, card(birth=born)), (ChooseWay, "clerk"),
        (WaitForClerk, leave_for_good),
    ]  # fmt: skip
    assert (await child.play(steps)).name == "cancelled"
    dark = Hall()
    dark.camera.status = CameraStatus(Health.OFFLINE)
    assert (await dark.play([*TO_WAYS, (ChooseWay, "clerk"), (WaitForClerk, leave_for_good)])).name == "cancelled"


async def test_a_camera_that_fails_for_the_clerk_leaves_the_questions() -> None:
    hall = Hall()
    hall.camera.broken = CameraUnplugged("gone")
    steps: list[Step] = [
        *TO_WAYS,
        (ChooseWay, "clerk"),
        (SharePictures, True),
        (WaitForClerk, ApprovalState.APPROVED),
        *_REST,
    ]
    assert (await hall.play(steps)).name == "served"
    assert hall.backend.pictures is None


@pytest.mark.parametrize(("answer", "sent"), [("槐树街", "槐树街"), (None, "")])
async def test_a_clerk_asks_and_the_resident_answers_or_skips(answer: str | None, sent: str) -> None:
    hall = Hall()

    async def asks(h: Hall) -> None:
        h.backend.approval_state = ApprovalState.TAKEN
        h.backend.clerk_asks = ClerkQuestion(question_id="q1", text="您住在哪条街？")
        await h.clock.advance(h.times.clerk_poll_s + 1)

    steps: list[Step] = [
        *TO_WAYS,
        (ChooseWay, "clerk"),
        (SharePictures, False),
        (WaitForClerk, asks),
        (AskField, answer),
        (WaitForClerk, ApprovalState.APPROVED),
        *_REST,
    ]
    assert (await hall.play(steps)).name == "served"
    assert hall.backend.answers == [("q1", sent)]
    asked = next(one for one in shown(hall, AskField) if one.field_id == "clerk")
    assert asked.title == "您住在哪条街？"
    assert hall.backend.cancelled == 0


# -- somebody who helps -----------------------------------------------------------------------------------------------


def _helped() -> Hall:
    hall = Hall()
    hall.backend.residents[key_of(NUMBER)] = registered(has_helper=True)
    hall.backend.helpers = {key_of(OTHER)}
    return hall


TO_WAYS_CERTIFICATE: list[Step] = [*start("contribution-certificate"), (Consent, True), (PresentCard, card())]


async def test_a_helper_identifies_with_their_own_card() -> None:
    hall = _helped()
    steps: list[Step] = [
        *TO_WAYS_CERTIFICATE,
        (ChooseWay, "helper"),
        (PresentCard, card(number=OTHER)),
        (AskField, leave_for_good),
    ]
    assert (await hall.play(steps)).name == "cancelled"
    asked = shown(hall, PresentCard)[-1]
    assert asked.is_helper
    assert not asked.can_go_without
    assert ("identified", "helper") in hall.ledger.events


async def test_somebody_the_register_does_not_name_cannot_help() -> None:
    hall = _helped()
    hall.backend.helpers = set()
    steps: list[Step] = [
        *TO_WAYS_CERTIFICATE,
        (ChooseWay, "helper"),
        (PresentCard, card(number=OTHER)),
        (Trouble, "other_card"),
        (PresentCard, card(number=OTHER)),
        (Trouble, "leave"),
        (ChooseWay, leave_for_good),
    ]
    assert (await hall.play(steps)).name == "cancelled"
    last = shown(hall, ChooseWay)[-1]
    assert last.trouble == "helper_unknown"
    assert "helper" not in [way.id for way in last.ways]


async def test_a_helper_is_offered_only_where_one_is_registered_and_the_service_takes_it() -> None:
    alone, pension = Hall(), _helped()
    await alone.play([*TO_WAYS_CERTIFICATE, (ChooseWay, leave_for_good)])
    assert "helper" not in [way.id for way in shown(alone, ChooseWay)[0].ways]
    await pension.play([*TO_WAYS, (ChooseWay, leave_for_good)])
    assert "helper" not in [way.id for way in shown(pension, ChooseWay)[0].ways], "a card of another proves no life"

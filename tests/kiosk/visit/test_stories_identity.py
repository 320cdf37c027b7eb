"""Visits as lists: cards that fail, cards left behind, and every way to say who one is."""

from __future__ import annotations

import datetime as dt

import pytest

from hardware.camera import CameraUnplugged
from hardware.card_reader import CardMute, CardReaderStatus, CardRemoved, CardUnknown, Check, Media, Result
from hardware.device import Health
from hardware.face import Decision
from kiosk.uplink.bodies import ApprovalState
from kiosk.visit.questions import (
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
)
from kiosk.visit.screen import Answer
from tests.kiosk.visit.hall import NUMBER, Hall, Step, card, key_of, registered
from tests.kiosk.visit.steps import (
    CERTIFICATE,
    PENSION,
    PENSION_ANSWERS,
    leave_for_good,
    start,
)

# -- cards ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "key"),
    [(CardRemoved(), "card_removed"), (CardMute(), "card_mute"), (CardUnknown(), "card_unknown")],
)
async def test_a_card_that_fails_is_asked_for_again(error: Exception, key: str) -> None:
    hall = Hall()
    steps = [*start("pension-alive"), (Consent, True), (PresentCard, error), *PENSION[3:]]
    assert (await hall.play(steps)).name == "served"
    assert [x.trouble for x in hall.glass.every if isinstance(x, PresentCard)] == ["", key]


async def test_an_expired_card_is_not_taken() -> None:
    hall = Hall()
    old = card(checks=(Check("number_checksum", Result.PASS), Check("expired", Result.FAIL)))
    steps = [*start("pension-alive"), (Consent, True), (PresentCard, old), *PENSION[3:]]
    assert (await hall.play(steps)).name == "served"
    assert [x.trouble for x in hall.glass.every if isinstance(x, PresentCard)][1] == "document_expired"


async def test_without_a_card_the_number_is_typed_and_no_face_is_asked() -> None:
    hall = Hall()
    steps = [
        *start("contribution-certificate"),
        (Consent, True),
        (PresentCard, "no_card"),
        (AskField, "110105194912310021"),
        (AskField, NUMBER),
        *CERTIFICATE[4:],
    ]
    assert (await hall.play(steps)).name == "served"
    (ways,) = [x for x in hall.glass.every if isinstance(x, ChooseWay)]
    assert [way.id for way in ways.ways] == ["code", "clerk"]


async def test_unknown_number_may_use_another_card() -> None:
    hall = Hall()
    other = card("440524188001010014")
    steps = [*start("pension-alive"), (Consent, True), (PresentCard, other), (Trouble, "other_card"), *PENSION[3:]]
    assert (await hall.play(steps)).name == "served"


async def test_a_card_left_behind_is_said_and_shown() -> None:
    def leave_the_card(hall: Hall) -> None:
        hall.reader.status = CardReaderStatus(Health.ONLINE, media=Media.PRESENT)
        hall.glass.reply(Answer("done"))

    hall = Hall()
    steps = [
        *PENSION[:-2],
        (ShowReceipt, leave_the_card),
        (TakeBelongings, lambda h: h.reader.lifted.set()),
        (Goodbye, None),
    ]
    assert (await hall.play(steps)).name == "served"


async def test_a_card_that_lay_there_before_the_welcome_opens_nothing() -> None:
    def lift(hall: Hall) -> None:
        hall.reader.status = CardReaderStatus(Health.ONLINE, media=Media.NOT_PRESENT)
        hall.reader.lifted.set()

    hall = Hall()
    hall.reader.status = CardReaderStatus(Health.ONLINE, media=Media.PRESENT)
    steps = [*start("pension-alive"), (Consent, True), (PresentCard, lift), *PENSION[3:]]
    assert (await hall.play(steps)).name == "served"
    assert [x.trouble for x in hall.glass.every if isinstance(x, PresentCard)] == ["card_left", ""]


# -- who is it ------------------------------------------------------------------------------------------------------


async def test_pension_never_offers_a_phone_code() -> None:
    hall = Hall()
    await hall.play(PENSION)
    (ways,) = [x for x in hall.glass.every if isinstance(x, ChooseWay)]
    assert [way.id for way in ways.ways] == ["face", "clerk"]


async def test_without_a_model_pack_only_the_other_ways_are_offered() -> None:
    hall = Hall()
    hall.matcher.status = type(hall.matcher.status)(Health.NO_DEVICE, model="")
    steps = [
        *start("pension-alive"),
        (Consent, True),
        (PresentCard, card()),
        (ChooseWay, "clerk"),
        (SharePictures, False),
        (WaitForClerk, ApprovalState.APPROVED),
        *PENSION_ANSWERS,
        (Review, None),
        (ShowReceipt, "done"),
        (Goodbye, None),
    ]
    assert (await hall.play(steps)).name == "served"
    (ways,) = [x for x in hall.glass.every if isinstance(x, ChooseWay)]
    assert [way.id for way in ways.ways] == ["clerk"]
    assert next(x for x in hall.glass.every if isinstance(x, ChooseService)).notice
    assert hall.camera.opened == 0


async def test_a_face_gets_three_attempts_then_another_way() -> None:
    hall = Hall()
    steps = [
        *start("pension-alive"),
        (Consent, True),
        (PresentCard, card()),
        (ChooseWay, "face"),
        (MatchFace, Decision.NON_MATCH),
        (MatchFace, Decision.FAILURE_TO_ACQUIRE),
        (MatchFace, Decision.NON_MATCH),
        (ChooseWay, "clerk"),
        (SharePictures, False),
        (WaitForClerk, ApprovalState.APPROVED),
        *PENSION_ANSWERS,
        (Review, None),
        (ShowReceipt, "done"),
        (Goodbye, None),
    ]
    assert (await hall.play(steps)).name == "served"
    second = [x for x in hall.glass.every if isinstance(x, ChooseWay)][1]
    assert [way.id for way in second.ways] == ["clerk"]
    assert second.trouble == "could_not_confirm"
    assert not hall.camera.is_open


async def test_the_other_way_closes_the_camera() -> None:
    hall = Hall()
    steps = [
        *start("pension-alive"),
        (Consent, True),
        (PresentCard, card()),
        (ChooseWay, "face"),
        (MatchFace, "other_way"),
        (ChooseWay, lambda h: (_assert_closed(h), leave_for_good(h))[1]),
    ]
    assert (await hall.play(steps)).name == "cancelled"


def _assert_closed(hall: Hall) -> None:
    assert hall.camera.opened == 1
    assert not hall.camera.is_open


async def test_a_broken_camera_leads_to_another_way() -> None:
    hall = Hall()
    hall.camera.broken = CameraUnplugged("gone")
    steps = [
        *start("pension-alive"),
        (Consent, True),
        (PresentCard, card()),
        (ChooseWay, "face"),
        (ChooseWay, "clerk"),
        (SharePictures, False),
        (WaitForClerk, ApprovalState.REFUSED),
        (ChooseWay, leave_for_good),
    ]
    assert (await hall.play(steps)).name == "cancelled"
    assert [x.trouble for x in hall.glass.every if isinstance(x, ChooseWay)][1] == "camera_trouble"


@pytest.mark.parametrize(("agrees", "after"), [(True, MatchFace), (False, ChooseWay)])
async def test_below_14_a_guardian_consents(agrees: bool, after: type) -> None:
    hall = Hall()
    born = dt.date(2015, 3, 3)
    hall.backend.residents[key_of(NUMBER)] = registered(birth=born)
    steps: list[Step] = [
        *start("pension-alive"),
        (Consent, True),
        (PresentCard, card(birth=born)),
        (ChooseWay, "face"),
        (GuardianConsent, agrees),
        (after, leave_for_good),
    ]
    assert (await hall.play(steps)).name == "cancelled"
    assert hall.camera.opened == (1 if agrees else 0)


async def test_a_wrong_code_three_times() -> None:
    hall = Hall()
    steps = [
        *CERTIFICATE[:5],
        (EnterCode, "111111"),
        (EnterCode, "222222"),
        (EnterCode, "333333"),
        (ChooseWay, leave_for_good),
    ]
    steps[5:6] = [(EnterCode, "111111")]
    outcome = await hall.play([*CERTIFICATE[:5], *steps[5:]])
    assert outcome.name == "cancelled"
    last = [x for x in hall.glass.every if isinstance(x, ChooseWay)][-1]
    assert last.trouble == "code_dead"
    assert "code" not in {way.id for way in last.ways}


async def test_nobody_answers_so_another_way_is_offered() -> None:
    hall = Hall()
    steps = [
        *start("pension-alive"),
        (Consent, True),
        (PresentCard, card()),
        (ChooseWay, "clerk"),
        (SharePictures, False),
        (WaitForClerk, lambda h: h.clock.advance(h.times.clerk_wait_s + 2)),
        (ChooseWay, leave_for_good),
    ]
    hall.stage.pace.give_more_time()
    assert (await hall.play(steps)).name == "cancelled"
    assert hall.backend.cancelled == 1
    assert [x.trouble for x in hall.glass.every if isinstance(x, ChooseWay)][-1] == "nobody_answered"

"""Doubtful corners of "who is this": readers that go, cameras half open, codes, clerks."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hardware.card_reader import CardReaderStatus, Document, Media, ReaderLost
from hardware.device import DeviceGone, Health
from hardware.face import Comparison, Decision, PortraitUnusable
from kiosk.keeper_line import KeeperGone
from kiosk.uplink.bodies import CodeSent
from kiosk.uplink.errors import RateLimited, Refused
from kiosk.visit import questions as q
from kiosk.visit.questions import (
    AskField,
    ChooseWay,
    Consent,
    EnterCode,
    MatchFace,
    PresentCard,
    Trouble,
)
from kiosk.visit.screen import Answer, GoBack, Tool
from tests.kiosk.visit.hall import NUMBER, Hall, Step, card, key_of, registered
from tests.kiosk.visit.steps import (
    CERTIFICATE,
    PENSION,
    TO_CODE,
    TO_WAYS,
    leave_for_good,
    reply,
    said,
    shown,
    start,
    then,
)

NO_READER = CardReaderStatus(Health.NO_DEVICE)
READER = CardReaderStatus(Health.ONLINE, media=Media.NOT_PRESENT)


# -- the card reader --------------------------------------------------------------------------------------------------


def lose_the_reader(hall: Hall) -> None:
    hall.reader.status = NO_READER

    async def lost(*_: object) -> Document:
        raise ReaderLost("gone")

    hall.reader.wait_for_document = lost  # type: ignore[method-assign]
    hall.stage.refresh()


def reader_is_back(hall: Hall) -> None:
    hall.reader.status = READER
    del hall.reader.wait_for_document  # the class's own again
    hall.stage.refresh()


async def test_a_lost_reader_is_said_once_and_the_visit_still_times_out() -> None:
    hall = Hall()
    lose_the_reader(hall)
    hall.reader.status = READER  # nobody noticed yet, so the service is offered
    steps = [
        *start("pension-alive"),
        (Consent, True),
        (PresentCard, then(lose_the_reader, lambda h: h.clock.advance(300))),
    ]
    assert (await hall.play(steps)).name == "timed_out"
    assert [x.trouble for x in shown(hall, PresentCard)] == ["", "reader_lost"]
    assert said(hall).count("读卡器现在不通，请换个办法。") == 1


async def test_a_reader_that_comes_back_reads_the_card() -> None:
    hall = Hall()
    back = then(lose_the_reader, lambda h: h.clock.advance(5), reader_is_back, lambda h: h.clock.advance(2))
    again: list[Step] = [(PresentCard, lambda h: None), (PresentCard, card())]
    steps = [*start("pension-alive"), (Consent, True), (PresentCard, back), *again, *PENSION[4:]]
    assert (await hall.play(steps)).name == "served"
    assert [x.trouble for x in shown(hall, PresentCard)] == ["", "reader_lost", ""]


async def test_a_driver_that_died_is_noted_and_asked_again() -> None:
    hall = Hall()
    answers: list[Exception] = [DeviceGone("the driver ended")]
    read = hall.reader.wait_for_document

    async def wait(*_: object) -> Document:
        if answers:
            raise answers.pop()
        return await read()

    hall.reader.wait_for_document = wait  # type: ignore[method-assign]
    assert (await hall.play(PENSION)).name == "served"
    assert any(isinstance(note, DeviceGone) for note in hall.notes)


async def test_the_registry_must_speak_of_the_same_person() -> None:
    hall = Hall()
    hall.backend.residents[key_of(NUMBER)] = registered("440524188001010014")
    steps = [*start("pension-alive"), (Consent, True), (PresentCard, card()), (Trouble, "leave")]
    assert (await hall.play(steps)).name == "cancelled"
    assert shown(hall, ChooseWay) == []


async def test_a_mistyped_number_is_kept_to_be_corrected() -> None:
    hall = Hall()
    steps = [
        *start("contribution-certificate"),
        (Consent, True),
        (PresentCard, "no_card"),
        (AskField, "110105194912310021"),
        (AskField, then(reply(Tool("language")), leave_for_good)),
    ]
    assert (await hall.play(steps)).name == "cancelled"
    second, third = shown(hall, AskField)[1:]
    assert second.draft == "110105194912310021"
    assert (second.trouble, third.trouble) == ("有一位不对，请核对。", "One digit is wrong. Please check the number.")


# -- the camera -------------------------------------------------------------------------------------------------------


async def test_a_portrait_refused_while_the_camera_still_opens_leaves_it_closed() -> None:
    hall = Hall()
    opened = hall.camera.open

    async def open_slowly() -> None:
        await hall.clock.sleep(2)
        await opened()

    async def enrol(portrait: bytes) -> None:
        raise PortraitUnusable("no face in it")

    hall.camera.open = open_slowly  # type: ignore[method-assign]
    hall.matcher.enrol = enrol  # type: ignore[method-assign]
    late = then(lambda h: h.clock.advance(10), leave_for_good)
    assert (await hall.play([*TO_WAYS, (ChooseWay, "face"), (ChooseWay, late)])).name == "cancelled"
    assert shown(hall, ChooseWay)[-1].trouble == "portrait_unusable"
    assert "face" not in {way.id for way in shown(hall, ChooseWay)[-1].ways}
    assert not hall.camera.is_open


@pytest.mark.parametrize("how", ["leave", "back", "time", "match", "driver", "keeper", "kill"])
async def test_the_camera_is_closed_on_every_path(how: str) -> None:
    hall = Hall()

    async def fail(*_: object, **__: object) -> Comparison:
        raise DeviceGone("the worker ended")

    async def gone(*_: object) -> None:
        raise KeeperGone("the line has ended")

    def end(hall: Hall) -> Any:
        if how == "leave":
            return leave_for_good(hall)
        if how == "back":
            return hall.glass.reply(GoBack())
        if how == "time":
            return hall.clock.advance(1000)
        if how == "keeper":
            hall.ledger.audit = gone  # type: ignore[method-assign, assignment]
        return hall.matcher.results.put_nowait(Decision.MATCH)

    if how == "driver":
        hall.matcher.compare = fail  # type: ignore[method-assign, assignment]
    visit = asyncio.ensure_future(hall.visit())
    for expected, answer in [
        *TO_WAYS,
        (ChooseWay, "face"),
        *([(MatchFace, end)] if how not in ("driver", "kill") else []),
    ]:
        assert isinstance(await hall._next(visit), expected)
        await hall._answer(answer)
    await hall.clock.advance(0.1)
    assert hall.camera.opened == 1
    if how == "kill":
        assert hall.camera.is_open
        visit.cancel()
        await asyncio.gather(visit, return_exceptions=True)
    assert not hall.camera.is_open
    assert hall.matcher.reference is None
    visit.cancel()
    await asyncio.gather(visit, return_exceptions=True)


# -- codes ------------------------------------------------------------------------------------------------------------


def limit_codes(hall: Hall) -> None:
    """Like the platform: another code not before half a minute."""
    first, sent_at = hall.backend.send_code, -100.0

    async def send(visit: str, number: str, *, within_s: float | None = None) -> CodeSent:
        nonlocal sent_at
        if hall.clock.now() - sent_at < 30:
            raise RateLimited("send_code", "rate-limited", "", 429, 30)
        sent_at = hall.clock.now()
        return await first(visit, number, within_s=within_s)

    hall.backend.send_code = send  # type: ignore[method-assign]


async def test_an_impatient_resend_does_not_end_the_way() -> None:
    hall = Hall()
    limit_codes(hall)
    patient = then(lambda h: h.clock.advance(31), reply(Answer("resend")))
    steps = [*TO_CODE, (EnterCode, "resend"), (EnterCode, patient), *CERTIFICATE[5:]]
    assert (await hall.play(steps)).name == "served"
    assert [x.trouble for x in shown(hall, EnterCode)] == ["", "code_wait", "code_resent"]


async def test_another_look_at_the_ways_keeps_the_code_that_was_sent() -> None:
    hall = Hall()
    limit_codes(hall)
    steps = [*TO_CODE, (EnterCode, "111111"), (EnterCode, "other_way"), (ChooseWay, "code"), *CERTIFICATE[5:]]
    assert (await hall.play(steps)).name == "served"
    assert [x.attempts_left for x in shown(hall, EnterCode)] == [3, 2, 2]


async def test_a_code_that_is_too_old_is_replaced() -> None:
    hall = Hall()
    verify, calls = hall.backend.verify_code, 0

    async def too_old(*args: Any, **kw: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise Refused("verify_code", "code-expired", "", 410)
        return await verify(*args, **kw)

    hall.backend.verify_code = too_old  # type: ignore[method-assign]
    steps = [*TO_CODE, (EnterCode, "246810"), *CERTIFICATE[5:]]
    assert (await hall.play(steps)).name == "served"
    assert [x.trouble for x in shown(hall, EnterCode)] == ["", "code_expired"]


async def test_a_slow_check_of_the_code_shows_that_it_works() -> None:
    hall = Hall()
    verify = hall.backend.verify_code

    async def slowly(*args: Any, **kw: Any) -> Any:
        await hall.clock.sleep(3)
        return await verify(*args, **kw)

    hall.backend.verify_code = slowly  # type: ignore[method-assign]
    assert (await hall.play(CERTIFICATE)).name == "served"
    assert "checking_code" in {x.what for x in shown(hall, q.Working)}


async def test_the_camera_is_closed_also_while_the_comparison_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kiosk.visit.face_way.LET_GO_S", 0.0)
    hall = Hall()
    hung = asyncio.Event()

    async def hang(*_: object, **__: object) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await hung.wait()

    hall.matcher.compare = hang  # type: ignore[method-assign, assignment]
    visit = asyncio.ensure_future(hall.visit())
    for expected, answer in [*TO_WAYS, (ChooseWay, "face"), (MatchFace, "clerk")]:
        assert isinstance(await hall._next(visit), expected)
        await hall._answer(answer)
    await hall.clock.settle()
    assert not hall.camera.is_open
    assert not hung.is_set()
    hung.set()
    visit.cancel()
    await asyncio.gather(visit, return_exceptions=True)

"""What can be done now: devices, platform and closed services weighed for each service, and where else to go."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from hardware.camera import CameraStatus
from hardware.card_reader import CardReaderStatus, DocumentKind
from hardware.device import Health
from hardware.face import FaceStatus
from hardware.keypad import KeypadStatus
from hardware.printer import Paper, PrinterStatus
from kiosk.config import Neighbour
from kiosk.visit import questions as q
from kiosk.visit.readiness import Now, Readiness, elsewhere, judge, measures, nothing_works, open_ways
from kiosk.visit.screen import Answer
from kiosk.visit.services import Need, Service, Way
from tests.kiosk.visit.hall import CATALOGUES, SERVICES, Hall
from tests.kiosk.visit.steps import CERTIFICATE, said

PENSION, CERTIFICATE_PRINT, REPORT = (
    SERVICES[n] for n in ("pension-alive", "contribution-certificate", "report-problem")
)
UP = Now(
    CardReaderStatus(Health.ONLINE), PrinterStatus(Health.ONLINE, paper=Paper.FULL), CameraStatus(Health.ONLINE),
    FaceStatus(Health.ONLINE, model="m"), tuple(DocumentKind), True,
)  # fmt: skip
READER_AWAY = {"reader": CardReaderStatus(Health.NO_DEVICE)}
NO_PAPER = {"printer": PrinterStatus(Health.ONLINE, paper=Paper.OUT)}
LINE_DOWN = {"is_backend_up": False}
FACE_AWAY = {"face": FaceStatus(Health.HARDWARE_ERROR)}
CAMERA_AWAY = {"camera": CameraStatus(Health.OFFLINE)}
STARTING = {
    "reader": CardReaderStatus(Health.STARTING), "printer": PrinterStatus(Health.STARTING),
    "camera": CameraStatus(Health.STARTING), "face": FaceStatus(Health.STARTING), "is_backend_up": None,
}  # fmt: skip

TABLE: dict[str, tuple[dict[str, Any], str | Readiness, str | Readiness, str | Readiness]] = {
    # what is down: pension, certificate, report ("" = works as always)
    "nothing": ({}, "", "", ""),
    "nobody knows yet": (STARTING, "", "", ""),
    "reader": (READER_AWAY, "reader_lost", "reader_lost", ""),
    "documents": ({"kinds": (DocumentKind.TRAVEL_PERMIT,)}, "no_reader_for_it", "", ""),
    "face": (FACE_AWAY, "", "", ""),
    "camera": (CAMERA_AWAY, "", "", ""),
    "paper": (NO_PAPER, Readiness(limit="receipt_on_screen"), "paper_out", Readiness(limit="receipt_on_screen")),
    "cover": (
        {"printer": PrinterStatus(Health.ONLINE, paper=Paper.FULL, is_cover_open=True)},
        Readiness(limit="receipt_on_screen"), "cover_open", Readiness(limit="receipt_on_screen"),
    ),
    "jam": (
        {"printer": PrinterStatus(Health.ONLINE, paper=Paper.JAMMED)},
        Readiness(limit="receipt_on_screen"), "paper_jammed", Readiness(limit="receipt_on_screen"),
    ),
    "printer": (
        {"printer": PrinterStatus(Health.OFFLINE)},
        Readiness(limit="receipt_on_screen"), "printer_unplugged", Readiness(limit="receipt_on_screen"),
    ),
    "line": (LINE_DOWN, "backend_down", "backend_down", Readiness(limit="sent_later")),
    "closed there": ({"closed": frozenset({"report-problem"})}, "", "", "closed_by_platform"),
    "all": (
        {**READER_AWAY, **NO_PAPER, **LINE_DOWN},
        "reader_lost", "paper_out", Readiness(limit="receipt_on_screen"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("down", TABLE)
def test_each_service_works_or_says_why_not(down: str) -> None:
    changes, *wanted = TABLE[down]
    now = replace(UP, **changes)
    for service, expected in zip((PENSION, CERTIFICATE_PRINT, REPORT), wanted, strict=True):
        readiness = Readiness(expected) if isinstance(expected, str) else expected
        assert judge(service, now) == readiness, service.id


@pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)
def test_every_service_says_what_it_needs(service: Service) -> None:
    assert service.needs & {Need.SUBMIT, Need.ENQUIRE}
    assert (Need.LOOKUP in service.needs) is not service.is_anonymous


def test_a_face_is_one_of_several_ways() -> None:
    assert open_ways(PENSION, UP) == (Way.FACE, Way.CLERK)
    assert open_ways(PENSION, replace(UP, **FACE_AWAY)) == (Way.CLERK,)
    assert open_ways(PENSION, replace(UP, **CAMERA_AWAY)) == (Way.CLERK,)
    assert open_ways(PENSION, replace(UP, **LINE_DOWN)) == (Way.FACE,)
    assert Way.HELPER not in open_ways(CERTIFICATE_PRINT, replace(UP, **READER_AWAY))


def test_without_any_way_to_be_confirmed_it_is_not_offered() -> None:
    by_code = PENSION.model_copy(update={"identification": (Way.CODE,), "needs": frozenset({Need.IDENTITY})})
    assert judge(by_code, replace(UP, **LINE_DOWN)).why == "no_way_to_confirm"


def test_nothing_works_gives_the_reason_of_most() -> None:
    assert nothing_works(SERVICES.values(), UP) == ""
    closed = replace(UP, closed=frozenset({"report-problem"}))
    assert nothing_works(SERVICES.values(), closed) == ""
    assert nothing_works(SERVICES.values(), replace(closed, **LINE_DOWN)) == "backend_down"
    assert nothing_works((), UP) == ""


def test_where_else() -> None:
    zh, en = (CATALOGUES.text(language) for language in ("zh", "en"))
    near = Neighbour(zh="南门", en="the south gate", services=("report-problem",))
    far = Neighbour(zh="街道办", en="the town office")
    assert elsewhere((near, far), ("report-problem",), zh) == "最近的另一台在：南门。"
    assert elsewhere((near, far), ("pension-alive",), en) == "The next booth: the town office."
    assert elsewhere((near,), SERVICES, zh) == ""
    assert elsewhere((), ("pension-alive",), zh) == ""


# -- on the screen ----------------------------------------------------------------------------------------------------


async def choosing(hall: Hall) -> asyncio.Future[Any]:
    visit = asyncio.ensure_future(hall.visit())
    await hall.clock.settle()
    hall.glass.reply(Answer(None))
    await hall.clock.settle()
    assert isinstance(hall.glass.every[-1], q.ChooseService)
    return visit


def offered(hall: Hall) -> dict[str, q.Option]:
    page = hall.glass.every[-1]
    assert isinstance(page, q.ChooseService)
    return {option.id: option for option in page.options}


async def test_states_change_while_they_are_looked_at() -> None:
    hall = Hall()
    hall.booth.neighbours = (Neighbour(zh="南门", en="the south gate"),)
    visit = await choosing(hall)
    assert all(option.is_available for option in offered(hall).values())
    hall.printer.status = NO_PAPER["printer"]
    hall.stage.refresh()  # what a change of a device's status calls
    certificate = offered(hall)["contribution-certificate"]
    assert (certificate.is_available, certificate.reason, certificate.elsewhere) == (
        False, "暂停：缺纸", "最近的另一台在：南门。",
    )  # fmt: skip
    assert offered(hall)["report-problem"].note == "缺纸：回执显示在屏幕上"
    assert said(hall)[-1].endswith("打印社保缴费证明，暂停：缺纸。最近的另一台在：南门。")  # told without being asked
    hall.printer.status = UP.printer
    hall.stage.refresh()
    assert all(option.is_available for option in offered(hall).values())
    visit.cancel()


async def test_what_cannot_be_done_is_not_begun() -> None:
    hall = Hall()
    visit = await choosing(hall)
    hall.printer.status = NO_PAPER["printer"]
    hall.glass.reply(Answer("contribution-certificate"))  # a touch that was on its way
    await hall.clock.settle()
    assert isinstance(hall.glass.every[-1], q.ChooseService)
    assert hall.ledger.events == []
    visit.cancel()


async def test_without_a_face_check_the_other_ways_serve() -> None:
    hall = Hall()
    hall.matcher.status = FaceStatus(Health.HARDWARE_ERROR)
    outcome = await hall.play(CERTIFICATE)
    assert outcome.name == "served"
    ways = next(page for page in hall.glass.every if isinstance(page, q.ChooseWay))
    assert "face" not in {way.id for way in ways.ways}
    assert "现在不能用人脸，可用别的办法。" in said(hall)


# -- for the watch ----------------------------------------------------------------------------------------------------


def test_the_watch_hears_words_of_the_standard_and_nothing_else() -> None:
    told = measures(
        {
            "card_reader": CardReaderStatus(Health.NO_DEVICE, "a reason"),
            "printer": UP.printer,
            "keypad": KeypadStatus(Health.ONLINE),
        }
    )
    assert told == {
        "screen": 1, "card_reader": "no_device", "printer": "online", "paper": "full", "keypad": "online",
    }  # fmt: skip

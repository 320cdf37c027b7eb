"""What clerks see and ask: pictures for five minutes in memory, questions one at a time, helpers by the register."""

from __future__ import annotations

import base64
import datetime as dt
import io
import time
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import select

from backend import approvals, bodies, registry, tables
from backend.desk import KEPT, MOST, MOST_QUESTIONS, Desk, Pictures
from backend.pictures import for_browser
from backend.platform import Platform
from backend.problems import Problem
from tests.backend.serving import InProcess, citizen

NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)
JPEG = b"\xff\xd8\xff\xe0 synthetic"
WANG, ZHAO, ZHANG = "110105199007159043", "110105194002029079", "110105194912319024"


def test_pictures_are_forgotten_after_five_minutes() -> None:
    desk = Desk()
    desk.lay("a", NOW, Pictures(JPEG, b"BM"))
    assert desk.pictures("a", NOW + KEPT - dt.timedelta(seconds=1)) is not None
    assert desk.pictures("a", NOW + KEPT) is None
    assert not desk._places, "forgotten, not only hidden"


def test_pictures_are_forgotten_when_nobody_looks_any_more() -> None:
    """A booth that died, a night without clerks: nothing asks for the desk, and nothing may lie on it."""
    desk = Desk(kept=dt.timedelta(milliseconds=20))
    desk.lay("a", NOW, Pictures(JPEG, JPEG))
    ending = time.monotonic() + 10
    while desk._places and time.monotonic() < ending:
        time.sleep(0.005)
    assert not desk._places


def test_who_is_served_leaves_no_alarm_clock_behind() -> None:
    desk = Desk()
    for name in ("a", "b"):
        desk.lay(name, NOW, None)
    clocks = [place.clearing for place in desk._places.values()]
    desk.drop("a")
    assert desk.lines("b", NOW + KEPT) == []
    for clock in clocks:
        clock.join(10)
        assert not clock.is_alive()


def test_the_desk_is_bounded() -> None:
    desk = Desk()
    for number in range(MOST + 3):
        desk.lay(str(number), NOW, Pictures(JPEG, JPEG))
    assert len(desk._places) == MOST
    assert desk.pictures("2", NOW) is None
    assert desk.pictures("3", NOW) is not None


def test_one_question_at_a_time_and_not_for_ever() -> None:
    desk = Desk()
    desk.lay("a", NOW, None)
    for number in range(MOST_QUESTIONS):
        assert desk.ask("a", NOW, f"question {number}")
        assert not desk.ask("a", NOW, "and at once another")
        line = desk.open_line("a", NOW)
        assert line is not None
        assert not desk.answer("a", NOW, "another id", "x")
        assert desk.answer("a", NOW, line.question_id, "槐树街")
        assert not desk.answer("a", NOW, line.question_id, "changed"), "an answer is given once"
    assert not desk.ask("a", NOW, "one too many")
    assert {line.answer for line in desk.lines("a", NOW)} == {"槐树街"}


@pytest.mark.parametrize("kind", ["JPEG2000", "BMP"])
def test_browsers_get_what_they_can_show(kind: str) -> None:
    made = io.BytesIO()
    Image.new("RGB", (102, 126), (200, 150, 120)).save(made, kind)
    shown = for_browser(made.getvalue())
    assert shown is not None
    assert shown[1] == "image/png"
    assert Image.open(io.BytesIO(shown[0])).size == (102, 126)


@pytest.mark.parametrize("bad", [b"", b"GIF89a", b"BM" + bytes(60), b"<svg onload=x>"])
def test_what_is_no_picture_is_not_shown(bad: bytes) -> None:
    assert for_browser(bad) is None


def _platform(folder: Path) -> Platform:
    return InProcess(f"sqlite:///{folder / 'backend.db'}").platform


def _asked(pictures: bodies.Pictures | None) -> bodies.ApprovalRequest:
    return bodies.ApprovalRequest(
        booth="B7", visit="v1", service="pension-alive", name_masked="赵*机", number_masked="1101****9079",
        question="identity", pictures=pictures,
    )  # fmt: skip


def test_a_request_from_pictures_to_the_decision(tmp_path: Path) -> None:
    platform = _platform(tmp_path)
    both = bodies.Pictures(probe=base64.b64encode(JPEG).decode(), reference=base64.b64encode(b"BM..").decode())
    request = approvals.ask(platform, _asked(both))
    found = platform.desk.pictures(request.approval_id, platform.clock())
    assert found is not None
    assert (found.probe, found.reference) == (JPEG, b"BM..")
    with pytest.raises(approvals.NotPossible):
        approvals.question(platform, request.approval_id, "Where?", "anna")
    approvals.decide(platform, request.approval_id, approvals.Event.TAKE, "anna")
    with pytest.raises(approvals.NotPossible):
        approvals.question(platform, request.approval_id, "Where?", "bert")
    approvals.question(platform, request.approval_id, "Where?", "anna")
    asked = approvals.see(platform, "B7", request.approval_id).question
    assert asked is not None
    assert asked.text == "Where?"
    with pytest.raises(Problem, match="unknown-approval"):
        approvals.answer(
            platform, "B8", request.approval_id, bodies.ClerkAnswer(booth="B7", question_id="x", answer="")
        )
    with pytest.raises(Problem, match="unknown-question"):
        approvals.answer(
            platform, "B7", request.approval_id, bodies.ClerkAnswer(booth="B7", question_id="x", answer="")
        )
    said = bodies.ClerkAnswer(booth="B7", question_id=asked.question_id, answer="here")
    assert approvals.answer(platform, "B7", request.approval_id, said).question is None
    approvals.decide(platform, request.approval_id, approvals.Event.APPROVE, "anna")
    assert platform.desk.pictures(request.approval_id, platform.clock()) is None, "decided: nothing stays"
    with platform.store.begin() as session:
        told = " ".join(f"{row.what} {row.outcome}" for row in session.scalars(select(tables.AuditRow)))
    assert "Where" not in told
    assert "here" not in told


def test_pictures_that_are_no_base64_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="bad-request"):
        approvals.ask(_platform(tmp_path), _asked(bodies.Pictures(probe="????", reference="????")))


def test_the_register_says_who_may_help(tmp_path: Path) -> None:
    platform = _platform(tmp_path)

    def may(resident: str, helper: str, service: str = "contribution-certificate") -> str:
        keys = {"key": citizen(resident), "helper": citizen(helper)}
        ask = bodies.HelperRequest.model_validate({"booth": "B7", "visit": "v", "service": service, **keys})
        return registry.may_help(platform, ask).relation

    assert may(ZHAO, WANG) == "grandchild"
    for resident, helper, service, why in (
        (ZHAO, ZHANG, "contribution-certificate", "unknown-helper"),
        (WANG, ZHAO, "contribution-certificate", "unknown-helper"),  # it goes one way
        (ZHAO, WANG, "pension-alive", "unknown-service"),  # somebody else's card proves no life
    ):
        with pytest.raises(Problem, match=why):
            may(resident, helper, service)
    asked = {"booth": "B7", "visit": "v", "service": "contribution-certificate"}
    for number, has in ((ZHAO, True), (ZHANG, False)):
        found = registry.lookup(platform, bodies.Lookup.model_validate({**asked, "key": citizen(number)}))
        assert found.has_helper is has

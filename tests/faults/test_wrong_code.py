"""Fault: the one-time code is wrong, three times. Each time it is said how many tries are left; then another way."""

from __future__ import annotations

from hardware.speech import Earcon
from kiosk.uplink.bodies import ApprovalState
from kiosk.visit.questions import ChooseWay, EnterCode, SharePictures, WaitForClerk
from tests.kiosk.visit.hall import Hall
from tests.kiosk.visit.steps import CERTIFICATE, leave_for_good, said, shown

WRONG = ("111111", "222222", "333333")
TRIES = [*CERTIFICATE[:5], *((EnterCode, code) for code in WRONG)]


async def test_tries_are_counted_aloud() -> None:
    hall = Hall()
    assert (await hall.play([*TRIES, (ChooseWay, leave_for_good)])).name == "cancelled"
    assert [(x.trouble, x.attempts_left) for x in shown(hall, EnterCode)] == [
        ("", 3), ("code_wrong", 2), ("code_wrong", 1),
    ]  # fmt: skip
    assert {"验证码不对，还能试 2 次。", "验证码不对，还能试 1 次。"} <= {*said(hall)}
    assert hall.speaker.sounds.count(Earcon.TROUBLE) >= 3
    assert not [code for code in WRONG if code in " ".join(said(hall))]


async def test_after_three_another_way_serves() -> None:
    hall = Hall()
    steps = [
        *TRIES,
        (ChooseWay, "clerk"),
        (SharePictures, False),
        (WaitForClerk, ApprovalState.APPROVED),
        *CERTIFICATE[6:],
    ]
    assert (await hall.play(steps)).name == "served"
    assert shown(hall, ChooseWay)[-1].trouble == "code_dead"
    assert [way.id for way in shown(hall, ChooseWay)[-1].ways] == ["face", "clerk"]
    assert ("identified", "clerk") in hall.ledger.events


async def test_the_right_code_after_two_wrong_ones() -> None:
    hall = Hall()
    assert (await hall.play([*TRIES[:-1], *CERTIFICATE[5:]])).name == "served"


async def test_no_code_and_no_try_gets_into_the_audit() -> None:
    hall = Hall()
    await hall.play([*TRIES, (ChooseWay, leave_for_good)])
    assert not [event for event in hall.ledger.events if any(code in " ".join(event) for code in (*WRONG, "246810"))]

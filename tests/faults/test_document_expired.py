"""Fault: the card has expired. It is said and shown, nobody is looked up, a valid card goes on, and so does Leave."""

from __future__ import annotations

import pytest

from hardware.card_reader import Check, Result
from hardware.speech import Earcon
from kiosk.visit.questions import Consent, PresentCard
from tests.kiosk.visit.hall import Hall, card
from tests.kiosk.visit.steps import PENSION, leave_for_good, start

EXPIRED = card(checks=(Check("number_checksum", Result.PASS), Check("expired", Result.FAIL)))


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("zh", "这张卡过期了，请用有效的。"), ("en", "This card has expired. Please use a valid one.")],
)
async def test_it_is_shown_and_said_with_what_to_do(language: str, sentence: str) -> None:
    hall = Hall(language)
    asked: list[str] = []
    hall.backend.lookup = lambda *a, **k: asked.append("lookup")  # type: ignore[method-assign, assignment, return-value]
    steps = [*start("pension-alive"), (Consent, True), (PresentCard, EXPIRED), (PresentCard, leave_for_good)]
    assert (await hall.play(steps)).name == "cancelled"
    assert sentence in [u.text for u in hall.speaker.said]
    assert Earcon.TROUBLE in hall.speaker.sounds
    assert asked == []
    assert hall.ledger.commits == []


async def test_a_valid_card_goes_on() -> None:
    hall = Hall()
    steps = [*start("pension-alive"), (Consent, True), (PresentCard, EXPIRED), (PresentCard, EXPIRED), *PENSION[3:]]
    assert (await hall.play(steps)).name == "served"
    assert len(hall.ledger.commits) == 1


async def test_nobody_there_any_more() -> None:
    hall = Hall()
    steps = [*start("pension-alive"), (Consent, True), (PresentCard, EXPIRED)]
    outcome = await hall.play([*steps, (PresentCard, lambda h: h.clock.advance(1000))])
    assert outcome.name == "timed_out"

"""The conduct of one question: who is first wins, patience, tools, and what is said."""

from __future__ import annotations

import asyncio

import pytest

from hardware.keypad import HeadsetChanged, Key, KeyPress
from hardware.speech import Earcon
from kiosk.visit import questions as q
from kiosk.visit.leaving import Back, Cancelled, TimedOut
from kiosk.visit.screen import Activity, Answer, Focused, Leave, Sound, Tool
from tests.kiosk.visit.hall import Hall


def field(**changes: object) -> q.AskField:
    return q.AskField(field_id="phone", kind="phone", title="电话", progress=(3, 5), **changes)  # type: ignore[arg-type]


async def test_the_device_may_answer_first() -> None:
    hall = Hall()
    asking = asyncio.ensure_future(hall.stage.ask(q.PresentCard(), until=hall.reader.wait_for_document))
    await hall.clock.settle()
    hall.reader.present(RuntimeError("device"))
    with pytest.raises(RuntimeError, match="device"):
        await asking


async def test_a_touch_of_the_screen_before_answers_nothing() -> None:
    hall = Hall()
    first = asyncio.ensure_future(hall.stage.ask(field()))
    await hall.clock.settle()
    late = hall.glass.reply
    late(Answer("1"))
    await first
    second = asyncio.ensure_future(hall.stage.ask(field()))
    await hall.clock.settle()
    late(Answer("2"))
    await hall.clock.settle()
    assert not second.done()
    hall.glass.reply(Answer("3"))
    assert await second == "3"


async def test_idle_alert_then_time_out() -> None:
    hall = Hall()
    hall.stage.is_identified = True
    asking = asyncio.ensure_future(hall.stage.ask(field()))
    await hall.clock.advance(hall.times.idle_s - 1)
    assert hall.glass.overlays == []
    await hall.clock.advance(10)
    assert isinstance(hall.glass.overlays[-1], q.StillThere)
    assert Earcon.ALERT in hall.speaker.sounds
    await hall.clock.advance(hall.times.alert_s + 1)
    with pytest.raises(TimedOut):
        await asking


async def test_the_alert_can_be_extended_without_limit() -> None:
    hall = Hall()
    asking = asyncio.ensure_future(hall.stage.ask(field()))
    for _ in range(50):
        await hall.clock.advance(hall.times.idle_anonymous_s + 30)
        assert not asking.done()
        hall.glass.reply(Activity())
        await hall.clock.settle()
    hall.glass.reply(Answer("x"))
    assert await asking == "x"


async def test_more_time_lengthens_patience() -> None:
    hall = Hall()
    asking = asyncio.ensure_future(hall.stage.ask(field()))
    await hall.clock.settle()
    hall.glass.reply(Tool("more_time"))
    await hall.clock.advance(hall.times.idle_anonymous_s + hall.times.more_time_s - 5)
    assert not any(isinstance(o, q.StillThere) for o in hall.glass.overlays)
    asking.cancel()


async def test_leave_is_confirmed_once_something_was_entered() -> None:
    hall = Hall()
    asking = asyncio.ensure_future(hall.stage.ask(field()))
    await hall.clock.settle()
    hall.glass.reply(Leave())
    await hall.clock.settle()
    assert isinstance(hall.glass.overlays[-1], q.ConfirmLeave)
    hall.glass.reply(Activity())
    await hall.clock.settle()
    assert not asking.done()
    hall.glass.reply(Leave())
    hall.glass.reply(Leave())
    with pytest.raises(Cancelled):
        await asking


async def test_language_shows_the_question_again_in_the_other_language() -> None:
    hall = Hall()
    asking = asyncio.ensure_future(hall.stage.ask(lambda: field(help=hall.stage.text("Yes"))))
    await hall.clock.settle()
    assert hall.glass.every[-1].help == "是"  # type: ignore[attr-defined]
    hall.glass.reply(Tool("language"))
    await hall.clock.settle()
    assert hall.glass.every[-1].help == "Yes"  # type: ignore[attr-defined]
    asking.cancel()


async def test_back_is_an_exception_only_where_there_is_something_before() -> None:
    from kiosk.visit.screen import GoBack

    hall = Hall()
    asking = asyncio.ensure_future(hall.stage.ask(field(is_first=True)))
    await hall.clock.settle()
    hall.glass.reply(GoBack())
    await hall.clock.settle()
    assert not asking.done()
    asking.cancel()
    asking = asyncio.ensure_future(hall.stage.ask(field()))
    await hall.clock.settle()
    hall.glass.reply(GoBack())
    with pytest.raises(Back):
        await asking


async def test_aids_lengthen_idle_time_and_sound_is_set() -> None:
    hall = Hall()
    following = asyncio.ensure_future(hall.stage.follow_keypad())
    asking = asyncio.ensure_future(hall.stage.ask(field()))
    await hall.clock.settle()
    hall.keypad.pressed.put_nowait(HeadsetChanged(True))
    await hall.clock.settle()
    assert hall.speaker.has_headset
    assert hall.glass.aids.has_headset
    await hall.clock.advance(hall.times.idle_with_aids_s - 10)
    assert not any(isinstance(o, q.StillThere) for o in hall.glass.overlays)
    hall.glass.reply(Tool("sound"))
    await hall.clock.settle()
    hall.glass.reply(Sound(6, 150))
    await hall.clock.settle()
    assert hall.stage.aids.volume == 6
    assert hall.glass.overlays[-1] == q.SoundCard(6, 150)
    hall.keypad.pressed.put_nowait(KeyPress(Key.DIGIT_1))
    await hall.clock.settle()
    for task in (following, asking):
        task.cancel()


async def test_focus_on_a_private_value_is_said_to_a_headset_only() -> None:
    hall = Hall()
    asking = asyncio.ensure_future(hall.stage.ask(field()))
    await hall.clock.settle()
    hall.glass.reply(Focused("138 0013", is_private=True))
    await hall.clock.settle()
    assert "138 0013" not in hall.glass.captions
    hall.speaker.set_headset(True)
    hall.glass.reply(Focused("138 0013", is_private=True))
    await hall.clock.settle()
    assert "138 0013" in hall.glass.captions
    asking.cancel()


async def test_long_work_is_shown_and_said_again() -> None:
    hall = Hall()
    done = asyncio.Event()
    showing = asyncio.ensure_future(hall.stage.show(q.Working(what="printing"), done.wait()))
    await hall.clock.advance(hall.times.progress_after_s - 0.1)
    assert hall.glass.every == []
    await hall.clock.advance(0.2)
    assert isinstance(hall.glass.every[-1], q.Working)
    said = len(hall.speaker.said)
    await hall.clock.advance(hall.times.progress_again_s)
    assert len(hall.speaker.said) > said
    done.set()
    await showing


async def test_other_colours_from_the_help_round_and_back() -> None:
    hall = Hall()
    asking = asyncio.ensure_future(hall.stage.ask(q.Consent(points=("x",), progress=(1, 5))))
    await hall.clock.settle()
    seen = []
    for _ in range(4):
        hall.glass.reply(Tool("help"))
        hall.glass.reply(Tool("colours"))
        await hall.clock.settle()
        seen.append((hall.glass.aids.theme, hall.speaker.said[-1].text, hall.stage.aids.is_aided))
    assert seen == [
        ("black_on_white", "白底黑字", True), ("white_on_black", "黑底白字", True), ("calm", "深色柔和", True),
        ("default", "平常的颜色", False),
    ]  # fmt: skip
    assert not asking.done()
    asking.cancel()

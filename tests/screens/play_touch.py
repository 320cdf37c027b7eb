"""Fingers on the glass: release acts, sliding off cancels, echoes and other fingers do nothing, misses are heard."""

from __future__ import annotations

import asyncio
from typing import Any

from screens.pointer import Pointer
from tests.screens.theatre import Theatre, play


async def main(theatre: Theatre) -> dict[str, Any]:
    from kivy.base import EventLoop

    from kiosk.visit.screen import Activity, Answer, Focused, Leave

    finger, other = Pointer(), Pointer()
    other._numbers = iter(range(1000, 2000))
    found: dict[str, Any] = {}

    async def tap(control_id: str) -> None:
        x, y = theatre.control(control_id).center
        finger.touch("down", x, y)
        finger.touch("up", x, y)

    await theatre.show("choose_service")
    row = theatre.control("pension-alive")
    finger.touch("down", *row.center)
    found["nothing before release"] = [str(r) for r in theatre.heard()]
    found["pressed is seen"] = row.is_pressed and theatre.glass._window.canvas.needs_redraw
    finger.touch("up", *row.center)
    found["release answers"] = theatre.heard() == [Answer("pension-alive")]

    await asyncio.sleep(0.35)
    row = theatre.control("report-problem")
    finger.touch("down", *row.center)
    await theatre.show("choose_elsewhere")  # meanwhile a device changed: other notes, another reason
    texts = [ink.text for control in theatre.screen.board.controls() for ink in control.inked]
    finger.touch("up", *theatre.control("report-problem").center)
    found["a change under the finger takes no touch away"] = theatre.heard() == [Answer("report-problem")]
    found["the same rows say what is new"] = theatre.control("report-problem") is row and any(
        "网络" in s for s in texts
    )

    await theatre.show("ask_phone")
    await asyncio.sleep(0.35)
    key = theatre.control("key.5")
    finger.touch("down", *key.center)
    finger.touch("move", key.right + 40, key.center_y)
    is_pressed = key.is_pressed
    finger.touch("move", *key.center)
    finger.touch("up", *key.center)
    found["sliding off cancels"] = (is_pressed, [str(r) for r in theatre.heard()]) == (False, [])
    finger.touch("down", *key.center)
    finger.touch("move", key.right + 4, key.center_y)
    finger.touch("up", key.right + 4, key.center_y)
    found["a rolling finger is forgiven"] = len(theatre.heard()) == 1
    await tap("key.5")
    await tap("key.5")
    found["an echo is no second touch"] = theatre.heard() == []
    await asyncio.sleep(0.35)
    await tap("key.5")
    await tap("key.1")
    found["another key is no echo"] = len(theatre.heard()) == 2

    await asyncio.sleep(0.35)
    finger.touch("down", *theatre.control("leave").center)
    other.touch("down", *theatre.control("primary").center)
    other.touch("up", *theatre.control("primary").center)
    is_ignored = theatre.heard() == []
    finger.touch("up", *theatre.control("leave").center)
    found["other fingers do nothing"] = is_ignored and theatre.heard() == [Leave()]

    finger.touch("down", 540, theatre.glass._window.height - 20)
    finger.touch("up", 540, theatre.glass._window.height - 20)
    found["a miss is heard"] = theatre.heard() == [Activity()]

    await theatre.show("choose_service")
    await asyncio.sleep(0.35)
    await tap("contribution-certificate")
    heard = theatre.heard()
    found["an unavailable choice says why"] = len(heard) == 1 and isinstance(heard[0], Focused)
    await theatre.show("welcome")
    await asyncio.sleep(0.35)
    finger.touch("down", 300, theatre.glass._window.height - 300)
    finger.touch("up", 300, theatre.glass._window.height - 300)
    found["any touch begins"] = theatre.heard() == [Answer(None)]

    await theatre.show("review")
    finger.touch("down", *theatre.control("primary").center)
    await theatre.show("choose_service")
    finger.touch("up", 540, 600)
    found["a finger from the screen before does nothing"] = theatre.heard() == []
    found["touches left over"] = len(EventLoop.me_list)
    await asyncio.sleep(0.35)
    await theatre.show("choose_service")
    await tap("pension-alive")
    found["what was answered is drawn no more"] = theatre.glass._draw()
    await asyncio.wait_for(theatre.glass.next_frame(), 5)
    found["an answer that takes its time keeps the glass alive"] = not theatre.glass._draw()
    await asyncio.sleep(0.35)
    await tap("pension-alive")
    await asyncio.wait_for(theatre.show("welcome"), 5)
    found["what follows is drawn"] = not theatre.glass._draw()
    return found


if __name__ == "__main__":
    play(main)

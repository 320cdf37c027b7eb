"""The screens around a document: typing what opens a chip, and a bar that moves without a new screen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hardware.keypad import Key
from kiosk.visit import questions as q
from kiosk.visit.screen import Answer
from tests.screens import samples
from tests.screens.theatre import Theatre, play


async def main(theatre: Theatre) -> dict[str, Any]:
    return {**await _typing(theatre), **await _reading(theatre)}


async def _typing(theatre: Theatre) -> dict[str, Any]:
    screen = theatre.screen
    await theatre.show(q.EnterKey(part="number", draft="X1", progress=(1, 5)))
    theatre.control("clear").choose()
    for letter in "L89":
        theatre.control(f"key.{letter}").choose()
    for key in (Key.DIGIT_8, Key.DIGIT_9, Key.DELETE):
        screen.press(key)
    echoes = theatre.heard()
    await theatre.show(q.EnterKey(part="number", draft="X1", progress=(1, 5)), language="en")
    theatre.control("primary").choose()
    typed = [reply.value for reply in theatre.heard() if isinstance(reply, Answer)]
    await theatre.show(q.EnterKey(part="birth", progress=(1, 5)))
    for _ in range(9):
        screen.press(Key.DIGIT_1)
    theatre.control("primary").choose()
    born = [reply.value for reply in theatre.heard() if isinstance(reply, Answer)]
    return {
        "kept over a change of language": typed,
        "no more than eight figures": born,
        "letters said aloud": [e.spoken for e in echoes if not getattr(e, "is_private", True) and len(e.spoken) == 1],
    }


async def _reading(theatre: Theatre) -> dict[str, Any]:
    question = samples.questions(theatre.text)["reading"]
    assert isinstance(question, q.PresentCard)
    news: list[str] = []
    await theatre.show(replace(question, share=0.2))
    theatre.screen.on_news = news.append
    first = theatre.screen.board.screen
    await theatre.show(replace(question, share=0.6))
    later = replace(question, share=0.8, seen_kind="passport", seen_name="E*** A***")
    await theatre.show(later)
    same, picture = theatre.screen.board.screen, theatre.screen.board.screen.picture
    shown = {ink.text for ink in picture.inked if ink.is_private}
    await theatre.show(replace(question, phase="", share=0.0))
    return {
        "the same screen": same is first,
        "share": picture.share,
        "name": sorted(shown),
        "told": news[:2],
        "a failed reading is another screen": theatre.screen.board.screen is not first,
        "nothing is left of the name": theatre.screen.board.screen.picture.seen,
        "can write": [theatre.screen.can_write(words) for words in ("张秀英 Ø", "ğ", "\U00020000")],
    }


if __name__ == "__main__":
    play(main)

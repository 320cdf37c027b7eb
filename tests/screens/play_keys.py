"""Keys on the glass: two keys reach everything, digits choose and type, drafts stay with their question."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hardware.keypad import Key
from tests.screens import samples
from tests.screens.theatre import Theatre, play

MOST_MOVES = 15


async def main(theatre: Theatre) -> dict[str, Any]:
    from kiosk.visit.screen import Activity, Aids, Answer, Focused, GoBack, Tool

    press, found = theatre.screen.press, {}

    def reach(control_id: str) -> int:
        """Moves of the two-key robot to this control, which it then selects; -1 when it never comes there."""
        theatre.screen.board.focus.clear()
        for moves in range(1, 60):
            press(Key.NEXT)
            focused = theatre.screen.board.focus.focused
            ids = [c.control_id for c in focused]
            if ids == [control_id]:
                press(Key.SELECT)
                return moves
            if len(ids) > 1 and control_id in ids:
                press(Key.SELECT)
                extra = 0
                while theatre.screen.board.focus.id != control_id:
                    press(Key.NEXT)
                    extra += 1
                press(Key.SELECT)
                return moves + extra
        return -1

    far: dict[str, int] = {}
    for name in samples.questions(theatre.text):
        if name == "welcome":
            continue  # any key begins
        await theatre.show(name)
        for control_id in theatre.ids():
            await theatre.show(name)
            moves = reach(control_id)
            if not 1 <= moves <= MOST_MOVES:
                far[f"{name} {control_id}"] = moves
    found["farther than 15 moves"] = far

    await theatre.show("choose_service")
    theatre.heard()
    moves = reach("report-problem")
    heard = theatre.heard()
    found["two keys answer"] = moves > 0 and heard[-1] == Answer("report-problem")
    found["every move is said"] = all(isinstance(r, Focused) and r.spoken for r in heard[:-1])
    press(Key.DIGIT_1)
    found["a digit chooses"] = theatre.heard() == [Answer("pension-alive")]
    press(Key.DIGIT_9)
    found["a digit of nothing is activity"] = theatre.heard() == [Activity()]
    press(Key.HELP)
    press(Key.MORE_TIME)
    press(Key.BACK)
    found["tools and no way back"] = theatre.heard() == [Tool("help"), Tool("more_time"), Activity()]

    await theatre.show("ask_phone")
    for key in (Key.DIGIT_8, Key.DIGIT_0, Key.DELETE):
        press(key)
    theatre.heard()
    await theatre.show("ask_phone", aids=Aids(text_size=3), language="en")
    reach("primary")
    found["a draft stays through language and size"] = theatre.heard()[-1] == Answer("13800138")
    press(Key.BACK)
    found["back"] = theatre.heard() == [GoBack()]
    press(Key.DIGIT_5)
    said = theatre.heard()[0]
    found["a private digit is private"] = isinstance(said, Focused) and said.is_private and "5" not in said.instead
    await theatre.show("ask_number")
    found["another field has its own"] = theatre.screen.board.screen.entry.text == "12"

    await theatre.show("enter_code")
    press(Key.DIGIT_1)
    wrong = replace(samples.questions(theatre.text)["enter_code"], trouble="code_wrong", attempts_left=2)
    await theatre.show(wrong)
    found["a wrong code is typed anew"] = theatre.screen.board.screen.entry.text == ""

    await theatre.show("ask_text")
    screen = theatre.screen.board.screen
    for letter in "lu":
        theatre.control(f"key.{letter}").choose()
    names = [c.name for c in theatre.screen.board.controls() if c.control_id.startswith("candidate.")]
    press(Key.DIGIT_1)
    found["pinyin writes a character"] = (screen.entry.text, names[0]) == ("3号楼东边路", "1，路，上路的路")
    for letter in "deng":
        theatre.control(f"key.{letter}").choose()
    theatre.control("candidate.2").choose()
    press(Key.DELETE)
    found["delete takes one away"] = screen.entry.text == "3号楼东边路"

    from kivy.core.window import Window

    for key in (27, 282, 293):  # Escape, F1, F12: neither ends the window nor opens Kivy's settings
        Window.dispatch("on_keyboard", key, 0, "", [])
    await theatre.glass.next_frame()
    found["a keyboard's keys do nothing"] = len(Window.children) == 1

    await theatre.show("review")
    theatre.heard()
    press(Key.NEXT)
    said = theatre.heard()[0]
    found["a private row is private"] = isinstance(said, Focused) and said.is_private and "英" not in said.instead

    await theatre.show("welcome")
    theatre.heard()
    press(Key.SELECT)
    found["any key begins"] = theatre.heard() == [Answer(None)]

    await theatre.show("present_card")
    card, words = samples.overlays(theatre.text)["confirm_leave"]
    theatre.screen.overlay(card, words)
    ids = theatre.ids()
    press(Key.NEXT)
    press(Key.BACK)
    found["an overlay holds the focus"] = (ids, theatre.heard()[-1]) == (["leave", "primary"], Activity())
    theatre.screen.overlay(None, None)
    found["and gives it back"] = "no_card" in theatre.ids()
    return found


if __name__ == "__main__":
    play(main)

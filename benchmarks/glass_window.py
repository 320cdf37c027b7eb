"""The booth's own window as the visit process makes it, under a stopwatch: its glass, its stage, its voice.

``inside N``: a tour through the questions of a visit, N times, by a finger; prints how long touches and changes took.
``outside MODE``: choose-service and back for ever, for somebody who watches the display. Runs in a process of its own,
because Kivy has one window. The questions are the visit's; devices and platform are left out: they answer nothing here.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from kiosk.config import DisplaySection, Times
from screens.app import Glass, prepare

ASSETS = Path(__file__).resolve().parents[1] / "assets"
PENSION = "pension-alive"
STANDS_S = 0.7  # the second screen of ``outside``, before the first one is there again


def _say(found: object) -> None:
    print(json.dumps(found, ensure_ascii=False), flush=True)


async def _with_stage(mode: Literal["offscreen", "windowed"], use: Callable[[Glass, Any, Any], Any]) -> None:
    display = DisplaySection(mode=mode)
    prepare(display, hidden=False)
    from hardware.speech.speaker import Pyttsx3Speaker, SpeakerOptions
    from kiosk.clock import SystemClock
    from kiosk.text import Catalogues
    from kiosk.visit import questions as q
    from kiosk.visit.services import load_services
    from kiosk.visit.stage import Stage

    clock = SystemClock()
    glass = Glass(display, assets=ASSETS, hidden=False, clock=clock)
    text = Catalogues(ASSETS / "translations").text("zh")
    services = load_services(ASSETS / "services")
    titles = {name: one.title for name, one in services.items()}
    choose = q.ChooseService(
        options=tuple(q.Option(s.id, text(s.title), text(s.note), s.icon) for s in services.values())
    )
    with tempfile.TemporaryDirectory(prefix="booth-figures-") as prepared:
        speaker = Pyttsx3Speaker(SpeakerOptions("null", str(ASSETS / "sounds"), prepared))
        running = asyncio.ensure_future(glass.run())
        stage = Stage(glass.screen, speaker, None, clock, text, Times(), "12345", lambda error: None, titles)
        try:
            await speaker.start()
            glass.appear()
            await use(glass, stage, choose)
        finally:
            stage.close()
            await speaker.stop()
            glass.stop()
            await running


def _questions(stage: Any, choose: Any) -> list[tuple[Callable[[], Any], str]]:
    """A visit's questions, each with the control that answers it."""
    from kiosk.visit import questions as q

    t = stage.text
    rows = (
        q.ReviewRow("", t("Name"), "张*英", "card", False, True),
        q.ReviewRow("phone", t("Phone"), "138****8000", "registry", True, True),
        q.ReviewRow("address", t("Address"), "幸福里3号楼2单元501", "entered", True, True),
    )
    paper = (q.PaperLine(t("Receipt"), True, True), q.PaperLine("B7-000204-6", True), q.PaperLine("2026-11-22 20:51"))
    step: dict[str, Any] = {"service": PENSION, "progress": (3, 5)}
    ways = tuple(q.Option(way, way, icon=icon) for way, icon in (("face", "camera"), ("code", "phone")))
    phone = q.Prefill("13800138000", "138****8000", "registry")
    choices = tuple(q.FieldOption(str(n), f"{n}") for n in range(1, 6))
    return [
        (lambda: q.Welcome(community="幸福里社区"), "begin"),
        (lambda: choose, PENSION),
        (lambda: q.Consent(points=(t("The card gives name, number and birth."),), service=PENSION), "primary"),
        (lambda: q.PresentCard(kinds=("social_security_card",), **step), "no_card"),
        (lambda: q.ChooseWay(ways=ways, **step), "code"),
        (lambda: q.AskField(field_id="phone", kind="phone", title="1", prefill=phone, **step), "prefill"),
        (lambda: q.AskField(field_id="home", kind="yes_no", title="2", **step), "yes"),
        (lambda: q.AskField(field_id="kind", kind="choice", title="3", options=choices, **step), "3"),
        (lambda: q.Review(rows=rows, **step), "primary"),
        (lambda: q.ShowReceipt(number="B7-000204-6", lines=paper, qr="https://example.invalid/r", **step), "primary"),
    ]  # fmt: skip


def _question(glass: Glass) -> object:
    shown = glass.screen.shown
    return shown[0] if shown else None


def _spot(glass: Glass, control_id: str) -> tuple[float, float]:
    for control in glass.screen.board.controls():
        if control.control_id == control_id:
            return control.center
    there = ", ".join(control.control_id for control in glass.screen.board.controls())
    raise LookupError(f"no control {control_id!r} to measure with; there are: {there}")


async def _inside(glass: Glass, stage: Any, choose: Any, rounds: int) -> None:
    from benchmarks.finger import Finger

    finger = Finger()
    glass.on_frame(lambda is_changed: finger.drawn())
    questions = _questions(stage, choose)
    found: dict[str, list[float]] = {"touch": [], "change": [], "first_change": []}
    to: dict[str, list[float]] = {}
    chance = random.Random(7)

    def touch_through() -> None:
        for turn in range(rounds):
            for number, (_, control_id) in enumerate(questions):
                time.sleep(0.45 + chance.random() * 0.05)  # past the double strike, and what was said began to sound
                before = _question(glass)
                try:
                    touch = finger.down(*_spot(glass, control_id))
                    time.sleep(0.06)
                    change = finger.up(lambda before=before: _question(glass) is not before)
                except TimeoutError as error:
                    raise TimeoutError(f"question {number} ({control_id}): {error}") from None
                is_first = turn == 0
                if not is_first:
                    found["touch"].append(touch)
                    found["change"].append(change)
                    to.setdefault(type(_question(glass)).__name__, []).append(change)
                elif number < len(questions) - 1:
                    found["first_change"].append(change)
        slowest = sorted(((statistics.median(values), name) for name, values in to.items()), reverse=True)
        print("  change to " + ", ".join(f"{name} {ms:.0f} ms" for ms, name in slowest), file=sys.stderr)
        _say(found)

    async def tour() -> None:
        while True:
            for build, _ in questions:
                await stage.ask(build)

    touring = asyncio.ensure_future(tour())
    await glass.first_frame()
    touching = asyncio.ensure_future(asyncio.to_thread(touch_through))
    done, _ = await asyncio.wait({touring, touching}, return_when=asyncio.FIRST_COMPLETED)
    touring.cancel()
    for task in done:
        task.result()


async def _outside(glass: Glass, stage: Any, choose: Any) -> None:
    from kiosk.visit import questions as q

    async def around() -> None:
        is_first = True
        while True:
            asking = asyncio.ensure_future(stage.ask(choose))
            await glass.next_frame()
            if is_first:
                is_first = False
                boxes = {c.control_id: [round(n) for n in c.box] for c in glass.screen.board.controls()}
                _say({"size": glass.screen.size, "boxes": boxes, "pid": os.getpid()})
            await asking
            points = (stage.text("The card gives name, number and birth."),)
            await stage.ask(q.Consent(points=points, service=PENSION), patience=STANDS_S)

    going = asyncio.ensure_future(around())
    ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await asyncio.wait({going, ended}, return_when=asyncio.FIRST_COMPLETED)
    going.cancel()
    os._exit(0)


async def _main() -> None:
    if sys.argv[1] == "inside":
        await _with_stage("offscreen", lambda *all_of: _inside(*all_of, int(sys.argv[2])))
    else:
        await _with_stage("windowed", _outside)


if __name__ == "__main__":
    asyncio.run(_main())
    os._exit(0)  # native threads of Kivy have nothing to do any more

"""A glass off-screen in a process of its own, for tests: Kivy has one window a process and never forgets it.

``perform(module)`` runs ``python -m tests.screens.<module>`` and gives back what it found as ``{check: finding}``; a
play is such a module: it calls ``play(main)``. A finding of ``None`` means that everything was as promised.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kiosk.clock import ManualClock, SystemClock
from kiosk.config import DisplaySection
from tests.screens import samples

if TYPE_CHECKING:
    from kiosk.text import Text
    from kiosk.visit.questions import Question
    from kiosk.visit.screen import Aids, Reply
    from screens.app import Glass
    from screens.widgets.part import Control

EVENING = datetime(2026, 11, 22, 20, 47).astimezone()
DISPLAY = DisplaySection(mode="offscreen")


def perform(module: str, *arguments: str, within_s: float = 60) -> dict[str, Any]:
    """Run the play in a child process; its findings. Raises ``AssertionError`` with its errors when it broke off."""
    done = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning:screens", "-m", f"tests.screens.{module}", *arguments],
        cwd=samples.ROOT, capture_output=True, text=True, timeout=within_s, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{module} broke off:\n{done.stderr[-4000:]}"
    findings: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return findings


class Theatre:
    """The glass, what it replied, and hands for it."""

    def __init__(self, glass: Glass) -> None:
        self.glass = glass
        self.screen = glass.screen
        self.catalogues = samples.catalogues()
        self.text: Text = self.catalogues.text("zh")
        self.replies: list[Reply] = []

    async def show(self, question: str | Question, *, aids: Aids | None = None, language: str = "zh") -> None:
        """Show a sample by name, or a question, until it is on the glass."""
        from kiosk.visit.screen import Aids

        self.text = self.catalogues.text(language)
        asked = samples.questions(self.text)[question] if isinstance(question, str) else question
        words = samples.words(asked, self.text)
        self.screen.show(asked, words, aids or Aids(), self.text, self.replies.append)
        await self.glass.next_frame()

    def control(self, control_id: str) -> Control:
        return next(c for c in self.screen.board.controls() if c.control_id == control_id)

    def ids(self) -> list[str]:
        return [c.control_id for c in self.screen.board.controls()]

    def heard(self) -> list[Reply]:
        """The replies since the last time."""
        found, self.replies = self.replies, []
        if self.screen.shown is not None:
            self.screen._reply = self.replies.append
        return found


def play(main: Callable[[Theatre], Awaitable[dict[str, Any]]], *, remote: Path | None = None, manual: bool = True,
         display: DisplaySection = DISPLAY) -> None:  # fmt: skip
    """Open the glass, run ``main``, print what it found as one line of JSON."""
    from screens.app import Glass, prepare

    async def run() -> dict[str, Any]:
        prepare(display)
        clock = ManualClock(EVENING) if manual else SystemClock()
        theatre = Theatre(Glass(display, assets=samples.ASSETS, remote=remote, clock=clock))
        running = asyncio.ensure_future(theatre.glass.run())
        theatre.glass.appear()
        await theatre.glass.first_frame()
        try:
            return await main(theatre)
        finally:
            theatre.glass.wipe()
            theatre.glass.stop()
            await running

    findings = asyncio.run(run())
    sys.stdout.write(json.dumps(findings, ensure_ascii=False) + "\n")
    sys.stdout.flush()
    os._exit(0)  # Kivy's own exit handlers have nothing to do here

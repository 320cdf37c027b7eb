"""A hall for the core's visits: every device behind its front door, a platform and a screen, none of them with a wire.

The drivers and their wires have tests of their own; here the script of the visit is what runs, on a clock that stands
still until the story moves it.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

from hardware.card_reader import Document
from hardware.face import Decision
from kiosk.clock import ManualClock
from kiosk.config import Times
from kiosk.text import Text
from kiosk.uplink.bodies import (
    ApprovalState,
)
from kiosk.visit import questions as q
from kiosk.visit.equipment import Equipment
from kiosk.visit.front import Front, WayOutOfHere
from kiosk.visit.reception import farewell, receive
from kiosk.visit.screen import Aids, Answer, Reply
from kiosk.visit.serve import Outcome, Platform
from kiosk.visit.site_watch import Site
from kiosk.visit.stage import Stage
from kiosk.visit.wording import Words
from tests.kiosk.visit.props import (
    CATALOGUES,
    JPEG,
    NUMBER,
    ROOT,
    SEAL_PUB,
    SERVICES,
    TODAY,
    Backend,
    Camera,
    Keypad,
    Ledger,
    Matcher,
    Printer,
    Reader,
    Speaker,
    card,
    key_of,
    registered,
)

__all__ = [
    "CATALOGUES",
    "JPEG",
    "NUMBER",
    "ROOT",
    "SEAL_PUB",
    "SERVICES",
    "TODAY",
    "Glass",
    "Hall",
    "Step",
    "card",
    "key_of",
    "registered",
]


class Glass:
    """A screen that remembers what it was told and lets the story reply."""

    def __init__(self) -> None:
        self.shown: asyncio.Queue[q.Question] = asyncio.Queue()
        self.every: list[q.Question] = []
        self.words: Words | None = None
        self.aids = Aids()
        self.captions: list[str] = []
        self.statuses: list[str] = []
        self.banners: list[str] = []
        self.overlays: list[q.Overlay | None] = []
        self.reply: Callable[[Reply], None] = lambda said: None
        self.missing = ""  # letters the typeface lacks

    def show(self, question: q.Question, words: Words, aids: Aids, text: Text, reply: Callable[[Reply], None]) -> None:
        self.words, self.aids, self.reply = words, aids, reply
        self.every.append(question)
        self.shown.put_nowait(question)

    def overlay(self, overlay: q.Overlay | None, words: Words | None) -> None:
        self.overlays.append(overlay)

    def caption(self, text: str) -> None:
        self.captions.append(text)

    def banner(self, text: str) -> None:
        self.banners.append(text)

    def status(self, text: str) -> None:
        self.statuses.append(text)

    def can_write(self, words: str) -> bool:
        return not any(letter in self.missing for letter in words)

    def press(self, key: Any) -> None:
        self.reply(Answer(key.value))


Step = tuple[type[q.Question], Any]


class Hall:
    """One booth, one visit. ``steps`` are (question, what answers it)."""

    def __init__(self, language: str = "zh") -> None:
        self.clock = ManualClock(TODAY)
        self.reader, self.camera, self.matcher, self.printer = Reader(), Camera(), Matcher(), Printer()
        self.speaker, self.keypad, self.glass = Speaker(), Keypad(), Glass()
        self.ledger, self.backend = Ledger(), Backend()
        self.notes: list[Exception] = []
        self.times = Times()
        self.services = dict(SERVICES)
        self.text = CATALOGUES.text(language)
        self.booth = Equipment(self.reader, self.camera, self.matcher, self.printer, community="幸福里社区")
        self.stage = Stage(
            self.glass, self.speaker, self.keypad, self.clock, self.text, self.times, "12345", self.notes.append,
            {name: service.title for name, service in self.services.items()},
        )  # fmt: skip
        self.platform = Platform(self.ledger, self.backend, SEAL_PUB)  # type: ignore[arg-type]
        self.front = Front(self.stage, self.booth, self.services, WayOutOfHere("left"), Site())
        self.begun = 0

    async def begin(self) -> None:
        self.begun += 1

    async def ready(self) -> Platform:
        return self.platform

    async def visit(self) -> Outcome:
        outcome = await receive(self.stage, self.booth, self.services, self.front, self.begin, self.ready())
        await farewell(self.stage, outcome)
        return outcome

    async def play(self, steps: list[Step]) -> Outcome:
        """Run a visit by its story. Raises AssertionError naming the step where it went another way."""
        visit = asyncio.ensure_future(self.visit())
        for number, (expected, answer) in enumerate(steps, 1):
            question = await self._next(visit)
            assert isinstance(question, expected), f"step {number}: {question!r} instead of {expected.__name__}"
            await self._answer(answer)
        for _ in range(50):
            if visit.done():
                break
            await self.clock.advance(1.0)
        assert visit.done(), f"the visit still waits at {self.glass.every[-1]!r}"
        return visit.result()

    async def _next(self, visit: asyncio.Future[Outcome]) -> q.Question:
        for _ in itertools.repeat(None, 100):
            if not self.glass.shown.empty():
                question = self.glass.shown.get_nowait()
                if not isinstance(question, q.Working):
                    return question
                continue
            await self.clock.settle()
            if self.glass.shown.empty():
                if visit.done():
                    raise AssertionError(f"the visit ended: {visit.result()}")
                await self.clock.advance(0.1)
        raise AssertionError("no question came")

    async def _answer(self, answer: Any) -> None:
        if isinstance(answer, Document | Exception):
            self.reader.present(answer)
        elif isinstance(answer, Decision):
            self.matcher.results.put_nowait(answer)
        elif isinstance(answer, ApprovalState):
            self.backend.approval_state = answer
            await self.clock.advance(1.5)
        elif callable(answer):
            result = answer(self)
            if asyncio.iscoroutine(result):
                await result
        elif isinstance(answer, Reply):
            self.glass.reply(answer)
        else:
            self.glass.reply(Answer(answer))

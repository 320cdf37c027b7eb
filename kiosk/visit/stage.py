"""The stage: who shows a question and who answers it, a person or a device.

``Stage`` conducts: it races the resident against the device, speaks, alerts an idle resident, extends time, and turns
Leave, time-outs and Back into exceptions. What is stronger than both (a fire) takes the glass at once and ends every
question. It knows no device but speech and keypad, and no service.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from hardware.keypad import Approach, HeadsetChanged, KeyPress
from hardware.speech import Earcon
from kiosk.clock import within
from kiosk.visit import questions as q
from kiosk.visit.leaving import Back, Cancelled, Left, TimedOut
from kiosk.visit.offers import trouble_options
from kiosk.visit.presence import Presence
from kiosk.visit.screen import COLOURS, Answer, Focused, GoBack, Leave, Reply, Sound, Tool
from kiosk.visit.wording import words_for

CLOCK_GRAIN_S = 0.001  # what is left of a wait by rounding is no wait


class Stage(Presence):
    """Asks questions. One per visit process; used by one task at a time."""

    async def follow_keypad(self) -> None:
        """Feed keypad events to the glass until cancelled."""
        if self._keypad is None:
            return
        async for event in self._keypad.events():
            if isinstance(event, KeyPress):
                self._speaker.hush()
                if not self.aids.uses_keypad:
                    self.aids = replace(self.aids, uses_keypad=True)
                self._screen.press(event.key)
            elif isinstance(event, HeadsetChanged):
                self.aids = replace(self.aids, has_headset=event.is_plugged)
                self._speaker.set_headset(event.is_plugged)
                self._show_again()
            elif isinstance(event, Approach) and isinstance(self._question, q.Welcome | q.Closed):
                self._speak(self._current.words.spoken)

    # -- asking ------------------------------------------------------------------------------------------------------

    async def ask(
        self,
        question: q.Question | Callable[[], q.Question],
        *,
        until: Callable[[], Awaitable[Any]] | None = None,
        patience: float | None = None,
        aside: Callable[[object], bool] | None = None,
    ) -> Any:
        """Show ``question``; return the resident's answer or what ``until()`` gives, whoever is first.

        ``patience`` (s) ends the question with ``None`` when neither came. ``aside(value)`` may deal with an answer
        that does not end the question (then it returns True). A callable builds the question in the present language,
        and again when that changes. Raises ``Back``, ``Left`` or what
        ``until()`` raises. A touch that came before the question was shown does not count.
        """
        self._raise_left()
        self._generation += 1
        self._replies = asyncio.Queue()
        self._build = question if callable(question) else (lambda asked=question: asked)
        question = self._build()
        self._present(question)
        self._last_activity = self.clock.now()
        device = asyncio.ensure_future(until()) if until else None
        end = asyncio.ensure_future(self.clock.sleep(patience)) if patience is not None else None
        person = asyncio.ensure_future(self._answer(question, aside))
        ending = asyncio.ensure_future(self._ending.wait())
        tasks: set[asyncio.Future[Any]] = {t for t in (device, end, person, ending) if t is not None}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            self._raise_left()  # before any answer: nothing is taken any more
            if person.done():
                return person.result()
            if device is not None and device.done():
                return device.result()
            return None
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if self._showing is not None and self._showing.overlay is not None:
                self._lay(None)

    async def show(self, question: q.Question, work: Awaitable[Any], *, must_finish: bool = False) -> Any:
        """Show ``question`` (usually ``Working``) while ``work`` goes on; speak it when it takes long (R19).

        Raises ``Left`` when the visit is ended meanwhile; work that ``must_finish`` is not cut short by that.
        """

        async def announce() -> None:
            await self.clock.sleep(self.times.progress_after_s)
            self._build = None
            self._present(question)
            while True:
                await self.clock.sleep(self.times.progress_again_s)
                self._speak(words_for(question, self.text, self._titles).spoken)

        working = asyncio.ensure_future(work)
        if self._left is not None:
            working.cancel()  # it did not begin: nothing is committed any more
            await asyncio.gather(working, return_exceptions=True)
            raise self._left
        announcing = asyncio.ensure_future(announce())
        ending = asyncio.ensure_future(self._ending.wait())
        try:
            await asyncio.wait({working, ending}, return_when=asyncio.FIRST_COMPLETED)
            if must_finish:
                announcing.cancel() if self._left else None
                return await working
            self._raise_left()
            return working.result()
        finally:
            for task in (announcing, ending, working):
                task.cancel()
            await asyncio.gather(announcing, ending, working, return_exceptions=True)

    async def trouble(self, what: str, options: tuple[str, ...], *, service: str = "", code: str = "") -> str:
        """Say what failed and what can be done now; the chosen option's id. Leave counts as ``leave``."""

        def question() -> q.Question:
            return q.Trouble(what=what, options=trouble_options(options, self.text), code=code, service=service)

        self.sound(Earcon.TROUBLE)
        try:
            return str(await self.ask(question))
        except Cancelled:
            return "leave"

    # -- what is stronger than the resident --------------------------------------------------------------------------

    def end(self, left: type[Left], page: q.Question) -> None:
        """End the visit: ``page`` is shown at once, and every question from here on raises ``left``."""
        self._left = left
        self._ending.set()
        self._generation += 1  # touches on the screen before count no more
        self._build = None
        self._speaker.hush()
        self._screen.banner("")
        self._present(page)
        self._told = page

    def go_on(self) -> None:
        """After ``end``: the visit is over, what remains (a card left behind, the goodbye) may be asked again."""
        self._left = None
        self._ending.clear()

    def _raise_left(self) -> None:
        if self._left is not None:
            raise self._left

    # -- the resident's side -----------------------------------------------------------------------------------------

    async def _answer(self, question: q.Question, aside: Callable[[object], bool] | None) -> Any:
        while True:
            reply = await self._next_reply(question)
            self._last_activity = self.clock.now()
            if isinstance(reply, Focused) and not isinstance(self._current.overlay, q.StillThere):
                self.voice.say_focus(reply, self.text)
                continue
            if not isinstance(reply, Tool) or reply.name != "repeat":
                self._speaker.hush()
            overlay = self._current.overlay
            if overlay is not None:
                if isinstance(overlay, q.ConfirmLeave) and isinstance(reply, Leave):
                    raise Cancelled
                if isinstance(reply, Sound):
                    self._set_sound(reply)
                    continue
                self._lay(None)
                if not isinstance(reply, Tool):
                    continue
            if isinstance(reply, Answer):
                if aside is None or not aside(reply.value):
                    return reply.value
                continue
            self._react(reply, question)

    def _react(self, reply: Reply, question: q.Question) -> None:
        if isinstance(reply, GoBack) and question.has_back:
            raise Back
        if isinstance(reply, Leave) and question.has_leave:
            if question.progress[0] == 0:
                raise Cancelled  # nothing is lost, so nothing is asked
            self._lay(q.ConfirmLeave())
        elif isinstance(reply, Tool):
            self._use(reply.name)

    def _use(self, tool: str) -> None:
        words = self._current.words
        if tool == "help":
            self._lay(q.HelpCard(words.more_help or (words.help,)))
        elif tool == "repeat":
            self._speaker.hush()
            self._speak(words.spoken)
        elif tool == "more_time":
            self.pace.give_more_time()
            self.tell(self.text("Take your time. I will wait."))
        elif tool == "bigger":
            self.aids = replace(self.aids, text_size=(self.aids.text_size + 1) % 4)
            self._show_again()
        elif tool == "colours":
            self.aids = self.aids.in_other_colours()
            self._show_again()
            self.tell(self.text(COLOURS[self.aids.theme]))
        elif tool == "sound":
            self._lay(q.SoundCard(self.aids.volume, self.aids.rate))
        elif tool == "language":
            self.text = self.text.next_language()
            self._show_again()
            self._speak(self._current.words.spoken)
        elif tool == "find_someone":
            self._lay(q.FindSomeone(self._telephone))

    def _set_sound(self, sound: Sound) -> None:
        self.aids = replace(self.aids, volume=sound.volume, rate=sound.rate)
        self._speaker.set_volume(sound.volume)
        self._speaker.set_rate(sound.rate)
        self._lay(q.SoundCard(sound.volume, sound.rate))

    # -- patience ----------------------------------------------------------------------------------------------------

    async def _next_reply(self, question: q.Question) -> Reply:
        if not question.is_timed:
            return await self._replies.get()
        while True:
            left = self._idle_limit() - (self.clock.now() - self._last_activity)
            if (reply := await within(self.clock, max(left, 0.0), self._replies.get())) is not None:
                return reply
            if self._speaker.status.is_speaking:
                self._last_activity = self.clock.now()  # R21: idle time counts from the end of speech
            if self._idle_limit() - (self.clock.now() - self._last_activity) > CLOCK_GRAIN_S:
                continue
            self._lay(q.StillThere(int(self.times.alert_s)))
            self.sound(Earcon.ALERT)
            if (reply := await within(self.clock, self.times.alert_s, self._replies.get())) is None:
                raise TimedOut
            return reply

    def _idle_limit(self) -> float:
        return self.pace.idle_s(is_identified=self.is_identified, is_aided=self.aids.is_aided)

"""What a stage has on the glass and what it says beside it: one question, perhaps a card over it, a banner above.

Builds the question's words in the visit's language, again whenever language, size or a device changes. Knows who may
reply, and answers nothing: that is ``stage.py``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hardware.keypad import Keypad
from hardware.speech import Earcon, Priority, Speaker, Spoken, Utterance
from kiosk.clock import Clock
from kiosk.config import Times
from kiosk.text import Text
from kiosk.visit import questions as q
from kiosk.visit.leaving import Left
from kiosk.visit.pace import Pace
from kiosk.visit.screen import Aids, Reply, Screen
from kiosk.visit.voice import Voice
from kiosk.visit.wording import Words, overlay_words, words_for


@dataclass
class _Showing:
    question: q.Question
    words: Words
    overlay: q.Overlay | None = None


class Presence:
    """The glass and the voice of one visit process; ``Stage`` asks with them."""

    def __init__(
        self,
        screen: Screen,
        speaker: Speaker,
        keypad: Keypad | None,
        clock: Clock,
        text: Text,
        times: Times,
        telephone: str,
        log: Callable[[Exception], None],
        titles: Mapping[str, str],
    ) -> None:
        self.text = text
        self.clock = clock
        self.times = times
        self.aids = Aids()
        self.pace = Pace(times)
        self.is_identified = False
        self._screen = screen
        self._speaker = speaker
        self.voice = Voice(speaker)
        self._keypad = keypad
        self._telephone = telephone
        self._log = log
        self._titles = titles
        self._showing: _Showing | None = None
        self._build: Callable[[], q.Question] | None = None
        self._replies: asyncio.Queue[Reply] = asyncio.Queue()
        self._last_activity = clock.now()
        self._generation = 0
        self._left: type[Left] | None = None
        self._ending = asyncio.Event()
        self._told: q.Question | None = None  # what ``end`` showed and said
        self._forget = speaker.listen(self._on_spoken)

    def close(self) -> None:
        """Stop listening to the speaker."""
        self._forget()
        self._speaker.hush()

    def refresh(self) -> None:
        """A device or the platform changed: show the present question again, built anew."""
        if self._build is not None and self._showing is not None and self._showing.overlay is None:
            before = self._showing.words
            if self._build() != self._showing.question:
                self._show_again()
                now = self._showing.words
                told = [now.title] * (now.title != before.title) + [now.help] * (now.help != before.help)
                self._speak(tuple(u for u in now.spoken if u.text in told), Priority.FOCUS)
                self._speak(tuple(u for u in now.news if u not in before.news))  # after it: nothing unsaid (R10)

    def renew(self) -> None:
        """The present question is out of date: build it anew, drop what lies over it, and say all of it."""
        if self._build is not None and self._showing is not None and self._build() != self._showing.question:
            self._speaker.hush()
            self._present(self._build())

    async def announce(self, sentence: str) -> None:
        """Show and say something that does not end the question, for some seconds."""
        if self._left is not None:
            return
        self._screen.banner(sentence)
        self._say(sentence, Priority.ALERT)
        await self.clock.sleep(self.times.banner_s)
        self._screen.banner("")

    def tell(self, sentence: str, priority: Priority = Priority.FOCUS) -> None:
        """Show and say a short status on the present question (coaching)."""
        if self._left is not None:
            return
        self._screen.status(sentence)
        self._say(sentence, priority)

    def can_write(self, words: str) -> bool:
        """Tell whether glass and paper have a glyph for every character of ``words`` (R29)."""
        return self._screen.can_write(words)

    def status(self, sentence: str) -> None:
        """A short line on the present question, not spoken."""
        self._screen.status(sentence)

    def speak(self, utterances: tuple[Utterance, ...]) -> None:
        """Say what was asked for, e.g. the receipt line by line."""
        self._speaker.say(*utterances)

    def sound(self, earcon: Earcon) -> None:
        self._speaker.sound(earcon)

    def note(self, error: Exception) -> None:
        """Hand a named error to the technician's log; such errors carry no personal data."""
        self._log(error)

    # -- inside ------------------------------------------------------------------------------------------------------

    @property
    def _current(self) -> _Showing:
        assert self._showing is not None
        return self._showing

    @property
    def _question(self) -> q.Question | None:
        return self._showing.question if self._showing else None

    def _present(self, question: q.Question) -> None:
        words = words_for(question, self.text, self._titles)
        self._showing = _Showing(question, words)
        if question.is_alarm:
            self._screen.banner("")  # nothing lies over the way out
        self.voice.raise_alarm(words.spoken if question.is_alarm else (), self.aids)
        self._show_again()
        self._screen.status("")
        if question != self._told:
            self._speak(words.spoken)
        self._told = None

    def _show_again(self) -> None:
        if self._showing is None:
            return
        generation = self._generation
        if self._build is not None:
            self._showing.question = self._build()
        self._showing.words = words_for(self._showing.question, self.text, self._titles)

        def reply(said: Reply) -> None:
            if generation == self._generation:  # a late touch on a screen that is gone answers nothing
                self._replies.put_nowait(said)

        self._screen.show(self._showing.question, self._showing.words, self.aids, self.text, reply)
        if (overlay := self._showing.overlay) is not None:
            self._screen.overlay(overlay, overlay_words(overlay, self.text))

    def _lay(self, overlay: q.Overlay | None) -> None:
        self._current.overlay = overlay
        words = overlay_words(overlay, self.text) if overlay else None
        self._screen.overlay(overlay, words)
        if words:
            self._speak(words.spoken, Priority.ALERT if isinstance(overlay, q.StillThere) else Priority.FOCUS)

    def _on_spoken(self, spoken: Spoken) -> None:
        self._screen.caption(spoken.text)

    def _speak(self, sentences: tuple[Utterance, ...], priority: Priority | None = None) -> None:
        self.voice.say(sentences, priority)

    def _say(self, sentence: str, priority: Priority) -> None:
        self._speaker.say(Utterance(sentence, self.text.language, priority))

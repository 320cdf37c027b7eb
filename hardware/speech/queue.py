"""Who may speak now: the order of sentences, what a touch cuts, and what resumes.

ALERT is not cut for its first 3 s, FOCUS replaces FOCUS and PAGE, HINT is dropped as soon as anything else waits; what
an ALERT interrupted resumes at the sentence. Sans-IO: sentences and times in, "this one should sound now" out. It
makes no sound and reads no clock.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from hardware.speech import Priority, Utterance

PROTECTED_S = 3.0  # an ALERT sounds at least so long, whatever is touched
_MOST_WAITING = 200  # a caller gone wild must not fill the memory
_ENDS_ZH = re.compile(r"(?<=[。！？\n])\s*")
_ENDS_EN = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9\"'\u4e00-\u9fff])|\n")
_ABBREVIATIONS = re.compile(r"\b(?:Mr|Mrs|Ms|Dr|No|St|Tel|e\.g|i\.e)\.$")


def split_sentences(text: str, language: str) -> list[str]:
    """Cut a text where a listener expects a pause and a talk can be taken up again."""
    parts = (_ENDS_ZH if language == "zh" else _ENDS_EN).split(text)
    sentences: list[str] = []
    for part in parts:
        if sentences and _ABBREVIATIONS.search(sentences[-1]):
            sentences[-1] += " " + part.strip()
        elif part.strip():
            sentences.append(part.strip())
    return sentences


@dataclass(frozen=True)
class Line:
    """One sentence of an utterance. ``number`` is its own, ``talk`` its utterance's."""

    number: int
    talk: int
    text: str
    language: str
    priority: Priority
    private: bool
    is_fixed: bool
    instead: str = ""


class SpeechQueue:
    """``current`` is the line that should sound now (None: silence). Call a verb, then look at it."""

    def __init__(self, *, has_headset: bool = False) -> None:
        self.current: Line | None = None
        self._waiting: list[Line] = []
        self._has_headset = has_headset
        self._number = 0
        self._talk = 0
        self._alert: tuple[int, float] | None = None  # the alert's talk and when it began to sound
        self._hushed: int | None = None  # the alert's talk that was touched while protected

    @property
    def is_silent(self) -> bool:
        """True when nothing sounds and nothing waits."""
        return self.current is None and not self._waiting

    @property
    def next(self) -> Line | None:
        """The line that would sound after this one; its sound can be made ready."""
        return min(self._waiting, key=lambda line: (-line.priority, line.talk, line.number), default=None)

    @property
    def cut_at_s(self) -> float | None:
        """When ``tick`` must be called: the end of a touched ALERT's protection."""
        if self.current is None or self._alert is None or self._hushed != self.current.talk:
            return None
        return self._alert[1] + PROTECTED_S

    def say(self, utterances: Iterable[Utterance]) -> None:
        """Queue utterances that belong together: within one call FOCUS and HINT do not displace each other."""
        wanted = list(utterances)
        if not wanted:
            return
        if any(utterance.priority is Priority.FOCUS for utterance in wanted):
            self._drop(lambda line: line.priority in (Priority.FOCUS, Priority.PAGE, Priority.HINT))
        was_waiting = bool(self._waiting)
        self._drop(lambda line: line.priority is Priority.HINT)
        for utterance in wanted:
            if utterance.priority is not Priority.HINT or not was_waiting:
                self._waiting += self._lines(utterance)
        del self._waiting[_MOST_WAITING:]
        self._choose()

    def hush(self, now_s: float) -> None:
        """A touch or a key: everything but ALERT ends; an ALERT ends once it sounded ``PROTECTED_S``."""
        self._drop(lambda line: line.priority is not Priority.ALERT)
        if self.current is not None:
            self._hushed = self.current.talk
            self.tick(now_s)
        self._choose()

    def silence(self) -> None:
        """Everything ends, ALERT too, with all that waits."""
        self._drop(lambda _line: True)

    def tick(self, now_s: float) -> None:
        """Time passed: end a touched ALERT whose protection is over."""
        cut_at_s = self.cut_at_s
        if cut_at_s is not None and now_s >= cut_at_s:
            talk = self._hushed
            self._drop(lambda line: line.talk == talk)
            self._choose()

    def began(self, number: int, now_s: float) -> None:
        """The line's first sound went out."""
        line = self.current
        if line is None or line.number != number or line.priority is not Priority.ALERT:
            return
        if self._alert is None or self._alert[0] != line.talk:
            self._alert = (line.talk, now_s)

    def ended(self, number: int) -> None:
        """The line sounded to its end, or cannot be said at all."""
        if self.current is not None and self.current.number == number:
            self.current = None
            self._choose()

    def set_headset(self, is_plugged: bool) -> None:
        """Without a headset a private line ends at once and its ``instead`` is said, also in the middle of it."""
        self._has_headset = is_plugged
        if self.current is not None and self.current.private and not is_plugged:
            self._waiting.append(self.current)
            self.current = None
        self._choose()

    def _drop(self, is_over: Callable[[Line], bool]) -> None:
        self._waiting = [line for line in self._waiting if not is_over(line)]
        if self.current is not None and is_over(self.current):
            self.current = None

    def _lines(self, utterance: Utterance) -> list[Line]:
        self._talk += 1
        return [self._line(utterance, self._talk, part) for part in split_sentences(utterance.text, utterance.language)]

    def _line(self, utterance: Utterance, talk: int, sentence: str) -> Line:
        self._number += 1
        private = utterance.private
        is_fixed = utterance.is_fixed and not private
        return Line(
            self._number, talk, sentence, utterance.language, utterance.priority, private, is_fixed, utterance.instead
        )

    def _choose(self) -> None:
        """Settle ``current``: the most urgent first, then the oldest."""
        while (line := self.next) is not None:
            if line.private and not self._has_headset:
                self._replace_private(line)
                continue
            if self.current is None or line.priority > self.current.priority:
                if self.current is not None and self.current.priority is not Priority.HINT:
                    self._waiting.append(self.current)  # the oldest of its kind: it resumes first
                self._waiting.remove(line)
                self.current = line
            return

    def _replace_private(self, private: Line) -> None:
        """Say ``instead`` once, in the place of the private utterance's remaining sentences."""
        self._waiting = [line for line in self._waiting if line.talk != private.talk]
        utterance = Utterance(private.instead, private.language, private.priority)
        for sentence in split_sentences(private.instead, private.language):
            self._waiting.append(self._line(utterance, private.talk, sentence))

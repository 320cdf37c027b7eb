"""The glass as the core sees it: what a screen is told, and what it may say back.

Implemented by ``screens/stage.py`` with Kivy and by the tests with a list. Knows no widget and no device.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from hardware.keypad import Key
from kiosk.text import Text, later
from kiosk.visit import questions as q
from kiosk.visit.wording import Words


@dataclass(frozen=True)
class Answer:
    """The answer to the question shown; its type is in the question's docstring."""

    value: object


@dataclass(frozen=True)
class GoBack:
    """The Back button or key."""


@dataclass(frozen=True)
class Leave:
    """The Leave button."""


@dataclass(frozen=True)
class Activity:
    """Any touch or key that answers nothing: it hushes speech, extends time, closes an overlay."""


@dataclass(frozen=True)
class Focused:
    """The focus went to something: say it. ``instead`` is said when ``is_private`` and no headset is in."""

    spoken: str
    is_private: bool = False
    instead: str = ""


@dataclass(frozen=True)
class Tool:
    """Of the tool bar: help, repeat, more_time, bigger, sound, language, find_someone; of the help card: colours."""

    name: str


@dataclass(frozen=True)
class Sound:
    """From the sound overlay."""

    volume: int
    rate: int


Reply = Answer | GoBack | Leave | Activity | Focused | Tool | Sound


COLOURS = {  # themes in the order in which they are tried, with their names
    "default": later("The usual colours"),
    "black_on_white": later("Black on white"),
    "white_on_black": later("White on black"),
    "calm": later("Dark and calm"),
}


@dataclass(frozen=True)
class Aids:
    """How this resident wants the booth; back to default after every visit (R31)."""

    text_size: int = 1  # 0..3: 6.4 / 8.5 / 12 / 16 mm
    theme: str = "default"  # default | black_on_white | white_on_black | calm
    volume: int = 4
    rate: int = 100
    has_headset: bool = False
    uses_keypad: bool = False

    @property
    def is_aided(self) -> bool:
        return self.has_headset or self.uses_keypad or self.text_size > 1 or self.theme != "default"

    def in_other_colours(self) -> Aids:
        """The next theme, round and round."""
        names = [*COLOURS, *COLOURS]
        return replace(self, theme=names[names.index(self.theme) + 1])


class Screen(Protocol):
    """The glass. All calls on the event loop; none blocks."""

    def show(self, question: q.Question, words: Words, aids: Aids, text: Text, reply: Callable[[Reply], None]) -> None:
        """Replace what is shown. The same question again (another language, size or trouble) keeps what was typed."""
        ...

    def overlay(self, overlay: q.Overlay | None, words: Words | None) -> None:
        """Lay something over the question, or take it away; the question's own state stays."""
        ...

    def caption(self, text: str) -> None:
        """Exactly what is being said now."""
        ...

    def status(self, text: str) -> None:
        """A short line about what a device does (coaching, progress); "" clears it."""
        ...

    def banner(self, text: str) -> None:
        """A sentence above the question, to be read only; "" takes it away. The question's own state stays."""
        ...

    def can_write(self, words: str) -> bool:
        """Tell whether the typeface has a glyph for every character of ``words``; paper is printed with the same."""
        ...

    def press(self, key: Key) -> None:
        """A key of the keypad: moves the focus, selects, types a digit, or becomes a Tool reply."""
        ...

"""A question's words before they become ``Words``: what every wording is made of. Knows no question."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from hardware.speech import Priority, Utterance
from kiosk.text import Text


@dataclass(frozen=True)
class Draft:
    title: str
    help: str = ""
    primary: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    more_help: tuple[str, ...] = ()
    also: tuple[Utterance, ...] = ()  # spoken after title and help
    news: tuple[Utterance, ...] = ()  # spoken after these, and again whenever they change
    only: tuple[Utterance, ...] = ()  # spoken in place of title, help and these
    is_fixed: bool = True
    instead: str = ""  # the help holds a value of the resident: this is said where others can hear


def say(
    text: Text, *sentences: str, is_fixed: bool = True, priority: Priority = Priority.PAGE
) -> tuple[Utterance, ...]:
    return tuple(Utterance(s, text.language, priority, is_fixed=is_fixed) for s in sentences if s)


def numbered(text: Text, labels: Iterable[str]) -> tuple[Utterance, ...]:
    return say(text, *(text("{n}: {choice}", n=n, choice=label) for n, label in enumerate(labels, 1)))


def with_note(text: Text, choice: str, note: str) -> str:
    return text("{choice}: {note}", choice=choice, note=note)

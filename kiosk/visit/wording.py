"""The words of every question: what is shown and what is spoken beside it, in the visit's language.

The heading is the question and the first thing spoken. Sentences are short and say one thing; personal values are
``private`` and go to a headset only. Knows no widget.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hardware.speech import Priority, Utterance


@dataclass(frozen=True)
class Words:
    """What a screen shows around its question, all in the visit's language."""

    strip: str  # left of the strip: the service's title, or the community's name
    title: str  # the question, one sentence
    help: str  # one sentence
    spoken: tuple[Utterance, ...]
    primary: str = ""  # what the one primary action does; "" = no such button
    labels: dict[str, str] = field(default_factory=dict)  # other buttons of this question by their answer
    more_help: tuple[str, ...] = ()  # sentences of the help card

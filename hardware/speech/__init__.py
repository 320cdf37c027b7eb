"""Front door of speech: what is said, in which language, how urgently, and whether others may hear it.

Knows sentences, no screens. Drivers: ``pyttsx3`` as synthesiser to files (in a worker), an interruptible player of our
own (in a worker) into a sound device, a pipe of raw PCM, or a clocked null sink.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from hardware.device import Device, DeviceError, DeviceStatus

RATES = (50, 75, 100, 125, 150, 175, 200)  # percent, pitch kept; 100 is the default


class Priority(enum.IntEnum):
    """ALERT is not cut for <= 3 s; FOCUS replaces FOCUS and PAGE; HINT is dropped if anything waits."""

    HINT = 0
    PAGE = 1
    FOCUS = 2
    ALERT = 3


class Earcon(enum.Enum):
    """Short sounds, synthesised at set-up."""

    TOUCH = "touch"  # key echo
    CARD = "card"  # the reader's "beep": the document was read
    DONE = "done"
    TROUBLE = "trouble"
    ALERT = "alert"  # still there?
    CAMERA = "camera"


@dataclass(frozen=True)
class Utterance:
    """One sentence or a few. ``private`` ones go to the headset only; without one ``instead`` is said."""

    text: str
    language: str  # "zh" | "en"
    priority: Priority = Priority.PAGE
    private: bool = False
    instead: str = ""
    is_fixed: bool = True  # False: holds data of this visit, never kept in the cache of prepared sentences


@dataclass(frozen=True)
class Spoken:
    """One sentence that really began to sound (an utterance of three is three), for captions, logs and stories."""

    text: str
    language: str
    private: bool
    at_s: float  # CLOCK_MONOTONIC
    is_heard: bool  # False: null sink or muted


@dataclass(frozen=True)
class SpeechStatus(DeviceStatus):
    sink: str = ""  # "device NAME" | "pipe PATH" | "null"
    has_headset: bool = False
    is_speaking: bool = False  # something sounds or waits; ``watch`` tells when silence begins


class SpeechError(DeviceError):
    """Nothing can be said."""


class Speaker(Device, Protocol):
    @property
    def status(self) -> SpeechStatus: ...

    def say(self, *utterances: Utterance) -> None:
        """Queue; returns at once. Never raises: a dumb booth still works by sight and paper."""
        ...

    def sound(self, earcon: Earcon) -> None: ...

    def hush(self) -> None:
        """A touch or a key: end everything but ALERT within 50 ms."""
        ...

    def silence(self) -> None:
        """What an ALERT warned of is over, or something graver begins: end everything within 50 ms."""
        ...

    def set_headset(self, is_plugged: bool) -> None:
        """From the jack's switch; unplugging mutes private speech within 100 ms."""
        ...

    def set_volume(self, step: int) -> None:
        """0 (silent) .. 6, 5 dB each; 4 is the default."""
        ...

    def set_rate(self, percent: int) -> None:
        """50 .. 200, pitch kept; 100 is the default."""
        ...

    def listen(self, listener: Callable[[Spoken], None]) -> Callable[[], None]:
        """Call ``listener`` on the event loop whenever something begins to sound; the result unsubscribes."""
        ...

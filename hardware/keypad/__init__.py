"""Front door of the keypad and the headset switch: Linux input events from configured device paths.

Knows keys and switches, not what a screen does with them. Driver: ``evdev_file`` reads 24-byte ``input_event`` records
from a device or a FIFO. The other end: ``simulator`` writes them.
"""

from __future__ import annotations

import enum
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from hardware.device import Device, DeviceError, DeviceStatus


class Key(enum.Enum):
    """What a key of the booth's keypad means; configuration maps key codes to these."""

    NEXT = "next"
    PREVIOUS = "previous"
    SELECT = "select"
    BACK = "back"
    HELP = "help"
    REPEAT = "repeat"
    MORE_TIME = "more_time"
    DIGIT_0 = "0"
    DIGIT_1 = "1"
    DIGIT_2 = "2"
    DIGIT_3 = "3"
    DIGIT_4 = "4"
    DIGIT_5 = "5"
    DIGIT_6 = "6"
    DIGIT_7 = "7"
    DIGIT_8 = "8"
    DIGIT_9 = "9"
    DELETE = "delete"


@dataclass(frozen=True)
class KeyPress:
    key: Key


@dataclass(frozen=True)
class HeadsetChanged:
    is_plugged: bool


@dataclass(frozen=True)
class Approach:
    """Someone stands before the booth (a presence sensor wired as a key or switch)."""


KeypadEvent = KeyPress | HeadsetChanged | Approach


@dataclass(frozen=True)
class KeypadStatus(DeviceStatus):
    has_headset: bool = False


class KeypadError(DeviceError):
    """The keypad cannot be read."""


class Keypad(Device, Protocol):
    @property
    def status(self) -> KeypadStatus: ...

    def events(self) -> AsyncIterator[KeypadEvent]:
        """All events from this call on; survives unplugging, ends with ``stop``."""
        ...

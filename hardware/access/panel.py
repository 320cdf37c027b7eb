"""One reader as libosdp serves it: a control panel of its own, thrown away whenever it is stuck.

One panel for each reader, because one for the whole bus keeps its own time: 300 s after a loss, 1 s after a silence,
nothing earlier. Here the bus decides who sends, and a fresh panel starts at once. Only frames whose check characters
and sequence are right get in: after a single bad one libosdp would go offline. Knows no port and no point.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections import deque
from dataclasses import dataclass
from typing import Any

import osdp_sys  # type: ignore[import-not-found]

from hardware.access.frames import Deframer, Frame

Event = dict[str, Any]
NAK = 0x41
LONGEST_BYTES = 511  # libosdp's ring buffer; longer answers are not handed over
_FLAGS = osdp_sys.FLAG_ENFORCE_SECURE | osdp_sys.FLAG_ENABLE_NOTIFICATION  # never FLAG_INSTALL_MODE
_LOCAL_REFERENCES = 2  # a local variable's and getrefcount's own


class _Channel:
    """What libosdp reads and writes: at most one frame in each direction."""

    id = 1

    def __init__(self) -> None:
        self.inbox = b""
        self.outbox = b""

    def read(self, most: int) -> bytes:
        part, self.inbox = self.inbox[:most], self.inbox[most:]
        return part

    def write(self, data: bytes) -> int:
        self.outbox += bytes(data)
        return len(data)

    def flush(self) -> None:
        self.inbox = b""


@dataclass(frozen=True)
class Sent:
    """The frame that waits for its answer."""

    sequence: int
    code: int
    has_crc: bool


class Panel:
    """Not thread-safe. ``events`` are libosdp's own dictionaries, without its notifications."""

    def __init__(self, device: str, address: int, key: bytes) -> None:
        _shuffle()
        self._channel = _Channel()
        self._raw: list[Event] = []
        self._ended: deque[bool] = deque()
        self._core = osdp_sys.ControlPanel(
            [
                {
                    "name": device, "address": address, "flags": _FLAGS, "scbk": key, "channel": self._channel,
                    "version": 1, "model": 1, "vendor_code": 1, "serial_number": 1, "firmware_version": 1,
                }
            ]
        )  # fmt: skip
        self._core.set_event_callback(self._note)
        self._core.set_command_completion_callback(self._complete)
        self.sent: Sent | None = None
        self.is_online = False
        self.was_online = False
        self.has_failed = False
        self.reason = 0  # of the last NAK in the clear (annex A)
        self.is_declined = False  # a NAK inside the session: the reader knows us, and not the command

    def advance(self) -> bytes:
        """The next frame to send, with its mark; b"" for none now."""
        for _ in range(3):  # idle, begin, build: one step a call
            self._core.refresh()
            if self._channel.outbox:
                break
        raw, self._channel.outbox = self._channel.outbox, b""
        for frame in Deframer().feed(raw):
            self.sent = Sent(frame.sequence, frame.code, frame.has_crc)
        return raw

    def take(self, frame: Frame) -> list[Event]:
        """Hand over the reader's answer; what it said by it."""
        self.is_declined = frame.code == NAK and bool(frame.security)
        if frame.code == NAK:
            self.reason = frame.data[0] if frame.data and not frame.security else 0
        self._channel.inbox = frame.raw
        for _ in range(3):
            self._core.refresh()
            if not self._channel.inbox:
                break
        return self._events()

    def submit(self, command: Event) -> bool:
        """Queue a command; False when it is not online."""
        return bool(self._core.submit_command(0, command))

    def ended(self) -> list[bool]:
        """The commands that ended since, in their order: were they confirmed?"""
        found = list(self._ended)
        self._ended.clear()
        return found

    def has(self, capability: int) -> int:
        """How many of it the reader says it has; for LED and sounder, whether."""
        level, count = self._core.check_capability(0, capability)
        return int(count or level)

    def settle(self) -> list[Event]:
        """Let libosdp notice that time has passed."""
        self._core.refresh()
        return self._events()

    def _note(self, _reader: int, event: Event) -> int:
        self._raw.append(event)
        return 0

    def _complete(self, _reader: int, _command: Event, status: int) -> None:
        self._ended.append(status == 0)

    def _events(self) -> list[Event]:
        found = []
        while self._raw:
            event = self._raw.pop(0)
            if sys.getrefcount(event) > _LOCAL_REFERENCES:
                # 3.2.9 never lets go of the dictionary of an event: 215 bytes each, and what was on the card.
                ctypes.pythonapi.Py_DecRef(ctypes.py_object(event))
            if event["event"] != osdp_sys.EVENT_NOTIFICATION:
                found.append(event)
            elif event["type"] == osdp_sys.EVENT_NOTIFICATION_PD_STATUS:
                self.is_online = bool(event["arg0"])
                self.was_online |= self.is_online
                self.has_failed = not self.is_online
        return found


def hush() -> None:
    """libosdp tells on stderr whatever any reader says; only what it calls emergencies is left."""
    osdp_sys.set_loglevel(osdp_sys.LOG_EMERG)


def _shuffle() -> None:
    """libosdp takes its challenge from rand(), which nobody seeds: the same ones, in the same order, at each start."""
    ctypes.CDLL(None).srand(int.from_bytes(os.urandom(4), "little"))

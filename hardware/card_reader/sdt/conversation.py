"""Runs a talk over a line: one command at a time, each with its deadlines, late replies dropped.

The protocol numbers nothing. So what lies in the input is thrown away before each command, and a reply that cannot
be the command's is taken for a late one. Knows time and bytes, no card.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol, TypeVar

from hardware.card_reader.sdt.commands import Command
from hardware.card_reader.sdt.frames import FrameReader, Garbled, Reply
from hardware.card_reader.sdt.session import CutOff, ModuleTimedOut, Silent, Talk

T = TypeVar("T")
GAP_S = 0.3  # the longest silence within a frame
MAX_LATE = 4
MODULE_TIMED_OUT = bytes.fromhex("0005050505")  # length 5, and then only three bytes
SLACK = 2.0  # times the line time a reply may take, however it dribbles


class Line(Protocol):
    """A wire to a module. Every verb raises ``ReaderLost`` when it is unplugged."""

    @property
    def where(self) -> str:
        """Which wire, for messages."""
        ...

    @property
    def byte_s(self) -> float:
        """How long one byte takes."""
        ...

    def write(self, data: bytes) -> None: ...

    def read(self, within_s: float) -> bytes:
        """Give what came, waiting for the first byte at most ``within_s``; b"" when none came."""
        ...

    def drop_input(self) -> None:
        """Throw away what came unasked."""
        ...

    def close(self) -> None:
        """Let go of the wire; idempotent."""
        ...


class Conversation:
    """One module on one line. ``note`` is told each command's name and how long it took, in seconds."""

    def __init__(
        self,
        line: Line,
        *,
        note: Callable[[str, float], None] = lambda _name, _took_s: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.line = line
        self._note = note
        self._clock = clock

    def run(self, talk: Talk[T]) -> T:
        """Run a talk to its end. Raises what it raises, and ``ReaderLost``."""
        try:
            command = next(talk)
            while True:
                try:
                    reply = self.exchange(command)
                except (Garbled, Silent, CutOff) as trouble:
                    command = talk.throw(trouble)
                else:
                    command = talk.send(reply)
        except StopIteration as end:
            result: T = end.value
            return result

    def exchange(self, command: Command) -> Reply:
        """Send one command and give its reply. Raises ``Silent``, ``CutOff``, ``Garbled``, ``ReaderLost``."""
        began_s = self._clock()
        self.line.drop_input()
        self.line.write(command.frame)
        try:
            return self._reply(command, began_s)
        finally:
            self._note(command.name, self._clock() - began_s)

    def _reply(self, command: Command, began_s: float) -> Reply:
        reader = FrameReader()
        first_until_s = began_s + command.within_s + len(command.frame) * self.line.byte_s
        until_s = first_until_s + GAP_S + SLACK * command.longest_reply_bytes * self.line.byte_s
        late = 0
        while True:
            while (body := reader.take()) is not None:
                reply = Reply.decode(body)
                if command.fits(reply):
                    return reply
                late += 1
                if late > MAX_LATE:
                    raise Garbled(f"{command.name}: {late} replies that are none of this command")
            now_s = self._clock()
            wait_s = min(GAP_S, until_s - now_s) if reader.has_begun else first_until_s - now_s
            data = self.line.read(wait_s) if wait_s > 0 else b""
            if not data:
                if reader.inside == MODULE_TIMED_OUT:
                    raise ModuleTimedOut(f"{command.name}: the module got no answer")
                if reader.has_begun:
                    raise CutOff(f"{command.name}: the reply stopped before its end")
                raise Silent(f"{command.name}: no reply within {command.within_s:g} s")
            reader.feed(data)

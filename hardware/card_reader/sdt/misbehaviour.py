"""What goes wrong between host, module and card, as bytes: how a virtual module answers when it is told to misbehave.

Knows no time and no wire: ``simulator`` plays it on a pty, ``memory`` without one.
"""

from __future__ import annotations

from dataclasses import dataclass

from hardware.card_reader.sdt import commands
from hardware.card_reader.sdt.commands import Command
from hardware.card_reader.sdt.virtual import VirtualSam, VirtualSamCard


@dataclass(frozen=True)
class Misbehaviour:
    """What goes wrong with the replies to the command ``on``, ``times`` times (0: always) in one presentation."""

    on: Command = commands.READ_TEXT
    times: int = 1
    delay_ms: float = 0.0
    is_mute: bool = False  # no reply
    garbage: bytes = b""  # before the reply
    cut_at: int | None = None  # only so many bytes of the reply
    pull_at: int | None = None  # the card is pulled when so many bytes of the reply were sent; 0: the reply says so
    is_wrong: bool = False  # the check byte
    is_late: bool = False  # the reply comes after the next command, before that one's own
    hangs: bool = False  # from there on the module answers nothing, until the card is lifted or its plug pulled
    swap_for: VirtualSamCard | None = None  # after the reply another card lies there


RIGHT = Misbehaviour()
_ALWAYS = 1 << 30


class Player:
    """Answers commands as the module does, but for what was told in ``play``."""

    def __init__(self, module: VirtualSam) -> None:
        self.module = module
        self.is_hung = False
        self._how = RIGHT
        self._left = 0
        self._late = b""

    def play(self, card: VirtualSamCard | None, how: Misbehaviour | None = None) -> None:
        """Lay a card there (None: take it away); what goes wrong goes wrong from now on."""
        if how is not None:
            self._how, self._left = how, how.times or _ALWAYS
        elif card is not None:
            self._left = 0
        self.is_hung = False
        self.module.lay(card)

    def power_up(self) -> None:
        """Be plugged in again: nothing is known, nothing is owed."""
        self.is_hung, self._late = False, b""
        self.module.lay(self.module.card)

    def choose(self, body: bytes) -> Misbehaviour:
        """Tell what goes wrong with this command; counts it."""
        if not self._left or body != self._how.on.code:
            return RIGHT
        self._left -= 1
        self.is_hung = self.is_hung or self._how.hangs
        return self._how

    def reply(self, body: bytes, how: Misbehaviour) -> bytes:
        """Give the bytes that answer a command now."""
        if self.is_hung:
            return b""
        if how.pull_at == 0:
            self.module.lay(None)
        late, self._late = self._late, b""
        reply = self.module.respond(body)
        if how.is_wrong:
            reply = reply[:-1] + bytes((reply[-1] ^ 0x5A,))
        if how.is_late:
            self._late = reply
        if how.is_late or how.is_mute:
            return late
        ends = [cut for cut in (how.cut_at, how.pull_at or None) if cut is not None]
        return late + how.garbage + reply[: min(ends, default=len(reply))]

    def after(self, how: Misbehaviour) -> None:
        """Do what happens when the reply was sent."""
        if how.pull_at:
            self.module.lay(None)
        if how.swap_for is not None:
            self.module.lay(how.swap_for)

"""A module at the end of no wire: a ``Line`` that answers at once, with a clock that only waiting moves.

For tests, fuzzing and whoever wants a whole conversation without a port.
"""

from __future__ import annotations

from hardware.card_reader.sdt.misbehaviour import Player
from hardware.card_reader.sdt.virtual import CommandReader, Traits, VirtualSam


class MemoryLine:
    """``player`` says how it answers; ``chunk_bytes``: how much one read gives at most."""

    where = "SAM memory"
    byte_s = 10 / 115200

    def __init__(self, traits: Traits | None = None, *, chunk_bytes: int = 1 << 16) -> None:
        self.player = Player(VirtualSam(traits or Traits()))
        self.now_s = 0.0
        self.written: list[bytes] = []  # bodies of all commands
        self._chunk_bytes = chunk_bytes
        self._commands = CommandReader()
        self._waiting = b""

    def clock(self) -> float:
        """Seconds since it was made."""
        return self.now_s

    def write(self, data: bytes) -> None:
        """Answer what was written."""
        self.now_s += len(data) * self.byte_s
        for body in self._commands.feed(data):
            self.written.append(body or b"")
            if body is None:
                self._waiting += self.player.module.respond_to_noise()
                continue
            how = self.player.choose(body)
            self.now_s += how.delay_ms / 1000
            self._waiting += self.player.reply(body, how)
            self.player.after(how)

    def read(self, within_s: float) -> bytes:
        """Give what waits, else let the time pass."""
        data, self._waiting = self._waiting[: self._chunk_bytes], self._waiting[self._chunk_bytes :]
        self.now_s += len(data) * self.byte_s if data else within_s
        return data

    def drop_input(self) -> None:
        """Throw away what waits."""
        self._waiting = b""

    def close(self) -> None:
        """Nothing is held."""

"""What a card was asked and said, kept and said again: the other end of a blind replay. Knows no family."""

from __future__ import annotations

import time
from pathlib import Path

from hardware.card_reader.simulator import VirtualCard


class Recorder:
    """A card with a witness: what it was asked, what it said, and how long it reckoned itself."""

    def __init__(self, card: VirtualCard) -> None:
        self._card = card
        self.atr = card.atr
        self.talk: list[tuple[bytes, bytes, float]] = []

    def reset(self) -> None:
        self._card.reset()

    def save(self, file: Path) -> None:
        """Write the commands for a client that understands nothing."""
        file.write_text("".join(f"{command.hex()}\n" for command, _, _ in self.talk))

    def respond(self, command: bytes) -> bytes:
        began_s = time.perf_counter()
        answer = self._card.respond(command)
        self.talk.append((command, answer, time.perf_counter() - began_s))
        return answer


class Transcript:
    """A card that says what it said before, in the time it took then."""

    def __init__(self, recorder: Recorder) -> None:
        self._talk = iter(recorder.talk)
        self.atr = recorder.atr

    def reset(self) -> None:
        """It has no state but its place."""

    def respond(self, command: bytes) -> bytes:
        asked, answer, reckoned_s = next(self._talk)
        if command != asked:
            raise ValueError("the replay sends something else than was recorded")
        time.sleep(reckoned_s)
        return answer

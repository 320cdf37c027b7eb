"""Commands of staff and platform: who may, until when, only once; and what must be true before a barrier moves down.

A command comes late, twice, or from a stranger; each is answered by name and never obeyed twice. Knows no transport:
whoever receives a command says who sent it and what they may do.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from kiosk.site.actions import Actions, Step
from kiosk.site.alarm_states import Refused
from kiosk.site.points import Point, Quality

FEEDBACK_S = 10.0  # a barrier that has not arrived after this is at fault
REMEMBERED = 1000
_UNKNOWN = Point()


@dataclass(frozen=True)
class Command:
    """``id`` is the sender's idempotency key; ``expires_at`` is on our monotonic clock (the receiver converts)."""

    id: str
    act: str
    output: str
    who: str
    reason: str
    expires_at: float
    for_s: float | None = None


@dataclass(frozen=True)
class Answer:
    """What became of a command: "done" or a refusal's name, for the log and the sender."""

    id: str
    result: str
    text: str = ""
    is_repeat: bool = False
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True)
class Moved:
    output: str
    wanted: str  # the limit switch that must be reached: up or down
    since: float


class Commands:
    """Takes commands and supervises that barriers arrive."""

    def __init__(self, actions: Actions) -> None:
        self._actions = actions
        self._answers: OrderedDict[str, tuple[Command, Answer]] = OrderedDict()
        self._moving: dict[str, Moved] = {}

    @property
    def is_waiting(self) -> bool:
        """A barrier is on its way."""
        return bool(self._moving)

    def take(self, command: Command, may: Collection[str], points: Mapping[str, Point], now: float) -> Answer:
        """Obey or refuse. ``may``: acts that the sender's role has. A known id gets its first answer and no orders."""
        if command.id in self._answers:
            first, answer = self._answers[command.id]
            if first != command:
                return Answer(command.id, "another_command", "this id was used for another command; use a new one")
            return Answer(answer.id, answer.result, answer.text, is_repeat=True)
        try:
            self._check(command, may, now)
            if command.act == "close":
                check_way(command.output, points)
            steps = self._actions.move(
                command.output, command.act, now, f"{command.who}: {command.reason}", command.for_s
            )
            self._expect(command.output, command.act, points, now)
            answer = Answer(command.id, "done", steps=tuple(steps))
        except Refused as refused:
            answer = Answer(command.id, refused.reason, refused.text)
        self._answers[command.id] = (command, answer)
        while len(self._answers) > REMEMBERED:
            self._answers.popitem(last=False)
        return answer

    def expect(self, output: str, act: str, points: Mapping[str, Point], now: float) -> None:
        """A rule moved a barrier: supervise its arrival too."""
        self._expect(output, act, points, now)

    def tick(self, points: Mapping[str, Point], now: float) -> tuple[list[str], list[str]]:
        """(outputs that arrived, outputs that are at fault): limit switch not reached, or not known, after 10 s."""
        arrived, at_fault = [], []
        for output, moved in list(self._moving.items()):
            if _says(points, output, moved.wanted, "reached"):
                arrived.append(output)
            elif now - moved.since >= FEEDBACK_S:
                at_fault.append(output)
            else:
                continue
            del self._moving[output]
        return arrived, at_fault

    def _check(self, command: Command, may: Collection[str], now: float) -> None:
        if not command.who.strip():
            raise Refused("nobody", "a command needs the identity of who sends it")
        if command.act not in may or command.act in ("release", "hold_open"):
            raise Refused("not_allowed", f"{command.who} may not {command.act}")
        if not command.reason.strip():
            raise Refused("no_reason", "say why; it is journaled")
        if now >= command.expires_at:
            raise Refused("expired", "it came too late; give it again if it is still wanted")

    def _expect(self, output: str, act: str, points: Mapping[str, Point], now: float) -> None:
        wanted = {"open": "up", "close": "down"}.get(act)
        if wanted and f"{output.partition('.')[0]}.{wanted}" in points:
            self._moving[output] = Moved(output, wanted, now)
        elif act == "stop":
            self._moving.pop(output, None)


def check_way(output: str, points: Mapping[str, Point]) -> None:
    """Raise Refused unless the way of a barrier is surely free and its position is known."""
    for point, word, reason in (
        ("vehicle", "clear", "something stands in the loop"),
        ("crush", "clear", "the anti-crush edge is touched or cut"),
    ):
        if not _says(points, output, point, word):
            raise Refused("way_not_clear", f"{point}: {reason}, or nobody knows")
    device = output.partition(".")[0]
    for limit in ("up", "down"):
        if points.get(f"{device}.{limit}", _UNKNOWN).quality is not Quality.GOOD:
            raise Refused("no_feedback", f"{limit}: the limit switch is not known; a barrier does not close blindly")


def _says(points: Mapping[str, Point], output: str, point: str, word: str) -> bool:
    there = points.get(f"{output.partition('.')[0]}.{point}", _UNKNOWN)
    return there.quality is Quality.GOOD and there.value == word

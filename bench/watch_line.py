"""The watch over the site as the bench sees it: a listener of its feed, in the role of staff.

Keeps what the watch says as it is now; passes acts on and gives back its answers. Connects again as often as the watch
starts. Knows no device.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from kiosk.site.feed import FeedError, Line, listen
from kiosk.site.messages import (
    AlarmSeen,
    Answer,
    Changed,
    Do,
    HealthSeen,
    PointSeen,
    Snapshot,
    Told,
    Verb,
    WalkTestSeen,
)

WHO = "bench"
VERBS = get_args(Verb)
_AGAIN_S = 0.5
_ANSWER_WITHIN_S = 5.0


class WatchAway(Exception):
    """The watch is not running, or does not answer; the text says what to look at."""


@dataclass
class Seen:
    """Everything the watch says, as it is now. Only alarms that are not normal."""

    points: dict[str, PointSeen] = field(default_factory=dict)
    alarms: dict[str, AlarmSeen] = field(default_factory=dict)
    health: dict[str, HealthSeen] = field(default_factory=dict)
    released: tuple[str, ...] = ()
    standing: tuple[str, ...] = ()
    walk_test: WalkTestSeen | None = None
    told: deque[Told] = field(default_factory=lambda: deque(maxlen=30))


class WatchLine:
    """Use from one event loop. ``on_change(events)`` is called after each message with a line for each event."""

    def __init__(self, socket: Path, on_change: Callable[[list[str]], None]) -> None:
        self._socket = socket
        self._on_change = on_change
        self._line: Line | None = None
        self.seen = Seen()

    @property
    def is_there(self) -> bool:
        return self._line is not None

    async def run(self) -> None:
        """Connect, follow, connect again; until cancelled."""
        while True:
            with contextlib.suppress(FeedError):  # it starts, or starts again
                async with listen(self._socket, "staff") as line:
                    self._line = line
                    self._take_all(line.snapshot)
                    async for message in line:
                        self._take(message)
            if self._line is not None:
                self._line = None
                self._on_change(["the watch is away"])
            await asyncio.sleep(_AGAIN_S)

    async def do(self, verb: str, **what: Any) -> Answer:
        """One act. Raises ``WatchAway``."""
        if self._line is None:
            raise WatchAway("the watch over the site is not running; see site.log")
        act = Do(uuid.uuid4().hex, verb, WHO, **what)  # type: ignore[arg-type]
        try:
            return await self._line.do(act, within_s=_ANSWER_WITHIN_S)
        except FeedError as error:
            raise WatchAway(str(error)) from None

    def _take_all(self, snapshot: Snapshot) -> None:
        told = self.seen.told
        self.seen = Seen(
            {one.name: one for one in snapshot.points},
            {one.key: one for one in snapshot.alarms},
            {one.name: one for one in snapshot.health},
            snapshot.released,
            snapshot.standing,
            snapshot.walk_test,
            told,
        )
        self._on_change(["the watch is there"])

    def _take(self, message: Changed | Told) -> None:
        if isinstance(message, Told):
            self.seen.told.append(message)
            self._on_change([f"{message.act}: {message.words or message.rule}"])
        else:
            self._on_change(self._take_changes(message))

    def _take_changes(self, changed: Changed) -> list[str]:
        seen, events = self.seen, []
        seen.points.update({one.name: one for one in changed.points})
        for alarm in changed.alarms:
            was = seen.alarms.get(alarm.key)
            if was is None or was.state != alarm.state:
                events.append(f"alarm {alarm.key}: {alarm.state}")
            if alarm.state == "normal" and not alarm.covers:
                seen.alarms.pop(alarm.key, None)
            else:
                seen.alarms[alarm.key] = alarm
        for health in changed.health:
            was_health = seen.health.get(health.name)
            if was_health is not None and was_health.state not in ("unknown", health.state):
                events.append(f"{health.name}: {health.state} {health.cause}".rstrip())
            seen.health[health.name] = health
        if changed.released != seen.released:
            events.append(f"released: {', '.join(changed.released) or 'nothing'}")
        seen.released, seen.standing, seen.walk_test = changed.released, changed.standing, changed.walk_test
        return events

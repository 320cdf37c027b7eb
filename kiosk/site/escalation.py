"""A fire that nobody acknowledges: a second channel after 30 s, the platform after 90 s, once each. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kiosk.site.alarm_states import Cover, Severity, State
from kiosk.site.alarms import Alarm, Key

STAGES = ((30.0, "second channel"), (90.0, "platform"))
_UNSEEN = frozenset({State.UNACK, State.RTN_UNACK, State.LATCHED_UNACK})


class Escalation:
    """``kept``: what ``stages`` gave before a restart."""

    def __init__(self, kept: Mapping[str, int] | None = None) -> None:
        self._stages = dict(kept or {})

    @property
    def stages(self) -> dict[str, int]:
        """How far each alarm has come, by its key."""
        return dict(self._stages)

    def tick(self, alarms: Iterable[Alarm], now: float) -> list[tuple[Key, str]]:
        """What is to be told now: (alarm, to whom)."""
        found: list[tuple[Key, str]] = []
        unseen: set[str] = set()
        for alarm in alarms:
            key = alarm.definition.key
            is_fire = alarm.definition.severity is Severity.FIRE
            if not is_fire or alarm.state not in _UNSEEN or Cover.OUT_OF_SERVICE in alarm.covers:
                continue
            unseen.add(str(key))
            stage = self._stages.get(str(key), 0)
            while stage < len(STAGES) and alarm.raised_at is not None and now - alarm.raised_at >= STAGES[stage][0]:
                found.append((key, STAGES[stage][1]))
                stage += 1
            self._stages[str(key)] = stage
        self._stages = {key: stage for key, stage in self._stages.items() if key in unseen}
        return found

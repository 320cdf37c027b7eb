"""What a run of the watch leaves for the next one: alarms, latches, releases, escalations, answers to acts.

How long the booth was away is taken from the monotonic clock when the computer kept running, else from the wall clock
as far as it makes sense, else it counts as nothing: a shelf may last longer, a latch is never lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from kiosk.site.alarm_snapshot import SnapshotUnusable
from kiosk.site.journal import Acted, SiteJournal
from kiosk.site.plan import Plan
from kiosk.site.watch import Watch

WATCH = "watch"
LONGEST_AWAY_S = 30 * 86_400.0
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class _Kept(msgspec.Struct):
    mono_s: float
    wall_s: float
    kernel: str
    watch: Any
    escalated: dict[str, int] = {}


class Remains:
    """``kept`` None: the first run."""

    def __init__(self, kept: str | None = None, acts: tuple[Acted, ...] = ()) -> None:
        self.acts = acts
        self._trouble = ""
        self._kept: _Kept | None = None
        if kept is not None:
            try:
                self._kept = msgspec.json.decode(kept, type=_Kept)
            except msgspec.MsgspecError as error:
                self._trouble = str(error)

    @classmethod
    def of(cls, journal: SiteJournal) -> Remains:
        return cls(journal.kept(WATCH), tuple(journal.acts()))

    @staticmethod
    def pack(watch: Watch, escalated: Mapping[str, int], now: float, wall_s: float) -> object:
        """What ``Remains(kept=...)`` takes, JSON-ready."""
        return _Kept(now, wall_s, _kernel(), watch.snapshot(now), dict(escalated))

    @property
    def escalated(self) -> dict[str, int]:
        return {} if self._kept is None else self._kept.escalated

    def watch(self, plan: Plan, now: float, wall_s: float) -> tuple[Watch, str]:
        """The watch as it was left, and what could not be taken over ("" for nothing)."""
        if self._kept is None:
            return Watch(plan, now), self._trouble
        try:
            return Watch(plan, now, self._kept.watch, self._away_s(self._kept, now, wall_s)), ""
        except SnapshotUnusable as error:
            return Watch(plan, now), str(error)

    @staticmethod
    def _away_s(kept: _Kept, now: float, wall_s: float) -> float:
        if kept.kernel and kept.kernel == _kernel() and now >= kept.mono_s:
            return now - kept.mono_s
        away_s = wall_s - kept.wall_s
        return away_s if 0 <= away_s <= LONGEST_AWAY_S else 0.0


def _kernel() -> str:
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""

"""Who answered and who did not: devices by their samples, links by their devices, and by silence where nothing came.

A refusal is an answer. A link has answered when anything behind it has; it is missed as long as all its devices fail
and one of them says that the wire itself is gone. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from hardware.field import Auth, Busy, Config, FieldError, Garbage, RawSample, Refused
from kiosk.site.plan import Plan
from kiosk.site.points import Cause

ALIVE = (Refused, Busy, Auth, Config)
LINK_TOLD_S = 0.5  # a link that is well is said to be so no more often
LINK_MISS_S = 0.9  # a wire that is gone misses a poll so often: five fit into the 5 s in which its loss is found
SILENT_POLLED = 2.0  # periods without a word of a device that is asked: its driver hangs, or its bus is very slow
SILENT_TOLD = 1.1  # ... that tells by itself: a heartbeat is missing
TOLD_BY = frozenset({"mqtt"})  # drivers that do not say so themselves; of all others one miss must not count twice


@dataclass(frozen=True)
class Heard:
    """``cause`` NONE: it answered. ``took_s`` is None where nothing was asked."""

    name: str
    cause: Cause
    took_s: float | None = None


@dataclass
class _Link:
    devices: frozenset[str]
    failing: set[str] = field(default_factory=set)
    is_gone: bool = False
    missed_at: float = float("-inf")
    told_at: float = float("-inf")  # that it answers; a link of many devices does so all the time


def cause_of(error: FieldError) -> Cause:
    """The word for a driver's error."""
    try:
        return Cause(error.word)
    except ValueError:
        return Cause.GONE


class RollCall:
    """Gives what is to be told to the watch."""

    def __init__(self, plan: Plan, now: float) -> None:
        self._due: dict[str, float] = {}
        self._links: dict[str, _Link] = {}
        self.heard_at: dict[str, float] = {}  # device -> when it or its driver last said anything
        self.adopt(plan, now)

    def adopt(self, plan: Plan, now: float) -> None:
        """Take over a site file; what was heard of devices that stay is not forgotten."""
        self._period = {name: plan.every_s(name) for name in plan.devices}
        self._first = {
            name: (SILENT_TOLD if plan.profile(name).driver in TOLD_BY else SILENT_POLLED) * plan.every_s(name)
            for name in plan.devices
        }
        self._link_of = {name: device.link for name, device in plan.devices.items()}
        self._due = {name: self._due.get(name, now + self._first[name]) for name in plan.devices}
        self.heard_at = {name: self.heard_at.get(name, now) for name in plan.devices}
        before = self._links
        self._links = {
            link: _Link(frozenset(name for name, its in self._link_of.items() if its == link)) for link in plan.links
        }
        for link, one in self._links.items():
            if (there := before.get(link)) is not None and there.devices == one.devices:
                self._links[link] = there

    def take(self, samples: Sequence[RawSample], now: float) -> list[Heard]:
        """The samples of one answer, or of one failure."""
        by_device: dict[str, list[RawSample]] = {}
        found: list[Heard] = []
        for sample in samples:
            if sample.device in self._links:
                found.append(self._link(sample))
            elif sample.is_life:
                by_device.setdefault(sample.device, []).append(sample)
        for device, its in by_device.items():
            if device in self._period:
                found += self._device(device, its, now)
        return found

    def tick(self, now: float, answered_s: Callable[[str], float]) -> list[Heard]:
        """Let time pass. ``answered_s``: when the driver last had an answer of a device, also one without samples."""
        found: list[Heard] = []
        for device, due in self._due.items():
            if now < due:
                continue
            at = answered_s(device)
            if at > self.heard_at[device]:
                self.heard_at[device] = at
                self._due[device] = max(now, at + self._first[device])
                found += [Heard(device, Cause.NONE), *self._link_answered(device, now)]
            else:
                self._due[device] = now + self._period[device]
                found.append(Heard(device, Cause.TIMEOUT))
        for name, link in self._links.items():
            if link.is_gone and link.failing == link.devices and now - link.missed_at >= LINK_MISS_S:
                link.missed_at = now
                found.append(Heard(name, Cause.GONE))
        return found

    def gone(self, name: str) -> None:
        """Nobody serves this link any more: it counts as gone until something answers."""
        link = self._links[name]
        link.is_gone = True
        link.failing |= link.devices

    def _link(self, sample: RawSample) -> Heard:
        """A driver's own word about its link, where devices speak too seldom to tell (a broker, for example)."""
        link = self._links[sample.device]
        if sample.error is None:
            link.is_gone = False
            return Heard(sample.device, Cause.NONE, sample.took_s or None)
        return Heard(sample.device, cause_of(sample.error))

    def _device(self, device: str, samples: list[RawSample], now: float) -> list[Heard]:
        self.heard_at[device] = now
        self._due[device] = now + self._first[device]
        cause = _verdict([sample.error for sample in samples])
        took_s = max(sample.took_s for sample in samples)
        if cause is Cause.NONE:
            return [Heard(device, cause, took_s or None), *self._link_answered(device, now)]
        link = self._links[self._link_of[device]]
        link.failing.add(device)
        link.is_gone |= cause is Cause.GONE
        return [Heard(device, cause)]

    def _link_answered(self, device: str, now: float) -> list[Heard]:
        name = self._link_of[device]
        link = self._links[name]
        if not link.failing and not link.is_gone and now - link.told_at < LINK_TOLD_S:
            return []
        link.told_at = now
        link.failing.discard(device)
        link.is_gone = False
        return [Heard(name, Cause.NONE)]


def _verdict(errors: list[FieldError | None]) -> Cause:
    """One point that makes no sense among others that do is the point's matter, not the device's."""
    failures = [error for error in errors if error is not None and not isinstance(error, ALIVE)]
    if not failures:
        return Cause.NONE
    silent = [error for error in failures if not isinstance(error, Garbage)]
    if silent:
        return cause_of(silent[0])
    return Cause.GARBAGE if len(failures) == len(errors) else Cause.NONE

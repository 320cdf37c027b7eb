"""Which outputs stand, until when, and what is to be published for that. Pure: the clock is passed in.

A value is a lease: told again while the watch says that it lives or for a given time, then ``off`` until the broker has
taken it. A device that falls back by itself (``hold_s``) saves the day when this process dies.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from hardware.field import Command, Refused
from hardware.sensors import Sensor, Switch

_REFRESHES = 3  # in one hold time: two may be lost
_AGAIN_S = 1.0  # what the broker did not take


@dataclass
class _Lease:
    switch: Switch
    until_s: float
    ends_s: float
    next_s: float
    is_standing: bool
    is_over: bool = False


class Switches:
    """Outputs of all sensors of a link."""

    def __init__(self, sensors: Iterable[Sensor]) -> None:
        self._switches = {(sensor.device, one.point): one for sensor in sensors for one in sensor.switches}
        self._leases: dict[tuple[str, str], _Lease] = {}
        self._kept_until_s = -math.inf

    def keep(self, until_s: float) -> None:
        """The watch lives at least until then."""
        self._kept_until_s = until_s
        for lease in self._leases.values():
            if lease.is_standing and not lease.is_over:
                lease.until_s = min(until_s, lease.ends_s)

    def take(self, command: Command, now_s: float) -> Switch:
        """What to publish for; from now on it is a lease, whoever confirms it. Raises ``Refused``."""
        key = (command.device, command.point)
        if (switch := self._switches.get(key)) is None:
            raise Refused(f"{command.device} has no output {command.point}", cure="give it topic, on and off")
        before = self._leases.get(key)
        if not command.value:
            self._leases[key] = _Lease(switch, now_s, now_s, now_s + _AGAIN_S, is_standing=False, is_over=True)
            return switch
        if command.for_s is None and now_s >= self._kept_until_s:
            raise Refused(f"{command.point} needs a watch that lives", cure="call keep, or give for_s")
        longest_s = math.inf if switch.longest_s is None else switch.longest_s
        if command.for_s is not None and not 0 < command.for_s <= longest_s:
            raise Refused(f"{command.point} may stand for at most {longest_s:g} s, asked was {command.for_s:g} s")
        ends_s = (
            now_s + longest_s if before is None or before.is_over else before.ends_s
        )  # asked again, it is no longer
        until_s = min(ends_s, self._kept_until_s if command.for_s is None else now_s + command.for_s)
        self._leases[key] = _Lease(switch, until_s, ends_s, _next(switch, now_s), is_standing=command.for_s is None)
        return switch

    def due(self, now_s: float) -> list[tuple[tuple[str, str], Switch, bool]]:
        """Key, switch and whether it is on: what to publish now."""
        found = []
        for key, lease in self._leases.items():
            if not lease.is_over and now_s >= lease.until_s:
                lease.is_over, lease.next_s = True, now_s
            if now_s >= lease.next_s:
                lease.next_s = now_s + _AGAIN_S if lease.is_over else _next(lease.switch, now_s)
                found.append((key, lease.switch, not lease.is_over))
        return found

    def done(self, key: tuple[str, str], *, is_on: bool) -> None:
        """The broker took it."""
        lease = self._leases.get(key)
        if lease is not None and lease.is_over and not is_on:
            del self._leases[key]

    def fall(self) -> list[Switch]:
        """All that are not surely off, to be told so: the link is closed."""
        leases, self._leases = self._leases, {}
        return [lease.switch for lease in leases.values()]


def _next(switch: Switch, now_s: float) -> float:
    return now_s + switch.hold_s / _REFRESHES if switch.hold_s else math.inf

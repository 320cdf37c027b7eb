"""Leases on outputs: a value stands only as long as somebody wants it, and then the safe value is written.

The unit's own hold time is what saves the day when this process dies; until then it is refreshed. The
clock is passed in; knows no wire.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from hardware.field import Command, Config, Refused
from hardware.modbus.pdu import Request
from hardware.modbus.plan import MAX_HOLD_S, Output, Unit

_REFRESHES = 3  # in one hold time: two may be lost


@dataclass(slots=True)
class Lease:
    """``until_s``: when the safe value is written. ``is_standing``: for as long as the watch lives."""

    unit: Unit
    output: Output
    value: int
    until_s: float
    refresh_s: float
    is_standing: bool
    is_over: bool = False  # for good: what was released is not taken back by a watch that lives again


class Leases:
    """All outputs of a link that are not at their safe value."""

    def __init__(self, units: tuple[Unit, ...]) -> None:
        self._outputs = {(unit.device, output.point): (unit, output) for unit in units for output in unit.outputs}
        self._leases: dict[tuple[str, str], Lease] = {}
        self._kept_until_s = float("-inf")

    def keep(self, until_s: float) -> None:
        """The watch lives at least until then."""
        self._kept_until_s = until_s
        for lease in self._leases.values():
            if lease.is_standing and not lease.is_over:
                lease.until_s = until_s

    def check(self, command: Command, now_s: float) -> tuple[Unit, Request]:
        """What to write for ``command``. Raises ``Config``, or ``Refused`` for longer than the output may."""
        try:
            unit, output = self._outputs[command.device, command.point]
        except KeyError:
            raise Config(f"{command.device} has no output {command.point}") from None
        if int(command.value) != output.safe:
            if command.for_s is None and output.hold_s is not None and now_s >= self._kept_until_s:
                raise Refused(f"{command.point} needs a watch that lives", cure="call keep, or give for_s")
            for_s = command.for_s if command.for_s is not None else math.inf
            if not 0 < for_s <= output.most_s:
                raise Refused(f"{command.point} may stand for at most {output.most_s:g} s, asked was {for_s:g} s")
        return unit, output.write(int(command.value))

    def grant(self, command: Command, now_s: float) -> None:
        """The value is about to be written: from now on it is refreshed, and ended even if nobody confirms it."""
        unit, output = self._outputs[command.device, command.point]
        self._leases.pop((command.device, command.point), None)
        is_standing = command.for_s is None
        if int(command.value) == output.safe or (is_standing and output.hold_s is None):
            return
        until_s = self._kept_until_s if command.for_s is None else now_s + command.for_s
        refresh_s = until_s if output.hold_s is None else min(until_s, now_s + output.hold_s / _REFRESHES)
        self._leases[command.device, command.point] = Lease(
            unit, output, int(command.value), until_s, refresh_s, is_standing
        )

    def wakes_s(self) -> float:
        """When the next write is due; infinity for never."""
        return min((lease.refresh_s for lease in self._leases.values()), default=math.inf)

    def due(self, now_s: float) -> list[tuple[Unit, Request, bool]]:
        """What to write now; True marks the end of a lease, which is written until it is confirmed (``ended``)."""
        found: list[tuple[Unit, Request, bool]] = []
        for lease in self._leases.values():
            if lease.refresh_s > now_s:
                continue
            lease.is_over = lease.is_over or now_s >= lease.until_s
            value = lease.output.safe if lease.is_over else lease.value
            next_s = now_s + (lease.output.hold_s or MAX_HOLD_S) / _REFRESHES
            lease.refresh_s = next_s if lease.is_over else min(next_s, lease.until_s)
            found.append((lease.unit, lease.output.write(value), lease.is_over))
        return found

    def ended(self, unit: Unit, request: Request) -> None:
        """The safe value of a lease that is over was confirmed."""
        for key, lease in list(self._leases.items()):
            if lease.is_over and lease.unit is unit and lease.output.write(lease.output.safe) == request:
                del self._leases[key]

"""Leases on outputs: a value stands only as long as somebody wants it, and then the safe value is written.

The unit's own hold time is what saves the day when this process dies; until then it is refreshed. The
clock is passed in; knows no wire.
"""

from __future__ import annotations

from dataclasses import dataclass

from hardware.field import Command, Config, Refused
from hardware.modbus.pdu import Request
from hardware.modbus.plan import Output, Unit

_REFRESHES = 4  # in one hold time: three may be lost


@dataclass(slots=True)
class Lease:
    """``until_s``: when the safe value is written."""

    unit: Unit
    output: Output
    value: int
    until_s: float
    refresh_s: float


class Leases:
    """All outputs of a link that are not at their safe value."""

    def __init__(self, units: tuple[Unit, ...]) -> None:
        self._outputs = {(unit.device, output.point): (unit, output) for unit in units for output in unit.outputs}
        self._leases: dict[tuple[str, str], Lease] = {}

    def check(self, command: Command) -> tuple[Unit, Request]:
        """What to write for ``command``. Raises ``Config``, or ``Refused`` for longer than the output may."""
        try:
            unit, output = self._outputs[command.device, command.point]
        except KeyError:
            raise Config(f"{command.device} has no output {command.point}") from None
        if command.for_s is None and output.hold_s is not None and int(command.value) != output.safe:
            raise Refused(f"{command.point} needs a time", cure="give for_s, and again while it is wanted")
        if command.for_s is not None and not 0 < command.for_s <= output.most_s:
            raise Refused(f"{command.point} may stand for at most {output.most_s:g} s, asked was {command.for_s:g} s")
        return unit, output.write(int(command.value))

    def grant(self, command: Command, now_s: float) -> None:
        """The value is about to be written: from now on it is refreshed, and ended even if nobody confirms it."""
        unit, output = self._outputs[command.device, command.point]
        self._leases.pop((command.device, command.point), None)
        if command.for_s is not None and int(command.value) != output.safe:
            until_s = now_s + command.for_s
            refresh_s = now_s + output.hold_s / _REFRESHES if output.hold_s is not None else until_s
            self._leases[command.device, command.point] = Lease(
                unit, output, int(command.value), until_s, min(refresh_s, until_s)
            )

    def wakes_s(self) -> float:
        """When the next write is due; infinity for never."""
        return min((lease.refresh_s for lease in self._leases.values()), default=float("inf"))

    def due(self, now_s: float) -> list[tuple[Unit, Request, bool]]:
        """What to write now; True marks the end of a lease, which is written until it is confirmed (``ended``)."""
        found: list[tuple[Unit, Request, bool]] = []
        for lease in self._leases.values():
            if lease.refresh_s > now_s:
                continue
            is_over = now_s >= lease.until_s
            value = lease.output.safe if is_over else lease.value
            step_s = (lease.output.hold_s or 4.0) / _REFRESHES
            lease.refresh_s = now_s + step_s if is_over else min(now_s + step_s, lease.until_s)
            found.append((lease.unit, lease.output.write(value), is_over))
        return found

    def ended(self, unit: Unit, request: Request, now_s: float) -> None:
        """The safe value of a lease that is over was confirmed."""
        for key, lease in list(self._leases.items()):
            is_it = lease.unit is unit and lease.output.write(lease.output.safe) == request
            if is_it and now_s >= lease.until_s:
                del self._leases[key]

"""Leases on outputs: a value stands only as long as somebody wants it, and then the safe value is written.

The unit's own hold time is what saves the day when this process dies; until then it is refreshed. What is to be safe is
written until the unit confirms it, whatever happens to the wire meanwhile. The clock is passed in; knows no wire.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from hardware.field import Command, Config, Refused
from hardware.modbus.pdu import Request
from hardware.modbus.plan import MAX_HOLD_S, Output, Unit

_REFRESHES = 3  # in one hold time: two may be lost
_FIRST_AGAIN_S = 0.1  # the command itself is the first try


@dataclass(slots=True)
class Lease:
    """``until_s``: when the safe value is written; ``ends_s``: it never stands longer.

    ``is_standing``: for as long as the watch lives. ``failures``: writes in a row that nobody confirmed.
    """

    unit: Unit
    output: Output
    value: int
    until_s: float
    refresh_s: float
    ends_s: float
    is_standing: bool
    is_over: bool = False  # for good: what was released is not taken back by a watch that lives again
    failures: int = 0

    @property
    def request(self) -> Request:
        """What is to be written."""
        return self.output.write(self.output.safe if self.is_over else self.value)

    def end(self, now_s: float) -> None:
        """Make it safe, from now on."""
        self.is_over, self.refresh_s = True, now_s


class Leases:
    """All outputs of a link that are not at their safe value. ``cap_s``: a dead unit's are written no sooner again."""

    def __init__(self, units: tuple[Unit, ...], cap_s: float = 4.0) -> None:
        self._outputs = {(unit.device, output.point): (unit, output) for unit in units for output in unit.outputs}
        self._leases: dict[tuple[str, str], Lease] = {}
        self._kept_until_s = float("-inf")
        self._cap_s = cap_s

    def begin(self, now_s: float) -> None:
        """Make every pulse safe: a booth before this one may have died in the middle of it."""
        for key, (unit, output) in self._outputs.items():
            if output.is_pulse and key not in self._leases:
                self._put(key, unit, output, now_s).end(now_s)

    def end_presses(self, now_s: float) -> bool:
        """No unit ends a press by itself, so it is done before the link is let go; True while one is left."""
        left = [lease for lease in self._leases.values() if lease.output.is_pulse]
        for lease in left:
            if not lease.is_over:
                lease.end(now_s)
        return bool(left)

    def keep(self, until_s: float) -> None:
        """The watch lives at least until then."""
        self._kept_until_s = until_s
        for lease in self._leases.values():
            if lease.is_standing and not lease.is_over:
                lease.until_s = min(until_s, lease.ends_s)

    def check(self, command: Command, now_s: float) -> tuple[Unit, Request]:
        """What to write for ``command``. Raises ``Config``, or ``Refused`` for longer than the output may."""
        try:
            unit, output = self._outputs[command.device, command.point]
        except KeyError:
            raise Config(f"{command.device} has no output {command.point}") from None
        if int(command.value) != output.safe:
            if command.for_s is None and output.hold_s is not None and now_s >= self._kept_until_s:
                raise Refused(f"{command.point} needs a watch that lives", cure="call keep, or give for_s")
            if command.for_s is not None and not 0 < command.for_s <= output.most_s:
                raise Refused(
                    f"{command.point} may stand for at most {output.most_s:g} s, asked was {command.for_s:g} s"
                )
        return unit, output.write(int(command.value))

    def release(self, command: Command, now_s: float) -> None:
        """A safe value was asked for: from now on nothing else is written, even if the wire is not there."""
        key = (command.device, command.point)
        unit, output = self._outputs[key]
        if int(command.value) == output.safe:
            (self._leases.get(key) or self._put(key, unit, output, now_s)).end(now_s + _FIRST_AGAIN_S)

    def grant(self, command: Command, now_s: float) -> None:
        """The value is about to be written: from now on it is refreshed, and ended even if nobody confirms it."""
        key = (command.device, command.point)
        unit, output = self._outputs[key]
        if int(command.value) == output.safe:
            self.release(command, now_s)  # once more: what was asked before it may have been written meanwhile
            return
        before = self._leases.pop(key, None)
        for lease in self._leases.values():
            if output.group and lease.unit is unit and lease.output.group == output.group:
                lease.end(now_s)
        is_standing = command.for_s is None
        if is_standing and output.hold_s is None and output.most_s == math.inf:
            return
        lease = self._put(key, unit, output, now_s)
        if before is not None and not before.is_over:
            lease.ends_s = before.ends_s  # asked again, it does not last longer
        kept_s = self._kept_until_s if output.hold_s is not None else math.inf
        lease.value, lease.is_standing = int(command.value), is_standing and output.hold_s is not None
        lease.until_s = min(lease.ends_s, kept_s if command.for_s is None else now_s + command.for_s)
        lease.refresh_s = min(lease.until_s, now_s + output.hold_s / _REFRESHES if output.hold_s else math.inf)

    def _put(self, key: tuple[str, str], unit: Unit, output: Output, now_s: float) -> Lease:
        ends_s = now_s + output.most_s
        self._leases[key] = Lease(unit, output, output.safe, ends_s, now_s, ends_s, is_standing=False)
        return self._leases[key]

    def wakes_s(self) -> float:
        """When the next write is due; infinity for never."""
        return min((lease.refresh_s for lease in self._leases.values()), default=math.inf)

    def due(self, now_s: float) -> list[Lease]:
        """What to write now; what is over is written until it is confirmed (``done``)."""
        found: list[Lease] = []
        for lease in self._leases.values():
            if lease.refresh_s > now_s:
                continue
            lease.is_over = lease.is_over or now_s >= lease.until_s
            step_s = (lease.output.hold_s or MAX_HOLD_S) / _REFRESHES
            # By then the unit has let go by itself; what is dead must not take the line from the others.
            waits = max(0, lease.failures - _REFRESHES)
            next_s = now_s + min(max(step_s, self._cap_s), step_s * 2.0 ** min(waits, 16))
            lease.refresh_s = next_s if lease.is_over else min(next_s, lease.until_s)
            found.append(lease)
        return found

    def done(self, lease: Lease, request: Request, *, is_confirmed: bool) -> None:
        """How writing ``request`` ended. A lease that is over and whose safe value was confirmed is gone."""
        lease.failures = 0 if is_confirmed else lease.failures + 1
        if is_confirmed and lease.is_over and request == lease.output.write(lease.output.safe):
            self._leases = {key: one for key, one in self._leases.items() if one is not lease}

    def confirmed(self, command: Command, request: Request) -> None:
        """A command was carried out."""
        lease = self._leases.get((command.device, command.point))
        if lease is not None:
            self.done(lease, request, is_confirmed=True)

    def returned(self, unit: Unit, now_s: float) -> None:
        """A unit that was silent is back: what it missed is written now."""
        for lease in self._leases.values():
            if lease.unit is unit and lease.failures:
                lease.failures, lease.refresh_s = 0, now_s

"""How long a relay may stand away from its rest, and by whom it goes back: the reader itself. Pure, clock injected.

Every opening is a timed output of the reader (6.10), so that it relocks when nobody is there any more to say so. Asked
again, it does not last longer than ``longest_s`` since it began.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from hardware.access import Output, Reader
from hardware.field import Command, Config, Refused

_OFF, _ON, _TIMED_ON, _TIMED_OFF = 1, 2, 5, 6  # control codes (6.10); 1 and 2 end what is timed


@dataclass(frozen=True)
class Switch:
    """What the reader is told."""

    output: int
    control: int
    tenths: int = 0


@dataclass
class _Opening:
    since_s: float
    until_s: float
    is_kept: bool  # it stands until ordered otherwise, but only while the watch lives


@dataclass
class Openings:
    """Of all relays on a bus, by device and point."""

    outputs: Mapping[tuple[str, str], Output]
    where: str
    _open: dict[tuple[str, str], _Opening] = field(default_factory=dict)

    @classmethod
    def of(cls, readers: Iterable[Reader], where: str) -> Openings:
        """All relays of these readers."""
        return cls({(r.device, point): one for r in readers for point, one in r.outputs.items()}, where)

    def switch(self, command: Command, now_s: float) -> Switch:
        """What carries out ``command``. Raises ``Config`` for no such relay, ``Refused`` for one that is exhausted."""
        key = (command.device, command.point)
        output = self.outputs.get(key)
        if output is None:
            raise Config(f"{command.device} has no output {command.point}", where=self.where)
        if bool(command.value) == output.rest:
            self._open.pop(key, None)
            return self._rest(output)
        standing = self._open.get(key)
        since_s = standing.since_s if standing is not None and now_s < standing.until_s else now_s
        wanted_s = output.longest_s if command.for_s is None else command.for_s
        until_s = min(now_s + wanted_s, since_s + output.longest_s)
        tenths = min(math.floor((until_s - now_s) * 10 + 1e-6), 255)
        if tenths < 1:
            raise Refused("it was open as long as it may; wait until it has closed", where=self.where, code="longest")
        self._open[key] = _Opening(since_s, until_s, command.for_s is None)
        return Switch(output.number, _TIMED_OFF if output.rest else _TIMED_ON, tenths)

    def forget(self, command: Command) -> None:
        """It was not done: the next one is the first."""
        self._open.pop((command.device, command.point), None)

    def orphans(self, now_s: float) -> list[tuple[str, Switch]]:
        """The watch is silent: what stands until ordered otherwise goes back to rest, by device."""
        found = []
        for key, one in list(self._open.items()):
            if now_s >= one.until_s:
                del self._open[key]
            elif one.is_kept:
                del self._open[key]
                found.append((key[0], self._rest(self.outputs[key])))
        return found

    @staticmethod
    def _rest(output: Output) -> Switch:
        return Switch(output.number, _ON if output.rest else _OFF)

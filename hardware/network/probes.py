"""The driver of the network's probes: each target on its own grid, none waiting for another."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Mapping, Sequence

from hardware.field import Config, FieldError, Value
from hardware.network import EchoTarget, Target, rtsp
from hardware.network.icmp import Pinger
from hardware.polled import Names, PolledLink

_WINDOW = 20
_AT_ONCE = 64


class ProbeLink(PolledLink):
    """Use from one event loop. Raises ``Config`` for a device given twice or an address that cannot be."""

    def __init__(self, targets: Sequence[Target], *, pinger: Pinger | None = None, names: Names | None = None) -> None:
        every_s = {one.device: one.every_s for one in targets}
        super().__init__("network probes", every_s, ("reachable", "latency_ms"), names)
        self._targets = {target.device: target for target in targets}
        if len(self._targets) < len(targets):
            raise Config("a device is there twice", where=self.where)
        for target in targets:
            if not 0 < target.within_s <= target.every_s:
                raise Config(f"{target.device}: within_s is above 0 and at most every_s", where=self.where)
            if not isinstance(target, EchoTarget):
                rtsp.place(target.url)
        self._pinger = pinger or Pinger()
        self._losses: dict[str, deque[bool]] = {device: deque(maxlen=_WINDOW) for device in self._targets}
        self._streams = asyncio.Semaphore(_AT_ONCE)

    async def look(self, device: str) -> Mapping[str, Value]:
        """One echo or one DESCRIBE."""
        target = self._targets[device]
        try:
            if isinstance(target, EchoTarget):
                took_s = await self._pinger.echo(target.host, target.within_s, target.port)
            else:
                async with self._streams:
                    began_s = time.monotonic()
                    await rtsp.probe(target.url, target.within_s, target.credentials)
                    took_s = time.monotonic() - began_s
        except FieldError:
            self._losses[device].append(True)
            raise
        self._losses[device].append(False)
        return {"reachable": True, "latency_ms": took_s * 1000}

    def besides(self, device: str) -> Mapping[str, Value]:
        """The loss of the last 20."""
        losses = self._losses[device]
        return {"loss": 100 * sum(losses) / len(losses)}

    def let_go(self) -> None:
        """Close the echo socket."""
        self._pinger.close()

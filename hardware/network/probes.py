"""The driver of the network's probes: each target on its own grid, none waiting for another."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Mapping, Sequence

from hardware.field import Command, Config, DeviceHealth, FieldError, RawSample, Refused, Take, Timeout
from hardware.network import EchoTarget, Target, rtsp
from hardware.network.icmp import Pinger

_WINDOW = 20
_START_S = 1.0
_AT_ONCE = 64


class ProbeLink:
    """Use from one event loop. Raises ``Config`` for a device given twice or an address that cannot be."""

    where = "network probes"

    def __init__(self, targets: Sequence[Target], *, pinger: Pinger | None = None) -> None:
        self._targets = {target.device: target for target in targets}
        if len(self._targets) < len(targets):
            raise Config("a device is there twice", where=self.where)
        for target in targets:
            if not 0 < target.within_s <= target.every_s:
                raise Config(f"{target.device}: within_s is above 0 and at most every_s", where=self.where)
            if not isinstance(target, EchoTarget):
                rtsp.place(target.url)
        self._pinger = pinger or Pinger()
        self._health = {device: DeviceHealth() for device in self._targets}
        self._losses: dict[str, deque[bool]] = {device: deque(maxlen=_WINDOW) for device in self._targets}
        self._streams = asyncio.Semaphore(_AT_ONCE)
        self._tasks: list[asyncio.Task[None]] = []
        self._take: Take = _nobody

    async def open(self, take: Take) -> None:
        """Begin asking; samples go to ``take``."""
        self._take = take
        if not self._tasks:
            count = len(self._targets)
            self._tasks = [
                asyncio.create_task(self._watch(target, min(_START_S, target.every_s) * at / count))
                for at, target in enumerate(self._targets.values())
            ]

    async def close(self) -> None:
        """Stop asking."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._pinger.close()

    def health(self) -> Mapping[str, DeviceHealth]:
        """Counts by device."""
        return self._health

    async def poll(self, device: str, *, within_s: float) -> tuple[RawSample, ...]:
        """Ask one target now."""
        if device not in self._targets:
            raise Config(f"there is no device {device}", where=self.where)
        try:
            async with asyncio.timeout(within_s):
                samples, error = await self._look(self._targets[device])
        except TimeoutError:
            raise Timeout("not done within the deadline", where=self.where) from None
        if error is not None:
            raise error
        return samples

    async def command(self, command: Command, *, within_s: float) -> None:
        """Refused: a probe only asks."""
        raise Refused("a probe takes no commands", where=self.where)

    async def _watch(self, target: Target, after_s: float) -> None:
        loop = asyncio.get_running_loop()
        due_s = loop.time() + after_s
        while True:
            await asyncio.sleep(max(0.0, due_s - loop.time()))
            await self._look(target)
            missed = max(0, int((loop.time() - due_s) // target.every_s))
            due_s += target.every_s * (missed + 1)

    async def _look(self, target: Target) -> tuple[tuple[RawSample, ...], FieldError | None]:
        began_s = time.monotonic()
        error: FieldError | None = None
        try:
            if isinstance(target, EchoTarget):
                await self._pinger.echo(target.host, target.within_s, target.port)
            else:
                async with self._streams:
                    began_s = time.monotonic()
                    await rtsp.probe(target.url, target.within_s, target.credentials)
        except FieldError as failed:
            error = failed.with_traceback(None)
        at_s, wall_s = time.monotonic(), time.time()
        took_s = at_s - began_s
        losses = self._losses[target.device]
        losses.append(error is not None)
        self._health[target.device].note(error, at_s, took_s)
        loss = 100 * sum(losses) / len(losses)
        found = (
            ("reachable", None if error else True, error), ("latency_ms", None if error else took_s * 1000, error),
            ("loss", loss, None),
        )  # fmt: skip
        samples = tuple(
            RawSample(target.device, point, value, failed, at_s, wall_s, took_s) for point, value, failed in found
        )
        self._take(samples)
        return samples, error


def _nobody(_samples: object) -> None:
    """Before the link is open."""

"""A link whose devices are each asked on a grid of their own, none waiting for another (``field.Driver``).

What a driver adds is one look at one device; the rest is here: grid, deadline, samples, counts. Drives no outputs.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping

from hardware.field import Command, Config, DeviceHealth, FieldError, Gone, RawSample, Refused, Take, Timeout, Value

Names = Mapping[str, Mapping[str, str]]
_START_S = 1.0


class PolledLink:
    """Use from one event loop. ``every_s`` by device; ``points``: what a device has that never answered.

    ``names``: by device, what the site calls its points, and the driver's word for each; what has no name there is not
    reported. Raises ``Config`` for no device.
    """

    def __init__(
        self, where: str, every_s: Mapping[str, float], points: tuple[str, ...], names: Names | None = None
    ) -> None:
        self.where = where
        self._names = names or {}
        if not every_s or min(every_s.values()) <= 0:
            raise Config("no device, or one asked every 0 s", where=where)
        self._every_s = dict(every_s)
        self._known = dict.fromkeys(every_s, points)
        self._health = {device: DeviceHealth() for device in every_s}
        self._tasks: list[asyncio.Task[None]] = []
        self._take: Take = _nobody

    async def look(self, device: str) -> Mapping[str, Value]:
        """One look at one device: its points. Raises ``FieldError`` in time."""
        raise NotImplementedError

    def besides(self, device: str) -> Mapping[str, Value]:
        """Points that are told whether the look succeeded or not."""
        return {}

    def let_go(self) -> None:
        """Close what is open; called at the end."""

    async def open(self, take: Take) -> None:
        """Begin asking; samples go to ``take``."""
        self._take = take
        if not self._tasks:
            count = len(self._every_s)
            self._tasks = [
                asyncio.create_task(self._watch(device, every_s, min(_START_S, every_s) * at / count))
                for at, (device, every_s) in enumerate(self._every_s.items())
            ]

    async def close(self) -> None:
        """Stop asking."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.let_go()

    def health(self) -> Mapping[str, DeviceHealth]:
        """Counts by device."""
        return self._health

    def keep(self, for_s: float) -> None:
        """Nothing stands here."""

    async def poll(self, device: str, *, within_s: float) -> tuple[RawSample, ...]:
        """Ask one device now. Raises ``FieldError``."""
        if device not in self._every_s:
            raise Config(f"there is no device {device}", where=self.where)
        try:
            async with asyncio.timeout(within_s):
                samples, error = await self._ask(device)
        except TimeoutError:
            raise Timeout("not done within the deadline", where=self.where) from None
        if error is not None:
            raise error
        return samples

    async def command(self, command: Command, *, within_s: float) -> None:
        """Raise ``Refused``: it is watched, not driven."""
        raise Refused(f"{command.device} takes no commands", where=self.where)

    async def _watch(self, device: str, every_s: float, after_s: float) -> None:
        loop = asyncio.get_running_loop()
        due_s = loop.time() + after_s
        while True:
            await asyncio.sleep(max(0.0, due_s - loop.time()))
            await self._ask(device)
            due_s += every_s * (max(0, int((loop.time() - due_s) // every_s)) + 1)

    async def _ask(self, device: str) -> tuple[tuple[RawSample, ...], FieldError | None]:
        began_s = time.monotonic()
        error: FieldError | None = None
        values: Mapping[str, Value | None] = dict.fromkeys(self._known[device])
        try:
            values = await self.look(device)
            self._known[device] = tuple(values)
        except FieldError as failed:
            error = failed.with_traceback(None)
        except Exception as broken:  # the boundary: a fault in here must not end the watch over this device
            error = Gone(f"{type(broken).__name__} in the driver")
        if error is not None:
            error.where = error.where or self.where
        at_s, wall_s = time.monotonic(), time.time()
        took_s = at_s - began_s
        self._health[device].note(error, at_s, took_s)
        found = [RawSample(device, *pair, error, at_s, wall_s, took_s) for pair in self._named(device, values)]
        besides = self._named(device, self.besides(device))
        found += [RawSample(device, *pair, None, at_s, wall_s, took_s) for pair in besides]
        self._take(found)
        return tuple(found), error

    def _named(self, device: str, values: Mapping[str, Value | None]) -> Iterable[tuple[str, Value | None]]:
        names = self._names.get(device)
        if names is None:
            return values.items()
        return [(point, values[word]) for point, word in names.items() if word in values]


def _nobody(_samples: object) -> None:
    """Before the link is open."""

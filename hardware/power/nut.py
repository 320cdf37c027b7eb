"""The driver of one upsd: asks it for each supply in turn over one connection, and connects again when it broke.

Only reads. Knows lines by ``protocol``.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Mapping, Sequence

from hardware.field import (
    Command,
    Config,
    DeviceHealth,
    FieldError,
    Garbage,
    Gone,
    RawSample,
    Refused,
    Take,
    Timeout,
    Value,
)
from hardware.power import Supply, protocol

WITHIN_S = 2.0
REOPEN_S = (1.0, 2.0, 4.0)
_CURE = "is upsd running, and does it listen here (upsd.conf: LISTEN)?"


class NutLink:
    """Use from one event loop."""

    def __init__(
        self, supplies: Sequence[Supply], *, host: str = "127.0.0.1", port: int = 3493, within_s: float = WITHIN_S
    ) -> None:
        self.where = f"nut {host}:{port}"
        self._supplies = {supply.device: supply for supply in supplies}
        self._requests = {supply.device: protocol.list_variables(supply.name) for supply in supplies}
        if len(self._supplies) < len(supplies) or not supplies:
            raise Config("no supply, or one given twice", where=self.where)
        self._place = (host, port)
        self._within_s = within_s
        self._health = {device: DeviceHealth() for device in self._supplies}
        self._known: dict[str, tuple[str, ...]] = dict.fromkeys(self._supplies, protocol.POINTS)
        self._turn = asyncio.Lock()
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._take: Take = _nobody

    async def open(self, take: Take) -> None:
        """Begin asking; samples go to ``take``."""
        self._take = take
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._watch(supply)) for supply in self._supplies.values()]

    async def close(self) -> None:
        """Stop asking and let go of the connection."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._hang_up()

    def health(self) -> Mapping[str, DeviceHealth]:
        """Counts by device."""
        return self._health

    async def poll(self, device: str, *, within_s: float) -> tuple[RawSample, ...]:
        """Ask for one supply now."""
        if device not in self._supplies:
            raise Config(f"there is no device {device}", where=self.where)
        try:
            async with asyncio.timeout(within_s):
                samples, error = await self._look(device)
        except TimeoutError:
            raise Timeout("not done within the deadline", where=self.where) from None
        if error is not None:
            raise error
        return samples

    async def command(self, command: Command, *, within_s: float) -> None:
        """Refused: a supply is watched, not driven."""
        raise Refused("a supply takes no commands", where=self.where)

    async def _watch(self, supply: Supply) -> None:
        failures = 0
        while True:
            _, error = await self._look(supply.device)
            failures = failures + 1 if isinstance(error, Gone) else 0
            await asyncio.sleep(REOPEN_S[min(failures, len(REOPEN_S)) - 1] if failures else supply.every_s)

    async def _look(self, device: str) -> tuple[tuple[RawSample, ...], FieldError | None]:
        began_s = time.monotonic()
        values: Mapping[str, Value | None]
        error: FieldError | None = None
        try:
            values = protocol.points(await self._ask(device))
            self._known[device] = tuple(values)
        except FieldError as failed:
            failed.where = failed.where or self.where
            error = failed.with_traceback(None)
            values = dict.fromkeys(self._known[device])
        at_s, wall_s = time.monotonic(), time.time()
        took_s = at_s - began_s
        self._health[device].note(error, at_s, took_s)
        samples = tuple(RawSample(device, point, value, error, at_s, wall_s, took_s) for point, value in values.items())
        self._take(samples)
        return samples, error

    async def _ask(self, device: str) -> dict[str, str]:
        reader = protocol.ListReader(self._supplies[device].name)
        async with self._turn:
            try:
                async with asyncio.timeout(self._within_s):
                    return await self._exchange(self._requests[device], reader)
            except TimeoutError:
                self._hang_up()  # a late answer would be taken for the next
                raise Timeout("no answer", cure=_CURE) from None
            except OSError as error:
                self._hang_up()
                raise Gone("no connection", cure=_CURE) from error
            except (Garbage, asyncio.CancelledError):
                self._hang_up()
                raise

    async def _exchange(self, request: bytes, reader: protocol.ListReader) -> dict[str, str]:
        if self._writer is None or self._reader is None or self._reader.at_eof():
            self._hang_up()
            self._reader, self._writer = await asyncio.open_connection(*self._place)
        self._writer.write(request)
        while True:
            data = await self._reader.read(4096)
            if not data:
                raise Gone("upsd closed the connection", cure=_CURE)
            found = reader.feed(data)
            if found is not None:
                return found

    def _hang_up(self) -> None:
        writer, self._reader, self._writer = self._writer, None, None
        if writer is not None:
            with contextlib.suppress(OSError):
                writer.close()


def _nobody(_samples: object) -> None:
    """Before the link is open."""

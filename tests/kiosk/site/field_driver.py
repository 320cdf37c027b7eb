"""A driver for tests of what stands around drivers: it obeys, refuses, hangs or breaks as told."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Literal

from hardware.field import Command, DeviceHealth, Gone, RawSample, Take, Timeout

Mood = Literal["well", "gone", "silent", "hung", "broken"]


class FieldDriver:
    """``mood`` is how every call ends: well, Gone, Timeout, never (also when cancelled), or with a defect."""

    where = "a wire"

    def __init__(self, *devices: str, mood: Mood = "well") -> None:
        self.mood: Mood = mood
        self.commands: list[Command] = []
        self.kept: list[float] = []
        self.is_open = False
        self.take: Take | None = None
        self._health = {device: DeviceHealth() for device in devices}
        self.released = asyncio.Event()  # lets hung calls end at the end of a test

    async def open(self, take: Take) -> None:
        self.take = take
        self.is_open = True
        if self.mood in ("hung", "broken"):
            await self._end()

    async def poll(self, device: str, *, within_s: float) -> tuple[RawSample, ...]:
        await self._end()
        return ()

    async def command(self, command: Command, *, within_s: float) -> None:
        self.commands.append(command)
        await self._end()

    def keep(self, for_s: float) -> None:
        self.kept.append(for_s)

    def health(self) -> Mapping[str, DeviceHealth]:
        return self._health

    async def close(self) -> None:
        self.is_open = False

    async def _end(self) -> None:
        if self.mood == "gone":
            raise Gone("no wire")
        if self.mood == "silent":
            raise Timeout("no answer")
        if self.mood == "broken":
            raise ZeroDivisionError
        while self.mood == "hung" and not self.released.is_set():
            try:
                await self.released.wait()
            except asyncio.CancelledError:
                continue

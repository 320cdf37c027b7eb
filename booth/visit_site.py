"""A visit process and the watch over the site: listens from the moment it is warm, speaks once it is shown.

Without a site file, or while no watch runs, the booth serves as before. Wires together; what a message means for the
screen stands in ``kiosk.visit.front``.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from kiosk.keeper_line import KeeperError
from kiosk.site.feed import FEED_FILE
from kiosk.visit.front import Front, WayOutOfHere
from kiosk.visit.readiness import measures
from kiosk.visit.site_line import SiteLine
from kiosk.visit.site_watch import Site

if TYPE_CHECKING:
    from booth.devices import Devices
    from hardware.device import Device, DeviceStatus
    from kiosk.clock import Clock
    from kiosk.config import Config
    from kiosk.site.messages import FromWatch
    from kiosk.visit.equipment import Equipment
    from kiosk.visit.services import Service
    from kiosk.visit.stage import Stage


class VisitSite:
    """One per visit process: ``follow`` when it is warm, ``attend`` when it is shown, ``stop`` at its end."""

    def __init__(
        self,
        config: Config,
        clock: Clock,
        note: Callable[[Exception], None],
        tell: Callable[[tuple[str, ...]], Awaitable[None]],
    ) -> None:
        """``tell`` says to the keeper what stands, for the process after this one."""
        self._way_out = WayOutOfHere(config.booth.way_out, tuple(sorted(config.booth.meet_at.items())))
        self._site = Site()
        self._has_heard = False
        self._told: frozenset[str] | None = None  # what the keeper knows
        self._tell = tell
        self._telling: asyncio.Task[None] | None = None
        self._front: Front | None = None
        self._devices: dict[str, Device] = {}
        self._following: asyncio.Task[None] | None = None
        self._line: SiteLine | None = None
        if config.site.file:
            path = Path(config.site.folder) / FEED_FILE
            self._line = SiteLine(path, self._hear, self._measures, clock, note)

    def follow(self) -> None:
        """Begin to listen."""
        if self._line is not None and self._following is None:
            self._following = asyncio.ensure_future(self._line.follow())

    def inherit(self, standing: Iterable[str]) -> None:
        """What the process before knew; what this one heard itself is newer."""
        if not self._has_heard:
            self._site = Site.of(standing)

    def attend(self, stage: Stage, booth: Equipment, services: Mapping[str, Service], devices: Devices) -> Front:
        """Give the page before the visit, as the watch has it so far, and tell from now on how the devices are."""
        self._front = Front(stage, booth, services, self._way_out, self._site)
        self._devices = {
            "card_reader": devices.reader, "printer": devices.printer, "camera": devices.camera,
            "face": devices.matcher, "speech": devices.speaker, "keypad": devices.keypad,
        }  # fmt: skip
        for device in self._devices.values():
            device.watch(self._changed)
        self._changed()
        self._pass_on()
        return self._front

    async def stop(self) -> None:
        """Hang up. Idempotent."""
        tasks = [task for task in (self._following, self._telling) if task is not None]
        self._following = self._telling = None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _hear(self, message: FromWatch) -> None:
        self._site, self._has_heard = self._site.after(message), True
        if self._front is not None:
            self._front.heed(message)
            self._pass_on()

    def _pass_on(self) -> None:
        """Only from whoever is on the glass: one that is warm may hear of a reset before the other shows it."""
        if self._telling is None or self._telling.done():
            self._telling = asyncio.ensure_future(self._tell_keeper())

    async def _tell_keeper(self) -> None:
        with contextlib.suppress(KeeperError):  # without a keeper nothing comes after this
            while self._told != self._site.standing:
                self._told = self._site.standing
                await self._tell(tuple(sorted(self._told)))

    def _changed(self, _status: DeviceStatus | None = None) -> None:
        if self._line is not None:
            self._line.changed()

    def _measures(self) -> dict[str, float | str] | None:
        """Nothing before this process is shown: the devices are another's then."""
        if self._front is None:
            return None
        return measures({name: device.status for name, device in self._devices.items()})

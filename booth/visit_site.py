"""A visit process and the watch over the site: listens from the moment it is warm, speaks once it is shown.

Without a site file, or while no watch runs, the booth serves as before. Wires together; what a message means for the
screen stands in ``kiosk.visit.front``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

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

    def __init__(self, config: Config, clock: Clock, note: Callable[[Exception], None]) -> None:
        self._way_out = WayOutOfHere(config.booth.way_out, tuple(sorted(config.booth.meet_at.items())))
        self._site = Site()
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
        return self._front

    async def stop(self) -> None:
        """Hang up. Idempotent."""
        following, self._following = self._following, None
        if following is not None:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    def _hear(self, message: FromWatch) -> None:
        self._site = self._site.after(message)
        if self._front is not None:
            self._front.heed(message)

    def _changed(self, _status: DeviceStatus | None = None) -> None:
        if self._line is not None:
            self._line.changed()

    def _measures(self) -> dict[str, float | str] | None:
        """Nothing before this process is shown: the devices are another's then."""
        if self._front is None:
            return None
        return measures({name: device.status for name, device in self._devices.items()})

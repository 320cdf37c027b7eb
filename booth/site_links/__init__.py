"""From a link of site.toml to its drivers: one file for each kind of link, one table of them here.

A maker reads the profiles' ``at`` maps (only it and the driver know what they mean) and builds drivers that report
samples under the plan's names: ``RawSample.device`` is the device's, ``.point`` the point's. It opens nothing.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hardware.field import Driver
from kiosk.site.plan import Plan
from kiosk.site.schema import Device, Link, LinkWord

MAKERS: dict[LinkWord, str] = {  # loaded when a site has such a link
    "modbus_rtu": "modbus",
    "modbus_tcp": "modbus",
    "osdp": "osdp",
    "mqtt": "mqtt",
    "http_push": "http_push",
    "ip": "ip",
    "nut": "nut",
    "host": "host",
}


@dataclass(frozen=True)
class Wanted:
    """One link with what hangs on it. ``secret`` gives a secret by its name; raises ConfigError with the cure.

    ``folder``: site.toml's, for files that it names.
    """

    name: str
    plan: Plan
    secret: Callable[[str], str]
    folder: Path = Path()

    @property
    def link(self) -> Link:
        return self.plan.links[self.name]

    @property
    def devices(self) -> dict[str, Device]:
        """The devices on this link, by name."""
        return {name: device for name, device in self.plan.devices.items() if device.link == self.name}


def make_drivers(wanted: Wanted) -> tuple[Driver, ...]:
    """Build what serves this link; several where devices of one link speak differently. Raises ConfigError."""
    if not wanted.devices:
        return ()
    maker = importlib.import_module(f"{__name__}.{MAKERS[wanted.link.kind]}")
    drivers: tuple[Driver, ...] = maker.make(wanted)
    return drivers


__all__ = ["MAKERS", "Wanted", "make_drivers"]

"""The far end of each link of a site: one file for each kind of link, one table of them here.

A far end starts the simulated peer of every device on its link, each from its profile's ``peer`` section, and says
where it is found: the addresses that the run's site.toml gets. Knows the other end of the wire, not the booth.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from bench.far_ends.peer import Peer
from kiosk.site.plan import Plan
from kiosk.site.schema import Device, LinkWord

FAR_ENDS: dict[LinkWord, str] = {  # loaded when a site has such a link
    "modbus_rtu": "modbus",
    "modbus_tcp": "modbus",
    "osdp": "osdp",
    "mqtt": "mqtt",
    "http_push": "http_push",
    "ip": "ip",
    "nut": "nut",
    "host": "host",
}

__all__ = ["FAR_ENDS", "FarEnd", "Ground", "Peer", "Wiring", "make_far_end"]


@dataclass
class Wiring:
    """What site.toml of this run must say instead of the template; ``secrets`` by name."""

    link: dict[str, Any] = field(default_factory=dict)
    devices: dict[str, dict[str, Any]] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Ground:
    """One link of the plan and where its peers may put what they need."""

    name: str
    plan: Plan
    folder: Path
    note: Callable[[str], None]

    @property
    def devices(self) -> dict[str, Device]:
        """The devices on this link, by name."""
        return {name: device for name, device in self.plan.devices.items() if device.link == self.name}


class FarEnd(Protocol):
    """One link's other end."""

    @property
    def peers(self) -> Mapping[str, Peer]:
        """By device."""
        ...

    async def start(self) -> Wiring:
        """Bring the peers up; give what site.toml must say. Raises OSError, DeviceError."""
        ...

    async def stop(self) -> None:
        """Take them down. Idempotent."""
        ...


def make_far_end(ground: Ground) -> FarEnd | None:
    """The far end of a link; None for a kind that has none here."""
    module = FAR_ENDS.get(ground.plan.links[ground.name].kind)
    if module is None or not ground.devices:
        return None
    far_end: FarEnd = importlib.import_module(f"{__name__}.{module}").make(ground)
    return far_end

"""The booth's own computer as a device of site.toml: a profile's ``at`` names a measure.

``settings = { folder = "/var/lib/booth" }`` says whose disk is measured; default: the site file's folder.
``sys`` and ``proc`` are of a simulated computer; default: Linux's own.
"""

from __future__ import annotations

from pathlib import Path

from booth.site_links import Wanted
from hardware.field import Driver, FieldError
from hardware.host.computer import Computer
from hardware.host.driver import HostLink
from kiosk.config import ConfigError

SETTINGS = ("folder", "sys", "proc")


def make(wanted: Wanted) -> tuple[Driver, ...]:
    """One driver for each device, for each may have its disk. Raises ``ConfigError``."""
    return tuple(_link(wanted, device) for device in wanted.devices)


def _link(wanted: Wanted, device: str) -> Driver:
    plan = wanted.plan
    profile, settings = plan.profile(device), plan.devices[device].settings
    for point, spec in profile.points.items():
        if set(spec.at) != {"measure"} or spec.kind in ("output", "event", "loop"):
            raise ConfigError(
                f"profile {profile.id}: points.{point}: not for the booth's computer; make it a number or state with"
                ' at = { measure = "..." }'
            )
    points = {point: str(spec.at["measure"]) for point, spec in profile.points.items()}
    folder, sys, proc = (
        Path(str(settings.get(name, usual)))
        for name, usual in zip(SETTINGS, (wanted.folder, "/sys", "/proc"), strict=True)
    )
    if strange := set(settings) - set(SETTINGS):
        raise ConfigError(f"device {device}: settings.{min(strange)}: unknown; use {', '.join(SETTINGS)}")
    try:
        return HostLink({device: points}, {device: plan.every_s(device)}, Computer(folder, sys=sys, proc=proc))
    except FieldError as error:
        raise ConfigError(f"profile {profile.id}: {error.message}; {error.cure or 'correct it'}") from None

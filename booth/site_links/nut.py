"""Supplies behind an upsd: ``where`` is its host:port, a device's address the name that upsd has for the supply."""

from __future__ import annotations

from booth.site_links import Wanted
from booth.site_links.named import names_of
from hardware.field import Driver, FieldError
from hardware.power import Supply
from hardware.power.nut import NutLink
from kiosk.config import ConfigError

PORT = 3493
WORDS = frozenset({
    "mains", "battery_low", "battery_bad", "overload", "charge", "runtime", "load", "input_voltage", "temperature",
    "status",
})  # fmt: skip


def make(wanted: Wanted) -> tuple[Driver, ...]:
    """One driver for the link. Raises ``ConfigError``."""
    host, _, port = wanted.link.where.partition(":")
    if not host or not (port or str(PORT)).isdecimal():
        raise ConfigError(f"link {wanted.name}: {wanted.link.where!r} is no host:port; write 127.0.0.1:{PORT}")
    supplies, names = [], {}
    for name, device in wanted.devices.items():
        supplies.append(Supply(name, str(device.address), wanted.plan.every_s(name)))
        names[name] = names_of(wanted, name, WORDS)
    within_s = max(wanted.plan.answer_s(name) for name in wanted.devices)
    try:
        return (NutLink(supplies, host=host, port=int(port or PORT), within_s=within_s, names=names),)
    except FieldError as error:
        raise ConfigError(f"link {wanted.name}: {error.message}; {error.cure or 'correct it'}") from None

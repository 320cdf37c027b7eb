"""An order of the watch as a command to the driver that has the output. Pure; knows no wire."""

from __future__ import annotations

from hardware.field import Command
from kiosk.site.actions import Order
from kiosk.site.schema import PointSpec

PULSE_S = 0.5  # of a barrier's push-button input


def pulse_point(point: str, act: str) -> str:
    """The driver's name of an output that has a contact of its own for ``act``, as a barrier's open, close and stop."""
    return f"{point}:{act}"


def has_pulses(spec: PointSpec) -> bool:
    """Each act of this output is a contact of its own, pressed for a moment: ``at = { open = 0, close = 1 }``."""
    return any(act in spec.at for act in spec.acts)


def command_of(order: Order, spec: PointSpec) -> Command:
    """What ``order`` asks of the driver: a state that stands until ordered otherwise, or a pulse.

    What may be active only so long gets that as its end, so that the driver ends it should the watch not.
    """
    device, _, point = order.output.partition(".")
    if has_pulses(spec):
        return Command(device, pulse_point(point, order.act), 1, PULSE_S)
    is_active = order.is_energised != (spec.energised_when == "healthy")
    for_s = spec.longest_s if is_active else None
    return Command(device, point, int(order.is_energised), for_s)

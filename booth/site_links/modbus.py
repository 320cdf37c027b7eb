"""Modbus links of site.toml: a serial bus (by its port, or behind a serial device server), or a TCP gateway.

Reads the profiles' ``at`` with ``hardware.modbus.address``. Registers of a device are asked together where they lie
side by side, with the same arithmetic by which ``booth site check`` judged the bus. An output is read back, so that its
point is what the unit has, not what was ordered.
"""

from __future__ import annotations

import math

from booth.site_links import Wanted
from hardware.field import Driver, FieldError, Priority
from hardware.modbus.address import Address, Table, address
from hardware.modbus.line import BridgeLine, Line, SerialLine, SerialSettings
from hardware.modbus.link import Master, ModbusLink
from hardware.modbus.plan import Block, Output, Unit
from hardware.modbus.rtu_master import RtuMaster, Timing
from hardware.modbus.schedule import Backoff
from hardware.modbus.tcp_master import TcpMaster
from kiosk.config import ConfigError
from kiosk.site.budget import blocks
from kiosk.site.orders import pulse_point
from kiosk.site.plan import Plan
from kiosk.site.schema import Link, PointSpec

TCP_PORT = 502
FIRE_LATEST_S = 1.0  # a fire unit that was slow once is believed again after so long
LONGEST_PULSE_S = 2.0
FIRE_BACKOFF = Backoff(0.1, 1.0)
SAFE = 0  # not energised: a release lets go, a valve is closed, a button is not pressed


def make(wanted: Wanted) -> tuple[Driver, ...]:
    """One driver for the link. Raises ``ConfigError``."""
    plan, is_fire = wanted.plan, any(wanted.plan.profile(name).safety for name in wanted.devices)
    worst_s = max(plan.answer_s(name) for name in wanted.devices)
    try:
        master = _master(wanted.link, worst_s, is_fire=is_fire)
        units = [unit_of(plan, name) for name in wanted.devices]
        return (ModbusLink(master, units, backoff=FIRE_BACKOFF if is_fire else Backoff()),)
    except FieldError as error:
        raise ConfigError(f"link {wanted.name}: {error.message}; {error.cure or 'correct it'}") from None


def _master(link: Link, worst_s: float, *, is_fire: bool) -> Master:
    if link.kind == "modbus_tcp":
        return TcpMaster(*_place(link.where), within_s=worst_s)
    line: Line
    if link.where.startswith("/"):
        line = SerialLine(SerialSettings(link.where, link.baud, link.parity[0].upper()))
    else:
        line = BridgeLine(*_place(link.where))
    latest_s = max(worst_s, FIRE_LATEST_S) if is_fire else max(worst_s, Timing.latest_s)
    return RtuMaster(line, Timing(link.baud, worst_answer_s=worst_s, latest_s=latest_s))


def _place(where: str) -> tuple[str, int]:
    host, _, port = where.rpartition(":") if ":" in where else (where, "", str(TCP_PORT))
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ConfigError(f"where: {where!r} is no host:port; write for example 10.7.0.22:{TCP_PORT}")
    return host, int(port)


def unit_of(plan: Plan, device: str) -> Unit:
    """What is asked of a device and what it is told. Raises ``ConfigError`` naming profile, point and cure."""
    profile, every_s = plan.profile(device), plan.every_s(device)
    places: dict[str, Address] = {}
    outputs: list[Output] = []
    for point, spec in profile.points.items():
        try:
            places[point] = address(spec.at, spec.acts)
            if spec.kind == "output":
                outputs += _outputs(point, spec, places[point])
        except FieldError as error:
            raise ConfigError(
                f"profile {profile.id}: points.{point}: {error.message}; {error.cure or 'correct it'}"
            ) from None
    opens = any("open" in spec.acts for spec in profile.points.values())
    priority = Priority.FIRE if profile.safety else Priority.ACCESS if opens else Priority.TELEMETRY
    found = []
    for block in blocks((one.table.value, one.register, one.count) for one in places.values()):
        registers = tuple(
            one.as_register(point)
            for point, one in places.items()
            if one.table.value == block.table and block.first <= one.register < block.first + block.count
        )
        found.append(Block(Table(block.table).read, block.first, block.count, every_s, registers, priority))
    return Unit(device, int(plan.devices[device].address), tuple(found), tuple(outputs))


def _outputs(point: str, spec: PointSpec, place: Address) -> list[Output]:
    if place.pulses:
        return [
            Output(pulse_point(point, act), coil, SAFE, spec.hold_s, LONGEST_PULSE_S, group=point, is_pulse=True)
            for act, coil in place.pulses
        ]
    if place.table not in (Table.COIL, Table.HOLDING):
        raise ConfigError(f"an output in table {place.table.value}; only coil and holding can be written")
    most_s = spec.longest_s or math.inf
    return [Output(point, place.register, SAFE, spec.hold_s, most_s, is_register=place.table is Table.HOLDING)]

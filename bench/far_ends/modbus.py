"""Modbus units behind a gateway or on a bus, with the registers that their profiles name."""

from __future__ import annotations

import asyncio
import struct
from typing import Any

from bench.far_ends import Ground, Wiring
from bench.far_ends.peer import Peer
from hardware.field import Value
from hardware.modbus.address import Address, Table, address
from hardware.modbus.plan import Kind
from hardware.modbus.simulator import Hold, ModbusGateway, ModbusOnPty, VirtualUnit
from kiosk.site.schema import Profile

_SPACES = {
    Table.COIL: "coils", Table.DISCRETE: "contacts", Table.INPUT: "inputs", Table.HOLDING: "registers",
}  # fmt: skip
_WIDE = {Kind.UINT32: ">I", Kind.INT32: ">i", Kind.FLOAT32: ">f"}
_OFF_S = 2.0
_SHARES = frozenset({"garbage", "truncate", "wrong_unit"})


class ModbusPeer(Peer):
    """One unit. A barrier's push-buttons are coils of their own: ``pressed`` tells which."""

    def __init__(self, name: str, profile: Profile, worst_ms: float, number: int) -> None:
        super().__init__(name, profile, worst_ms)
        self._places = {point: address(spec.at, spec.acts) for point, spec in profile.points.items()}
        self._buttons = {act: coil for place in self._places.values() for act, coil in place.pulses}
        self._spaces: dict[str, dict[int, int]] = {space: {} for space in _SPACES.values()}
        self._spaces["coils"].update(dict.fromkeys(self._buttons.values(), 0))
        for point, place in self._places.items():
            if not place.pulses:
                self._write(place, self._values.get(point, 0))
        holds = {
            (_SPACES[self._places[point].table], self._places[point].register): Hold(0, spec.hold_s)
            for point, spec in profile.points.items()
            if spec.hold_s is not None
        }
        # A healthy unit answers in a quarter of its worst time.
        thinks_ms = min(profile.peer.answer_ms, worst_ms / 4)
        self.unit = VirtualUnit(number, holds=holds, answer_ms=thinks_ms, **self._spaces)
        self.unit.move(0.0)  # nobody has energised its outputs yet
        self._stuck: dict[int, int] | None = None

    @property
    def pressed(self) -> str:
        """The act whose push-button is held down; "" for none."""
        return next((act for act, coil in self._buttons.items() if self._spaces["coils"][coil]), "")

    def values(self) -> dict[str, Value]:
        """What is set, and the outputs as they were told."""
        found = super().values()
        for point, spec in self.profile.points.items():
            if spec.kind == "output":
                place = self._places[point]
                found[point] = int(bool(self.pressed)) if place.pulses else self._space(place)[place.register]
        return found

    def tell(self, values: dict[str, Value]) -> None:
        """Into the registers."""
        for point, raw in values.items():
            if self.profile.points[point].kind != "output":
                self._write(self._places[point], raw)

    def happen(self, point: str, raw: Value) -> None:
        """A contact closes."""
        self._write(self._places[point], raw)

    def _space(self, place: Address) -> dict[int, int]:
        return self._spaces[_SPACES[place.table]]

    def _write(self, place: Address, raw: Value) -> None:
        at, space = place.register, self._space(place)
        if form := _WIDE.get(place.kind):
            packed = struct.pack(form, float(raw) if place.kind is Kind.FLOAT32 else round(float(raw)))
            words = struct.unpack(">HH", packed)
            high, low = (at + 1, at) if place.is_low_first else (at, at + 1)
            space.update({high: words[0], low: words[1]})
        elif place.kind is Kind.BIT and not place.table.is_bits:
            space[at] = space.get(at, 0) & ~(1 << place.bit) | int(bool(raw)) << place.bit
        else:
            lowest = -0x8000 if place.kind is Kind.INT16 else 0
            space[at] = min(max(round(float(raw)), lowest), 0xFFFF) & 0xFFFF

    def turned(self, name: str, value: float) -> None:
        """Shares and delays are the unit's own."""
        faults = self.unit.faults
        if name in _SHARES:
            setattr(faults, name, value)
        elif name == "late":
            faults.late, faults.late_ms = int(value), 1.5 * self.worst_ms
        elif name == "freeze":
            self._stuck = dict(self.unit.coils) if value else None

    def moved(self, now_s: float) -> None:
        """Outputs fall back; a unit without values drifts in its answers, and flaps by falling silent."""
        self.unit.move(asyncio.get_running_loop().time())
        if self._stuck is not None:
            self.unit.coils.update(self._stuck)
        faults = self.unit.faults
        faults.delay_ms = self._knobs.get("delay", 0.0) + (0.0 if self.has_numbers else self.drifted)
        is_away = self.is_flapped and not self.has_states
        faults.drop = 1.0 if is_away else self._knobs.get("drop", 0.0)
        if faults.late == 0:
            self._knobs["late"] = 0.0

    def reboot(self) -> None:
        """Silent for 2 s, or longer than from one poll to the next; outputs safe."""
        silent_s = max(_OFF_S, 1.5 * self.profile.every_ms / 1000)
        self.unit.reboot(asyncio.get_running_loop().time(), silent_s)
        self._told = {}


class ModbusFarEnd:
    """A gateway (TCP) or a bus (RTU on a pty)."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._link = ground.plan.links[ground.name]
        self.peers = {
            name: ModbusPeer(name, ground.plan.profile(name), ground.plan.answer_s(name) * 1000, int(device.address))
            for name, device in ground.devices.items()
        }
        self._far: ModbusGateway | ModbusOnPty | None = None

    async def start(self) -> Wiring:
        """Listen, or plug the adapter in."""
        units = [peer.unit for peer in self.peers.values()]
        link: dict[str, Any]
        if self._link.kind == "modbus_tcp":
            gateway = self._far = ModbusGateway(units)
            await gateway.start()
            link = {"where": f"127.0.0.1:{gateway.port}"}
        else:
            bus = self._far = ModbusOnPty(
                self._ground.folder, units, baud=self._link.baud, name=f"usb-{self._ground.name}"
            )
            bus.plug()
            link = {"where": str(bus.path)}
        return Wiring(link)

    async def stop(self) -> None:
        """Close, or unplug."""
        far, self._far = self._far, None
        if isinstance(far, ModbusGateway):
            await far.stop()
        elif far is not None:
            far.unplug()


def make(ground: Ground) -> ModbusFarEnd:
    """For the table."""
    return ModbusFarEnd(ground)

"""The far end of a fire in a storm, as a process of its own: what is measured, is measured here, at the units' wire.

20 gateways with 50 registers that all change between two polls; a smoke loop that goes into alarm and comes back; the
relays of the doors. Prints its ports, then a line for every alarm: the milliseconds from the reply that carried it to
the write that released the doors, and how many registers of the storm were read in each second.
"""

from __future__ import annotations

import asyncio
import json
import random
import time

from hardware.modbus.pdu import Function
from hardware.modbus.simulator import Hold, ModbusGateway, VirtualUnit
from hardware.modbus.virtual import Answer

STORM_LINKS, STORM_REGISTERS, STORM_EVERY_S = 20, 50, 0.1
NORMAL_OHM, ALARM_OHM = 2200, 4400
SETTLES_S = 0.15


class _Loop(VirtualUnit):
    """Notes when it first told of the alarm."""

    told_s: float | None = None

    def answer(self, request: bytes, now_s: float) -> Answer | None:
        found = super().answer(request, now_s)
        if self.inputs[0] == ALARM_OHM and self.told_s is None:
            self.told_s = time.monotonic()
        return found


class _Relays(VirtualUnit):
    """Notes when the doors are released by a write, not by their hold time."""

    released: asyncio.Future[float] | None = None

    def answer(self, request: bytes, now_s: float) -> Answer | None:
        is_release = request[0] == Function.WRITE_COIL and request[1:5] == b"\0\0\0\0"
        if is_release and self.released is not None and not self.released.done():
            self.released.set_result(time.monotonic())
        return super().answer(request, now_s)


class _Storm(VirtualUnit):
    """Every register is another one at each read."""

    asked = 0

    def answer(self, request: bytes, now_s: float) -> Answer | None:
        self.asked += 1
        for at in self.inputs:
            self.inputs[at] = 200 + (self.inputs[at] - 199) % 1000
        return super().answer(request, now_s)


async def _serve() -> None:
    storm = [_Storm(1, inputs=dict.fromkeys(range(STORM_REGISTERS), 200), answer_ms=0.0) for _ in range(STORM_LINKS)]
    loop = _Loop(1, inputs={0: NORMAL_OHM}, answer_ms=0.0)
    relays = _Relays(1, coils={0: 1, 1: 1}, holds={("coils", 0): Hold(0, 1.0), ("coils", 1): Hold(0, 1.0)})
    relays.answer_ms = 0.0
    gateways = [ModbusGateway([unit]) for unit in (loop, relays, *storm)]
    for gateway in gateways:
        await gateway.start()
    print(json.dumps([gateway.port for gateway in gateways]), flush=True)
    chance = random.Random(7)
    while True:
        counted, began_s = sum(unit.asked for unit in storm), time.monotonic()
        while not relays.coils[0]:  # noqa: ASYNC110 - until somebody has reset the alarm before; a register tells nobody
            await asyncio.sleep(0.005)
        await asyncio.sleep(SETTLES_S + 0.1 * chance.random())  # the poll's phase is not the alarm's
        relays.released, loop.told_s = asyncio.get_running_loop().create_future(), None
        loop.inputs[0] = ALARM_OHM
        released_s = await relays.released
        loop.inputs[0] = NORMAL_OHM
        assert loop.told_s is not None, "released before the alarm was told"
        changes = (sum(unit.asked for unit in storm) - counted) * STORM_REGISTERS
        rate = changes / (time.monotonic() - began_s)
        print(json.dumps({"took_ms": (released_s - loop.told_s) * 1000, "changes_per_s": rate}), flush=True)


if __name__ == "__main__":
    asyncio.run(_serve())

"""Simulated gateways in a process of their own: what the booth is measured against must not be weighed with it.

``python -m benchmarks.site_peers GATEWAYS UNITS DRIFT`` prints its ports; registers drift by about DRIFT a second, each
unit at a pace of its own.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys

from hardware.modbus.simulator import ModbusGateway, VirtualUnit

REGISTERS = 10


async def _serve(gateways: int, units: int, drift_per_s: float) -> None:
    found = []
    chance = random.Random(1)
    for _ in range(gateways):
        paces = [drift_per_s * (0.5 + chance.random()) for _ in range(units)]
        gateway = ModbusGateway([_unit(number, pace) for number, pace in enumerate(paces, 1)])
        await gateway.start()
        found.append(gateway)
    print(json.dumps([gateway.port for gateway in found]), flush=True)
    await asyncio.Event().wait()


def _unit(number: int, drift_per_s: float) -> VirtualUnit:
    unit = VirtualUnit(number, inputs=dict.fromkeys(range(REGISTERS), 200 + number), answer_ms=0.0)
    unit.faults.drift_per_s = drift_per_s
    return unit


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))

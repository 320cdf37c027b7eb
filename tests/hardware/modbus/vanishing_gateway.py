"""In a network of its own (``unshare``): a gateway whose network is cut without a word. Prints what was told when."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from collections.abc import Sequence

from hardware.field import RawSample
from hardware.modbus.link import ModbusLink
from hardware.modbus.pdu import Function
from hardware.modbus.plan import Block, Register, Unit
from hardware.modbus.simulator import ModbusGateway, VirtualUnit
from hardware.modbus.tcp_master import TcpMaster


def loopback(state: str) -> None:
    subprocess.run(["ip", "link", "set", "lo", state], check=True)


async def main() -> None:
    loopback("up")
    gateway = ModbusGateway([VirtualUnit(1, inputs={0: 7}, answer_ms=0.0)])
    await gateway.start()
    block = Block(Function.READ_INPUT_REGISTERS, 0, 1, 0.5, (Register("r0", 0),))
    link = ModbusLink(TcpMaster("127.0.0.1", gateway.port, within_s=0.1), [Unit("u1", 1, (block,))])
    told: list[tuple[float, str]] = []

    def take(samples: Sequence[RawSample]) -> None:
        error = samples[0].error
        told.append((time.monotonic(), "answered" if error is None else error.word))

    await link.open(take)
    await asyncio.sleep(1.5)
    loopback("down")
    cut_s = time.monotonic()
    await asyncio.sleep(5.0)
    loopback("up")
    back_s = time.monotonic()
    await asyncio.sleep(5.0)
    await link.close()
    await gateway.stop()
    print(json.dumps({"told": told, "cut": cut_s, "back": back_s}))


if __name__ == "__main__":
    asyncio.run(main())

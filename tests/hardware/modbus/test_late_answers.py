"""An answer after its time-out, and a master that trusts what comes: the control shows that the fault is a real one."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from benchmarks import site_late
from hardware.modbus.simulator import ModbusOnPty, VirtualUnit

pytestmark = pytest.mark.peer


async def wrong_values(folder: Path, master: str) -> int:
    values = {address: 100 + address for address in range(site_late.REGISTERS)}
    bus = ModbusOnPty(folder, [VirtualUnit(1, inputs=values, answer_ms=1.0)])
    bus.plug()
    try:
        return await (site_late.ours_wrong if master == "ours" else site_late.pymodbus_wrong)(bus, 20)
    finally:
        bus.unplug()


async def test_ours_gives_no_value_to_another_register(tmp_path: Path) -> None:
    assert await wrong_values(tmp_path, "ours") == 0


async def test_pymodbus_does(tmp_path: Path) -> None:
    pytest.importorskip("pymodbus")
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)
    assert await wrong_values(tmp_path, "pymodbus") > 0

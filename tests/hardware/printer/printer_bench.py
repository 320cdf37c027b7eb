"""A printer on loopback and the product's driver before it, for the tests of this room and of its faults."""

from __future__ import annotations

import asyncio
import contextlib
import io
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from hardware.printer import Line, Page, QrCode, Weight
from hardware.printer.escpos_printer import EscposPrinter
from hardware.printer.messages import PrinterOptions
from hardware.printer.simulator import PrinterSimulator

NOTO = Path("/usr/share/fonts/opentype/noto")
FONTS = {
    "font_regular": f"{NOTO}/NotoSansCJK-Regular.ttc#2",
    "font_bold": f"{NOTO}/NotoSansCJK-Bold.ttc#2",
}
QUICK = {"poll_s": 0.1, "status_within_s": 0.4, "stall_s": 1.0, "print_within_s": 10.0}  # the tests' printer is near

LONG = Page(
    (
        Line("幸福里社区服务亭", 6.0, Weight.BOLD, "centre"),
        *(Line(f"第{number}行：您的资格认证有效期至2027年3月31日") for number in range(8)),
        QrCode("https://example.invalid/r/B7-000204-6"),
    )
)
SHORT = Page((Line("下一位居民的凭条"),))


def quick_options(port: int = 9100, **changed: Any) -> PrinterOptions:
    """Settings with short times."""
    return PrinterOptions(port=port, **(FONTS | QUICK | changed))


@contextlib.asynccontextmanager
async def running(
    mm_per_s: float = 0.0, **changed: Any
) -> AsyncIterator[tuple[PrinterSimulator, EscposPrinter, list[Image.Image]]]:
    """A simulator, the printer's driver on it, and the slips that came out."""
    if not NOTO.is_dir():
        pytest.skip("Debian's fonts-noto-cjk is not installed")
    slips: list[Image.Image] = []

    def keep(png: bytes, number: int) -> None:
        with Image.open(io.BytesIO(png)) as slip:
            slips.append(slip.convert("L"))

    simulator = PrinterSimulator(mm_per_s=mm_per_s, on_paper=keep)
    simulator.has_exit_sensor = bool(changed.get("has_exit_sensor", False))
    await simulator.start()
    printer = EscposPrinter(quick_options(simulator.port, **changed))
    try:
        await printer.start()
        yield simulator, printer, slips
    finally:
        await printer.stop()
        await simulator.stop()


async def until(condition: Callable[[], bool], within_s: float = 5.0) -> None:
    """Wait for the world to become so."""
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end, "it never happened"
        await asyncio.sleep(0.01)

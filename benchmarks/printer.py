"""A receipt until it is cut, beside the time the paper itself takes at the printer's 150 mm/s."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.child import ROOT
from benchmarks.figure import Figure, Options, Unavailable
from hardware.printer import Line, Page, QrCode, Rule, Weight
from hardware.printer.escpos_printer import EscposPrinter
from hardware.printer.messages import PrinterOptions
from hardware.printer.simulator import PrinterSimulator

FONTS = ROOT / "assets" / "fonts"
RECEIPT = Page(
    (
        Line("幸福里社区服务亭", 6.0, Weight.BOLD, "centre"),
        Rule(),
        Line("养老金资格认证", 4.5, Weight.BOLD),
        Line("姓名  张*英"),
        Line("身份证号  110***********9024"),
        Line("已受理，编号", 4.5),
        Line("B7-000204-6", 6.0, Weight.BOLD),
        Line("2026-11-22 20:51"),
        Rule(),
        Line("有效期12个月。如有疑问，请拨打12333。"),
        QrCode("https://example.invalid/r/B7-000204-6"),
    )
)


def receipt(options: Options) -> Iterator[Figure]:
    """One page after another, the printer's own count of millimetres beside."""
    if not (FONTS / "NotoSansSC-Regular.otf").exists():
        raise Unavailable("assets/fonts is empty: run `make setup`")
    took, floor = asyncio.run(_print(options.times(5)))
    yield Figure("printer.receipt", took, "ms", "paper at 150 mm/s, and the cut", floor)


async def _print(count: int) -> tuple[float, float]:
    simulator = PrinterSimulator()
    await simulator.start()
    printer = EscposPrinter(PrinterOptions(port=simulator.port, font_regular=_font("Regular"), font_bold=_font("Bold")))
    took, floors = [], []
    try:
        await printer.start()
        for _ in range(count + 1):
            before_mm, began_s = simulator.moved_mm, time.monotonic()
            await printer.print(RECEIPT)
            took.append((time.monotonic() - began_s) * 1000)
            floors.append(((simulator.moved_mm - before_mm) / simulator.mm_per_s + simulator.cut_s) * 1000)
    finally:
        await printer.stop()
        await simulator.stop()
    return statistics.median(took[1:]), statistics.median(floors[1:])  # the first loads the fonts


def _font(weight: str) -> str:
    return str(Path(FONTS) / f"NotoSansSC-{weight}.otf")

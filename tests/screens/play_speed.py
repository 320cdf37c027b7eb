"""How quick is it: touch to changed frame and screen change, off-screen. Prints figures; for benchmarks and the eye."""

from __future__ import annotations

import asyncio
import statistics
import time
from typing import Any

from screens.pointer import Pointer
from tests.screens.theatre import Theatre, play


async def main(theatre: Theatre) -> dict[str, Any]:
    pointer, glass = Pointer(), theatre.glass
    await theatre.show("ask_phone")
    touches: list[float] = []
    for n in range(60):
        key = theatre.control(f"key.{n % 10}")
        await asyncio.sleep(0.02)
        glass._frame.clear()
        start = time.monotonic()
        pointer.touch("down", *key.center)
        await glass._frame.wait()
        touches.append((glass.flipped_at_s - start) * 1e3)
        pointer.touch("up", *key.center)
        await asyncio.sleep(0.03)
    names = ["choose_service", "present_card", "ask_phone", "review", "show_receipt", "ask_text"]
    first: list[float] = []
    warm: list[float] = []
    for turn in range(6):
        for name in names:
            await asyncio.sleep(0.02)
            start = time.monotonic()
            await theatre.show(name)
            (first if turn == 0 else warm).append((glass.flipped_at_s - start) * 1e3)

    def p95(values: list[float]) -> float:
        return sorted(values)[int(len(values) * 0.95)]

    return {
        "touch_ms": [round(statistics.median(touches), 1), round(p95(touches), 1)],
        "first_ms": [round(x, 1) for x in first],
        "change_ms": [round(statistics.median(warm), 1), round(p95(warm), 1)],
    }


if __name__ == "__main__":
    play(main)

"""Somebody opens the printer, or its cutter sticks: seen at rest and while printing, gone when it is put right."""

from __future__ import annotations

import asyncio

import pytest
from PIL import ImageOps

from hardware.device import Health
from hardware.printer import CoverOpen, Paper, PaperJammed
from tests.hardware.printer.printer_bench import LONG, SHORT, running, until

pytestmark = pytest.mark.peer


async def test_an_open_cover_is_seen_before_printing() -> None:
    async with running() as (simulator, printer, slips):
        simulator.is_cover_open = True
        await until(lambda: printer.status.is_cover_open)
        assert not printer.status.can_print
        with pytest.raises(CoverOpen, match="close it"):
            await printer.print(LONG)
        assert not simulator.commands["ESC @"]
        simulator.is_cover_open = False
        await until(lambda: printer.status.can_print)
        await printer.print(SHORT)
        assert len(slips) == 1


async def test_a_cover_opened_while_printing_ends_the_page() -> None:
    async with running(mm_per_s=100.0) as (simulator, printer, slips):
        printing = asyncio.create_task(printer.print(LONG))
        await until(lambda: simulator.moved_mm > 20)
        simulator.is_cover_open = True
        with pytest.raises(CoverOpen):
            await asyncio.wait_for(printing, 5.0)
        assert printer.status.is_cover_open
        simulator.is_cover_open = False
        await until(lambda: len(slips) == 1)
        half_mm = simulator.roll.mm(slips[0].height) - 12  # below the blank 12 mm between head and knife
        assert 20 < half_mm < 50, "what was printed is cut off by itself, the rest of the page is forgotten"
        await printer.print(SHORT)
        assert len(slips) == 2
        box = ImageOps.invert(slips[1]).getbbox()
        assert box is not None
        assert box[3] - box[1] < 40, "one line: the next resident's slip carries nothing of the page before"


async def test_a_cover_closed_again_at_once_does_not_lose_the_page() -> None:
    async with running(mm_per_s=100.0) as (simulator, printer, slips):
        printing = asyncio.create_task(printer.print(SHORT))
        await until(lambda: simulator.moved_mm > 1)
        simulator.is_cover_open = True
        await asyncio.sleep(0.02)
        simulator.is_cover_open = False
        await printing
        assert len(slips) == 1


async def test_a_stuck_cutter_is_a_jam() -> None:
    async with running() as (simulator, printer, _):
        simulator.is_jammed = True
        await until(lambda: printer.status.paper is Paper.JAMMED)
        assert printer.status.health is Health.HARDWARE_ERROR
        with pytest.raises(PaperJammed):
            await printer.print(SHORT)
        simulator.is_jammed = False
        await until(lambda: printer.status.can_print)

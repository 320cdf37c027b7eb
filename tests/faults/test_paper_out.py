"""The roll ends: seen before printing, named when it happens in the middle, and nobody gets another's slip."""

from __future__ import annotations

import asyncio

import pytest
from PIL import ImageOps

from hardware.printer import Paper, PaperOut
from tests.hardware.printer.printer_bench import LONG, SHORT, running, until

pytestmark = pytest.mark.peer


async def test_an_empty_printer_says_so_unasked_and_takes_no_page() -> None:
    async with running() as (simulator, printer, slips):
        simulator.paper = Paper.OUT
        await until(lambda: printer.status.paper is Paper.OUT)
        assert not printer.status.can_print
        with pytest.raises(PaperOut, match="put in a new roll"):
            await printer.print(LONG)
        assert not simulator.commands["ESC @"], "no byte of the page was sent"
        simulator.load_paper()
        await until(lambda: printer.status.can_print)
        await printer.print(SHORT)
        assert len(slips) == 1


async def test_the_first_status_already_knows() -> None:
    async with running() as (simulator, printer, _):
        await printer.stop()
        simulator.paper = Paper.OUT
        await printer.start()
        assert printer.status.paper is Paper.OUT


async def test_a_roll_that_ends_in_the_middle_is_named_and_the_rest_is_forgotten() -> None:
    async with running(mm_per_s=150.0) as (simulator, printer, slips):
        simulator.out_after_mm = 30.0
        with pytest.raises(PaperOut):
            await asyncio.wait_for(printer.print(LONG), 5.0)
        assert printer.status.paper is Paper.OUT
        simulator.load_paper()
        assert len(slips) == 1
        assert slips[0].height == pytest.approx((12 + 30) / 25.4 * 203, abs=20)
        await until(lambda: printer.status.can_print)
        await printer.print(SHORT)
        assert len(slips) == 2
        box = ImageOps.invert(slips[1]).getbbox()
        assert box is not None
        assert box[3] - box[1] < 40, "one line: nothing of the page before it"
        assert simulator.commands["GS ( k"] == 0, "the QR code of the page cut short never came out"


async def test_a_page_never_comes_out_twice() -> None:
    """A printer goes on with its buffer when paper is put in; ours was told to forget it."""
    async with running(mm_per_s=300.0) as (simulator, printer, slips):
        simulator.out_after_mm = 30.0
        with pytest.raises(PaperOut):
            await printer.print(LONG)
        simulator.load_paper()
        await until(lambda: printer.status.can_print)
        await printer.print(LONG)
        assert [simulator.commands[name] for name in ("ESC @", "GS V", "GS r")] == [2, 1, 1]
        assert len(slips) == 2


async def test_a_printer_that_is_not_told_to_forget_goes_on_with_the_page() -> None:
    """The control of the test above: the simulated printer does keep its buffer over a change of paper."""
    async with running() as (simulator, printer, slips):
        await printer.stop()
        _, writer = await asyncio.open_connection("127.0.0.1", simulator.port)
        simulator.out_after_mm = 5.0
        writer.write(b"\x1bd\x0awords of the resident before\n\x1dV\x42\x00")
        await until(lambda: simulator.paper is Paper.OUT)
        simulator.load_paper()
        await until(lambda: len(slips) == 1)
        assert slips[0].getextrema() == (0, 255)
        writer.close()
        await writer.wait_closed()


async def test_low_paper_prints_and_is_told() -> None:
    async with running() as (simulator, printer, slips):
        simulator.paper = Paper.LOW
        await until(lambda: printer.status.paper is Paper.LOW)
        assert printer.status.can_print
        await printer.print(SHORT)
        assert len(slips) == 1
        assert printer.status.reason == "the paper is nearly out"

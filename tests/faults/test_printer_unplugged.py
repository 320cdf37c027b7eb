"""The printer's cable is pulled: at the start, at rest, while printing; and it is put back."""

from __future__ import annotations

import asyncio
import time

import pytest

from hardware.device import Health
from hardware.printer import PrinterUnplugged
from tests.hardware.printer.printer_bench import LONG, SHORT, running, until

pytestmark = pytest.mark.peer


async def test_a_printer_that_is_not_there_at_the_start_comes_later() -> None:
    async with running() as (simulator, printer, slips):
        await printer.stop()
        await simulator.unplug()
        await printer.start()
        assert printer.status.health is Health.NO_DEVICE
        with pytest.raises(PrinterUnplugged, match=f"tcp 127.0.0.1:{simulator.port}"):
            await printer.print(SHORT)
        await simulator.plug_in()
        await until(lambda: printer.status.can_print)
        await printer.print(SHORT)
        assert len(slips) == 1


async def test_a_cable_pulled_at_rest_is_noticed_unasked() -> None:
    async with running() as (simulator, printer, _):
        pulled = time.monotonic()
        await simulator.unplug()
        await until(lambda: printer.status.health is Health.NO_DEVICE)
        assert time.monotonic() - pulled < 3.0
        await simulator.plug_in()
        await until(lambda: printer.status.can_print)


async def test_a_cable_pulled_while_printing_ends_the_page_and_it_is_not_sent_again() -> None:
    async with running(mm_per_s=100.0) as (simulator, printer, slips):
        printing = asyncio.create_task(printer.print(LONG))
        await until(lambda: simulator.moved_mm > 20)
        await simulator.unplug()
        with pytest.raises(PrinterUnplugged):
            await asyncio.wait_for(printing, 5.0)
        await simulator.plug_in()
        await until(lambda: printer.status.can_print)
        await printer.print(SHORT)
        assert simulator.commands["GS r"] == 1, "the first page was not sent again"
        assert len(slips) == 2, "the half page, cut off, and the next one"


async def test_a_printer_gone_mute_while_printing_is_given_up() -> None:
    async with running(mm_per_s=100.0, print_within_s=2.0) as (simulator, printer, slips):
        printing = asyncio.create_task(printer.print(LONG))
        await until(lambda: simulator.moved_mm > 20)
        simulator.is_mute = True
        started = time.monotonic()
        with pytest.raises(Exception, match="did not confirm within 2 s"):
            await printing
        assert time.monotonic() - started < 4.0
        assert len(slips) == 1, "it came out once; only the confirmation is missing"
        simulator.is_mute = False
        await until(lambda: printer.status.can_print)
        assert simulator.commands["GS v 0"] == 1

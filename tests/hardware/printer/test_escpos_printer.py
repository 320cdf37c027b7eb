"""The printer as the booth uses it: the real driver in its process, a printer on TCP at the other end."""

from __future__ import annotations

import asyncio
import os
import select
import threading
import time
import tty

import cv2
import numpy
import pytest
from PIL import Image, ImageOps

from hardware.device import DeviceStatus, Health
from hardware.printer import Exit, Line, Page, PrinterError, PrinterUnplugged, QrCode, Rule, Weight
from hardware.printer.escpos import compose
from hardware.printer.escpos_printer import EscposPrinter
from hardware.printer.messages import PrinterOptions
from hardware.printer.raster import Typesetter
from hardware.printer.session import Session
from hardware.printer.simulator import PrinterSimulator
from hardware.printer.wire import open_wire
from tests.hardware.printer.printer_bench import quick_options, running, until

pytestmark = pytest.mark.peer

TEXT = (
    Line("幸福里社区服务亭", 6.0, Weight.BOLD, "centre"),
    Rule(),
    Line("编号 B7-000204-6", 5.0, Weight.BOLD),
    Line("下一步：无需再办。您的资格认证有效期至2027年3月31日，养老金照常发放。"),
    Line("Next: nothing to do. Your pension goes on."),
)
URL = "https://example.invalid/r/B7-000204-6"
RECEIPT = Page((*TEXT, QrCode(URL)))
SLIP = Page((Line("一"),))


def top_of(slip: Image.Image, rows: int) -> Image.Image:
    """What the head printed first: below the 12 mm that lay between it and the knife, inside the margins."""
    return slip.crop((31, 96, 31 + 576, 96 + rows)).convert("1")


async def test_a_receipt_is_the_picture_we_drew_and_a_code_that_can_be_read(fonts: dict[str, str]) -> None:
    async with running() as (simulator, printer, slips):
        assert printer.status.can_print
        await printer.print(RECEIPT)
        assert len(slips) == 1
        drawn = Typesetter(576, 203, **fonts).picture(TEXT)
        assert top_of(slips[0], drawn.height).tobytes() == drawn.tobytes()
        text, _, _ = cv2.QRCodeDetector().detectAndDecode(numpy.array(slips[0]))
        assert text == URL
        assert simulator.commands["GS v 0"] == 1
        assert simulator.commands["GS V"] == 1
        assert not simulator.unknown
        below = ImageOps.invert(slips[0]).getbbox()
        assert below is not None
        assert below[3] < slips[0].height - 24  # the code's quiet zone is on the paper


async def test_a_changed_character_changes_the_paper(fonts: dict[str, str]) -> None:
    """The control of the test above: the comparison sees one other character."""
    async with running() as (_, printer, slips):
        await printer.print(Page((*TEXT[:-1], Line("Next: nothing to do. Your pension goes oN."))))
        drawn = Typesetter(576, 203, **fonts).picture(TEXT)
        assert top_of(slips[0], drawn.height).tobytes() != drawn.tobytes()


async def test_text_below_the_code_is_a_second_picture() -> None:
    async with running() as (simulator, printer, slips):
        await printer.print(Page((*RECEIPT.items, Line("谢谢"))))
        assert simulator.commands["GS v 0"] == 2
        assert len(slips) == 1


async def test_a_long_page_goes_in_pieces_and_comes_out_whole(fonts: dict[str, str]) -> None:
    lines = tuple(Line(f"第{number}行 {number * 7919}") for number in range(60))
    async with running() as (simulator, printer, slips):
        await printer.print(Page(lines))
        drawn = Typesetter(576, 203, **fonts).picture(lines)
        assert simulator.commands["GS v 0"] == -(-drawn.height // 1024) > 1
        assert top_of(slips[0], drawn.height).tobytes() == drawn.tobytes()


def test_a_job_holds_no_real_time_command(fonts: dict[str, str]) -> None:
    job = compose(Page((*RECEIPT.items, *TEXT)), Typesetter(576, 203, **fonts), 1024)
    assert not [at for at in range(len(job)) if job[at] == 0x10 and job[at + 1 : at + 2] in (b"\x04", b"\x05", b"\x14")]


async def test_print_returns_when_the_paper_is_cut() -> None:
    async with running(mm_per_s=150.0) as (_, printer, slips):
        started = time.monotonic()
        printing = asyncio.create_task(printer.print(RECEIPT))
        await until(lambda: printer.status.health is Health.DEVICE_BUSY)
        assert not slips
        await printing
        assert len(slips) == 1
        assert time.monotonic() - started > (slips[0].height - 96) * 25.4 / 203 / 150.0
        assert printer.status.health is Health.ONLINE


async def test_a_look_while_printing_does_not_disturb() -> None:
    async with running(mm_per_s=100.0) as (_, printer, slips):
        printing = asyncio.create_task(printer.print(RECEIPT))
        await until(lambda: printer.status.health is Health.DEVICE_BUSY)
        pid = printer.pid
        assert (await printer.refresh()).health is Health.DEVICE_BUSY
        await printing
        assert (printer.pid, len(slips)) == (pid, 1)


async def test_who_is_cancelled_leaves_a_whole_page() -> None:
    async with running(mm_per_s=150.0) as (_, printer, slips):
        printing = asyncio.create_task(printer.print(RECEIPT))
        await until(lambda: printer.status.health is Health.DEVICE_BUSY)
        printing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await printing
        await until(lambda: len(slips) == 1)
        await printer.print(SLIP)
        assert [slip.height > 400 for slip in slips] == [True, False]


async def test_a_bad_page_is_refused_before_any_paper_moves() -> None:
    async with running() as (simulator, printer, _):
        with pytest.raises(PrinterError, match="1-500"):
            await printer.print(Page((QrCode("x" * 501),)))
        with pytest.raises(PrinterError, match="longer than"):
            await printer.print(Page((Line("一\n" * 400),)))
        assert not simulator.commands["ESC @"]
        assert printer.status.can_print


async def test_a_closed_peer_is_seen_and_the_connection_made_anew() -> None:
    async with running() as (simulator, printer, slips):
        before = simulator.connections
        simulator.drop_connection()
        await until(lambda: simulator.connections > before)
        simulator.drop_connection()
        await printer.print(SLIP)
        assert len(slips) == 1
        assert printer.status.can_print


async def test_a_connection_lost_while_printing_is_not_tried_again() -> None:
    async with running(mm_per_s=60.0) as (simulator, printer, slips):
        printing = asyncio.create_task(printer.print(RECEIPT))
        await until(lambda: simulator.moved_mm > 20)
        simulator.drop_connection()
        with pytest.raises(PrinterUnplugged, match="closed"):
            await printing
        await until(lambda: printer.status.health is Health.ONLINE)
        await until(lambda: len(slips) == 1)  # the half page, cut off
        await printer.print(SLIP)
        assert simulator.commands["GS v 0"] == 2  # one for each print(), none twice
        assert len(slips) == 2


async def test_a_mute_printer_is_given_up_at_the_deadline_and_taken_back() -> None:
    async with running() as (simulator, printer, slips):
        simulator.is_mute = True
        started = time.monotonic()
        assert (await printer.refresh()).health is Health.OFFLINE
        assert time.monotonic() - started < 2.0  # two rounds of 0.4 s at most: the watch's and ours
        with pytest.raises(PrinterError, match="no valid status"):
            await printer.print(SLIP)
        assert not simulator.commands["ESC @"]
        simulator.is_mute = False
        await until(lambda: printer.status.can_print)
        await printer.print(SLIP)
        assert len(slips) == 1


async def test_late_replies_are_discarded() -> None:
    """Replies that come 0.5 s late say "paper out"; asked afterwards, the printer has paper."""
    async with running() as (simulator, printer, _):
        simulator.reply_delay_s = 0.5
        simulator.is_cover_open = True
        await until(lambda: printer.status.health is Health.OFFLINE)
        simulator.is_cover_open = False
        simulator.reply_delay_s = 0.0
        for _ in range(20):
            status = await printer.refresh()
            assert not status.is_cover_open
        assert status.can_print


async def test_a_slow_printer_is_a_good_printer() -> None:
    async with running(status_within_s=1.0) as (simulator, printer, slips):
        simulator.reply_delay_s = 0.05
        assert (await printer.refresh()).can_print
        await printer.print(SLIP)
        assert len(slips) == 1


async def test_noise_between_the_replies_is_no_status() -> None:
    async with running() as (simulator, printer, _):
        simulator.noise = b"\xff\x25\x80\x11"
        assert (await printer.refresh()).can_print
        simulator.noise = b"\x16"  # looks like a reply: one too many, so nothing is believed
        assert (await printer.refresh()).health is Health.OFFLINE


async def test_a_slip_at_the_exit_is_waited_for() -> None:
    async with running(has_exit_sensor=True) as (simulator, printer, _):
        assert printer.status.exit is Exit.NOT_PRESENT
        await printer.print(SLIP)
        assert printer.status.exit is Exit.PRESENT
        taken = asyncio.create_task(printer.wait_for_taken())
        await asyncio.sleep(0.05)
        assert not taken.done()
        simulator.take_paper()
        await asyncio.wait_for(taken, 2.0)
        assert printer.status.exit is Exit.NOT_PRESENT


async def test_without_a_sensor_nobody_waits() -> None:
    async with running() as (_, printer, _):
        await printer.print(SLIP)
        assert printer.status.exit is Exit.UNKNOWN
        await asyncio.wait_for(printer.wait_for_taken(), 0.2)


async def test_listeners_hear_of_changes_once() -> None:
    heard: list[DeviceStatus] = []
    async with running() as (simulator, printer, _):
        unsubscribe = printer.watch(heard.append)
        simulator.is_cover_open = True
        await until(lambda: bool(heard))
        await asyncio.sleep(0.3)  # three polls
        assert [status.reason for status in heard] == ["the cover is open"]
        assert heard[0].since_s > 0
        unsubscribe()
        simulator.is_cover_open = False
        await until(lambda: printer.status.can_print)
        assert len(heard) == 1


async def test_a_hanging_driver_is_replaced() -> None:
    async with running() as (_, printer, slips):
        first = printer.pid
        assert first is not None
        os.kill(first, 9)
        await until(lambda: printer.pid not in (None, first))
        await until(lambda: printer.status.can_print)
        await printer.print(SLIP)
        assert len(slips) == 1


def test_a_missing_font_is_said_at_the_start(fonts: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"font_bold = '/nowhere\.otf' is not a file"):
        EscposPrinter(PrinterOptions(font_regular=fonts["font_regular"], font_bold="/nowhere.otf"))


async def test_a_serial_printer_prints_the_same() -> None:
    """A pty stands for the cable: serial on the driver's side, the simulator's TCP port on the other."""
    ours, theirs = os.openpty()
    tty.setraw(ours)
    tty.setraw(theirs)
    slips: list[bytes] = []
    simulator = PrinterSimulator(mm_per_s=0, on_paper=lambda png, number: slips.append(png))
    await simulator.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", simulator.port)
    loop = asyncio.get_running_loop()
    os.set_blocking(ours, False)
    loop.add_reader(ours, lambda: writer.write(os.read(ours, 4096)))

    async def back() -> None:
        while data := await reader.read(256):
            os.write(ours, data)

    backwards = asyncio.create_task(back())
    printer = EscposPrinter(quick_options(connection="serial", serial_device=os.ttyname(theirs)))
    try:
        await printer.start()
        assert printer.status.can_print
        await printer.print(RECEIPT)
        assert len(slips) == 1
    finally:
        await printer.stop()
        loop.remove_reader(ours)
        backwards.cancel()
        writer.close()
        await simulator.stop()
        os.close(ours)
        os.close(theirs)


async def test_a_usb_printer_that_is_not_there_is_named() -> None:
    printer = EscposPrinter(quick_options(connection="usb", usb_vendor=0x1234, usb_product=0x5678))
    try:
        await printer.start()
        assert printer.status.health is Health.NO_DEVICE
        with pytest.raises(PrinterUnplugged, match="usb 1234:5678"):
            await printer.print(SLIP)
    finally:
        await printer.stop()


def test_a_line_that_takes_nothing_is_given_up(fonts: dict[str, str]) -> None:
    """A pty that nobody reads holds some 4 kB, as a printer that keeps its handshake line busy."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    options = quick_options(connection="serial", serial_device=os.ttyname(theirs), stall_s=0.2)
    wire = open_wire(options, 1.0)
    try:
        assert wire.read(0.01) == b""
        started = time.monotonic()
        with pytest.raises(PrinterError, match=r"took no data for 0\.2 s"):
            wire.write(b"\0" * 100_000)
        assert time.monotonic() - started < 2.0
    finally:
        wire.close()
        os.close(ours)
        os.close(theirs)


def test_a_page_that_takes_too_long_to_send_is_given_up(fonts: dict[str, str]) -> None:
    """Each piece goes out, but the line is so slow that the page would take ten seconds."""
    ours, theirs = os.openpty()
    tty.setraw(ours)
    tty.setraw(theirs)
    ending = threading.Event()

    def peer() -> None:
        replies = {1: b"\x12", 2: b"\x12", 3: b"\x12", 4: b"\x12", 8: b"\x37\x25\x00"}
        while not ending.wait(0.02):
            if select.select([ours], [], [], 0)[0]:
                data = os.read(ours, 4096)
                if data[:1] == b"\x10" and data[2] in replies:
                    os.write(ours, replies[data[2]])

    slow = threading.Thread(target=peer)
    slow.start()
    options = quick_options(
        connection="serial", serial_device=os.ttyname(theirs), print_within_s=1.0, status_within_s=1.0
    )
    session = Session(options)
    try:
        started = time.monotonic()
        with pytest.raises(PrinterError, match="did not take the page within 1 s"):
            session.print(b"\0" * 2_000_000)
        assert time.monotonic() - started < 5.0
    finally:
        session.close()
        ending.set()
        slow.join()
        os.close(ours)
        os.close(theirs)

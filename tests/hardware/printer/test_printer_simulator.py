"""The simulated printer against bytes on a socket: grammar, real time, pace, faults. No product driver here."""

from __future__ import annotations

import asyncio
import contextlib
import io
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import cv2
import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageOps

from hardware.printer import Paper
from hardware.printer.commands import RealTimeScanner, next_command
from hardware.printer.simulator import PrinterSimulator
from hardware.printer.wire import load

pytestmark = pytest.mark.peer
Dummy = load("escpos.printer").Dummy

CLEAR = bytes.fromhex("10140801031401060208")
CUT = b"\x1dV\x42\x00"


class Peer:
    """A bare socket to the simulator."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def ask(self, data: bytes, count: int = 1, within_s: float = 2.0) -> bytes:
        self.writer.write(data)
        return await asyncio.wait_for(self.reader.readexactly(count), within_s)

    async def printed(self, data: bytes) -> None:
        """Send and wait until it is printed."""
        await self.ask(data + b"\x1dr\x01")


@contextlib.asynccontextmanager
async def printer(**changed: Any) -> AsyncIterator[tuple[PrinterSimulator, Peer, list[Image.Image]]]:
    slips: list[Image.Image] = []

    def keep(png: bytes, number: int) -> None:
        with Image.open(io.BytesIO(png)) as slip:
            slip.load()
            slips.append(slip.convert("L"))

    simulator = PrinterSimulator(**({"mm_per_s": 0.0, "on_paper": keep} | changed))
    await simulator.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", simulator.port)
    try:
        yield simulator, Peer(reader, writer), slips
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        await simulator.stop()


def ink(picture: Image.Image) -> Image.Image:
    """Cut the white edges off."""
    return picture.crop(ImageOps.invert(picture.convert("L")).getbbox())


def drawing() -> Image.Image:
    picture = Image.new("1", (576, 1200), 1)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, 575, 1199), outline=0, width=3)
    draw.line((0, 0, 575, 1199), fill=0, width=5)
    return picture


@pytest.mark.parametrize("way", ["bitImageRaster", "graphics", "bitImageColumn"])
async def test_every_picture_command_of_python_escpos_gives_the_same_dots(way: str) -> None:
    job = Dummy()
    job.hw("INIT")
    picture = drawing().crop((0, 0, 576, 480))
    job.image(picture, impl=way)
    async with printer() as (simulator, peer, slips):
        await peer.printed(job.output + CUT)
        assert ink(slips[0]).tobytes() == ink(picture.convert("L")).tobytes()
        assert not simulator.unknown
        assert slips[0].width == 576 + 2 * simulator.roll.margin_dots == 638  # 80 mm of paper around 72 mm of print


async def test_a_picture_larger_than_the_buffer_comes_out_whole() -> None:
    job = Dummy()
    job.image(drawing(), fragment_height=1200)
    async with printer() as (simulator, peer, slips):
        simulator.buffer_bytes = 4096
        await peer.printed(job.output + CUT)
        assert simulator.commands["GS v 0"] == 1
        assert ink(slips[0]).tobytes() == ink(drawing().convert("L")).tobytes()


async def test_a_native_qr_code_can_be_read() -> None:
    job = Dummy()
    job.set(align="center")
    job.print_and_feed(1)
    job.qr("https://example.invalid/r/B7-000204-6", ec=1, size=6, native=True)
    job.print_and_feed(1)
    async with printer() as (_, peer, slips):
        await peer.printed(job.output + CUT)
        text, _, _ = cv2.QRCodeDetector().detectAndDecode(numpy.array(slips[0]))
        assert text == "https://example.invalid/r/B7-000204-6"


async def test_text_modes_change_the_print() -> None:
    job = Dummy()
    job.textln("Hello 24h")
    job.set(custom_size=True, width=3, height=3, align="right", bold=True, underline=1)
    job.textln("BIG")
    async with printer() as (simulator, peer, slips):
        await peer.printed(job.output + CUT)
        box = ImageOps.invert(slips[0]).getbbox()
        assert box is not None
        assert (box[0], box[2]) == (
            pytest.approx(36, abs=6),
            31 + 576,
        )  # left edge of one line to right edge of the other
        assert not simulator.unknown


async def test_chinese_text_by_code_is_printed(fonts: dict[str, str]) -> None:
    async with printer(font=fonts["font_regular"]) as (_, peer, slips):
        await peer.printed(b"\x1c&" + "服务亭".encode("gb18030") + b"\n" + CUT)
        assert ink(slips[0]).width == pytest.approx(72, abs=8)


async def test_unknown_commands_are_named_and_do_no_harm() -> None:
    async with printer() as (simulator, peer, slips):
        await peer.printed(b"\x1b\x7a\x1f\x1d\x7bok\n" + CUT)
        assert dict(simulator.unknown) == {"unknown ESC 7A": 1, "unknown 1F": 1, "unknown GS 7B": 1}
        assert slips[0].getextrema() == (0, 255)


async def test_what_lies_between_head_and_knife_stays() -> None:
    """GS V 0 cuts where the paper is: the last 12 mm are still below the knife."""
    bar = Image.new("1", (576, 40), 0)
    job = Dummy()
    job.image(bar)
    async with printer() as (_, peer, slips):
        await peer.printed(job.output + b"\x1dV\x00")
        await peer.printed(CUT)
        assert slips[0].getextrema() == (255, 255)
        assert ink(slips[1]).size == (576, 40)


async def test_status_bytes_are_those_of_the_specification() -> None:
    async with printer() as (simulator, peer, _):

        async def status() -> str:
            return (await peer.ask(b"".join(b"\x10\x04" + bytes([n]) for n in (1, 2, 3, 4)), 4)).hex(" ")

        assert await status() == "12 12 12 12"
        simulator.paper = Paper.LOW
        assert await status() == "12 12 12 1e"
        simulator.paper = Paper.OUT
        assert await status() == "1a 32 12 7e"
        simulator.paper, simulator.is_cover_open = Paper.FULL, True
        assert await status() == "1a 16 12 12"
        simulator.is_cover_open, simulator.is_jammed = False, True
        assert await status() == "1a 52 1a 12"
        simulator.is_jammed, simulator.has_exit_sensor, simulator.paper_at_exit = False, True, True
        assert await status() == "12 12 12 52"


async def test_real_time_commands_are_found_inside_pictures() -> None:
    rows = bytes.fromhex("00" * 71 + "10" + "04 01" + "00" * 70)
    async with printer() as (_, peer, _):
        assert await peer.ask(b"\x1dv0\x00\x48\x00\x02\x00" + rows) == b"\x12"


async def test_gs_r_is_answered_in_its_turn_and_dle_eot_at_once() -> None:
    job = Dummy()
    job.image(drawing().crop((0, 0, 576, 320)))
    async with printer(mm_per_s=200.0) as (simulator, peer, slips):
        started = time.monotonic()
        assert await peer.ask(job.output + CUT + b"\x1dr\x01" + b"\x10\x04\x01") == b"\x12"
        assert not slips
        assert await peer.ask(b"") == b"\x00"
        assert len(slips) == 1
        length_mm = (320 + 96) * 25.4 / 203
        assert time.monotonic() - started > length_mm / 200.0
        assert not simulator.is_offline


async def test_an_offline_printer_waits_and_goes_on() -> None:
    async with printer() as (simulator, peer, slips):
        simulator.is_cover_open = True
        assert await peer.ask(b"late\n" + CUT + b"\x10\x04\x02") == b"\x16"
        assert not slips
        simulator.is_cover_open = False
        await peer.printed(b"")
        assert len(slips) == 1


async def test_clear_forgets_what_was_not_printed() -> None:
    async with printer() as (simulator, peer, slips):
        simulator.out_after_mm = 10.0
        picture = Dummy()
        picture.image(drawing().crop((0, 0, 576, 480)))
        peer.writer.write(picture.output)
        while await peer.ask(b"\x10\x04\x04") != b"\x7e":
            await asyncio.sleep(0)
        assert await peer.ask(CLEAR, 3) == b"\x37\x25\x00"
        simulator.load_paper()
        assert [round(slip.height * 25.4 / 203) for slip in slips] == [22]  # 12 mm to the knife and 10 mm of print
        await peer.printed(b"next\n" + CUT)
        assert ink(slips[1]).height < 30


async def test_a_full_buffer_of_an_offline_printer_still_answers() -> None:
    async with printer() as (simulator, peer, _):
        simulator.paper = Paper.OUT
        simulator.buffer_bytes = 4096
        assert await peer.ask(b"a" * 20_000 + b"\x10\x04\x04") == b"\x7e"


async def test_one_connection_at_a_time() -> None:
    async with printer() as (simulator, peer, _):
        assert await peer.ask(b"\x10\x04\x01") == b"\x12"
        reader, writer = await asyncio.open_connection("127.0.0.1", simulator.port)
        second = Peer(reader, writer)
        with pytest.raises(TimeoutError):
            await second.ask(b"\x10\x04\x01", within_s=0.05)
        peer.writer.close()
        assert await second.ask(b"") == b"\x12"
        writer.close()
        await writer.wait_closed()


async def test_slips_are_numbered_files(tmp_path: Path) -> None:
    (tmp_path / "0007.png").write_bytes(b"")
    async with printer(folder=tmp_path, on_paper=None) as (_, peer, _):
        await peer.printed(b"eight\n" + CUT + b"nine\n" + CUT)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["0007.png", "0008.png", "0009.png"]


@given(st.binary(max_size=300), st.integers(1, 299))
@settings(max_examples=200, deadline=None)
def test_the_grammar_takes_any_bytes(data: bytes, split: int) -> None:
    rest = data
    while rest and (command := next_command(rest)) is not None:
        assert command.size > 0
        rest = rest[command.size + command.payload :]
    whole = [command for command, _ in RealTimeScanner().feed(data)]
    scanner = RealTimeScanner()
    parts = [command for part in (data[:split], data[split:]) for command, _ in scanner.feed(part)]
    assert parts == whole

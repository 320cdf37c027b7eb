"""What travels between the printer's front door and its driver's process: settings, one job, one report.

Plain msgspec structs, because the worker's pipe carries data, no objects. Knows the door's words and no ESC/POS.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from hardware.device import Health
from hardware.printer import Exit, Line, Page, PageItem, Paper, PrinterError, PrinterStatus, QrCode, Rule, Weight

PRINTABLE_MM = {80: 72.0, 58: 48.0}
MIN_SIZE_MM = 3.5  # EN 301 549 clause 5.1.3.16: what the printer says can be read
MAX_SIZE_MM = 20.0
MAX_QR_CHARACTERS = 500


class PrinterOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of an ESC/POS printer. Fonts are paths of .otf/.ttf files, or ``collection.ttc#index``."""

    font_regular: str
    font_bold: str
    connection: Literal["network", "usb", "serial"] = "network"
    host: str = "127.0.0.1"
    port: int = 9100
    usb_vendor: int = 0
    usb_product: int = 0
    usb_in: int = 0x82
    usb_out: int = 0x01
    serial_device: str = ""
    serial_baud: int = 115200
    paper_mm: Literal[58, 80] = 80
    dpi: int = 203
    has_exit_sensor: bool = False  # DLE EOT 4 bit 6 reports paper in the presenter (Citizen PPU-700)
    rows_per_image: int = 1024  # one GS v 0 holds at most this many rows; most printers take 2303 or less
    status_within_s: float = 1.0  # one look at the printer, connecting included
    stall_s: float = 3.0  # 1 kB must go out within this
    print_within_s: float = 40.0  # from print() to the confirmed cut
    poll_s: float = 1.0

    def __post_init__(self) -> None:
        if self.connection == "network" and not (self.host and 0 < self.port < 65536):
            raise ValueError("printer: host and port (1-65535) are needed for connection = network")
        if self.connection == "usb" and not (self.usb_vendor and self.usb_product):
            raise ValueError("printer: usb_vendor and usb_product are needed for connection = usb; lsusb shows them")
        if self.connection == "serial" and not self.serial_device:
            raise ValueError("printer: serial_device is needed for connection = serial, e.g. /dev/ttyS0")
        if not 100 <= self.dpi <= 600:
            raise ValueError(f"printer: dpi = {self.dpi} is out of 100-600; usual are 203 and 180")
        if not 24 <= self.rows_per_image <= 1039:  # 1040 rows would put DLE EOT into the command's own header
            raise ValueError(f"printer: rows_per_image = {self.rows_per_image} is out of 24-1039")
        if min(self.status_within_s, self.stall_s, self.print_within_s, self.poll_s) <= 0:
            raise ValueError("printer: every time must be above 0 s")

    @property
    def width_dots(self) -> int:
        """Dots in a printed row, a multiple of 8: 576 for 80 mm and 384 for 58 mm at 203 dpi."""
        return round(PRINTABLE_MM[self.paper_mm] / 25.4 * self.dpi / 8) * 8

    @property
    def where(self) -> str:
        """The printer's place, for errors and logs."""
        if self.connection == "network":
            return f"printer tcp {self.host}:{self.port}"
        if self.connection == "usb":
            return f"printer usb {self.usb_vendor:04x}:{self.usb_product:04x}"
        return f"printer serial {self.serial_device}"


class Item(msgspec.Struct, frozen=True):
    """One ``PageItem`` on the pipe."""

    kind: Literal["line", "rule", "qr"]
    text: str = ""
    size_mm: float = 0.0
    is_bold: bool = False
    is_centred: bool = False


class Job(msgspec.Struct, frozen=True):
    """One page to print."""

    items: list[Item]


class Nothing(msgspec.Struct, frozen=True):
    """A verb without arguments."""


class Report(msgspec.Struct, frozen=True):
    """``PrinterStatus`` on the pipe."""

    health: Health
    reason: str
    paper: Paper
    is_cover_open: bool
    exit: Exit


def to_report(status: PrinterStatus) -> Report:
    """Put a status on the pipe."""
    return Report(status.health, status.reason, status.paper, status.is_cover_open, status.exit)


def from_report(report: Report, since_s: float) -> PrinterStatus:
    """Read a status from the pipe."""
    return PrinterStatus(
        health=report.health,
        reason=report.reason,
        since_s=since_s,
        paper=report.paper,
        is_cover_open=report.is_cover_open,
        exit=report.exit,
    )


def to_job(page: Page) -> Job:
    """Check a page and put it on the pipe. Raises ``PrinterError`` naming the item that cannot be printed."""
    if not page.items:
        raise PrinterError("the page is empty", where="page", cure="give it at least one item")
    return Job([_to_item(number, item) for number, item in enumerate(page.items, 1)])


def _to_item(number: int, item: PageItem) -> Item:
    where = f"page item {number}"
    if isinstance(item, Rule):
        return Item("rule")
    if isinstance(item, QrCode):
        if not item.text.isascii() or not item.text.isprintable() or not 0 < len(item.text) <= MAX_QR_CHARACTERS:
            cure = f"give it 1-{MAX_QR_CHARACTERS} printable ASCII characters"
            raise PrinterError("the QR code's text cannot be printed", where=where, cure=cure)
        return Item("qr", item.text)
    if not MIN_SIZE_MM <= item.size_mm <= MAX_SIZE_MM:
        raise PrinterError(
            f"a line of {item.size_mm:g} mm", where=where, cure=f"choose {MIN_SIZE_MM:g}-{MAX_SIZE_MM:g} mm"
        )
    if item.align not in ("left", "centre"):
        raise PrinterError(f"align = {item.align!r}", where=where, cure="choose left or centre")
    return Item("line", item.text, item.size_mm, item.weight is Weight.BOLD, item.align == "centre")


def from_job(job: Job) -> Page:
    """Read a page from the pipe."""
    items: list[PageItem] = []
    for item in job.items:
        if item.kind == "rule":
            items.append(Rule())
        elif item.kind == "qr":
            items.append(QrCode(item.text))
        else:
            weight = Weight.BOLD if item.is_bold else Weight.REGULAR
            items.append(Line(item.text, item.size_mm, weight, "centre" if item.is_centred else "left"))
    return Page(tuple(items))


def split_font_path(path: str) -> tuple[Path, int]:
    """Take ``file.otf`` or ``collection.ttc#2`` apart into path and face index (0 without one)."""
    name, _, index = path.partition("#")
    if index and not index.isdecimal():
        raise ValueError(f"font {path!r}: what follows # must be a face number, e.g. NotoSansCJK-Regular.ttc#2")
    return Path(name), int(index or 0)

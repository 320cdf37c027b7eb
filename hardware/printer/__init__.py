"""Front door of the receipt printer: paper in, paper out, and the truth about both.

Knows pages, no residents. Driver: ``escpos_printer.EscposPrinter`` (ESC/POS over network, USB or serial, with a status
layer of our own). The other end: ``simulator.PrinterSimulator``, a TCP port that turns ESC/POS into a picture of the
paper.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Protocol

from hardware.device import Device, DeviceError, DeviceStatus


class Paper(enum.Enum):
    """XFS4IoT Printer: paper supply."""

    FULL = "full"
    LOW = "low"
    OUT = "out"
    JAMMED = "jammed"
    UNKNOWN = "unknown"


class Exit(enum.Enum):
    """What lies in the printer's exit (XFS4IoT: media)."""

    PRESENT = "present"
    NOT_PRESENT = "not_present"
    UNKNOWN = "unknown"  # the printer has no sensor there


@dataclass(frozen=True)
class PrinterStatus(DeviceStatus):
    paper: Paper = Paper.UNKNOWN
    is_cover_open: bool = False
    exit: Exit = Exit.UNKNOWN

    @property
    def can_print(self) -> bool:
        return self.is_usable and not self.is_cover_open and self.paper in (Paper.FULL, Paper.LOW)


class Weight(enum.Enum):
    REGULAR = "regular"
    BOLD = "bold"


@dataclass(frozen=True)
class Line:
    """One paragraph of a page: wrapped to the paper. ``size_mm`` is the height of a Chinese character (>= 3.5)."""

    text: str
    size_mm: float = 3.75
    weight: Weight = Weight.REGULAR
    align: str = "left"  # "left" | "centre"


@dataclass(frozen=True)
class Rule:
    """A dashed line across the paper."""


@dataclass(frozen=True)
class QrCode:
    """A QR code made by the printer itself (native command), centred; ``text`` is ASCII."""

    text: str


PageItem = Line | Rule | QrCode


@dataclass(frozen=True)
class Page:
    """What is printed and cut as one piece: raster image(s) plus native QR."""

    items: tuple[PageItem, ...]


class PrinterError(DeviceError):
    """The page did not come out (completely)."""


class PaperOut(PrinterError):
    """No paper, before or during printing."""


class PaperJammed(PrinterError):
    """The cutter or the paper is stuck."""


class CoverOpen(PrinterError):
    """The cover is open."""


class PrinterUnplugged(PrinterError):
    """No answer at the configured place."""


class Printer(Device, Protocol):
    @property
    def status(self) -> PrinterStatus: ...

    async def refresh(self) -> PrinterStatus:
        """Ask the printer now (one status round, at most 1 s)."""
        ...

    async def print(self, page: Page) -> None:
        """Return when the paper is out and cut, confirmed by the printer; never prints twice. Raises ``PrinterError``.

        After an error nothing more of this page comes out; part of it may be out already.
        """
        ...

    async def wait_for_taken(self) -> None:
        """Return when the paper was taken; at once where the printer has no sensor."""
        ...

"""The bytes' way to the printer: network, USB or serial, opened and written through python-escpos, read by us.

python-escpos writes well; it reads badly: it cannot tell "nothing yet" from "closed" and waits as long as the
operating system likes. So each wire here reads with a limit, and says that the peer has gone. Knows bytes, no ESC/POS.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import select
import sys
import tempfile
import time
from typing import Any, Protocol

from hardware.printer import PrinterError, PrinterUnplugged
from hardware.printer.messages import PrinterOptions

CHUNK_BYTES = 1024
READ_BYTES = 256


class Wire(Protocol):
    """An open way to the printer."""

    def write(self, data: bytes) -> None:
        """Send all of ``data``. Raises ``PrinterError`` when the printer takes nothing for ``stall_s`` seconds and
        ``PrinterUnplugged`` when it has gone."""
        ...

    def read(self, within_s: float) -> bytes:
        """Give what arrived, waiting for the first byte at most ``within_s`` seconds; empty if nothing came.
        Raises ``PrinterUnplugged`` when the peer has closed."""
        ...

    def close(self) -> None: ...


def load(name: str) -> Any:
    """Import a module of python-escpos.

    Its first import leaves a temporary folder with a pickle behind, every time: it gets one that we remove. Not for
    two threads at once.
    """
    if name in sys.modules:
        return sys.modules[name]
    before = tempfile.tempdir
    with tempfile.TemporaryDirectory(prefix="escpos-") as folder:
        tempfile.tempdir = folder
        os.environ["ESCPOS_CAPABILITIES_PICKLE_DIR"] = folder
        try:
            return importlib.import_module(name)
        finally:
            tempfile.tempdir = before
            del os.environ["ESCPOS_CAPABILITIES_PICKLE_DIR"]


def open_wire(options: PrinterOptions, within_s: float) -> Wire:
    """Open the configured way within ``within_s`` seconds. Raises ``PrinterUnplugged``."""
    kinds: dict[str, type[NetworkWire | UsbWire | SerialWire]] = {
        "network": NetworkWire,
        "usb": UsbWire,
        "serial": SerialWire,
    }
    return kinds[options.connection](options, within_s)


def _open(printer: Any, options: PrinterOptions, cure: str) -> None:
    exceptions = load("escpos.exceptions")
    try:
        printer.open()
    except (exceptions.Error, OSError) as error:
        raise PrinterUnplugged("the printer cannot be reached", where=options.where, cure=cure) from error


class NetworkWire:
    """A TCP connection, usually to port 9100."""

    def __init__(self, options: PrinterOptions, within_s: float) -> None:
        self._options = options
        self._printer = load("escpos.printer.network").Network(options.host, options.port, timeout=within_s)
        _open(self._printer, options, "check power, cable and address")
        self._socket = self._printer.device
        self._socket.settimeout(options.stall_s)

    def write(self, data: bytes) -> None:
        try:
            for start in range(0, len(data), CHUNK_BYTES):
                self._printer._raw(data[start : start + CHUNK_BYTES])
        except TimeoutError as error:
            raise _stalled(self._options) from error
        except OSError as error:
            raise _closed(self._options) from error

    def read(self, within_s: float) -> bytes:
        try:
            readable, _, _ = select.select([self._socket], [], [], max(0.0, within_s))
            if not readable:
                return b""
            data: bytes = self._socket.recv(READ_BYTES)
        except (OSError, ValueError) as error:
            raise _closed(self._options) from error
        if not data:
            raise _closed(self._options)
        return data

    def close(self) -> None:
        self._printer.close()


class UsbWire:
    """The two bulk end points of a USB printer."""

    def __init__(self, options: PrinterOptions, within_s: float) -> None:
        self._options = options
        self._errors = importlib.import_module("usb.core")
        self._printer = load("escpos.printer.usb").Usb(
            options.usb_vendor,
            options.usb_product,
            timeout=round(options.stall_s * 1000),
            in_ep=options.usb_in,
            out_ep=options.usb_out,
        )
        try:
            _open(self._printer, options, "check power and cable, and that the booth may use the USB device (udev)")
        except (self._errors.NoBackendError, ValueError) as error:  # no libusb, or a descriptor that cannot be read
            raise PrinterUnplugged("USB cannot be used", where=options.where, cure="install libusb-1.0-0") from error

    def write(self, data: bytes) -> None:
        try:
            for start in range(0, len(data), CHUNK_BYTES):
                self._printer._raw(data[start : start + CHUNK_BYTES])
        except self._errors.USBTimeoutError as error:
            raise _stalled(self._options) from error
        except self._errors.USBError as error:
            raise _closed(self._options) from error

    def read(self, within_s: float) -> bytes:
        try:
            # libusb takes 0 as "for ever" and wants room for a whole packet.
            return bytes(self._printer.device.read(self._options.usb_in, 512, max(1, round(within_s * 1000))))
        except self._errors.USBTimeoutError:
            return b""
        except self._errors.USBError as error:
            raise _closed(self._options) from error

    def close(self) -> None:
        with contextlib.suppress(self._errors.USBError):
            self._printer.close()


class SerialWire:
    """A serial port with hardware handshake (DTR/DSR), 8N1."""

    def __init__(self, options: PrinterOptions, within_s: float) -> None:
        self._options = options
        self._errors = importlib.import_module("serial")
        self._printer = load("escpos.printer.serial").Serial(
            options.serial_device, options.serial_baud, timeout=0, dsrdtr=True
        )
        _open(self._printer, options, "check the cable and serial_device, and that the booth may open it")
        self._port = self._printer.device
        self._port.write_timeout = options.stall_s

    def write(self, data: bytes) -> None:
        try:
            for start in range(0, len(data), CHUNK_BYTES):
                self._printer._raw(data[start : start + CHUNK_BYTES])
        except self._errors.SerialTimeoutException as error:
            raise _stalled(self._options) from error
        except (self._errors.SerialException, OSError) as error:
            raise _closed(self._options) from error

    def read(self, within_s: float) -> bytes:
        try:
            readable, _, _ = select.select([self._port.fileno()], [], [], max(0.0, within_s))
            return bytes(self._port.read(READ_BYTES)) if readable else b""
        except (self._errors.SerialException, OSError, ValueError) as error:
            raise _closed(self._options) from error

    def close(self) -> None:
        # python-escpos flushes first, which waits for ever while the printer holds its handshake line.
        with contextlib.suppress(self._errors.SerialException, OSError):
            self._port.reset_output_buffer()
            self._printer.close()


def now_s() -> float:
    """The clock of the driver's deadlines."""
    return time.monotonic()


def _stalled(options: PrinterOptions) -> PrinterError:
    return PrinterError(
        f"the printer took no data for {options.stall_s:g} s", where=options.where, cure="switch it off and on"
    )


def _closed(options: PrinterOptions) -> PrinterUnplugged:
    return PrinterUnplugged("the printer closed the connection", where=options.where, cure="check power and cable")

"""The wires to a SAM module: a serial port (pyserial), or the two pairs of bulk pipes of the USB module (pyusb).

Names of ports come from settings: a path (best one of /dev/serial/by-id), a pattern of paths, or ``usb``. A reader
that comes back under another name is found again by its pattern. Knows wires, no frame's meaning.
"""

from __future__ import annotations

import contextlib
import glob
import select
import termios
from types import TracebackType
from typing import Any

from hardware.card_reader import ReaderLost
from hardware.card_reader.sdt.frames import HEAD_BYTES, MAX_LENGTH

USB_VENDOR, USB_PRODUCT = 0x0400, 0xC35A
_OUT_HEAD, _OUT_BODY, _IN_HEAD, _IN_BODY = 0x02, 0x06, 0x81, 0x85
_USB_BYTE_S = 1e-6  # full speed: a frame takes no time that matters
_USB_WRITE_MS = 1000
_CURE = "check the reader's plug, and the port's name (ls /dev/serial/by-id)"


def ports(pattern: str) -> list[str]:
    """Give the ports that ``pattern`` names now, in a steady order; ``usb`` and ``usb:VVVV:PPPP`` name themselves."""
    return [pattern] if pattern.startswith("usb") else sorted(glob.glob(pattern))


class SerialLine:
    """A serial port, 8N1, held exclusively. Opened by the constructor, which raises ``ReaderLost``."""

    def __init__(self, port: str, baud: int) -> None:
        import serial  # noqa: PLC0415 - a booth with a USB module needs it not

        self._failures: tuple[type[Exception], ...] = (OSError, serial.SerialException, termios.error)
        self.where = f"SAM {port}"
        try:
            self._port: Any = serial.Serial(port, baud, timeout=0, write_timeout=1.0, exclusive=True)
        except self._failures as error:
            busy = "exclusively lock" in str(error)
            raise ReaderLost(
                "another program holds the port" if busy else "the port cannot be opened",
                where=self.where,
                cure="end the other program" if busy else _CURE,
            ) from error

    @property
    def byte_s(self) -> float:
        """Start bit, eight bits, stop bit."""
        return 10 / float(self._port.baudrate)

    @property
    def baud(self) -> int:
        """Bits a second."""
        return int(self._port.baudrate)

    def set_baud(self, baud: int) -> None:
        """Change our end's speed."""
        with self._lost():
            self._port.baudrate = baud

    def write(self, data: bytes) -> None:
        """Send."""
        with self._lost():
            self._port.write(data)

    def read(self, within_s: float) -> bytes:
        """Give what came; wait for the first byte at most ``within_s``."""
        with self._lost():
            ready, _, _ = select.select([self._port.fileno()], [], [], within_s)
            if not ready:
                return b""
            data = bytes(self._port.read(max(1, self._port.in_waiting)))  # raises when a port is ready with nothing
        if not data:
            raise ReaderLost("the port is gone", where=self.where, cure=_CURE)
        return data

    def drop_input(self) -> None:
        """Throw away what came unasked."""
        with self._lost():
            self._port.reset_input_buffer()

    def close(self) -> None:
        """Let go of the port."""
        with contextlib.suppress(*self._failures):
            self._port.close()

    def _lost(self) -> _AsReaderLost:
        return _AsReaderLost(self._failures, "the port is gone", self.where)


class UsbLine:
    """The USB module: frames go out and come in as head (preamble and length) and body, each on a pipe of its own.

    Some vendors' modules send both in one transfer on the head's pipe; that is read as it comes. ``backend`` is a
    pyusb backend, None for libusb. Raises ``ReaderLost`` when the module or pyusb is missing.
    """

    byte_s = _USB_BYTE_S

    def __init__(self, port: str = "usb", backend: Any = None) -> None:
        try:
            import usb.core  # noqa: PLC0415 - an optional package
            import usb.util  # noqa: PLC0415
        except ImportError as error:
            raise ReaderLost(
                "the SAM module is set to USB and pyusb is not installed", where=port, cure="pip install pyusb"
            ) from error
        vendor, product = _usb_ids(port)
        self.where = f"SAM usb {vendor:04x}:{product:04x}"
        self._usb = usb
        self._failures: tuple[type[Exception], ...] = (usb.core.USBError, OSError)
        try:
            self._device: Any = usb.core.find(idVendor=vendor, idProduct=product, backend=backend)
        except (usb.core.NoBackendError, *self._failures) as error:
            raise ReaderLost("USB cannot be used", where=self.where, cure="install libusb-1.0-0") from error
        if self._device is None:
            raise ReaderLost("the module is not plugged in", where=self.where, cure="plug it in; lsusb shows it")
        with self._lost("the module cannot be opened"):
            with contextlib.suppress(NotImplementedError):
                if self._device.is_kernel_driver_active(0):
                    self._device.detach_kernel_driver(0)
            self._device.set_configuration()
            usb.util.claim_interface(self._device, 0)
        self._awaits_body = False

    def write(self, data: bytes) -> None:
        """Send one frame, head and body apart."""
        self._awaits_body = False
        with self._lost():
            self._device.write(_OUT_HEAD, data[:HEAD_BYTES], _USB_WRITE_MS)
            self._device.write(_OUT_BODY, data[HEAD_BYTES:], _USB_WRITE_MS)

    def read(self, within_s: float) -> bytes:
        """Give one transfer: a head first, then its body, unless that came with it."""
        pipe = _IN_BODY if self._awaits_body else _IN_HEAD
        size = HEAD_BYTES + MAX_LENGTH if pipe == _IN_HEAD else MAX_LENGTH
        try:
            data = bytes(self._device.read(pipe, -(-size // 64) * 64, max(1, round(within_s * 1000))))
        except self._usb.core.USBTimeoutError:
            return b""
        except self._failures as error:
            raise ReaderLost("the module is gone", where=self.where, cure=_CURE) from error
        self._awaits_body = pipe == _IN_HEAD and len(data) == HEAD_BYTES
        return data

    def drop_input(self) -> None:
        """Throw away what lies in the pipes; they are empty unless a reply came late."""
        for pipe in (_IN_HEAD, _IN_BODY):
            for _ in range(4):
                try:
                    self._device.read(pipe, -(-(HEAD_BYTES + MAX_LENGTH) // 64) * 64, 1)
                except self._usb.core.USBTimeoutError:
                    break
                except self._failures as error:
                    raise ReaderLost("the module is gone", where=self.where, cure=_CURE) from error

    def close(self) -> None:
        """Let go of the module."""
        with contextlib.suppress(*self._failures):
            self._usb.util.dispose_resources(self._device)

    def _lost(self, what: str = "the module is gone") -> _AsReaderLost:
        return _AsReaderLost(self._failures, what, self.where)


class _AsReaderLost:
    """Whatever a library calls it when its device is gone."""

    def __init__(self, failures: tuple[type[Exception], ...], what: str, where: str) -> None:
        self._failures, self._what, self._where = failures, what, where

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if isinstance(error, self._failures):
            raise ReaderLost(self._what, where=self._where, cure=_CURE) from error


def _usb_ids(port: str) -> tuple[int, int]:
    _, *numbers = port.split(":")
    return (int(numbers[0], 16), int(numbers[1], 16)) if numbers else (USB_VENDOR, USB_PRODUCT)

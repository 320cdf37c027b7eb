"""The other end of the USB module's bulk pipes: a pyusb backend with one virtual SAM module plugged into it.

Heads (preamble and length) and bodies have pipes of their own; ``sends_at_once``: replies come in one transfer on the
head's pipe, as some vendors' do. Waits for nothing: what is not there is a time-out at once. For tests and benches.
"""

from __future__ import annotations

import array
import errno
from collections.abc import Iterator
from types import SimpleNamespace

import usb.backend
import usb.core

from hardware.card_reader.sdt.frames import HEAD_BYTES
from hardware.card_reader.sdt.lines import USB_PRODUCT, USB_VENDOR
from hardware.card_reader.sdt.memory import MemoryLine
from hardware.card_reader.sdt.virtual import Traits

_PIPES = (0x02, 0x06, 0x81, 0x85)
_PACKET_BYTES = 64  # full speed


class UsbModule(usb.backend.IBackend):  # type: ignore[misc]  # pyusb has no types
    """The backend. ``line.player`` says how the module answers; ``is_plugged``: whether it is there."""

    def __init__(self, traits: Traits | None = None, *, sends_at_once: bool = False) -> None:
        self.line = MemoryLine(traits)
        self.is_plugged = True
        self.claimed: set[int] = set()
        self._sends_at_once = sends_at_once
        self._incoming: dict[int, bytes] = {0x81: b"", 0x85: b""}

    # -- what the device says it is ----------------------------------------------------------------------------------

    def enumerate_devices(self) -> Iterator[str]:
        """Name the devices."""
        if self.is_plugged:
            yield "sam"

    def get_device_descriptor(self, _device: str) -> SimpleNamespace:
        """Give the device descriptor (USB 2.0, 9.6.1)."""
        return SimpleNamespace(
            bLength=18, bDescriptorType=1, bcdUSB=0x0110, bDeviceClass=0, bDeviceSubClass=0, bDeviceProtocol=0,
            bMaxPacketSize0=_PACKET_BYTES, idVendor=USB_VENDOR, idProduct=USB_PRODUCT, bcdDevice=0x0100,
            iManufacturer=0, iProduct=0, iSerialNumber=0, bNumConfigurations=1, address=1, bus=1, port_number=1,
            port_numbers=(1,), speed=2,
        )  # fmt: skip

    def get_configuration_descriptor(self, _device: str, index: int) -> SimpleNamespace:
        """Give the only configuration (9.6.3)."""
        _only(index)
        return SimpleNamespace(
            bLength=9, bDescriptorType=2, wTotalLength=46, bNumInterfaces=1, bConfigurationValue=1, iConfiguration=0,
            bmAttributes=0x80, bMaxPower=150, extra_descriptors=[],
        )  # fmt: skip

    def get_interface_descriptor(self, _device: str, index: int, alternate: int, _config: int) -> SimpleNamespace:
        """Give the only interface (9.6.5)."""
        _only(index)
        _only(alternate)
        return SimpleNamespace(
            bLength=9, bDescriptorType=4, bInterfaceNumber=0, bAlternateSetting=0, bNumEndpoints=len(_PIPES),
            bInterfaceClass=0xFF, bInterfaceSubClass=0, bInterfaceProtocol=0, iInterface=0, extra_descriptors=[],
        )  # fmt: skip

    def get_endpoint_descriptor(
        self, _device: str, index: int, _interface: int, _alternate: int, _config: int
    ) -> SimpleNamespace:
        """Give a bulk pipe (9.6.6)."""
        if index >= len(_PIPES):
            raise IndexError(index)
        return SimpleNamespace(
            bLength=7, bDescriptorType=5, bEndpointAddress=_PIPES[index], bmAttributes=2,
            wMaxPacketSize=_PACKET_BYTES, bInterval=0, bRefresh=0, bSynchAddress=0, extra_descriptors=[],
        )  # fmt: skip

    # -- who holds it ------------------------------------------------------------------------------------------------

    def open_device(self, device: str) -> str:
        """Open."""
        self._demand()
        return device

    def close_device(self, _handle: str) -> None:
        """Close."""
        self.claimed.clear()

    def set_configuration(self, _handle: str, _value: int) -> None:
        """There is only one."""
        self._demand()

    def get_configuration(self, _handle: str) -> int:
        """There is only one."""
        return 1

    def claim_interface(self, _handle: str, interface: int) -> None:
        """Hold an interface."""
        self._demand()
        self.claimed.add(interface)

    def release_interface(self, _handle: str, interface: int) -> None:
        """Let go of an interface."""
        self.claimed.discard(interface)

    def is_kernel_driver_active(self, _handle: str, _interface: int) -> bool:
        """No driver of Linux knows this device."""
        return False

    # -- the pipes ---------------------------------------------------------------------------------------------------

    def bulk_write(self, _handle: str, pipe: int, _interface: int, data: array.array[int], _within_ms: int) -> int:
        """Take a head or a body; answer when a command is whole."""
        self._demand()
        if pipe not in (0x02, 0x06):
            raise usb.core.USBError("no such pipe", errno=errno.EINVAL)
        self.line.write(data.tobytes())
        while reply := self.line.read(0.0):
            self._send(reply)
        return len(data)

    def bulk_read(self, _handle: str, pipe: int, _interface: int, room: array.array[int], _within_ms: int) -> int:
        """Give one transfer."""
        self._demand()
        data = self._incoming[pipe][: len(room)]
        if not data:
            raise usb.core.USBTimeoutError("nothing came", errno=errno.ETIMEDOUT)
        self._incoming[pipe] = self._incoming[pipe][len(data) :]
        for at, byte in enumerate(data):
            room[at] = byte
        return len(data)

    def _send(self, reply: bytes) -> None:
        if self._sends_at_once:
            self._incoming[0x81] += reply
        else:
            self._incoming[0x81] += reply[:HEAD_BYTES]
            self._incoming[0x85] += reply[HEAD_BYTES:]

    def _demand(self) -> None:
        if not self.is_plugged:
            raise usb.core.USBError("no such device", errno=errno.ENODEV)


def _only(index: int) -> None:
    if index != 0:
        raise IndexError(index)

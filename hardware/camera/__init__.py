"""Front door of the camera: frames into a shared-memory ring, never through a pipe.

The composition root makes the ring (``hardware.ring``), names it to the camera's worker and to whoever reads it, zeroes
and unlinks it at the visit's end. Drivers: ``opencv`` (V4L2 device, URL or file). The other end: ``simulator``, an MJPEG
stream on loopback.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from hardware.device import Device, DeviceError, DeviceStatus


@dataclass(frozen=True)
class CameraStatus(DeviceStatus):
    is_open: bool = False  # True while light falls into memory; a sign on the screen follows it


class CameraError(DeviceError):
    """The camera gives no usable picture."""


class CameraUnplugged(CameraError):
    """No device or stream at the configured place."""


class CameraStalled(CameraError):
    """No new frame within its time."""


class CameraFrozen(CameraError):
    """Frames come, but they are all the same."""


class Camera(Device, Protocol):
    @property
    def status(self) -> CameraStatus: ...

    async def open(self) -> None:
        """Start capturing into the ring; returns with the first frame. Call only after consent."""
        ...

    async def close(self) -> None:
        """Stop capturing within 1 s and zero the ring. Idempotent."""
        ...

    async def snapshot(self) -> bytes:
        """One JPEG of at most 1280 px on the long side, of the newest frame; the camera must be open."""
        ...

"""Front door of the camera: frames into a shared-memory ring, never through a pipe.

The composition root makes the rings (``hardware.ring``), names them to the camera's worker and to whoever reads them,
zeroes and unlinks them at the visit's end. Drivers: ``opencv`` (V4L2 device, URL or file). The other end:
``simulator``, an MJPEG stream on loopback.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Protocol

from hardware.device import Device, DeviceError, DeviceStatus


class Picture(enum.Enum):
    """What comes from the camera."""

    CLOSED = "closed"  # nobody asked for pictures
    OPENING = "opening"
    GOOD = "good"
    BLACK = "black"  # frames come, all dark: lens covered, no light
    FROZEN = "frozen"  # the same frame again and again; such frames are not published
    STALLED = "stalled"  # the camera is there, no new frame comes
    UNPLUGGED = "unplugged"  # no device or stream at the configured place


@dataclass(frozen=True)
class CameraStatus(DeviceStatus):
    is_open: bool = False  # True while light falls into memory; a sign on the screen follows it
    picture: Picture = Picture.CLOSED


class CameraError(DeviceError):
    """The camera gives no usable picture."""


class CameraUnplugged(CameraError):
    """No device or stream at the configured place."""


class CameraStalled(CameraError):
    """No new frame within its time."""


class CameraFrozen(CameraError):
    """Frames come, but they are all the same."""


class CameraBlack(CameraError):
    """Frames come, but they are dark: the lens is covered or the light is out."""


class Camera(Device, Protocol):
    @property
    def status(self) -> CameraStatus: ...

    async def open(self) -> None:
        """Start capturing into the rings; returns with the first frame. Call only after consent.

        Raises ``CameraUnplugged``, ``CameraStalled``, ``CameraError``. Once open, a camera that goes away comes back
        by itself; ``status.picture`` tells.
        """
        ...

    async def close(self) -> None:
        """Stop capturing within 1 s and zero the rings. Idempotent."""
        ...

    async def snapshot(self) -> bytes:
        """One JPEG of at most 1280 px on the long side, of the newest frame; the camera must be open.

        Raises the ``CameraError`` that names what is wrong with the picture.
        """
        ...

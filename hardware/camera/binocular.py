"""Two cameras that stand side by side, behind the front door of one: opened, closed and lost together.

The left one is what residents see in the preview and in a photo; the right one only fills a ring for whoever compares
both views. Both work or none does: a face that one of them sees is no more than a picture. Knows no face.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hardware.camera import CameraStatus, Picture
from hardware.camera.opencv import OpenCvCamera
from hardware.camera.window import Window
from hardware.device import DeviceStatus, StatusListener

_WORST_FIRST = (Picture.UNPLUGGED, Picture.STALLED, Picture.FROZEN, Picture.BLACK, Picture.OPENING)


class BinocularCamera:
    """Implements the ``Camera`` front door over two drivers, each with a ring of its own."""

    def __init__(self, left: OpenCvCamera, right: OpenCvCamera) -> None:
        self._left = left
        self._right = right

    @property
    def status(self) -> CameraStatus:
        """The left camera's, or the right one's where that is worse; open while either of them is."""
        left, right = self._left.status, self._right.status
        is_open = left.is_open or right.is_open
        for picture in _WORST_FIRST:
            for status, side in ((left, "left"), (right, "right")):
                if status.picture is picture:
                    reason = f"{side} camera: {status.reason}" if status.reason else ""
                    return CameraStatus(status.health, reason, status.since_s, is_open, picture)
        unwell = right if left.is_usable and not right.is_usable else left
        return CameraStatus(unwell.health, unwell.reason, unwell.since_s, is_open, unwell.picture)

    @property
    def pid(self) -> int | None:
        """Process id of the left camera's worker."""
        return self._left.pid

    def watch(self, listener: StatusListener) -> Callable[[], None]:
        """Call ``listener`` with the status of both at every change of either; the result unsubscribes."""

        def pass_on(_status: DeviceStatus) -> None:
            listener(self.status)

        unwatch = [camera.watch(pass_on) for camera in (self._left, self._right)]

        def stop() -> None:
            for one in unwatch:
                one()

        return stop

    async def start(self) -> None:
        """Start both drivers' processes; opens no camera."""
        await asyncio.gather(self._left.start(), self._right.start())

    async def stop(self) -> None:
        """Close both, zero the rings, end the processes."""
        await asyncio.gather(self._left.stop(), self._right.stop())

    async def open(self) -> None:
        """Start capturing with both; when one of them cannot, both are closed. See the front door."""
        opened = await asyncio.gather(self._left.open(), self._right.open(), return_exceptions=True)
        failed = next((error for error in opened if isinstance(error, BaseException)), None)
        if failed is not None:
            await self.close()
            raise failed

    async def close(self) -> None:
        """Stop capturing with both within 1 s and zero the rings. Idempotent."""
        await asyncio.gather(self._left.close(), self._right.close())

    async def snapshot(self) -> bytes:
        """One JPEG of the left camera's newest frame."""
        return await self._left.snapshot()

    def aim(self, window: Window) -> None:
        """Let the preview show only this part of the left camera's frame."""
        self._left.aim(window)

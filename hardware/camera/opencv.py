"""The camera's driver, the parent's side: verbs to the worker, status from it. Imports no OpenCV.

The screen's process holds an ``OpenCvCamera``; frames pass it by (shared memory), only one snapshot comes through the
pipe when a resident takes a photo on purpose.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable

import msgspec

from hardware.camera import (
    CameraBlack,
    CameraError,
    CameraFrozen,
    CameraStalled,
    CameraStatus,
    CameraUnplugged,
    Picture,
)
from hardware.camera.source import check
from hardware.camera.window import Window, checked
from hardware.device import DeviceError, Health, StatusListener
from hardware.ring import FrameRing, RingError
from hardware.worker import Worker

_OPEN_S = 5.0  # the driver itself gives up after 3 s; the rest is for a start of its process
_CLOSE_S = 0.8  # a promise to the resident: capture stops within 1 s; past it the process is killed
_SNAPSHOT_S = 2.0

ERRORS = (CameraError, CameraUnplugged, CameraStalled, CameraFrozen, CameraBlack)
HEALTH = {
    Picture.CLOSED: Health.ONLINE,
    Picture.OPENING: Health.STARTING,
    Picture.GOOD: Health.ONLINE,
    Picture.BLACK: Health.HARDWARE_ERROR,
    Picture.FROZEN: Health.HARDWARE_ERROR,
    Picture.STALLED: Health.OFFLINE,
    Picture.UNPLUGGED: Health.NO_DEVICE,
}
_ENVIRONMENT = {
    "OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT": "1",  # seconds a V4L2 read may block; default 10
    "OPENCV_LOG_LEVEL": "SILENT",
    "OPENCV_FFMPEG_LOGLEVEL": "-8",
    "OMP_NUM_THREADS": "1",
}


class CameraOptions(msgspec.Struct, frozen=True):
    """Settings of one camera.

    ``source``: V4L2 path or number, absolute path of a file, http(s) or rtsp address. ``rotation``: degrees clockwise
    the picture is turned by (0, 90, 180, 270). ``full_ring`` takes frames up to 1280x720, ``preview_ring`` up to 480 px
    on the long side ("" for none).
    """

    source: str
    full_ring: str
    preview_ring: str = ""
    width: int = 1280
    height: int = 720
    fps: float = 15.0
    rotation: int = 0


class Nothing(msgspec.Struct, frozen=True):
    """A verb without arguments."""


class Aim(msgspec.Struct, frozen=True):
    """Argument of ``aim``: left, top, right, bottom as shares of the frame, 0-1."""

    window: Window


class Look(msgspec.Struct, frozen=True):
    """Event of the worker: what it sees of the camera now."""

    picture: str
    is_open: bool
    reason: str = ""


class Jpeg(msgspec.Struct, frozen=True):
    """Reply to ``snapshot``."""

    data: bytes


class OpenCvCamera:
    """Implements the ``Camera`` front door."""

    def __init__(self, options: CameraOptions) -> None:
        """Raises ``ValueError`` for a source or rotation that cannot be."""
        check(options.source)
        if options.rotation not in (0, 90, 180, 270):
            raise ValueError(f"camera rotation {options.rotation}: 0, 90, 180 or 270 degrees clockwise")
        if not (0 < options.fps <= 60 and 0 < options.width <= 7680 and 0 < options.height <= 7680):
            raise ValueError(f"camera {options.width}x{options.height} at {options.fps:g} fps is out of range")
        self._options = options
        self._status = CameraStatus(Health.STARTING, "the driver was not started yet")
        self._listeners: list[StatusListener] = []
        self._wants_open = False
        self._verbs = asyncio.Lock()
        self._reopening: asyncio.Task[None] | None = None
        self._aiming: asyncio.Task[None] | None = None
        self._worker = Worker(
            "hardware.camera.opencv_worker:OpenCvDriver",
            options,
            errors=ERRORS,
            on_event=self._hear,
            on_restart=self._on_restart,
            environment=_ENVIRONMENT,
        )

    @property
    def status(self) -> CameraStatus:
        """The last known status; never blocks."""
        return self._status

    @property
    def pid(self) -> int | None:
        """Process id of the worker, for the one who measures or kills it."""
        return self._worker.pid

    def watch(self, listener: StatusListener) -> Callable[[], None]:
        """Call ``listener`` at every change of status; the result unsubscribes."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    async def start(self) -> None:
        """Start the driver's process; opens no camera."""
        await self._worker.start()

    async def stop(self) -> None:
        """Close the camera, zero the rings, end the process."""
        self._wants_open = False
        for task in (self._reopening, self._aiming):
            if task is not None:
                task.cancel()
        await self._worker.stop()
        self._zero()
        self._settle(Picture.CLOSED, False, Health.OFFLINE, "the driver was stopped")

    async def open(self) -> None:
        """Start capturing; see the front door."""
        async with self._verbs:
            self._wants_open = True
            try:
                await self._worker.call("open", within_s=_OPEN_S)
            except BaseException:
                self._wants_open = False
                raise

    async def close(self) -> None:
        """Stop capturing within 1 s, by killing the driver if need be, and zero the rings."""
        self._wants_open = False
        if self._reopening is not None:
            self._reopening.cancel()
        try:
            with contextlib.suppress(DeviceError):  # a driver that does not answer is killed: closed as well
                await self._worker.call("close", within_s=_CLOSE_S)
        finally:
            self._zero()
            if self._status.is_open:
                self._settle(Picture.CLOSED, False, self._status.health, self._status.reason)

    async def snapshot(self) -> bytes:
        """One JPEG of the newest frame."""
        return (await self._worker.call("snapshot", reply=Jpeg, within_s=_SNAPSHOT_S)).data

    def aim(self, window: Window) -> None:
        """Let the preview show only this part of the frame, reached in a few frames; never blocks.

        So a face of a small or a tall person fills the preview without anybody moving. Full frames are not touched.
        """
        if not self._status.is_open or (self._aiming is not None and not self._aiming.done()):
            return  # the next one comes in a moment
        self._aiming = asyncio.get_running_loop().create_task(self._aim(Aim(checked(window))))

    async def _aim(self, at: Aim) -> None:
        with contextlib.suppress(DeviceError):  # a preview that shows everything is no trouble
            await self._worker.call("aim", at, within_s=_SNAPSHOT_S)

    def _zero(self) -> None:
        for name in filter(None, (self._options.full_ring, self._options.preview_ring)):
            with contextlib.suppress(RingError), FrameRing.attach(name) as ring:
                ring.zero()

    def _hear(self, name: str, body: msgspec.Raw) -> None:
        if name == "look":
            look = msgspec.msgpack.decode(body, type=Look)
            picture = Picture(look.picture)
            self._settle(picture, look.is_open, HEALTH[picture], look.reason)

    def _settle(self, picture: Picture, is_open: bool, health: Health, reason: str) -> None:
        if (picture, is_open, health, reason) == (
            self._status.picture,
            self._status.is_open,
            self._status.health,
            self._status.reason,
        ):
            return
        since_s = time.clock_gettime(time.CLOCK_BOOTTIME)
        self._status = CameraStatus(health, reason, since_s, is_open, picture)
        for listener in tuple(self._listeners):
            listener(self._status)

    def _on_restart(self) -> None:
        self._settle(Picture.CLOSED, False, Health.STARTING, "the driver's process was replaced")
        if self._wants_open:
            self._reopening = asyncio.get_running_loop().create_task(self._reopen())

    async def _reopen(self) -> None:
        """Open again after the process was replaced, until it works or nobody wants it."""
        while self._wants_open:
            try:
                await self._worker.call("open", within_s=_OPEN_S)
                return
            except DeviceError:
                await asyncio.sleep(0.5)

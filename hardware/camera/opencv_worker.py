"""The camera's driver, the child's side: OpenCV captures into shared memory. Runs in ``hardware.worker`` only.

OpenCV may block on an unplugged camera, repeat the last frame or report success; so frames are judged, reads have a
time-out, and a read that hangs in native code ends the process (the parent starts another). Opens nothing before it
is told to.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from hardware.camera import CameraBlack, CameraError, CameraFrozen, CameraStalled, CameraUnplugged, Picture
from hardware.camera import source as places
from hardware.camera.judge import PictureJudge
from hardware.camera.opencv import Aim, CameraOptions, Jpeg, Look, Nothing
from hardware.camera.stamp import taken_at
from hardware.camera.window import WHOLE, Window, cut, eased
from hardware.ring import PREVIEW_LONG_SIDE_PX, FrameRing, RingError

_TIMEOUT_MS = 1000  # of opening and of every read; OpenCV's own default is 30 s
_FIRST_FRAME_S = 3.0
_STALE_S = 0.5  # an open camera without a new frame for so long is stalled
_STALE_FRAMES = 2.5  # ... or for so many frames, where it was told to be slow
_HUNG_S = 4.0  # a native read that ignores its time-out
_RETRY_S = 0.3
_FAILURES = 2  # a camera that is there may miss the first second, on a busy computer or just awake
_FROZEN_S = 2.0  # a picture frozen for so long: open the device anew
_JOIN_S = 0.5
_PRESENCE_S = 2.0  # between two looks whether a closed camera is still there
_LONG_SIDE_PX = 1280
_JPEG_QUALITY = 85
_TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
_REASONS = {
    Picture.BLACK: "black picture: uncover the lens, switch on the light",
    Picture.FROZEN: "frozen picture: the same frame again and again; the camera is opened anew",
    Picture.STALLED: "the camera is there but sends no pictures; check its power and cable",
    Picture.UNPLUGGED: "no camera at the configured place; check the cable and the setting",
}
_ERRORS: dict[Picture, type[CameraError]] = {
    Picture.BLACK: CameraBlack,
    Picture.FROZEN: CameraFrozen,
    Picture.STALLED: CameraStalled,
    Picture.UNPLUGGED: CameraUnplugged,
}

Frame = NDArray[np.uint8]


def shrink(frame: Frame, long_side_px: int) -> Frame:
    """Scale ``frame`` down to ``long_side_px`` on its long side; a smaller one stays as it is."""
    height, width = frame.shape[:2]
    scale = long_side_px / max(height, width)
    if scale >= 1:
        return frame
    size = (max(1, int(width * scale)), max(1, int(height * scale)))
    return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)


class Capture(threading.Thread):
    """One opened camera, from ``open`` to ``close``: reads, judges, publishes, opens again what went away."""

    def __init__(self, options: CameraOptions, source: str, report: Callable[[Picture], None]) -> None:
        super().__init__(name="capture", daemon=True)
        self._options = options
        self._source = source
        self._report = report
        self._full = FrameRing.attach(options.full_ring)
        self._preview = FrameRing.attach(options.preview_ring) if options.preview_ring else None
        self._ending = threading.Event()
        self._judge = PictureJudge()
        self._newest: Frame | None = None
        self.wanted: Window = WHOLE  # what the preview shall show
        self._shown: Window = WHOLE
        self.picture = Picture.OPENING
        self.settled = threading.Event()  # the first frame came, or there is no hope of one
        self.active_s = time.monotonic()  # when the thread last came back from native code
        self.fresh_s = 0.0  # when the last new frame came

    def run(self) -> None:
        """Capture until told to end."""
        failures = 0
        while not self._ending.is_set():
            self.active_s = time.monotonic()
            camera = self._open()
            if camera is None:
                is_there = places.is_present(self._source)
                self.say(Picture.STALLED if is_there else Picture.UNPLUGGED)
                failures += 1
                if not is_there or failures >= _FAILURES:
                    self.settled.set()
                self._ending.wait(_RETRY_S)
                continue
            try:
                self._read(camera)
            finally:
                camera.release()

    def _open(self) -> cv2.VideoCapture | None:
        camera = cv2.VideoCapture()
        if places.is_device(self._source):
            camera.open(self._source, cv2.CAP_V4L2)
            camera.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))  # raw 720p does not fit USB 2 at 15 fps
            camera.set(cv2.CAP_PROP_FRAME_WIDTH, self._options.width)
            camera.set(cv2.CAP_PROP_FRAME_HEIGHT, self._options.height)
            camera.set(cv2.CAP_PROP_FPS, self._options.fps)
            camera.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        else:
            limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _TIMEOUT_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, _TIMEOUT_MS]
            camera.open(self._source, cv2.CAP_FFMPEG, limits)
        return camera if camera.isOpened() else None

    def _read(self, camera: cv2.VideoCapture) -> None:
        """Publish frames until the camera fails, freezes for long, or the end is asked for."""
        is_file = not (places.is_device(self._source) or places.is_stream(self._source))
        frozen_since_s = 0.0
        while not self._ending.is_set():
            self.active_s = time.monotonic()
            if not camera.grab():
                if not is_file:  # the end of a file is no fault: it begins again
                    self.say(Picture.STALLED if places.is_present(self._source) else Picture.UNPLUGGED)
                    self._ending.wait(_RETRY_S)
                return
            now_s = time.monotonic()
            if is_file:
                self._ending.wait(1 / self._options.fps)
            elif now_s - self.fresh_s < 0.7 / self._options.fps:
                continue  # faster than asked for
            got, raw = camera.retrieve()
            if not got or raw is None or raw.dtype != np.uint8 or raw.ndim != 3:
                continue
            frame = np.asarray(raw, np.uint8)
            picture = self._judge.judge(frame)
            if picture is Picture.FROZEN:
                frozen_since_s = frozen_since_s or now_s
                self.say(picture)
                if now_s - frozen_since_s > _FROZEN_S:
                    return
                continue
            frozen_since_s = 0.0
            is_stamped = places.is_device(self._source)
            self._publish(frame, taken_at(camera.get(cv2.CAP_PROP_POS_MSEC), now_s) if is_stamped else now_s)
            self.say(picture)
            self.settled.set()

    def _publish(self, raw: Frame, at_s: float) -> None:
        turn = _TURNS.get(self._options.rotation)
        frame = raw if turn is None else np.asarray(cv2.rotate(raw, turn), np.uint8)
        frame = shrink(frame, _LONG_SIDE_PX)
        while frame.nbytes > self._full.max_bytes:
            frame = shrink(frame, max(frame.shape[:2]) * 9 // 10)
        self._newest = frame
        self._full.write(frame, at_s)
        if self._preview is not None:
            self._shown = eased(self._shown, self.wanted)
            self._preview.write(shrink(cut(frame, self._shown), PREVIEW_LONG_SIDE_PX), at_s)
        self.fresh_s = at_s

    def say(self, picture: Picture) -> None:
        """Report a change of what comes from the camera."""
        if picture is not self.picture and not self._ending.is_set():
            self.picture = picture
            self._report(picture)

    def newest(self) -> Frame:
        """Give the newest frame. Raises the ``CameraError`` of a picture that is none."""
        if self._newest is None or self.picture in _ERRORS:
            kind = _ERRORS.get(self.picture, CameraError)
            raise kind(_REASONS.get(self.picture, "no picture yet"), where=places.describe(self._source))
        return self._newest

    def end(self) -> bool:
        """Stop and zero the rings; False when the thread hangs in native code."""
        self._ending.set()
        self.join(_JOIN_S)
        if self._newest is not None:
            self._newest.fill(0)
        for ring in (self._full, self._preview):
            if ring is not None:
                ring.zero()
        return not self.is_alive()


class OpenCvDriver:
    """The commands of the camera's worker: ``open``, ``close``, ``snapshot``, ``aim``; its event: ``look``."""

    options: type[msgspec.Struct] = CameraOptions

    def __init__(self, options: CameraOptions) -> None:
        cv2.setNumThreads(1)
        self._options = options
        self._source = places.check(options.source)
        self._emit: Callable[[str, msgspec.Struct], None] = lambda _name, _body: None
        self._capture: Capture | None = None

    def commands(self) -> Mapping[str, tuple[type[msgspec.Struct], Callable[[Any], msgspec.Struct | None]]]:
        """Name the verbs."""
        return {
            "open": (Nothing, self.open),
            "close": (Nothing, self.close),
            "snapshot": (Nothing, self.snapshot),
            "aim": (Aim, self.aim),
        }

    def begin(self, emit: Callable[[str, msgspec.Struct], None]) -> None:
        """Watch, from a thread of its own, whether the camera is there and whether its reader still lives."""
        self._emit = emit
        threading.Thread(target=self._watch, name="watch", daemon=True).start()

    def end(self) -> None:
        """Close the camera."""
        self.close(None)

    def open(self, _: object) -> None:
        """Start capturing; returns with the first frame."""
        if self._capture is not None:
            return
        self._look(Picture.OPENING, True)
        try:
            capture = Capture(self._options, self._source, lambda picture: self._look(picture, True))
        except RingError as error:
            self._look(Picture.CLOSED, False)
            raise CameraError(str(error), where=places.describe(self._source)) from None
        self._capture = capture
        capture.start()
        capture.settled.wait(_FIRST_FRAME_S)
        if capture.fresh_s == 0.0:
            picture = capture.picture if capture.picture in _ERRORS else Picture.STALLED
            self._finish(picture)
            raise _ERRORS[picture](_REASONS[picture], where=places.describe(self._source))

    def close(self, _: object) -> None:
        """Stop capturing and zero the rings; a reader that hangs ends the whole process."""
        if self._capture is not None:
            is_gone = self._capture.picture is Picture.UNPLUGGED
            self._finish(Picture.UNPLUGGED if is_gone else Picture.CLOSED)

    def _finish(self, picture: Picture) -> None:
        capture, self._capture = self._capture, None
        if capture is not None and not capture.end():
            os._exit(70)
        self._look(picture, False)

    def snapshot(self, _: object) -> Jpeg:
        """Encode the newest frame."""
        if self._capture is None:
            raise CameraError("the camera is closed", where=places.describe(self._source), cure="open it first")
        good, data = cv2.imencode(".jpg", self._capture.newest(), [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
        if not good:
            raise CameraError("the frame could not be encoded", where=places.describe(self._source))
        return Jpeg(data.tobytes())

    def aim(self, at: Aim) -> None:
        """Let the preview show this part; a closed camera has no preview."""
        if self._capture is not None:
            self._capture.wanted = at.window

    def _look(self, picture: Picture, is_open: bool) -> None:
        self._emit("look", Look(picture.value, is_open, _REASONS.get(picture, "")))

    def _watch(self) -> None:
        """While closed, say when the camera comes or goes; while open, notice what hangs."""
        said: bool | None = None
        while True:
            capture = self._capture
            if capture is None:
                is_there = places.is_present(self._source)
                if is_there is not said and self._capture is None:
                    said = is_there
                    self._look(Picture.CLOSED if is_there else Picture.UNPLUGGED, False)
                time.sleep(_PRESENCE_S)
                continue
            said = None
            now_s = time.monotonic()
            if now_s - capture.active_s > _HUNG_S:
                os._exit(70)
            stale_s = max(_STALE_S, _STALE_FRAMES / self._options.fps)
            if capture.picture in (Picture.GOOD, Picture.BLACK) and now_s - capture.fresh_s > stale_s:
                capture.say(Picture.STALLED)
            time.sleep(0.1)

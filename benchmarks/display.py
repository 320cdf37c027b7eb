"""A display without a monitor (Xvfb), a synthetic pointer (XTEST) and a look at its pixels, through libX11.

What is measured from outside passes here, the booth's window and a browser's alike. Knows neither.
"""

from __future__ import annotations

import contextlib
import ctypes
import ctypes.util
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.child import end
from benchmarks.figure import Unavailable

WIDTH, HEIGHT = 1080, 1920
_ALL_PLANES, _Z_PIXMAP = ~0 & 0xFFFFFFFFFFFFFFFF, 2
_POLL_S = 0.0005
_P = ctypes.c_void_p


class _Image(ctypes.Structure):
    _fields_ = [
        ("width", ctypes.c_int), ("height", ctypes.c_int), ("xoffset", ctypes.c_int), ("format", ctypes.c_int),
        ("data", ctypes.c_void_p), ("byte_order", ctypes.c_int), ("bitmap_unit", ctypes.c_int),
        ("bitmap_bit_order", ctypes.c_int), ("bitmap_pad", ctypes.c_int), ("depth", ctypes.c_int),
        ("bytes_per_line", ctypes.c_int), ("bits_per_pixel", ctypes.c_int),
    ]  # fmt: skip


@dataclass(frozen=True)
class Box:
    """Pixels of the display, origin top left."""

    x: int
    y: int
    width: int
    height: int

    @property
    def centre(self) -> tuple[int, int]:
        return self.x + self.width // 2, self.y + self.height // 2


class Display:
    """One connection; use from one thread."""

    def __init__(self, name: str) -> None:
        x11, xtst = ctypes.util.find_library("X11"), ctypes.util.find_library("Xtst")
        if not x11 or not xtst:
            raise Unavailable("libX11 and libXtst are not installed (provisioning/setup.sh --bench: xdotool)")
        self._x, self._test = ctypes.CDLL(x11), ctypes.CDLL(xtst)
        self._x.XOpenDisplay.restype = self._x.XGetImage.restype = _P
        self._x.XDefaultRootWindow.restype = ctypes.c_ulong
        self._line = _P(self._x.XOpenDisplay(name.encode()))
        if not self._line:
            raise Unavailable(f"no X server answers at {name}")
        self._root = ctypes.c_ulong(self._x.XDefaultRootWindow(self._line))
        self.name = name

    def close(self) -> None:
        self._x.XCloseDisplay(self._line)

    def look(self, box: Box = Box(0, 0, WIDTH, HEIGHT)) -> np.ndarray[Any, np.dtype[np.uint8]]:
        """The pixels there now: height x width x 3 (blue, green, red)."""
        image = self._x.XGetImage(
            self._line, self._root, box.x, box.y, box.width, box.height, ctypes.c_ulong(_ALL_PLANES), _Z_PIXMAP
        )
        if not image:
            raise RuntimeError(f"{box} is not on the display")
        head = _Image.from_address(image)
        raw = ctypes.string_at(head.data, head.bytes_per_line * box.height)
        self._x.XDestroyImage(_P(image))
        rows = np.frombuffer(raw, np.uint8).reshape(box.height, head.bytes_per_line)
        return rows[:, : box.width * 4].reshape(box.height, box.width, 4)[:, :, :3]

    def point(self, x: int, y: int) -> None:
        """Move the pointer."""
        self._test.XTestFakeMotionEvent(self._line, -1, x, y, ctypes.c_ulong(0))
        self._x.XSync(self._line, 0)

    def button(self, *states: bool) -> None:
        """Press (True) or release (False) the first button, all in one message to the server."""
        for is_down in states:
            self._test.XTestFakeButtonEvent(self._line, 1, int(is_down), ctypes.c_ulong(0))
        self._x.XFlush(self._line)

    def until_changed(self, box: Box, before: np.ndarray[Any, Any], within_s: float = 5.0) -> float:
        """Look until the pixels differ from ``before``; the time (CLOCK_MONOTONIC). Raises ``TimeoutError``."""
        deadline = time.monotonic() + within_s
        while True:
            is_other = not np.array_equal(self.look(box), before)
            now_s = time.monotonic()
            if is_other:
                return now_s
            if now_s > deadline:
                raise TimeoutError(f"{self.name}: nothing changed within {within_s:g} s in {box}")
            time.sleep(_POLL_S)


@contextlib.contextmanager
def xvfb() -> Iterator[Display]:
    """A new X server with one screen as large as the booth's panel."""
    if shutil.which("Xvfb") is None:
        raise Unavailable("Xvfb is not installed (provisioning/setup.sh --bench)")
    told, tell = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(tell), "-screen", "0", f"{WIDTH}x{HEIGHT}x24", "-nolisten", "tcp", "-noreset"],
        pass_fds=(tell,), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(tell)
    try:
        with os.fdopen(told) as answer:
            number = answer.readline().strip()
        if not number:
            raise Unavailable("Xvfb did not start")
        display = Display(f":{number}")
        try:
            yield display
        finally:
            display.close()
    finally:
        end(server)

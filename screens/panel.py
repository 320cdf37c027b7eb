"""How large the display is, asked of the SDL library that Kivy draws with: Kivy itself tells it of a shown window only.

A window of the panel's size without a border covers the panel as full screen does and appears at once; SDL's own full
screen waits a tenth of a second for a window manager's answer, which a booth has none to give. Knows no screen.
"""

from __future__ import annotations

import ctypes
from pathlib import Path


class _Mode(ctypes.Structure):
    """SDL_DisplayMode of SDL 2."""

    _fields_ = [
        ("format", ctypes.c_uint32),
        ("width", ctypes.c_int),
        ("height", ctypes.c_int),
        ("refresh_hz", ctypes.c_int),
        ("driver", ctypes.c_void_p),
    ]


def size_px() -> tuple[int, int] | None:
    """Give width and height of the first display, or None where it cannot be asked. Call once Kivy has a window."""
    library = _loaded()
    if library is None:
        return None
    mode = _Mode()
    if ctypes.CDLL(library).SDL_GetDesktopDisplayMode(0, ctypes.byref(mode)) != 0 or mode.width < 1 or mode.height < 1:
        return None
    return mode.width, mode.height


def _loaded() -> str | None:
    """Give the path of the SDL library of this process: the one Kivy brought, not any other of this computer."""
    for row in Path("/proc/self/maps").read_text().splitlines():
        path = row.rpartition(" ")[2]
        if Path(path).name.startswith("libSDL2-2"):
            return path
    return None

"""Settings of the SAM driver on the worker's pipe; what else it says is the card reader's ``messages``."""

from __future__ import annotations

import re

import msgspec

from hardware.card_reader.sdt.commands import BAUDS

POLL_MS = 300  # modules want to be asked no oftener
_PORT = re.compile(r"/.+|usb(:[0-9a-f]{4}:[0-9a-f]{4})?", re.IGNORECASE)
PIXELS = ("bgr", "rgb", "bgr-down", "rgb-down")


class SamOptions(msgspec.Struct, frozen=True):
    """``port``: a path (best of /dev/serial/by-id), a pattern of paths, ``usb`` or ``usb:VVVV:PPPP``.

    ``baud``: the module's speed, 0 to try them all. ``wlt_library``: file of a vendor's photo decoder, "" for none;
    ``wlt_pixels``: how it lays out pixels (see ``wlt``). ``ValueError`` with the cure for settings nobody can use.
    """

    port: str
    baud: int = 0
    wlt_library: str = ""
    wlt_pixels: str = "bgr"
    poll_ms: int = POLL_MS

    def __post_init__(self) -> None:
        if not _PORT.fullmatch(self.port):
            raise ValueError(f"SAM module: {self.port!r} is no port; name one of /dev/serial/by-id, or usb:0400:c35a")
        if self.baud not in (0, *BAUDS):
            raise ValueError(f"SAM module: {self.baud} is none of its speeds; use 0 or one of {BAUDS}")
        if self.wlt_pixels not in PIXELS:
            raise ValueError(f"SAM module: wlt_pixels {self.wlt_pixels!r}; use one of {', '.join(PIXELS)}")
        if self.poll_ms < POLL_MS:
            raise ValueError(f"SAM module: poll_ms {self.poll_ms}; a module may be asked every {POLL_MS} ms at most")

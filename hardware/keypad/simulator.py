"""The other end of the keypad's wire: writes ``input_event`` records into a FIFO, as a keyboard's driver would.

With nobody reading, a key goes nowhere, as with a real keypad. Made for benches and tests.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
from pathlib import Path

from hardware.keypad.evdev_file import EV_KEY, EV_SW, EV_SYN, RECORD, SW_HEADPHONE_INSERT, SYN_REPORT

UP, DOWN, REPEAT = 0, 1, 2


class KeypadFifo:
    """A keypad with a headset socket at ``path``. ``plug`` makes the FIFO (mode 0600), ``unplug`` removes it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def plug(self) -> None:
        """Make the FIFO unless it is there; ``FileExistsError`` when something else is."""
        try:
            os.mkfifo(self.path, 0o600)
        except FileExistsError:
            if not stat.S_ISFIFO(self.path.stat().st_mode):
                raise

    def unplug(self) -> None:
        """Pull the cable."""
        self.path.unlink(missing_ok=True)

    def press(self, code: int, *, repeats: int = 0) -> bool:
        """Strike a key and let it go, with so many autorepeats between; True when somebody reads."""
        return all(self.write(EV_KEY, code, value) for value in (DOWN, *([REPEAT] * repeats), UP))

    def set_headset(self, is_plugged: bool) -> bool:
        """Plug the headset in or out."""
        return self.write(EV_SW, SW_HEADPHONE_INSERT, int(is_plugged))

    def approach(self, code: int) -> bool:
        """Let somebody step before the presence sensor wired as key ``code``, and away again."""
        return self.press(code)

    def write(self, kind: int, code: int, value: int, *, at_s: float | None = None) -> bool:
        """Write one record and its report, stamped ``at_s`` (Unix time, default now)."""
        seconds, microseconds = divmod(round((time.time() if at_s is None else at_s) * 1_000_000), 1_000_000)
        records = ((kind, code, value), (EV_SYN, SYN_REPORT, 0))
        return self.write_raw(b"".join(RECORD.pack(seconds, microseconds, *record) for record in records))

    def write_raw(self, data: bytes) -> bool:
        """Write any bytes; False when nobody reads, the pipe is full or the keypad is unplugged."""
        try:
            handle = os.open(self.path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            if error.errno in (errno.ENXIO, errno.ENOENT):
                return False
            raise
        try:
            with contextlib.suppress(BlockingIOError):
                return os.write(handle, data) == len(data)
            return False
        finally:
            os.close(handle)

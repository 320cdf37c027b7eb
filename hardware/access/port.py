"""The serial port of a door bus, for the child that serves it: raw, eight bits, no parity, one stop bit (5.2).

Knows bytes, no frame.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import termios
import time
import tty

_WRITE_WITHIN_S = 0.5


class PortLost(Exception):
    """The port is not there (any more)."""


class Port:
    """An open port. Raises ``PortLost``."""

    def __init__(self, path: str, baud: int) -> None:
        try:
            self._end = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        except OSError as error:
            raise PortLost(error.strerror) from None
        try:
            self._furnish(getattr(termios, f"B{baud}"))
        except BlockingIOError:
            os.close(self._end)
            raise PortLost("another process has it") from None
        except (OSError, termios.error, AttributeError):
            os.close(self._end)
            raise PortLost("it is no serial port") from None

    def _furnish(self, speed: int) -> None:
        tty.setraw(self._end)
        settings = termios.tcgetattr(self._end)
        settings[2] |= termios.CLOCAL | termios.CREAD
        settings[4] = settings[5] = speed
        termios.tcsetattr(self._end, termios.TCSANOW, settings)
        fcntl.flock(self._end, fcntl.LOCK_EX | fcntl.LOCK_NB)  # two masters would make garbage of each other
        termios.tcflush(self._end, termios.TCIOFLUSH)

    def write(self, data: bytes) -> None:
        """Send all of it."""
        ends_s = time.monotonic() + _WRITE_WITHIN_S
        while data:
            if not select.select([], [self._end], [], max(0.0, ends_s - time.monotonic()))[1]:
                raise PortLost("it takes nothing any more")
            try:
                data = data[os.write(self._end, data) :]
            except OSError as error:
                raise PortLost(error.strerror) from None

    def read(self, within_s: float) -> bytes:
        """What has come, waiting so long for the first byte; b"" for nothing."""
        if not select.select([self._end], [], [], max(0.0, within_s))[0]:
            return b""
        try:
            data = os.read(self._end, 4096)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise PortLost(error.strerror) from None
        if not data:
            raise PortLost("its adapter was unplugged")
        return data

    def close(self) -> None:
        """Let go."""
        with contextlib.suppress(OSError):
            os.close(self._end)

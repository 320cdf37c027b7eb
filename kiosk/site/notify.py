"""Tells the service manager that the watch lives (sd_notify(3)): ready, still turning, stopping. Nothing else.

The tick sends it, so a loop that hangs is silent, and the manager ends the process: outputs then fall by themselves.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping


class ServiceManager:
    """Without NOTIFY_SOCKET every call does nothing."""

    def __init__(self, environment: Mapping[str, str], pid: int | None = None) -> None:
        self._path = environment.get("NOTIFY_SOCKET", "")
        pid = os.getpid() if pid is None else pid
        usec = environment.get("WATCHDOG_USEC", "")
        is_ours = environment.get("WATCHDOG_PID", str(pid)) == str(pid)
        self.every_s: float | None = int(usec) / 1e6 / 4 if usec.isdigit() and int(usec) > 0 and is_ours else None
        self._told_at = float("-inf")

    def ready(self) -> None:
        self._send("READY=1")

    def turn(self, now: float) -> None:
        """The loop turns; told four times within the manager's patience."""
        if self.every_s is not None and now - self._told_at >= self.every_s:
            self._told_at = now
            self._send("WATCHDOG=1")

    def stopping(self) -> None:
        self._send("STOPPING=1")

    def _send(self, word: str) -> None:
        if not self._path:
            return
        address = "\0" + self._path[1:] if self._path.startswith("@") else self._path
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.setblocking(False)
            out.sendto(word.encode(), address)

"""One visit process as the keeper sees it: a pid, a line, and signs of life. Knows neither ledger nor screen."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from enum import Enum

from kiosk import line


class Role(Enum):
    STARTING = "starting"
    WARM = "warm"
    ACTIVE = "active"
    LEAVING = "leaving"  # said goodbye; must end by itself now


class Child:
    """A started process with our end of its line. ``start`` builds it; ``ended`` must be awaited once.

    Times are seconds of the keeper's clock.
    """

    def __init__(self, process: subprocess.Popen[bytes], reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self.role = Role.STARTING
        self.started_at = 0.0
        self.last_sign_at = 0.0
        self.shown_at: float | None = None  # when Show was sent
        self.has_shown = False  # its first frame was on the glass
        self.has_beaten = False  # sent a heartbeat
        self.leave_by: float | None = None
        self.outcome = "died"
        self.is_killed = False
        self._process = process
        self._reader = reader
        self._writer = writer

    @classmethod
    async def start(cls, command: Sequence[str]) -> Child:
        """Start ``command`` with its end of the line in ``BOOTH_LINE_FD``."""
        ours, theirs = socket.socketpair()
        try:
            process = subprocess.Popen(  # noqa: ASYNC220 - starting takes a few milliseconds
                command,
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=sys.stderr,
                env={**os.environ, "BOOTH_LINE_FD": str(theirs.fileno())},
                start_new_session=True,  # Ctrl-C is for the keeper, which ends the visit in order
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        return cls(process, *await asyncio.open_connection(sock=ours))

    @property
    def pid(self) -> int:
        return self._process.pid

    async def messages(self) -> AsyncIterator[line.Message]:
        """Give what the process says, to the end of its line. Raises ValueError for what is no message."""
        while (message := await line.receive(self._reader)) is not None:
            yield message

    async def send(self, message: line.Message) -> None:
        """Say something. Raises ConnectionError."""
        await line.send(self._writer, message)

    def kill(self) -> None:
        """End it, and what shares its session, at once. Idempotent."""
        self.is_killed = True
        if self._process.returncode is None:  # not reaped, so the pid is still its own
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    async def ended(self) -> int:
        """Wait for its end and reap it; returns the exit status (negative: the signal)."""
        self._writer.close()
        loop = asyncio.get_running_loop()
        gone = asyncio.Event()
        fd = os.pidfd_open(self._process.pid)
        try:
            loop.add_reader(fd, gone.set)
            await gone.wait()
        finally:
            loop.remove_reader(fd)
            os.close(fd)
        self.kill_rest()
        return self._process.wait()

    def kill_rest(self) -> None:
        """End what the process left behind in its session (its own pid is still ours until ``wait``)."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

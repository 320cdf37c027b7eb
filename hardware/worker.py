"""A driver in a killable child process, with a deadline on every call.

PC/SC, cameras, inference, printers and synthesisers can hang in native code; a thread that hangs cannot be ended, a
process can. The parent talks over a socket pair with length-prefixed MessagePack; messages are msgspec structs, so
both ends check types. The child imports only its driver (``worker_child``): no spawn of the parent's ``__main__``,
no fork of its threads. Past a deadline the child is killed and started anew, and the caller gets ``DeviceTimeout``.
This module knows no device.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar, cast

import msgspec

from hardware.device import DeviceError, DeviceGone, DeviceTimeout
from hardware.worker_child import LENGTH, Driver, Envelope, Failure

__all__ = ["Driver", "Envelope", "Worker"]

_ROOT = str(Path(__file__).resolve().parent.parent)
MAX_MESSAGE_BYTES = 16 * 1024 * 1024


R = TypeVar("R")


class Worker:
    """The parent's end. Use from one event loop.

    ``errors`` lists the front door's exceptions: the child's exception is raised here under the same class.
    ``on_event(name, raw)`` is called on the loop; ``on_restart()`` after the child was replaced.
    """

    def __init__(
        self,
        driver: str,
        options: msgspec.Struct,
        *,
        errors: tuple[type[DeviceError], ...] = (),
        on_event: Callable[[str, msgspec.Raw], None] | None = None,
        on_restart: Callable[[], None] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.driver = driver
        self._options = options
        known: tuple[type[DeviceError], ...] = (DeviceError, DeviceTimeout, DeviceGone, *errors)
        self._errors = {kind.__name__: kind for kind in known}
        self._on_event = on_event
        self._on_restart = on_restart
        self._environment = dict(environment or {})
        self._process: subprocess.Popen[bytes] | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._waiting: dict[int, asyncio.Future[msgspec.Raw]] = {}
        self._number = 0
        self._stopped = True
        self._starting = asyncio.Lock()
        self._halted = asyncio.Event()
        self.restarts = 0

    @property
    def pid(self) -> int | None:
        """Process id of the child, or None."""
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Start the child; returns once the pipe is up (the driver may still be importing)."""
        async with self._starting:
            self._stopped = False
            self._halted.clear()
            if self._process is None:
                await self._spawn()

    async def _spawn(self) -> None:
        ours, theirs = socket.socketpair()
        environment = {**os.environ, **self._environment, "BOOTH_WORKER_FD": str(theirs.fileno())}
        environment.pop("PYTHONWARNINGS", None)
        # The child finds this package wherever the parent was started from.
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, (_ROOT, environment.get("PYTHONPATH", ""))))
        self._process = subprocess.Popen(  # noqa: ASYNC220 - a vfork of a millisecond, and no child watcher needed
            [sys.executable, "-m", "hardware.worker_child", self.driver],
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
        )
        theirs.close()
        reader, self._writer = await asyncio.open_connection(sock=ours)
        self._write(Envelope("call", 0, "options", msgspec.Raw(msgspec.msgpack.encode(self._options))))
        self._reading = asyncio.get_running_loop().create_task(self._read(reader, self._process))

    def _write(self, envelope: Envelope) -> None:
        if self._writer is None or self._writer.is_closing():
            raise DeviceGone("the driver's process is not running", where=self.driver)
        data = msgspec.msgpack.encode(envelope)
        self._writer.write(LENGTH.pack(len(data)) + data)

    async def _read(self, reader: asyncio.StreamReader, process: subprocess.Popen[bytes]) -> None:
        decoder = msgspec.msgpack.Decoder(Envelope)
        try:
            while True:
                size = LENGTH.unpack(await reader.readexactly(LENGTH.size))[0]
                if size > MAX_MESSAGE_BYTES:
                    break
                envelope = decoder.decode(await reader.readexactly(size))
                if envelope.kind == "event":
                    if self._on_event:
                        self._on_event(envelope.name, envelope.body)
                    continue
                future = self._waiting.pop(envelope.number, None)
                if future is None or future.done():
                    continue
                if envelope.kind == "reply":
                    future.set_result(envelope.body)
                else:
                    failure = msgspec.msgpack.decode(envelope.body, type=Failure)
                    kind = self._errors.get(envelope.name, DeviceError)
                    future.set_exception(kind(failure.message, where=failure.where, cure=failure.cure))
        except (asyncio.IncompleteReadError, ConnectionError, msgspec.DecodeError):
            pass
        finally:
            self._fail_waiting(DeviceGone("the driver's process ended", where=self.driver))
        if self._process is process and not self._stopped:
            await self._replace()

    def _fail_waiting(self, error: DeviceError) -> None:
        waiting, self._waiting = self._waiting, {}
        for future in waiting.values():
            if not future.done():
                future.set_exception(error)
                future.exception()  # a caller that was cancelled meanwhile does not fetch it

    def kill(self) -> None:
        """End the child at once (SIGKILL to its session)."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    async def _reap(self) -> None:
        process, self._process = self._process, None
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()
        if process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            await asyncio.to_thread(process.wait)

    async def _replace(self) -> None:
        async with self._starting:
            await self._reap()
            if self._stopped:
                return
            self.restarts += 1
            with contextlib.suppress(TimeoutError):  # a driver that dies at once must not spin
                await asyncio.wait_for(self._halted.wait(), min(0.1 * self.restarts, 2.0))
            if self._halted.is_set():
                return
            await self._spawn()
        if self._on_restart:
            self._on_restart()

    async def call(
        self, verb: str, arguments: msgspec.Struct | None = None, *, reply: type[R] | None = None, within_s: float
    ) -> R:
        """Run ``verb`` in the child and give back its reply decoded as ``reply``.

        Raises the driver's ``DeviceError``; ``DeviceTimeout`` after ``within_s`` seconds (the child is then killed
        and replaced); ``DeviceGone`` when the child ends meanwhile.
        """
        if self._process is None:
            raise DeviceGone("the driver is stopped", where=self.driver)
        self._number += 1
        number = self._number
        future: asyncio.Future[msgspec.Raw] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        body = msgspec.Raw(msgspec.msgpack.encode(arguments))
        try:
            self._write(Envelope("call", number, verb, body))
            raw = await asyncio.wait_for(future, within_s)
        except TimeoutError:
            self.kill()
            raise DeviceTimeout(f"{verb}: no answer within {within_s:g} s", where=self.driver) from None
        finally:
            self._waiting.pop(number, None)
        return cast(R, msgspec.msgpack.decode(raw, type=Any if reply is None else reply))

    async def stop(self) -> None:
        """End the child: orderly within 0.5 s, else by SIGKILL. Idempotent."""
        self._stopped = True
        self._halted.set()
        async with self._starting:  # a replacement under way is finished first, or it would outlive the stop
            await self._stop()

    async def _stop(self) -> None:
        if self._process is not None and self._writer is not None:
            with contextlib.suppress(DeviceError, OSError):
                self._write(Envelope("call", 0, "stop"))
            for _ in range(25):
                if self._process.poll() is not None:
                    break
                await asyncio.sleep(0.02)
        await self._reap()
        if self._reading is not None:
            self._reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reading
            self._reading = None
        self._fail_waiting(DeviceGone("the driver was stopped", where=self.driver))

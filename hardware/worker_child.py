"""The child's end of ``worker``: one driver, its calls read on the main thread, its replies and events written.

A module of its own because a child must be up soon: it imports no asyncio and no subprocess, only its driver. What
crosses the pipe is defined here, for both ends. Knows no device.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import os
import signal
import socket
import struct
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec

from hardware.device import DeviceError

LENGTH = struct.Struct(">I")
_PR_SET_PDEATHSIG = 1


class Envelope(msgspec.Struct, frozen=True):
    """One message on the pipe: a call, its reply, its failure, or an event of the driver."""

    kind: str  # "call" | "reply" | "error" | "event"
    number: int
    name: str
    body: msgspec.Raw = msgspec.Raw(b"\xc0")


class Failure(msgspec.Struct, frozen=True):
    """A ``DeviceError`` on the pipe."""

    message: str
    where: str = ""
    cure: str = ""


class Driver(Protocol):
    """What a module run by a worker offers. Built as ``CLASS(options: Options)`` in the child.

    ``options`` names the msgspec struct type of its settings; ``commands`` maps a verb to (argument struct type,
    handler). Handlers run one at a time on the child's main thread and return a struct or None.
    """

    options: type[msgspec.Struct]

    def commands(self) -> Mapping[str, tuple[type[msgspec.Struct], Callable[[Any], msgspec.Struct | None]]]: ...

    def begin(self, emit: Callable[[str, msgspec.Struct], None]) -> None:
        """Start own threads, if any; ``emit(name, struct)`` sends an event and may be called from any thread."""
        ...

    def end(self) -> None:
        """Close the device; called at an orderly stop."""
        ...


class _Child:
    """The child's end: reads calls on the main thread, writes replies and events."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._sending = threading.Lock()

    def send(self, envelope: Envelope) -> None:
        data = msgspec.msgpack.encode(envelope)
        with self._sending:
            self._line.sendall(LENGTH.pack(len(data)) + data)

    def emit(self, name: str, body: msgspec.Struct) -> None:
        with contextlib.suppress(OSError):
            self.send(Envelope("event", 0, name, msgspec.Raw(msgspec.msgpack.encode(body))))

    def receive(self) -> Envelope | None:
        header = self._exactly(LENGTH.size)
        data = self._exactly(LENGTH.unpack(header)[0]) if header else None
        return msgspec.msgpack.decode(data, type=Envelope) if data else None

    def _exactly(self, size: int) -> bytes | None:
        data = b""
        while len(data) < size:
            part = self._line.recv(size - len(data))
            if not part:
                return None
            data += part
        return data

    def serve(self, build: Any) -> None:
        opening = self.receive()
        if opening is None:
            return
        driver: Driver = build(msgspec.msgpack.decode(opening.body, type=build.options))
        driver.begin(self.emit)
        commands = driver.commands()
        while (envelope := self.receive()) is not None and envelope.name != "stop":
            try:
                arguments, handler = commands[envelope.name]
                result = handler(msgspec.msgpack.decode(envelope.body, type=arguments | None))
                self.send(Envelope("reply", envelope.number, "", msgspec.Raw(msgspec.msgpack.encode(result))))
            except Exception as error:  # the boundary: every failure becomes a named reply
                failure = (
                    Failure(error.message, error.where, error.cure)
                    if isinstance(error, DeviceError)
                    else Failure(f"{type(error).__name__} in {envelope.name}")
                )
                body = msgspec.Raw(msgspec.msgpack.encode(failure))
                self.send(Envelope("error", envelope.number, type(error).__name__, body))
        driver.end()


def main() -> None:
    """Entry of the child: ``python -m hardware.worker_child MODULE:CLASS`` the pipe's descriptor in the environment."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole foreground group; the parent decides
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # a hung driver must not outlive its parent
    module, _, name = sys.argv[1].partition(":")
    line = socket.socket(fileno=int(os.environ.pop("BOOTH_WORKER_FD")))
    with contextlib.suppress(OSError):
        _Child(line).serve(getattr(importlib.import_module(module), name))
    os._exit(0)  # native threads of drivers must not keep a finished process alive


if __name__ == "__main__":
    main()

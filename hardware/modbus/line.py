"""The wires under an RTU master: a serial port, or a TCP bridge that passes RTU frames through.

A port is named by a path that survives replugging (/dev/serial/by-id). Opening happens in a thread, because drivers of
USB adapters may hang in it; afterwards everything is the event loop's. Knows bytes, no frame.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import termios
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from hardware.field import FieldError, Gone

OPEN_WITHIN_S = 5.0
UNACKNOWLEDGED_MS = 1000
CONNECT_WITHIN_S = 3.0  # three attempts of TCP
UNHEARD = 8
_CURE_PORT = "check the adapter's plug and the port's name (ls /dev/serial/by-id)"
_CURE_BRIDGE = "check the bridge's power, address and port"


class Line(Protocol):
    """One wire. ``take`` gets what comes, ``lost`` is told once when the wire is gone; both on the loop."""

    where: str

    async def open(self, take: Callable[[bytes], None], lost: Callable[[FieldError], None]) -> None:
        """Open; raises ``Gone``."""
        ...

    def write(self, data: bytes) -> None:
        """Send; raises ``Gone``."""
        ...

    def close(self) -> None:
        """Let go; idempotent."""
        ...


@dataclass(frozen=True)
class SerialSettings:
    """``parity``: "N", "E" or "O" (pyserial's words)."""

    port: str
    baud: int = 115200
    parity: str = "N"
    stop_bits: int = 1


class SerialLine:
    """A serial port, held exclusively."""

    def __init__(self, settings: SerialSettings) -> None:
        self.where = f"modbus rtu {settings.port}"
        self._settings = settings
        self._port: Any = None
        self._lost: Callable[[FieldError], None] | None = None
        self._take: Callable[[bytes], None] | None = None

    async def open(self, take: Callable[[bytes], None], lost: Callable[[FieldError], None]) -> None:
        """Open the port. Raises ``Gone``; a port that opens too late is closed again by its thread."""
        opening = asyncio.ensure_future(asyncio.to_thread(self._open))
        try:
            port = await asyncio.wait_for(asyncio.shield(opening), OPEN_WITHIN_S)
        except BaseException as error:
            if not opening.done():
                opening.add_done_callback(_close_late)
            if isinstance(error, TimeoutError):
                raise Gone("the port does not open", where=self.where, cure=_CURE_PORT) from None
            raise
        self._port, self._take, self._lost = port, take, lost
        asyncio.get_running_loop().add_reader(port.fileno(), self._read)

    def _open(self) -> Any:
        import serial  # noqa: PLC0415 - a site whose buses are TCP needs it not

        given = self._settings
        try:
            port = serial.Serial(
                given.port, given.baud, parity=given.parity, stopbits=given.stop_bits, timeout=0, write_timeout=0,
                exclusive=True,
            )  # fmt: skip
        except (OSError, ValueError, termios.error) as error:
            is_busy = "exclusively lock" in str(error)
            raise Gone(
                "another program holds the port" if is_busy else "the port cannot be opened",
                where=self.where, cure="end the other program" if is_busy else _CURE_PORT,
            ) from error  # fmt: skip
        with contextlib.suppress(OSError, ValueError, NotImplementedError, termios.error):
            port.set_low_latency_mode(True)  # FTDI keeps bytes back for 16 ms otherwise; not every driver can
        return port

    def _read(self) -> None:
        try:
            data = bytes(self._port.read(4096))
        except (OSError, termios.error):  # pyserial's own is an OSError
            data = b""
        if data and self._take:
            self._take(data)
        elif not data:
            self._fail()

    def write(self, data: bytes) -> None:
        """Send. Raises ``Gone``."""
        if self._port is not None:
            with contextlib.suppress(OSError, termios.error):
                if self._port.write(data) == len(data):
                    return
        self._fail()
        raise Gone("the port is gone", where=self.where, cure=_CURE_PORT)

    def _fail(self) -> None:
        lost, self._lost = self._lost, None
        self.close()
        if lost is not None:
            lost(Gone("the port is gone", where=self.where, cure=_CURE_PORT))

    def close(self) -> None:
        """Let go of the port."""
        port, self._port = self._port, None
        if port is not None:
            with contextlib.suppress(OSError, termios.error):
                asyncio.get_running_loop().remove_reader(port.fileno())
                port.close()


def _close_late(opening: asyncio.Future[Any]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()


class BridgeLine(asyncio.Protocol):
    """RTU frames over TCP, as serial device servers pass them.

    A bridge that answers nothing for 8 questions is connected to anew: after an outage TCP itself would wait minutes
    before it tries again.
    """

    def __init__(self, host: str, port: int) -> None:
        self.where = f"modbus rtu over tcp {host}:{port}"
        self._place = (host, port)
        self._unheard = 0
        self._transport: asyncio.Transport | None = None
        self._lost: Callable[[FieldError], None] | None = None
        self._take: Callable[[bytes], None] | None = None

    async def open(self, take: Callable[[bytes], None], lost: Callable[[FieldError], None]) -> None:
        """Connect. Raises ``Gone``."""
        self._unheard = 0
        self._take, self._lost = take, lost
        self._transport = await connect(self, self._place, self.where)

    def data_received(self, data: bytes) -> None:
        """Called by asyncio."""
        self._unheard = 0
        if self._take is not None:
            self._take(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by asyncio."""
        self._transport = None
        lost, self._lost = self._lost, None
        if lost is not None:
            lost(Gone("the bridge closed the connection", where=self.where, cure=_CURE_BRIDGE))

    def write(self, data: bytes) -> None:
        """Send. Raises ``Gone``."""
        if self._transport is None or self._transport.is_closing():
            raise Gone("the bridge is not connected", where=self.where, cure=_CURE_BRIDGE)
        self._unheard += 1
        if self._unheard > UNHEARD:
            self._transport.abort()
            raise Gone("the bridge is silent", where=self.where, cure=_CURE_BRIDGE)
        self._transport.write(data)

    def close(self) -> None:
        """Let go of the connection."""
        self._lost = None
        if self._transport is not None:
            self._transport.abort()


async def connect(protocol: asyncio.Protocol, place: tuple[str, int], where: str) -> asyncio.Transport:
    """A connection for ``protocol``. Raises ``Gone``."""
    try:
        async with asyncio.timeout(CONNECT_WITHIN_S):
            transport, _ = await asyncio.get_running_loop().create_connection(lambda: protocol, *place)
        wire = transport.get_extra_info("socket")
        if wire is not None:  # a host that is gone acknowledges nothing; one with a dead unit behind it does
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS)
    except OSError as error:  # TimeoutError is one
        raise Gone("no connection", where=where, cure=_CURE_BRIDGE) from error
    return transport

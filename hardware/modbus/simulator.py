"""Modbus units at the end of a real wire, for benches and tests: a bus on a pty paced to its baud rate, a TCP gateway.

The pty's port is a link in a folder, like those of /dev/serial/by-id: the adapter can be unplugged and come back under
another tty. The gateway speaks Modbus TCP, or passes RTU frames as a serial device server does. Knows units as
``virtual``.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import tty
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path

from hardware.field import Garbage
from hardware.modbus import pdu, rtu, tcp
from hardware.modbus.virtual import Answer, Faults, Hold, VirtualUnit, damaged, units

__all__ = ["Faults", "Hold", "ModbusGateway", "ModbusOnPty", "VirtualUnit"]

_BITS = 11  # of a character on the line


class _Bus:
    """Units on one serial line, and when each byte of it is on the wire."""

    def __init__(self, found: Iterable[VirtualUnit], baud: int) -> None:
        self.units = units(found)
        self.baud = baud
        self.heard: deque[tuple[float, int, bytes]] = deque(maxlen=4096)  # when a request came, its unit and PDU
        self.collisions = 0
        self._busy: list[tuple[float, float]] = []

    def receive(self, requests: list[tuple[int, bytes]], now_s: float) -> list[tuple[float, bytes]]:
        """What is sent, and when its last byte is there."""
        found = []
        for number, request in requests:
            self.heard.append((now_s, number, request))
            self._busy = [(begins, ends) for begins, ends in self._busy if ends > now_s]
            self.collisions += any(begins <= now_s for begins, _ in self._busy)
            came_s = now_s + self._line_s(len(request) + 3)
            unit = self.units.get(number)
            answer = unit.answer(request, came_s) if unit is not None else None
            if answer is not None:
                data = damaged(rtu.frame(answer.unit, answer.pdu), answer.damage)
                begins_s = came_s + answer.after_s
                ends_s = begins_s + self._line_s(len(data))
                self._busy.append((begins_s, ends_s))
                found.append((ends_s, data))
        return found

    def _line_s(self, size: int) -> float:
        return size * _BITS / self.baud if self.baud else 0.0


class ModbusOnPty:
    """A bus. ``folder`` gets the link that is its port. ``baud`` 0: bytes take no time. Use from one event loop."""

    def __init__(
        self, folder: Path, found: Iterable[VirtualUnit], *, baud: int = 115200, name: str = "usb-RS485-if00"
    ) -> None:
        self.path = folder / name
        self._bus = _Bus(found, baud)
        self._master: int | None = None
        self._slave: int | None = None

    @property
    def units(self) -> dict[int, VirtualUnit]:
        """By number."""
        return self._bus.units

    @property
    def heard(self) -> deque[tuple[float, int, bytes]]:
        """The last requests: loop time, unit, PDU."""
        return self._bus.heard

    @property
    def collisions(self) -> int:
        """Requests that came while a unit was sending."""
        return self._bus.collisions

    def plug(self) -> None:
        """Plug the adapter in."""
        if self._master is not None:
            return
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(os.ttyname(self._slave))
        asyncio.get_running_loop().add_reader(self._master, self._receive, self._master, rtu.RequestReader())

    def unplug(self) -> None:
        """Pull it out: the port is gone."""
        master, slave, self._master, self._slave = self._master, self._slave, None, None
        self.path.unlink(missing_ok=True)
        if master is not None and slave is not None:
            asyncio.get_running_loop().remove_reader(master)
            os.close(slave)
            os.close(master)

    def _receive(self, master: int, reader: rtu.RequestReader) -> None:
        try:
            data = os.read(master, 4096)
        except OSError:
            return
        loop = asyncio.get_running_loop()
        for ends_s, frame in self._bus.receive(reader.feed(data), loop.time()):
            loop.call_at(ends_s, self._send, master, frame)

    def _send(self, master: int, frame: bytes) -> None:
        if master == self._master:
            with contextlib.suppress(OSError):
                os.write(master, frame)


class ModbusGateway:
    """Units behind one TCP port. ``passes_rtu``: a bridge that passes RTU frames instead of Modbus TCP."""

    def __init__(
        self, found: Iterable[VirtualUnit], *, host: str = "127.0.0.1", passes_rtu: bool = False, baud: int = 0
    ) -> None:
        self.units = units(found)
        self.host = host
        self.port = 0
        self.connections = 0
        self.silent_s: float | None = None  # after so long a silent unit is reported (exception 11); None: never
        self._bus = _Bus((), baud) if passes_rtu else None
        if self._bus is not None:
            self._bus.units = self.units
        self._server: asyncio.Server | None = None
        self._peers: set[asyncio.Transport] = set()

    async def start(self) -> None:
        """Listen, on the port it had before if any."""
        make: Callable[[], asyncio.Protocol] = lambda: _Peer(self)  # noqa: E731 - a protocol for each connection
        self._server = await asyncio.get_running_loop().create_server(make, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Pull the plug: connections break."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        for peer in set(self._peers):
            peer.abort()
        if server is not None:
            await server.wait_closed()

    def attach(self, peer: asyncio.Transport) -> None:
        """A connection came."""
        self.connections += 1
        self._peers.add(peer)

    def detach(self, peer: asyncio.Transport) -> None:
        """A connection went."""
        self._peers.discard(peer)

    def reader(self) -> Callable[[bytes], list[tuple[float, bytes]]]:
        """For one connection: bytes in, (seconds from now, bytes) out. Raises ``Garbage``."""
        now_s = asyncio.get_running_loop().time
        if (bus := self._bus) is not None:
            requests = rtu.RequestReader()
            return lambda data: [(at_s - now_s(), out) for at_s, out in bus.receive(requests.feed(data), now_s())]
        frames = tcp.FrameReader()
        return lambda data: [out for one in frames.feed(data) for out in self._answer(*one, now_s())]

    def _answer(self, transaction: int, number: int, request: bytes, now_s: float) -> list[tuple[float, bytes]]:
        unit = self.units.get(number)
        answer = unit.answer(request, now_s) if unit is not None else None
        if answer is None and self.silent_s is not None:
            answer = Answer(self.silent_s, number, pdu.encode_refusal(request[0], pdu.TARGET_SILENT))
        if answer is None:
            return []
        return [(answer.after_s, damaged(tcp.frame(transaction, answer.unit, answer.pdu), answer.damage))]


class _Peer(asyncio.Protocol):
    def __init__(self, gateway: ModbusGateway) -> None:
        self._gateway = gateway
        self._read = gateway.reader()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._gateway.attach(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None:
            self._gateway.detach(self._transport)

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        try:
            answers = self._read(data)
        except Garbage:
            self._transport.abort()
            return
        for after_s, frame in answers:
            if after_s > 0:
                asyncio.get_running_loop().call_later(after_s, self._write, frame)
            else:
                self._write(frame)

    def _write(self, frame: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(frame)

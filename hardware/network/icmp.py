"""ICMP echo (RFC 792): packets in, packets out, and the socket for them.

An answer is known by a token in its data, so that neither another program's echo nor a late one is taken for ours.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import itertools
import os
import socket
import struct
from collections.abc import Callable

from hardware.field import Config, FieldError, Gone, Timeout

ECHO_REPLY, UNREACHABLE, ECHO = 0, 3, 8
TOKEN_BYTES = 16
_HEAD = struct.Struct(">BBHHH")
_MAX_PACKET = 2048
_CURE = "give the service CAP_NET_RAW, or its group to sysctl net.ipv4.ping_group_range"


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    padded = data + b"\0" * (len(data) % 2)
    total: int = sum(struct.unpack(f">{len(padded) // 2}H", padded))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def packet(kind: int, identifier: int, sequence: int, data: bytes) -> bytes:
    """One echo or its reply."""
    blank = _HEAD.pack(kind, 0, 0, identifier, sequence) + data
    return _HEAD.pack(kind, 0, checksum(blank), identifier, sequence) + data


def token(data: bytes) -> bytes | None:
    """The token of an echo reply; None for anything else. A raw socket's IP header is stepped over."""
    if len(data) >= 20 and data[0] >> 4 == 4:
        data = data[(data[0] & 15) * 4 :]
    if len(data) < _HEAD.size + TOKEN_BYTES or data[0] != ECHO_REPLY or checksum(data) != 0:
        return None
    return data[_HEAD.size : _HEAD.size + TOKEN_BYTES]


def open_socket() -> socket.socket:
    """An ICMP socket: the unprivileged kind where the system allows it, else a raw one. Raises ``Config``."""
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
        with contextlib.suppress(PermissionError):
            return socket.socket(socket.AF_INET, kind | socket.SOCK_NONBLOCK, socket.IPPROTO_ICMP)
    raise Config("no ICMP socket is allowed", where="icmp", cure=_CURE)


class Pinger:
    """One socket for all hosts. Use from one event loop."""

    def __init__(self, opener: Callable[[], socket.socket] = open_socket) -> None:
        self._opener = opener
        self._socket: socket.socket | None = None
        self._waiting: dict[bytes, tuple[str, asyncio.Future[float]]] = {}
        self._count = itertools.count()
        self._secret = os.urandom(TOKEN_BYTES - 8)

    async def echo(self, host: str, within_s: float, port: int = 0) -> float:
        """Seconds until ``host`` answered. Raises ``Timeout``, ``Gone`` (no way there) or ``Config``."""
        where = f"icmp {host}"
        try:
            ipaddress.IPv4Address(host)
        except ValueError:
            raise Config("a host is given by its IPv4 address", where=where) from None
        loop = asyncio.get_running_loop()
        number = next(self._count)
        mark = self._secret + struct.pack(">Q", number)
        answer: asyncio.Future[float] = loop.create_future()
        self._waiting[mark] = (host, answer)
        began_s = loop.time()
        try:
            self._send(packet(ECHO, os.getpid() & 0xFFFF, number & 0xFFFF, mark), (host, port), where)
            async with asyncio.timeout(within_s):
                return await answer - began_s
        except TimeoutError:
            raise Timeout("no answer", where=where) from None
        finally:
            del self._waiting[mark]

    def _send(self, data: bytes, place: tuple[str, int], where: str) -> None:
        try:
            if self._socket is None:
                self._socket = self._opener()
                asyncio.get_running_loop().add_reader(self._socket.fileno(), self._receive, self._socket)
            self._socket.sendto(data, place)
        except FieldError:
            raise
        except OSError as error:
            raise Gone(f"no way there ({os.strerror(error.errno or 0)})", where=where) from error

    def _receive(self, ours: socket.socket) -> None:
        now_s = asyncio.get_running_loop().time()
        for _ in range(64):  # a flood must not hold the loop
            try:
                data, (sender, *_) = ours.recvfrom(_MAX_PACKET)
            except OSError:
                return
            host, answer = self._waiting.get(token(data) or b"", ("", None))
            if answer is not None and not answer.done() and sender == host:
                answer.set_result(now_s)

    def close(self) -> None:
        """Let go of the socket."""
        ours, self._socket = self._socket, None
        if ours is not None:
            asyncio.get_running_loop().remove_reader(ours.fileno())
            ours.close()

"""Hosts and cameras at the other end, for benches and tests.

A host answers echoes over UDP, because a computer answers its own ICMP whatever it is told; packets are ICMP's. A
camera answers RTSP DESCRIBE. Both can be told to misbehave.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import socket
from dataclasses import dataclass

from hardware.far_end import FarEnd
from hardware.network import Credentials, icmp

SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=camera\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
)  # fmt: skip
_NONCE = "5d2a1c"


def open_udp() -> socket.socket:
    """For ``icmp.Pinger``: the way to virtual hosts."""
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)


@dataclass
class HostFaults:
    """``drop``: share of echoes that are lost. ``late``: so many are answered ``late_s`` late."""

    drop: float = 0.0
    delay_s: float = 0.0
    late: int = 0
    late_s: float = 0.5
    is_garbage: bool = False
    answers_stranger: bool = False  # another token than was asked


class VirtualHost(asyncio.DatagramProtocol):
    """One host on a UDP port. Use from one event loop."""

    def __init__(self, host: str = "127.0.0.1", seed: int = 1) -> None:
        self.host = host
        self.port = 0
        self.faults = HostFaults()
        self._chance = random.Random(seed)  # noqa: S311 - losses
        self._transport: asyncio.DatagramTransport | None = None

    async def start(self) -> None:
        """Listen."""
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: self, local_addr=(self.host, self.port)
        )
        self._transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def stop(self) -> None:
        """End."""
        if self._transport is not None:
            self._transport.close()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Called by asyncio."""
        faults = self.faults
        if len(data) < 8 or data[0] != icmp.ECHO or icmp.checksum(data) != 0 or self._chance.random() < faults.drop:
            return
        mark = bytes(icmp.TOKEN_BYTES) if faults.answers_stranger else data[8:]
        answer = icmp.packet(icmp.ECHO_REPLY, int.from_bytes(data[4:6]), int.from_bytes(data[6:8]), mark)
        if faults.is_garbage:
            answer = answer[:-1] + bytes((answer[-1] ^ 0x5A,))
        after_s = faults.delay_s
        if faults.late > 0:
            faults.late -= 1
            after_s += faults.late_s
        asyncio.get_running_loop().call_later(after_s, self._send, answer, addr)

    def _send(self, data: bytes, place: tuple[str, int]) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(data, place)


@dataclass
class CameraFaults:
    """How a camera misbehaves now. ``status``: what it answers instead of 200."""

    delay_s: float = 0.0
    is_silent: bool = False
    is_garbage: bool = False
    is_endless: bool = False
    hangs_up: bool = False
    wrong_sequence: bool = False
    has_no_video: bool = False
    status: int = 200


class VirtualCamera(FarEnd):
    """An RTSP server that describes one stream; with ``credentials`` only to who proves them (Digest)."""

    def __init__(self, credentials: Credentials | None = None, host: str = "127.0.0.1") -> None:
        super().__init__(host)
        self.credentials = credentials
        self.faults = CameraFaults()

    @property
    def url(self) -> str:
        """Of its stream."""
        return f"rtsp://{self.host}:{self.port}/stream1"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("utf-8", "replace")
                await asyncio.sleep(self.faults.delay_s)
                if self.faults.hangs_up:
                    return
                if not self.faults.is_silent:
                    writer.write(self._answer(head))
                    await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the other end went away, or asks without an end
        finally:
            self._writers.discard(writer)
            writer.close()

    def _answer(self, head: str) -> bytes:
        faults = self.faults
        if faults.is_garbage:
            return b"HTTP/1.1 400 Bad Request\r\n\r\n"
        if faults.is_endless:
            return b"RTSP/1.0 200 OK\r\n" + b"X: y\r\n" * 10000
        first, *lines = head.split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        sequence = "99" if faults.wrong_sequence else fields.get("cseq", "")
        status, more, body = faults.status, "", ""
        if self.credentials is not None and not self._knows(first, fields.get("authorization", "")):
            status, more = 401, f'WWW-Authenticate: Digest realm="camera", nonce="{_NONCE}"\r\n'
        elif status == 200:
            body = SDP.replace("m=video", "m=audio") if faults.has_no_video else SDP
            more = f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n"
        return f"RTSP/1.0 {status} Word\r\nCSeq: {sequence}\r\n{more}\r\n{body}".encode()

    def _knows(self, first: str, given: str) -> bool:
        assert self.credentials is not None
        method, url, _ = (f"{first}  ").split(" ", 2)
        secret = _md5(f"{self.credentials.user}:camera:{self.credentials.password}")
        what = _md5(f"{method}:{url}")
        response = _md5(f"{secret}:{_NONCE}:{what}")
        return f'response="{response}"' in given


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

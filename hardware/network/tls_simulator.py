"""A gateway at the other end of TLS, for benches and tests: it signs for itself, for as many days as it is told.

Keys and certificates are made when it starts and live in memory and, for the moment in which they are loaded, in a
folder that only this user can read.
"""

from __future__ import annotations

import asyncio
import ssl
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_AGE_DAYS = 400


@dataclass
class GatewayFaults:
    """How a gateway misbehaves now."""

    delay_s: float = 0.0
    is_silent: bool = False
    is_garbage: bool = False
    hangs_up: bool = False


class VirtualGateway:
    """A TLS server. ``days``: until its certificate ends, by its own clock (``clock_skew_s`` ahead of ours)."""

    def __init__(self, host: str = "127.0.0.1", days: float = 200.0) -> None:
        self.host = host
        self.port = 0
        self.days = days
        self.clock_skew_s = 0.0
        self.faults = GatewayFaults()
        self.handshakes = 0
        self._inner: asyncio.Server | None = None
        self._outer: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._key = ec.generate_private_key(ec.SECP256R1())

    async def start(self) -> None:
        """Listen, on the port it had before if any. What it shows is what ``days`` says now."""
        await self.renew(self.days)
        self._outer = await asyncio.start_server(self._pass, self.host, self.port)
        self.port = self._outer.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """End; connections break. Idempotent."""
        servers, self._inner, self._outer = (self._outer, self._inner), None, None
        for server in servers:
            if server is not None:
                server.close()
        for writer in set(self._writers):
            writer.transport.abort()

    async def renew(self, days: float) -> None:
        """Show another certificate from now on."""
        self.days = days
        before, context = self._inner, self._context()
        self._inner = await asyncio.start_server(self._greet, "127.0.0.1", 0, ssl=context, ssl_handshake_timeout=5)
        if before is not None:
            before.close()

    def _context(self) -> ssl.SSLContext:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gateway of a simulated site")])
        now = datetime.now(UTC) + timedelta(seconds=self.clock_skew_s)
        ends = now + timedelta(days=self.days)
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(min(now, ends) - timedelta(days=_AGE_DAYS))
            .not_valid_after(ends)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(self.host))]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "gateway.pem"
            key = self._key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            file.touch(0o600)
            file.write_bytes(key + made.public_bytes(serialization.Encoding.PEM))
            context.load_cert_chain(file)
        return context

    async def _greet(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.handshakes += 1
        writer.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Misbehave, or hand the connection to the server that speaks TLS."""
        self._writers.add(writer)
        try:
            await asyncio.sleep(self.faults.delay_s)
            if self.faults.hangs_up:
                return
            if self.faults.is_garbage:
                writer.write(b"SSH-2.0-OpenSSH_9.2\r\n" * 4)
                await writer.drain()
                return
            if self.faults.is_silent or self._inner is None:
                await reader.read(-1)
                return
            place = self._inner.sockets[0].getsockname()[:2]
            theirs, ours = await asyncio.open_connection(*place)
            self._writers.add(ours)
            try:
                await asyncio.gather(_pour(reader, ours), _pour(theirs, writer))
            finally:
                self._writers.discard(ours)
                ours.transport.abort()
        except OSError:
            pass
        finally:
            self._writers.discard(writer)
            writer.close()


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(4096):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()

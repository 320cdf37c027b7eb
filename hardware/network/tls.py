"""A gateway's certificate, looked at without being trusted: is there a TLS handshake, and how many days are left?

Gateways have private authorities, or sign for themselves, and old ones speak old versions; nothing is sent to them, so
whom they claim to be does not matter here. Only the certificate's own date is read (RFC 5280, 4.1.2.5).
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable, Mapping, Sequence

import msgspec
from cryptography import x509

from hardware.field import Config, DeviceHealth, FieldError, Garbage, Gone, RawSample, Refused, Take, Timeout, Value
from hardware.network import GatewayTarget
from hardware.polled import Names, PolledLink

WORDS = frozenset({"handshake", "latency_ms", "days_left"})
MOST_CERTIFICATE = 64 * 1024
_AT_ONCE = 16
_DAY_S = 86_400.0
_WANTS_OURS = ("CERTIFICATE_REQUIRED", "HANDSHAKE_FAILURE", "BAD_CERTIFICATE")


def any_context() -> ssl.SSLContext:
    """Trusts nobody and talks to everybody."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context


def days_left(certificate: bytes, now_s: float) -> float:
    """Days until a certificate (DER) ends, negative afterwards; ``now_s`` is Unix time. Raises ``Garbage``."""
    if len(certificate) > MOST_CERTIFICATE:
        raise Garbage("a certificate that is too large")
    try:
        ends = x509.load_der_x509_certificate(certificate).not_valid_after_utc
    except (ValueError, TypeError, OverflowError):
        raise Garbage("a certificate that cannot be read") from None
    return (ends.timestamp() - now_s) / _DAY_S


async def certificate(target: GatewayTarget, context: ssl.SSLContext) -> bytes:
    """The certificate (DER) that a gateway shows. Raises ``FieldError`` in time."""
    where = f"tls {target.host}:{target.port}"
    try:
        async with asyncio.timeout(target.within_s):
            return await _shown(target, context)
    except TimeoutError:
        raise Timeout("no handshake", where=where) from None
    except ssl.SSLError as error:
        if error.reason is not None and any(word in error.reason for word in _WANTS_OURS):
            raise Refused("it ends the handshake", where=where, cure="it may want a certificate of ours") from None
        raise Garbage("what came is no TLS that we know", where=where) from None
    except OSError:
        raise Gone("no connection", where=where, cure="check the gateway's power and address") from None
    except FieldError as error:
        error.where = where
        raise


async def _shown(target: GatewayTarget, context: ssl.SSLContext) -> bytes:
    _, writer = await asyncio.open_connection(
        target.host, target.port, ssl=context, server_hostname=target.name or target.host,
        ssl_handshake_timeout=target.within_s + 1.0, limit=4096,
    )  # fmt: skip
    try:
        found: bytes | None = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        if not found:
            raise Garbage("a handshake without a certificate")
        return found
    finally:
        writer.transport.abort()


class TlsLink(PolledLink):
    """Points of a device: ``handshake`` (True, or the error), ``latency_ms``, ``days_left``.

    A device whose ``names`` have no ``handshake`` is asked by another driver, too: what is seen here is then no sign of
    its life. ``wall``: Unix time. Use from one event loop. Raises ``Config``.
    """

    def __init__(
        self, targets: Sequence[GatewayTarget], *, names: Names | None = None, wall: Callable[[], float] = time.time
    ) -> None:
        super().__init__("tls", {one.device: one.every_s for one in targets}, ("handshake", "days_left"), names)
        self._targets = {target.device: target for target in targets}
        if len(self._targets) < len(targets):
            raise Config("a device is there twice", where=self.where)
        for target in targets:
            if not 0 < target.within_s <= target.every_s or not 0 < target.port < 65536 or not target.host:
                raise Config(f"{target.device}: no host, port or time that can be", where=self.where)
        self._beside = {one.device for one in targets if names and "handshake" not in names[one.device].values()}
        self._context = any_context()
        self._wall = wall
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def open(self, take: Take) -> None:
        """Begin asking; samples go to ``take``."""
        await super().open(lambda samples: take([self._as_seen(sample) for sample in samples]))

    def health(self) -> Mapping[str, DeviceHealth]:
        """Counts by device, but for those that another driver asks, too: whether they are there is its to tell."""
        return {device: one for device, one in super().health().items() if device not in self._beside}

    async def look(self, device: str) -> Mapping[str, Value]:
        """One handshake."""
        target = self._targets[device]
        async with self._slots:
            began_s = time.monotonic()
            shown = await certificate(target, self._context)
            took_s = time.monotonic() - began_s
        left = days_left(shown, self._wall())
        return {"handshake": True, "latency_ms": took_s * 1000, "days_left": left}

    def _as_seen(self, sample: RawSample) -> RawSample:
        return msgspec.structs.replace(sample, is_life=False) if sample.device in self._beside else sample

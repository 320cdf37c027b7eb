"""One connection to the platform's broker: MQTT 5, TLS with the booth's certificate, a session that outlives it.

Knows topics and payloads as names and bytes; what they mean is said elsewhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import math
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from kiosk.config import ConfigError

SESSION_EXPIRY_S = 7 * 24 * 3600  # commands given meanwhile wait for so long, unless they expire
WILL_DELAY_S = 20  # a short loss of the line is no death
KEEPALIVE_S = 10
CLOSE_S = 1.0
CALL_S = 15.0  # for any acknowledgement of the broker: then it hangs
PACE = 20  # publishes without PUBACK; less when the broker's Receive Maximum says so
SCHEMA = ("schema", "css.1")


@dataclass(frozen=True)
class Broker:
    """``ca``, ``certificate`` and ``key`` are files; without them the broker must be on this computer."""

    host: str
    port: int
    ca: str = ""
    certificate: str = ""
    key: str = ""

    def tls(self) -> ssl.SSLContext | None:
        """Raise ConfigError where a connection would not be protected, or a file cannot be used."""
        if not self.ca:
            if not _is_here(self.host):
                raise ConfigError(
                    f"site.uplink.broker: {self.host} is not this computer and there is no TLS; give ca, certificate"
                    " and key"
                )
            return None
        try:
            context = ssl.create_default_context(cafile=self.ca)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            if self.certificate:
                context.load_cert_chain(self.certificate, self.key or None)
        except (OSError, ssl.SSLError) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise ConfigError(
                f"site.uplink: ca {self.ca}, certificate {self.certificate}, key {self.key}: {reason}; give PEM files"
                " that this user may read and that belong together"
            ) from None
        return context


def place(text: str) -> tuple[str, int]:
    """``host:port`` -> its parts. Raises ConfigError."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ConfigError(f"site.uplink.broker: {text!r}: write host:port, for example broker.example:8883")
    return host.strip("[]"), int(port)


class Connection(aiomqtt.Client):
    """``identifier`` names the session; ``death`` is (topic, payload) of the will.

    Time-outs are ours: the library's use ``asyncio.wait_for``, which before Python 3.12 can swallow a cancellation.
    """

    def __init__(self, broker: Broker, identifier: str, death: tuple[str, bytes]) -> None:
        will = properties(PacketTypes.WILLMESSAGE, WillDelayInterval=WILL_DELAY_S)
        connect = properties(PacketTypes.CONNECT, SessionExpiryInterval=SESSION_EXPIRY_S, ReceiveMaximum=PACE)
        super().__init__(
            broker.host, broker.port, identifier=identifier, protocol=aiomqtt.ProtocolVersion.V5, clean_start=False,
            keepalive=KEEPALIVE_S, timeout=math.inf, properties=connect, tls_context=broker.tls(),
            will=aiomqtt.Will(*death, qos=1, properties=will), max_queued_incoming_messages=1000,
            max_inflight_messages=PACE,
        )  # fmt: skip
        self.pending_calls_threshold = 10 * PACE
        self.pace = PACE
        library_on_connect: Any = self._client.on_connect

        def on_connect(client: Any, userdata: Any, flags: Any, reason: Any, given: Any) -> None:
            # the library keeps to its own figure; a broker disconnects who exceeds what it said
            self.pace = max(1, min(PACE, getattr(given, "ReceiveMaximum", PACE)))
            library_on_connect(client, userdata, flags, reason, given)

        self._client.on_connect = on_connect

    async def __aenter__(self) -> Self:
        async with _within(CALL_S):
            return await super().__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(aiomqtt.MqttError):  # it is gone either way
            async with _within(CLOSE_S):
                await super().__aexit__(kind, error, trace)

    async def hear(self, *topics: str) -> None:
        """Subscribe with QoS 1. Raises MqttError."""
        async with _within(CALL_S):
            await self.subscribe([(topic, 1) for topic in topics])

    async def send(self, topic: str, payload: bytes, content_type: str, expires_s: int) -> None:
        """Publish with QoS 1; returns at the broker's PUBACK, which paces and promises nothing. Raises MqttError."""
        with_it = properties(
            PacketTypes.PUBLISH, ContentType=content_type, MessageExpiryInterval=expires_s, UserProperty=SCHEMA
        )
        async with _within(CALL_S):
            await self.publish(topic, payload, qos=1, properties=with_it)


@contextlib.asynccontextmanager
async def _within(seconds: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise aiomqtt.MqttError(f"the broker did not answer within {seconds:g} s") from None


def properties(of: int, **given: Any) -> Properties:
    """MQTT 5 properties by their names."""
    made = Properties(of)  # type: ignore[no-untyped-call]
    for name, value in given.items():
        setattr(made, name, value)
    return made


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

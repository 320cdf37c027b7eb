"""Who we are to a broker: a client of MQTT 5 with a session, our certificate, and the broker's refusals by our words.

Knows no topic and no message.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterable
from typing import Any

import aiomqtt
from aiomqtt.exceptions import MqttConnectError
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from hardware.field import Auth, Busy, Config, FieldError, Gone
from hardware.sensors import Credentials, payload

ANSWERS_S = 2.0  # the broker, at connect and subscribe
SESSION_S = 24 * 3600  # what was said while we were away is a day old at most
IN_FLIGHT = 100
_KEEPALIVE_S = 10
_SWALLOWED_S = 0.2
_UNTOLD = 1000  # publishes to a broker that hangs, before the client library complains
_NOT_LET_IN = frozenset({134, 135, 138, 140})  # MQTT 5.0, 3.2.2.2: name or password, not authorized, banned, method


def make_client(
    place: tuple[str, int], identity: str, given: Credentials, where: str, receive: Callable[[aiomqtt.Message], None]
) -> aiomqtt.Client:
    """A client that is not connected yet. ``receive`` must not raise. Raises ``Config`` for unreadable certificates."""

    class Straight(asyncio.Queue[aiomqtt.Message]):
        """Hands a message over before it is acknowledged: what waits in a queue is lost in a crash."""

        def put_nowait(self, item: aiomqtt.Message) -> None:
            receive(item)

    wanted = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    wanted.SessionExpiryInterval = SESSION_S
    wanted.ReceiveMaximum = IN_FLIGHT
    wanted.MaximumPacketSize = 2 * payload.MAX_BYTES  # the broker keeps longer ones to itself
    client = aiomqtt.Client(
        *place,
        identifier=identity,
        username=given.user or None,
        password=given.password or None,
        protocol=aiomqtt.ProtocolVersion.V5,
        clean_start=False,
        properties=wanted,
        keepalive=_KEEPALIVE_S,
        timeout=ANSWERS_S,
        queue_type=Straight,
        socket_options=((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),),  # a press waits for no other packet
        tls_context=_tls(given, where) if given.ca else None,
    )
    client.pending_calls_threshold = _UNTOLD
    return client


def expiring(expires_s: int) -> Properties:
    """For a message that must not be delivered later; 0: whenever its receiver comes."""
    wanted = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    if expires_s:
        wanted.MessageExpiryInterval = expires_s
    return wanted


def named(failed: Exception, where: str) -> FieldError:
    """The client library's error by our words; its own text may hold names."""
    if isinstance(failed, MqttConnectError):
        code = reason(failed.rc)
        if code in _NOT_LET_IN:
            return Auth("the broker does not let us in", where=where, cure="correct the link's secret")
        return Busy(f"the broker refused the connection (reason {code})", where=where)
    if isinstance(failed, ssl.SSLError) or "SSL" in str(failed):
        return Auth("no secure connection", where=where, cure="correct ca, certificate and key of the link's secret")
    return Gone("no connection to the broker", where=where, cure="is it running, and does it listen here?")


def drop(client: aiomqtt.Client) -> None:
    """Let go of what the library keeps when a connection fails: an open socket, and an end that nobody looked at."""
    inner, ended = client._client, client._disconnected
    if inner.socket() is not None:
        inner._sock_close()
    if ended.done() and not ended.cancelled():
        ended.exception()


async def end(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel until they have ended: ``asyncio.wait_for`` swallows a cancellation that comes with the answer."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        done, pending = await asyncio.wait(pending, timeout=_SWALLOWED_S)
        for task in done:
            if not task.cancelled():
                task.exception()  # it was ours to look at


def reason(code: Any) -> int:
    """The number of a reason code, however the client library gives it."""
    found = getattr(code, "value", code)
    return found if isinstance(found, int) else 0


def _tls(given: Credentials, where: str) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=given.ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if given.certificate:
            context.load_cert_chain(given.certificate, given.key or None)
    except (OSError, ValueError) as error:
        raise Config(
            f"the certificates cannot be read ({type(error).__name__})", where=where, cure="correct the link's secret"
        ) from None
    return context

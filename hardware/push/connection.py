"""Connections of aiohttp's server with a gate before them: who is one too many is gone before a byte is read."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from ipaddress import IPv6Address, ip_address
from typing import Any

from aiohttp import web

from hardware.push.gate import Gate


def source_of(peer: object) -> str:
    """The address of a peer as site.toml writes it; "" for none."""
    text = str(peer[0]) if isinstance(peer, (tuple, list)) and peer else str(peer or "")
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return str(address)


class GatedConnection(web.RequestHandler):
    """One connection. aiohttp closes it when no whole head came in time (``keepalive_timeout``)."""

    __slots__ = ("_gate", "_refused", "_source")

    def __init__(self, manager: web.Server, gate: Gate, refused: Counter[str], **settings: Any) -> None:
        super().__init__(manager, **settings)
        self._gate = gate
        self._refused = refused
        self._source: str | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let it in, or let go of it at once."""
        source = source_of(transport.get_extra_info("peername"))
        if not self._gate.enter(source, time.monotonic()):
            self._refused["connections"] += 1
            assert isinstance(transport, asyncio.WriteTransport)
            transport.abort()
            return
        self._source = source
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """One question at a time: what comes besides one is a pipeline, or what follows a body that is none.

        aiohttp keeps each piece of that, with its bytes, until the first question is answered.
        """
        super().data_received(data)
        is_besides = len(self._messages) > 1 or (bool(self._messages) and self._request_in_progress)
        if is_besides and self.transport is not None:
            self._refused["pipelined"] += 1
            self._messages.clear()
            assert isinstance(self.transport, asyncio.WriteTransport)
            self.transport.abort()

    def connection_lost(self, exc: BaseException | None) -> None:
        """It ended."""
        source, self._source = self._source, None
        if source is not None:
            self._gate.leave(source)
            super().connection_lost(exc)


class GatedServer(web.Server):
    """Makes them."""

    def __init__(
        self,
        handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
        gate: Gate,
        refused: Counter[str],
    ) -> None:
        super().__init__(handler)
        self._gate = gate
        self._refused = refused

    def __call__(self) -> web.RequestHandler:
        """Called by asyncio for each connection."""
        return GatedConnection(
            self,
            self._gate,
            self._refused,
            loop=self._loop,
            keepalive_timeout=self._gate.bounds.idle_s,
            lingering_time=0,
            access_log=None,
            logger=logging.Logger("push", logging.CRITICAL),  # what strangers write gets into no log
            auto_decompress=False,  # a small body must not become a big one
            max_headers=64,
            read_bufsize=64 * 1024,
        )

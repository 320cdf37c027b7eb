"""Two listeners in one process: the booth API with mutual TLS, the staff pages on loopback.

uvicorn does not show an application its peer's certificate; the protocol subclass here puts the certificate's common
name into each request's state. It is also where a bench's fault "down" aborts connections.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from backend.faults import Fault, Mode

_GRACE_S = 2


class PortTakenError(OSError):
    """A port another program listens on: the text names it and the cure."""


def bind(host: str, port: int, what: str, option: str) -> socket.socket:
    """Take a port now, so that a taken one is an error at start. Raises PortTakenError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # named protocol: asyncio sets TCP_NODELAY only then, and without it each answer waits 40 ms for an ACK
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)  # from here on a connection waits instead of being refused
    except OSError as error:
        listener.close()
        raise PortTakenError(
            f"{what}: {host} port {port}: {error.strerror}; end what listens there, or choose another with {option}"
        ) from None
    return listener


def common_name(certificate: Any) -> str:
    """Give the common name of ``SSLSocket.getpeercert()``; empty when there is none."""
    names = [value for group in (certificate or {}).get("subject", ()) for name, value in group if name == "commonName"]
    return names[0] if len(names) == 1 else ""


def booth_protocol(fault: Fault) -> type[asyncio.Protocol]:
    """Make uvicorn's HTTP protocol with the peer's name in ``request.state.booth``."""

    class BoothProtocol(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            if fault.mode is Mode.DOWN:
                transport.abort()
            self.app_state = {**self.app_state, "booth": common_name(transport.get_extra_info("peercert"))}

        def data_received(self, data: bytes) -> None:
            if fault.mode is Mode.DOWN:
                self.transport.abort()  # a connection kept alive from before
                return
            super().data_received(data)

    return BoothProtocol


def booth_config(app: ASGIApp, pki: Path, fault: Fault) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=booth_protocol(fault),
        ssl_certfile=pki / "server.pem",
        ssl_keyfile=pki / "server.key",
        ssl_ca_certs=str(pki / "ca.pem"),
        ssl_cert_reqs=ssl.CERT_REQUIRED,
        **_quiet(),
    )


def staff_config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(app, **_quiet())


def _quiet() -> dict[str, Any]:
    return {
        "log_config": None,
        "log_level": "error",
        "access_log": False,
        "server_header": False,
        "ws": "none",
        "lifespan": "off",
        "loop": "asyncio",
        "timeout_keep_alive": 30,
        "timeout_graceful_shutdown": _GRACE_S,
    }


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # one handler for both servers: see serve()


async def serve(
    pairs: list[tuple[uvicorn.Config, socket.socket]], at_start: Callable[[], None], at_stop: Callable[[], None]
) -> None:
    """Serve until SIGTERM or SIGINT, then end what is in flight within ``_GRACE_S``.

    ``at_start`` is called once a signal would be heeded: who hears of this server may end it.
    """
    servers = [(_Server(config), listener) for config, listener in pairs]

    def stop() -> None:
        at_stop()
        for server, _ in servers:
            server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    at_start()
    await asyncio.gather(*(server.serve(sockets=[listener]) for server, listener in servers))

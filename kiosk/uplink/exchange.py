"""One request, one answer, one total deadline: HTTPS towards one host. Knows no residents and no bodies' meaning.

``requests`` takes its time-outs per socket read, so a peer that drips a byte a second is never late. Here each call
runs in a thread of its own, and at the deadline (or when the caller is cancelled) the socket under it is shut down:
the thread ends, nothing lingers. A POST is never repeated; redirects, proxies of the environment and cookies are not
followed; only the pinned CA counts; a body is read up to ``MAX_BODY_BYTES``.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import Future
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPSConnectionPool
from urllib3.connection import HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.poolmanager import PoolManager

from kiosk.uplink.errors import Nonsense, Slow, Unreachable, UplinkError

MAX_BODY_BYTES = 1024 * 1024
_CHUNK_BYTES = 16 * 1024


class Answer(NamedTuple):
    """A whole answer: it arrived complete by its own framing, nothing more is known of it."""

    status: int
    content_type: str
    retry_after: str
    body: bytes


class Exchange:
    """A session with one host. Use from one event loop; ``close`` at the end.

    ``url``: https://host[:port]. ``ca``: PEM of the only authority trusted. ``cert``, ``key``: this booth's PEM files.
    Raises ValueError, naming the file and the cure, when they cannot be used.
    """

    def __init__(self, url: str, ca: Path, cert: Path, key: Path) -> None:
        if urlsplit(url).scheme != "https" or not urlsplit(url).hostname:
            raise ValueError(f"backend url {url!r}: must be https://host[:port]")
        self._url = url.rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False  # no proxies, no netrc, no other CA by environment
        self._session.verify = str(ca)
        self._session.headers.clear()
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.mount("https://", _Adapter(_tls(ca, cert, key)))

    async def call(self, name: str, method: str, path: str, body: bytes | None, within_s: float) -> Answer:
        """Send one request. Raises Unreachable, Slow, Nonsense; a status is not judged here."""
        call = _Call(name, lambda: self._send(name, method, path, body, within_s))
        call.start()
        try:
            async with asyncio.timeout(within_s):
                return await asyncio.wrap_future(call.future)
        except TimeoutError:
            raise Slow(name, f"no complete answer within {within_s:g} s") from None
        finally:
            call.cut()

    def close(self) -> None:
        self._session.close()

    def _send(self, name: str, method: str, path: str, body: bytes | None, within_s: float) -> Answer:
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        response = self._session.request(
            method,
            self._url + path,
            data=body,
            headers=headers,
            timeout=(within_s, within_s),
            allow_redirects=False,
            stream=True,
        )
        received = bytearray()
        try:
            for chunk in response.raw.stream(_CHUNK_BYTES, decode_content=False):
                received += chunk
                if len(received) > MAX_BODY_BYTES:
                    raise Nonsense(name, f"answer larger than {MAX_BODY_BYTES} bytes")
        finally:
            response.close()
        return Answer(
            response.status_code,
            response.headers.get("Content-Type", ""),
            response.headers.get("Retry-After", ""),
            bytes(received),
        )


class _Call(threading.Thread):
    """One request in flight. ``cut`` may be called from any thread, any number of times."""

    def __init__(self, name: str, work: Callable[[], Answer]) -> None:
        super().__init__(name=f"uplink-{name}", daemon=True)
        self.future: Future[Answer] = Future()
        self._call = name
        self._work = work
        self._lock = threading.Lock()
        self._handle: socket.socket | None = None
        self._is_over = False
        self._has_sent = False

    def run(self) -> None:
        self.future.set_running_or_notify_cancel()  # from here on a cancelled caller just stops listening
        answer: Answer | None = None
        failure: UplinkError | None = None
        try:
            answer = self._work()
        except UplinkError as error:
            failure = error
        except (requests.RequestException, HTTPError, OSError) as error:
            failure = self._named(error)
        finally:
            self._let_go()
        # outside the handlers: an error that carries no chain carries no request with it either
        if failure is not None:
            failure.__context__ = None
            self.future.set_exception(failure)
        elif answer is not None:
            self.future.set_result(answer)

    def holds(self, connection: socket.socket) -> None:
        """Keep a duplicate of the connection's descriptor: TLS detaches the original, shutdown reaches both."""
        with self._lock:
            if self._handle is not None:
                self._handle.close()
            self._handle = socket.socket(fileno=os.dup(connection.fileno()))
            if self._is_over:
                self._shut()

    def sends(self) -> None:
        self._has_sent = True

    def cut(self) -> None:
        with self._lock:
            self._is_over = True
            self._shut()

    def _shut(self) -> None:
        if self._handle is not None:
            with contextlib.suppress(OSError):  # already closed by the peer
                self._handle.shutdown(socket.SHUT_RDWR)

    def _let_go(self) -> None:
        with self._lock:
            if self._handle is not None:
                self._handle.close()
                self._handle = None

    def _named(self, error: Exception) -> UplinkError:
        if isinstance(error, requests.Timeout):
            return Slow(self._call, "no answer in time")
        if isinstance(error, HTTPError | requests.exceptions.ChunkedEncodingError):
            return Nonsense(self._call, "the answer was cut short")  # the status line had been there
        if isinstance(error, requests.exceptions.SSLError):
            return Unreachable(self._call, "TLS failed: certificates do not fit", may_have_arrived=self._has_sent)
        return Unreachable(self._call, "no connection, or it broke", may_have_arrived=self._has_sent)


class _Connection(HTTPSConnection):
    """Tells the call whose thread uses it which socket lies under it."""

    def _new_conn(self) -> socket.socket:
        connection = super()._new_conn()
        if isinstance(call := threading.current_thread(), _Call):
            call.holds(connection)
        return connection

    def request(self, *args: Any, **kwargs: Any) -> None:
        if isinstance(call := threading.current_thread(), _Call):
            if self.sock is not None:
                call.holds(self.sock)
            call.sends()
        super().request(*args, **kwargs)


class _Pool(HTTPSConnectionPool):
    ConnectionCls = _Connection


class _Adapter(HTTPAdapter):
    """Our TLS context and our connections under ``requests``."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__(pool_connections=1, pool_maxsize=4, max_retries=0)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **kwargs: Any) -> None:
        self.poolmanager = PoolManager(num_pools=connections, maxsize=maxsize, block=block, ssl_context=self._context)
        self.poolmanager.pool_classes_by_scheme = {"https": _Pool}


def _tls(ca: Path, cert: Path, key: Path) -> ssl.SSLContext:
    for what, path in (("ca", ca), ("cert", cert), ("key", key)):
        if not path.is_file():
            raise ValueError(f"backend {what} {path}: no such file; enrol the booth, or run `booth demo` for a demo CA")
    try:
        context = ssl.create_default_context(cafile=str(ca))  # with a cafile the system's authorities stay out
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(str(cert), str(key))
    except (ssl.SSLError, OSError) as error:
        raise ValueError(
            f"backend certificates {ca}, {cert}, {key}: {error}; they must be PEM and belong together"
        ) from None
    return context

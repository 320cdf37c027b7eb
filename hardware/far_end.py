"""What simulated servers share: listening on a port of their own, and breaking every connection when they end.

Knows no protocol: a far end adds ``serve``, one connection's life.
"""

from __future__ import annotations

import asyncio


class FarEnd:
    """A TCP server on ``host``; ``port`` 0 until it first listens. Use from one event loop."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.port = 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, added to ``_writers`` while it lasts."""
        raise NotImplementedError

    async def start(self) -> None:
        """Listen, on the port it had before if any."""
        self._server = await asyncio.start_server(self.serve, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """End; connections break."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
            for writer in set(self._writers):
                writer.transport.abort()
            await server.wait_closed()

"""The driver of one upsd: asks it for each supply in turn over one connection, and connects again when it broke.

Only reads. Knows lines by ``protocol``.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence

from hardware.field import Config, Garbage, Gone, Timeout, Value
from hardware.polled import Names, PolledLink
from hardware.power import Supply, protocol

WITHIN_S = 2.0
_CURE = "is upsd running, and does it listen here (upsd.conf: LISTEN)?"


class NutLink(PolledLink):
    """Use from one event loop. Raises ``Config`` for no supply, one given twice or a name that cannot be."""

    def __init__(
        self, supplies: Sequence[Supply], *, host: str = "127.0.0.1", port: int = 3493, within_s: float = WITHIN_S,
        names: Names | None = None,
    ) -> None:  # fmt: skip
        super().__init__(f"nut {host}:{port}", {one.device: one.every_s for one in supplies}, protocol.POINTS, names)
        self._requests = {one.device: (one.name, protocol.list_variables(one.name)) for one in supplies}
        if len(self._requests) < len(supplies):
            raise Config("a supply is there twice", where=self.where)
        self._place = (host, port)
        self._within_s = within_s
        self._turn = asyncio.Lock()
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def look(self, device: str) -> Mapping[str, Value]:
        """One list of variables."""
        name, request = self._requests[device]
        async with self._turn:
            try:
                async with asyncio.timeout(self._within_s):
                    return protocol.points(await self._exchange(request, protocol.ListReader(name)))
            except TimeoutError:
                self.let_go()  # a late answer would be taken for the next
                raise Timeout("no answer", cure=_CURE) from None
            except OSError as error:
                self.let_go()
                raise Gone("no connection", cure=_CURE) from error
            except (Garbage, asyncio.CancelledError):
                self.let_go()
                raise

    async def _exchange(self, request: bytes, reader: protocol.ListReader) -> dict[str, str]:
        if self._writer is None or self._reader is None or self._reader.at_eof():
            self.let_go()
            self._reader, self._writer = await asyncio.open_connection(*self._place)
        self._writer.write(request)
        while True:
            data = await self._reader.read(4096)
            if not data:
                raise Gone("upsd closed the connection", cure=_CURE)
            found = reader.feed(data)
            if found is not None:
                return found

    def let_go(self) -> None:
        """Close the connection."""
        writer, self._reader, self._writer = self._writer, None, None
        if writer is not None:
            with contextlib.suppress(OSError):
                writer.close()

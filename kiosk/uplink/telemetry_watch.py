"""The uplink's line to the watch: hears which boot it is, hands on commands, tells what was delivered.

The line is opened again whenever it breaks; delivery goes on meanwhile, because the journal is a file.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from kiosk.config import ConfigError
from kiosk.site.feed import FeedError, Line, listen
from kiosk.site.messages import Answer, Delivered, Do

AGAIN_S = 1.0


class WatchLine:
    """A ``telemetry.Watch``. ``run`` keeps the line; the other verbs raise ConnectionError while there is none."""

    def __init__(self, socket: Path, log: Callable[..., None]) -> None:
        self._socket, self._log = socket, log
        self._line: Line | None = None
        self._boot = ""

    @property
    def boot(self) -> str:
        return self._boot

    @property
    def is_heard(self) -> bool:
        return self._line is not None

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                async with listen(self._socket, "uplink", wants_points=False) as line:
                    self._boot, self._line = line.snapshot.boot, line
                    self._log("uplink_watch", state="running")
                    async for _ in line:
                        pass  # rows are read from the journal; reading keeps the line alive
            except (FeedError, ConfigError) as error:
                self._log("uplink_watch", level="warning", state="silent", reason=str(error))
            finally:
                self._line = None
            await asyncio.sleep(AGAIN_S)

    async def do(self, order: Do) -> Answer:
        try:
            return await self._open().do(order)
        except FeedError as error:
            raise ConnectionError(str(error)) from None

    async def delivered(self, seq: int) -> None:
        try:
            await self._open().send(Delivered(seq))
        except FeedError as error:
            raise ConnectionError(str(error)) from None

    def _open(self) -> Line:
        if self._line is None:
            raise ConnectionError("the watch cannot be reached")
        return self._line

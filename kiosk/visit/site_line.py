"""The visit process' end of the watch's socket: hears what concerns the screen, tells how the devices are.

The watch is a process of its own; while it is away the booth serves as before and this looks for it again, for ever.
Nothing here holds up the screen, and nothing personal crosses this line.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

from kiosk.clock import Clock
from kiosk.site.feed import FeedError, Line, listen
from kiosk.site.messages import FromWatch, Measured

Measures = dict[str, float | str]

MEASURED_EVERY_S = 10.0
AWAY_FIRST_S, AWAY_LAST_S = 0.2, 2.0  # between looks for a watch that is not there


class SiteLine:
    """``follow`` runs until it is cancelled. ``hear`` gets every message, on the event loop, and must not wait."""

    def __init__(
        self, path: Path, hear: Callable[[FromWatch], None], measures: Callable[[], Measures | None], clock: Clock,
        note: Callable[[Exception], None],
    ) -> None:  # fmt: skip
        """``measures`` gives what is to be told now; None while this process shows nothing."""
        self._path = path
        self._hear = hear
        self._measures = measures
        self._clock = clock
        self._note = note
        self._changed = asyncio.Event()

    def changed(self) -> None:
        """A device is not as it was: tell it now."""
        self._changed.set()

    async def follow(self) -> None:
        """Listen; when the line ends, breaks or there is none, look again a little later.

        Whatever goes wrong is noted once and ends nothing: the next snapshot says again what stands.
        """
        away_s, noted = AWAY_FIRST_S, ""
        while True:
            try:
                async with listen(self._path, "screen", wants_points=False) as line:
                    away_s, noted = AWAY_FIRST_S, ""
                    await self._listen(line)
            except Exception as error:
                if noted != str(error):
                    self._note(error)
                    noted = str(error)
            await self._clock.sleep(away_s)
            away_s = min(2 * away_s, AWAY_LAST_S)

    async def _listen(self, line: Line) -> None:
        self._hear(line.snapshot)
        telling = asyncio.ensure_future(self._tell(line))
        try:
            async for message in line:
                self._hear(message)
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)

    async def _tell(self, line: Line) -> None:
        told: Measures | None = None
        while True:
            self._changed.clear()
            measures = self._measures()
            if measures is not None:
                with contextlib.suppress(FeedError):  # the end of the line is noticed where it is read
                    await line.send(Measured(measures))
                told = measures
            await self._until_due(told)

    async def _until_due(self, told: Measures | None) -> None:
        """Wait for a change of what was told, at most the usual time."""
        due = asyncio.ensure_future(self._clock.sleep(MEASURED_EVERY_S))
        try:
            while not due.done():
                changing = asyncio.ensure_future(self._changed.wait())
                await asyncio.wait({due, changing}, return_when=asyncio.FIRST_COMPLETED)
                changing.cancel()
                await asyncio.gather(changing, return_exceptions=True)
                self._changed.clear()
                if self._measures() != told:
                    return
        finally:
            due.cancel()
            await asyncio.gather(due, return_exceptions=True)

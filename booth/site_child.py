"""The uplink as a child of the watch: started beside it, again when it ends, ended with it, also by ``kill -9``.

The watch never waits for it, and nothing is lost with it: the journal is its queue.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import signal
import sys
from collections.abc import Callable

AGAIN_S = (1.0, 60.0)  # first and longest pause before it is started again
LIVED_S = 60.0  # it ran so long: the next pause is the first again
END_WITHIN_S = 3.0
_PR_SET_PDEATHSIG = 1


class UplinkChild:
    """``settings``: JSON of ``booth.site_uplink.Settings``."""

    def __init__(self, settings: str, note: Callable[..., None]) -> None:
        self._settings = settings
        self._note = note
        self._prctl = ctypes.CDLL(None).prctl  # resolved before the fork

    async def run(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        pause_s = AGAIN_S[0]
        while True:
            began = loop.time()
            try:
                status = await self._once()
                self._note("uplink_ended", level="warning", status=status, delay_s=pause_s)
            except OSError as error:
                self._note("uplink_not_started", level="error", error=type(error).__name__, delay_s=pause_s)
            if loop.time() - began >= LIVED_S:
                pause_s = AGAIN_S[0]
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, AGAIN_S[1])

    async def _once(self) -> int:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "booth.site_uplink", self._settings,
            stdin=asyncio.subprocess.DEVNULL, preexec_fn=self._die_with_the_watch,
        )  # fmt: skip
        try:
            return await process.wait()
        finally:
            if process.returncode is None:
                process.terminate()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(END_WITHIN_S):
                        await process.wait()
                if process.returncode is None:
                    process.kill()
                    await process.wait()

    def _die_with_the_watch(self) -> None:
        self._prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

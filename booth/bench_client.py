"""The bench as a story sees it: its JSON API for deeds, its event stream for what the booth shows and says.

Times are CLOCK_MONOTONIC seconds of this computer, as the booth stamps them. Knows no story.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any, Self

import aiohttp

from booth.simulated_site import SiteError

_WITHIN = aiohttp.ClientTimeout(total=30)


class BenchClient:
    """Use as an async context manager. ``on_event(map)`` gets every event of the booth on the loop."""

    def __init__(self, url: str, on_event: Callable[[dict[str, Any]], None]) -> None:
        self._url = url
        self._on_event = on_event
        self._session: aiohttp.ClientSession | None = None
        self._following: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=_WITHIN)
        try:
            socket = await self._session.ws_connect(self._url + "api/events", max_msg_size=2**22)
        except aiohttp.ClientError as error:
            await self._session.close()
            raise SiteError(f"no bench answers at {self._url} ({type(error).__name__}); is it running?") from None
        self._following = asyncio.create_task(self._follow(socket))
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
        await asyncio.sleep(0)  # its connections end in the next turn of the loop

    async def _follow(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        try:
            async for message in socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    self._on_event(json.loads(message.data))
            self._on_event({"t": "bench_gone"})
        finally:
            await socket.close()

    async def do(self, what: str, **body: Any) -> None:
        """One deed. Raises ``SiteError`` with the bench's own words."""
        await self._ask("POST", what, body)

    async def state(self) -> dict[str, Any]:
        return json.loads(await self._ask("GET", "state"))  # type: ignore[no-any-return]

    async def transactions(self) -> list[dict[str, Any]]:
        """What the platform received: number, service, way, state."""
        return list(json.loads(await self._ask("GET", "transactions"))["transactions"])

    async def shot(self) -> bytes:
        """A PNG of the booth's screen as it is now."""
        return await self._ask("GET", "shot.png")

    async def paper(self, number: str) -> bytes:
        """A PNG of the paper with this number (four digits)."""
        return await self._ask("GET", f"paper/{number}.png")

    async def _ask(self, verb: str, what: str, body: dict[str, Any] | None = None) -> bytes:
        assert self._session is not None
        try:
            async with self._session.request(verb, f"{self._url}api/{what}", json=body) as answer:
                raw = await answer.read()
        except (TimeoutError, aiohttp.ClientError) as error:
            raise SiteError(f"the bench does not answer {what} ({type(error).__name__})") from None
        if answer.status >= 400:
            try:
                said = json.loads(raw)["error"]
            except (ValueError, KeyError, TypeError):
                said = f"status {answer.status}"
            raise SiteError(f"the bench refuses {what}: {said}")
        return raw

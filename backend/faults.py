"""What a bench may do to the booth API: down, slow, nonsense. The wire stays real, only the platform misbehaves."""

from __future__ import annotations

import asyncio
import enum
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SLICE_S = 0.05


class Mode(enum.Enum):
    NONE = "none"
    DOWN = "down"  # every connection is aborted
    SLOW = "slow"  # the work is done, the answer comes late
    NONSENSE = "nonsense"  # the work is done, the answer is 200 with a body cut in the middle


@dataclass
class Fault:
    """The one switch, handed to the listener (down) and to the middleware (slow, nonsense)."""

    mode: Mode = Mode.NONE
    delay_s: float = 0

    async def linger(self) -> None:
        """Wait ``delay_s``, or until the platform is not slow any more."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self.delay_s
        while self.mode is Mode.SLOW and (left := end - loop.time()) > 0:  # noqa: ASYNC110 - turned by other threads
            await asyncio.sleep(min(left, _SLICE_S))

    def end(self) -> None:
        self.mode, self.delay_s = Mode.NONE, 0


class Misbehave:
    """ASGI middleware that delays or garbles answers as the switch says."""

    def __init__(self, app: ASGIApp, fault: Fault) -> None:
        self._app = app
        self._fault = fault

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def late(message: Message) -> None:
            if message["type"] == "http.response.start":
                await self._fault.linger()
            await send(message)

        async def garbled(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [(b"content-type", b"application/json")]
                await send({"type": "http.response.start", "status": 200, "headers": headers})
            elif not message.get("more_body"):
                await send({"type": "http.response.body", "body": b'{"key": "\xe6\x9c', "more_body": False})

        await self._app(scope, receive, garbled if self._fault.mode is Mode.NONSENSE else late)
